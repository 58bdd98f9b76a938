use super::*;

#[test]
fn kinds() {
    use StatementKind::{Ddl, Delete, Insert, Merge, Other, Select, Transaction, Update, Utility};
    for (text, kind) in [
        ("SELECT 1", Select),
        ("VALUES (1)", Select),
        ("(SELECT 1)", Select),
        ("WITH a AS (SELECT 1) SELECT * FROM a", Select),
        ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", Insert),
        ("INSERT INTO t VALUES (1)", Insert),
        ("UPDATE t SET a = 1", Update),
        ("DELETE FROM t", Delete),
        ("MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DELETE", Merge),
        ("CREATE TABLE t (a int)", Ddl),
        ("DROP TABLE t", Ddl),
        ("GRANT SELECT ON t TO x", Ddl),
        ("BEGIN", Transaction),
        ("COMMIT", Transaction),
        ("SAVEPOINT x", Transaction),
        ("SET x = 1", Utility),
        ("VACUUM t", Utility),
        ("EXPLAIN SELECT 1 FROM t", Utility),
        ("frobnicate", Other),
        ("", Other),
    ] {
        assert_eq!(shape(text, Postgresql).kind, kind, "{text}");
    }
    assert_eq!(shape("PRAGMA foreign_keys = ON", Sqlite).kind, Utility);
    assert_eq!(shape("REPLACE INTO t VALUES (1)", Mysql).kind, Insert);
}

#[test]
fn inserts() {
    let shape = parsed(
        "INSERT INTO orders (id, status) VALUES (1, 'a'), (2, 'b') ON CONFLICT (id) DO UPDATE SET status = excluded.status",
        Postgresql,
    );
    assert_eq!(shape.insert, Some(InsertShape { has_column_list: true, rows: Some(2), handles_conflict: true }));
    assert_eq!(tables(&shape), "orders w");
    let written: Vec<_> = shape.columns.iter().filter(|used| used.uses.written).map(|used| used.column.to_string()).collect();
    assert_eq!(written, ["orders.id", "orders.status"]);
    let select = parsed("INSERT INTO items SELECT id, id, 1, 1 FROM orders WHERE status = 'x'", Postgresql);
    assert_eq!(tables(&select), "items w, orders r");
    assert_eq!(select.insert.map(|insert| (insert.has_column_list, insert.rows)), Some((false, None)));
    assert!(select.blocks.iter().any(|block| block.role == Role::Source && block.has_where));
    let mysql = parsed("INSERT IGNORE INTO t SET a = 1, b = 2", Mysql);
    assert_eq!(mysql.insert, Some(InsertShape { has_column_list: true, rows: Some(1), handles_conflict: true }));
    assert!(
        parsed("INSERT INTO t (a) VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)", Mysql)
            .insert
            .is_some_and(|insert| insert.handles_conflict)
    );
    assert!(parsed("INSERT OR REPLACE INTO t VALUES (1)", Sqlite).insert.is_some_and(|insert| insert.handles_conflict));
    let twice = parsed("WITH a AS (INSERT INTO items VALUES (1), (2) RETURNING id) INSERT INTO orders (id) SELECT id FROM a", Postgresql);
    assert_eq!(twice.insert.map(|insert| (insert.has_column_list, insert.rows)), Some((true, None)));
    assert_eq!(tables(&parsed("SELECT * INTO TEMP x FROM orders", Postgresql)), "orders r, x w");
    assert!(parsed("INSERT INTO t DEFAULT VALUES", Postgresql).insert.is_some());
}

#[test]
fn updates() {
    let shape = parsed("UPDATE orders SET status = 'x', total = total + 1 WHERE id = 5 RETURNING note", Postgresql);
    assert_eq!(tables(&shape), "orders w");
    let main = shape.main().cloned();
    assert!(main.as_ref().is_some_and(|block| block.has_where));
    assert_eq!(main.map(|block| lines(block.predicates.iter())).as_deref(), Some("orders.id = 5"));
    let total = shape.columns.iter().find(|used| used.column.column == "total").map(|used| used.uses);
    assert_eq!(total, Some(Uses { selected: true, written: true, ..Uses::default() }));
    assert!(parsed("UPDATE orders SET status = 'x'", Postgresql).main().is_some_and(|block| !block.has_where));
    let from = parsed("UPDATE orders o SET note = c.name FROM customers c WHERE c.id = o.customer_id", Postgresql);
    assert_eq!(tables(&from), "customers r, orders w");
    assert!(from.blocks[0].cartesian.is_empty());
    let joined = parsed("UPDATE orders o JOIN customers c ON c.id = o.customer_id SET o.note = 'x', c.name = 'y'", Mysql);
    assert_eq!(tables(&joined), "customers r w, orders w");
    let limited = parsed("UPDATE orders SET note = 'x' ORDER BY id LIMIT 5", Mysql);
    assert_eq!(limited.main().and_then(|block| block.limit.clone()).as_deref(), Some("5"));
}

#[test]
fn deletes() {
    let shape = parsed("DELETE FROM orders WHERE id = 5", Postgresql);
    assert_eq!(tables(&shape), "orders w");
    assert!(shape.main().is_some_and(|block| block.has_where));
    assert!(parsed("DELETE FROM orders", Sqlite).main().is_some_and(|block| !block.has_where));
    let using = parsed("DELETE FROM items USING orders WHERE orders.id = items.order_id", Postgresql);
    assert_eq!(tables(&using), "items w, orders r");
    let multiple = parsed("DELETE i FROM items i JOIN orders o ON o.id = i.order_id WHERE o.status = 'x'", Mysql);
    assert_eq!(tables(&multiple), "items r w, orders r");
    let archived = parsed("WITH gone AS (DELETE FROM items WHERE id < 5 RETURNING *) INSERT INTO orders SELECT * FROM gone", Postgresql);
    assert_eq!(tables(&archived), "items w, orders w");
}

#[test]
fn merges() {
    let shape = parsed(
        "MERGE INTO orders o USING items i ON o.id = i.order_id WHEN MATCHED THEN UPDATE SET total = i.quantity
         WHEN NOT MATCHED THEN INSERT (id, total) VALUES (i.order_id, 0)",
        Postgresql,
    );
    assert_eq!(tables(&shape), "items r, orders w");
    let written: Vec<_> = shape.columns.iter().filter(|used| used.uses.written).map(|used| used.column.to_string()).collect();
    assert_eq!(written, ["orders.id", "orders.total"]);
    assert!(shape.blocks[0].cartesian.is_empty() && shape.blocks[0].joins.is_empty());
}

#[test]
fn definitions() {
    assert_eq!(tables(&parsed("CREATE TABLE a.t AS SELECT * FROM orders", Postgresql)), "orders r, a.t w");
    assert_eq!(tables(&parsed("CREATE VIEW v AS SELECT * FROM orders JOIN items USING (id)", Postgresql)), "items r, orders r, v w");
    assert_eq!(tables(&parsed("CREATE INDEX CONCURRENTLY i ON orders (id)", Postgresql)), "orders w");
    assert_eq!(tables(&parsed("ALTER TABLE orders ADD COLUMN x int", Mysql)), "orders w");
    assert_eq!(tables(&parsed("DROP TABLE IF EXISTS orders, items", Sqlite)), "items w, orders w");
    assert_eq!(tables(&parsed("TRUNCATE orders", Postgresql)), "orders w");
}

#[test]
fn names_fold_as_in_the_catalog() {
    assert_eq!(tables(&shape("SELECT 1 FROM Orders, \"Items\"", Postgresql)), "Items r, orders r");
    assert_eq!(tables(&shape("SELECT 1 FROM Orders", Mysql)), "Orders r");
    let shape = parsed("SELECT O.Status FROM orders AS o WHERE O.ID = 1", Sqlite);
    assert_eq!(lines(shape.predicates()), "orders.id = 1");
}

#[test]
fn what_does_not_parse_is_read_by_words() {
    let shape = shape(
        "WITH x AS (SELECT 1) SELECT * FRM FROM a.orders o, ONLY items, x JOIN LATERAL f(1) JOIN \"Big\" b ON ((( WHERE 1 LIMIT 5",
        Postgresql,
    );
    assert!(!shape.parsed);
    assert_eq!(shape.kind, StatementKind::Select);
    assert_eq!(tables(&shape), "Big r, items r, a.orders r");
    assert_eq!(shape.functions, ["f"]);
    let block = &shape.blocks[0];
    assert!(block.select.star && block.has_where);
    assert_eq!(super::super::shape("DELETE FROM t WHRE (((", Mysql).tables_written().count(), 1);
    assert_eq!(tables(&super::super::shape("SELECT ((a FROM t FOR UPDATE OF t INTO OUTFILE 'x'", Mysql)), "t r");
    assert_eq!(tables(&super::super::shape("UPDATE IGNORE `t` SETT ((", Mysql)), "t w");
    assert_eq!(tables(&super::super::shape("INSERT INTO s.t (a) VALLUES ((", Mysql)), "s.t w");
}

#[test]
fn deep_and_long_statements_end() {
    let list = vec!["1"; 100_000].join(", ");
    assert!(shape(&format!("SELECT 1 FROM t WHERE a IN ({list})"), Postgresql).parsed);
    let chain = vec!["a = 1"; 5_000].join(" OR ");
    assert!(shape(&format!("SELECT 1 FROM t WHERE {chain}"), Postgresql).parsed);
    let long = vec!["a = 1"; 100_000].join(" AND ");
    assert!(!shape(&format!("SELECT 1 FROM t WHERE {long}"), Postgresql).parsed);
    for nesting in [100, 2_000, 15_000, 200_000] {
        let deep = format!("SELECT {}1{}", "(".repeat(nesting), ")".repeat(nesting));
        assert_eq!(shape(&deep, Sqlite).kind, StatementKind::Select);
    }
    let unions = vec!["SELECT 1 FROM t"; 1_000].join(" UNION ALL ");
    assert_eq!(shape(&unions, Postgresql).kind, StatementKind::Select);
    let negations = format!("SELECT 1 FROM t WHERE {} a", "NOT ".repeat(10_000));
    assert_eq!(shape(&negations, Mysql).kind, StatementKind::Select);
}

#[test]
fn texts_with_what_servers_skip() {
    for (text, dialect) in [
        ("SELECT /*+ SeqScan(t) */ a FROM t -- x", Postgresql),
        ("SELECT /*!40001 SQL_NO_CACHE */ a FROM t # x", Mysql),
        ("SELECT a FROM t;", Sqlite),
        ("/* a /* b */ c */ SELECT a FROM t", Postgresql),
    ] {
        assert_eq!(tables(&parsed(text, dialect)), "t r", "{text}");
    }
}

#[test]
fn clauses_that_the_grammar_lacks() {
    for (text, dialect, expected) in [
        ("INSERT INTO t (a) VALUES (1) ON CONFLICT (a) WHERE b > 1 DO UPDATE SET a = excluded.a", Postgresql, "t w"),
        ("SELECT 1 FROM t FOR NO KEY UPDATE", Postgresql, "t r"),
        ("SELECT 1 FROM t WHERE a BETWEEN SYMMETRIC 1 AND 2", Postgresql, "t r"),
        ("DELETE FROM t WHERE CURRENT OF c", Postgresql, "t w"),
        ("UPDATE ONLY t AS x SET a = DEFAULT", Postgresql, "t w"),
        ("SELECT 1 FROM dual", Mysql, ""),
        ("INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1)", Postgresql, "t w"),
        ("SELECT 1 FROM t LOCK IN SHARE MODE", Mysql, "t r"),
        ("UPDATE t, u SET t.a = u.a, u.b = ? WHERE t.id = u.id", Mysql, "t w, u r w"),
        ("SELECT !a, b MOD 2 FROM t", Mysql, "t r"),
        ("INSERT INTO t SELECT 1 ON DUPLICATE KEY UPDATE a = 1", Mysql, "t w"),
        ("INSERT INTO t SELECT * FROM u ON DUPLICATE KEY UPDATE a = 1", Mysql, "t w, u r"),
        ("SELECT 1 FROM t INDEXED BY i WHERE a IS ? AND b IS NOT c", Sqlite, "t r"),
        ("SELECT 1 FROM t NOT INDEXED WHERE a IS NOT NULL AND b IS NOT DISTINCT FROM 1", Sqlite, "t r"),
    ] {
        assert_eq!(tables(&parsed(text, dialect)), expected, "{text}");
    }
    predicates_of(Sqlite, "status IS ?", &["orders.status = ?"]);
    predicates_of(Sqlite, "status IS NOT 'x'", &["orders.status notequal 'x'"]);
}
