use super::*;

fn role_of(text: &str, index: usize) -> Role {
    parsed(text, Postgresql).blocks[index].role.clone()
}

#[test]
fn select_lists() {
    let block = main_of("SELECT DISTINCT o.*, count(*) OVER (), total FROM orders o");
    assert!(block.select.star && block.select.distinct && block.select.window);
    assert_eq!(block.select.items, 3);
    assert!(block.select.aggregates.is_empty());
    assert!(!main_of("SELECT count(*) FROM orders").select.star);
    assert_eq!(main_of("SELECT count(*), max(total) FROM orders").select.aggregates, ["count", "max"]);
    assert!(main_of("SELECT DISTINCT ON (status) status FROM orders").select.distinct_on);
}

#[test]
fn order_limit_offset() {
    let block = main_of("SELECT total AS t, status FROM orders ORDER BY t DESC NULLS LAST, 2, lower(note) LIMIT 10 OFFSET 500 FOR UPDATE");
    let items: Vec<_> = block.order_by.iter().map(|item| (item.column.as_ref().map(ToString::to_string), item.descending)).collect();
    assert_eq!(items, [(Some("orders.total".to_owned()), true), (Some("orders.status".to_owned()), false), (None, false)]);
    assert_eq!(block.order_by[0].nulls_first, Some(false));
    assert_eq!(block.order_by[2].text, "lower(note)");
    assert_eq!((block.limit.as_deref(), block.offset.as_deref()), (Some("10"), Some("500")));
    assert!(block.locks_rows && !block.order_by_random);
    let mysql = parsed("SELECT * FROM orders ORDER BY RAND() LIMIT 20, 10", Mysql);
    let main = mysql.main().cloned();
    assert!(main.as_ref().is_some_and(|block| block.order_by_random));
    assert_eq!(main.and_then(|block| block.offset).as_deref(), Some("20"));
    assert_eq!(main_of("SELECT id FROM orders FETCH FIRST 5 ROWS ONLY").limit.as_deref(), Some("5"));
    assert_eq!(main_of("(SELECT id FROM orders) ORDER BY id LIMIT 3").limit.as_deref(), Some("3"));
}

#[test]
fn group_by_columns_aliases_and_positions() {
    let block = main_of("SELECT status AS s, date_trunc('day', placed_at), count(*) FROM orders GROUP BY s, 2");
    assert_eq!(block.group_by[0].column.as_ref().map(ToString::to_string).as_deref(), Some("orders.status"));
    assert_eq!(block.group_by[1].text, "date_trunc('day', placed_at)");
    assert!(block.ungrouped.is_empty());
    let rollup = main_of("SELECT status, count(*) FROM orders GROUP BY ROLLUP (status)");
    assert_eq!(rollup.group_by.len(), 1);
    assert!(rollup.ungrouped.is_empty());
}

#[test]
fn ungrouped_columns() {
    let ungrouped = |text: &str| {
        let block = parsed(text, Sqlite).main().cloned();
        block.map(|block| block.ungrouped.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(ungrouped("SELECT status, note, count(*) FROM orders GROUP BY status"), ["orders.note"]);
    assert_eq!(ungrouped("SELECT status, max(total) FROM orders"), ["orders.status"]);
    assert!(ungrouped("SELECT lower(status), max(note || total) FROM orders GROUP BY lower(status)").is_empty());
    assert!(ungrouped("SELECT status || 'x', count(*) FROM orders GROUP BY status").is_empty());
    assert!(ungrouped("SELECT status, note FROM orders").is_empty());
    assert_eq!(ungrouped("SELECT max(id, total) FROM orders").len(), 0);
}

#[test]
fn set_operations() {
    let shape =
        parsed("SELECT id FROM orders UNION SELECT id FROM items UNION ALL SELECT id FROM customers ORDER BY id LIMIT 5", Postgresql);
    assert_eq!(shape.blocks.len(), 4);
    let main = &shape.blocks[0];
    let kinds: Vec<_> = main.set_operations.iter().map(|operation| (operation.kind, operation.all)).collect();
    assert_eq!(kinds, [(SetKind::Union, false), (SetKind::Union, true)]);
    assert_eq!(main.limit.as_deref(), Some("5"));
    assert!(shape.blocks[1..].iter().all(|block| block.role == Role::SetOperand && block.parent == Some(0)));
    let except = parsed("SELECT 1 EXCEPT (SELECT 2 INTERSECT SELECT 3)", Postgresql);
    assert_eq!(except.blocks[0].set_operations[0].kind, SetKind::Except);
}

#[test]
fn subqueries() {
    let shape = parsed("SELECT 1 FROM orders o WHERE o.id NOT IN (SELECT i.order_id FROM items i)", Postgresql);
    let Role::In { negated: true, column: Some(column), selected: Some(selected) } = &shape.blocks[1].role else {
        panic!("{:?}", shape.blocks[1].role);
    };
    assert_eq!((column.to_string().as_str(), selected.to_string().as_str()), ("orders.id", "items.order_id"));
    assert!(!shape.blocks[1].correlated);
    let exists = parsed("SELECT 1 FROM orders o WHERE NOT EXISTS (SELECT 1 FROM items WHERE order_id = o.id)", Postgresql);
    assert_eq!(exists.blocks[1].role, Role::Exists { negated: true });
    assert!(exists.blocks[1].correlated);
    let scalar = parsed("SELECT (SELECT count(*) FROM items WHERE order_id = orders.id) FROM orders", Postgresql);
    assert_eq!(scalar.blocks[1].role, Role::Scalar);
    assert!(scalar.blocks[1].correlated && !scalar.blocks[0].correlated);
    assert_eq!(lines(scalar.blocks[1].predicates.iter()), "items.order_id join = orders.id\norders.id join = items.order_id");
    assert!(matches!(role_of("SELECT 1 FROM orders WHERE id = ANY (SELECT order_id FROM items)", 1), Role::In { negated: false, .. }));
    assert!(matches!(role_of("SELECT 1 FROM orders WHERE id <> ALL (SELECT order_id FROM items)", 1), Role::In { negated: true, .. }));
    let by_catalog = parsed("SELECT 1 FROM orders WHERE EXISTS (SELECT 1 FROM items WHERE order_id = placed_at)", Postgresql);
    assert!(by_catalog.blocks[1].correlated);
}

#[test]
fn derived_and_common_tables_pass_columns_on() {
    let shape = parsed(
        "WITH recent AS (SELECT id AS oid, customer_id, total * 2 AS doubled FROM orders WHERE placed_at > $1)
         SELECT r.doubled FROM recent r JOIN (SELECT * FROM customers) c ON c.id = r.customer_id WHERE r.oid = 5 AND r.doubled > 3",
        Postgresql,
    );
    assert_eq!(tables(&shape), "customers r, orders r");
    assert_eq!(shape.common_tables, 1);
    let main = shape.main().map(|block| lines(block.predicates.iter())).unwrap_or_default();
    assert_eq!(main, "on customers.id join = orders.customer_id\non orders.customer_id join = customers.id\norders.id = 5\ndoubled > 3");
    assert_eq!(shape.blocks[0].role, Role::CommonTable("recent".to_owned()));
    assert!(shape.blocks.iter().all(|block| block.cartesian.is_empty()));
    let recursive = parsed("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t", Sqlite);
    assert_eq!(tables(&recursive), "");
    let shadowed = parsed("WITH orders AS (SELECT 1 AS x) SELECT x FROM orders, public.orders o2 WHERE o2.id = x", Postgresql);
    assert_eq!(tables(&shadowed), "public.orders r");
}

#[test]
fn sources_and_joins() {
    let block = main_of("SELECT 1 FROM orders o LEFT JOIN customers c ON c.id = o.customer_id, items CROSS JOIN countries");
    let joins: Vec<_> = block.joins.iter().map(|join| (join.kind, join.right.as_str(), join.has_condition)).collect();
    assert_eq!(joins, [(JoinKind::Left, "c", true), (JoinKind::Comma, "items", false), (JoinKind::Cross, "countries", false)]);
    assert_eq!(block.cartesian, ["items", "countries"]);
}

#[test]
fn products_are_found_and_look_alikes_are_not() {
    let product = |from: &str| main_of(&format!("SELECT 1 FROM {from}")).cartesian;
    assert_eq!(product("orders, customers"), ["customers"]);
    assert_eq!(product("orders o, customers c WHERE o.total > 5 AND c.name = 'x'"), ["c"]);
    assert_eq!(product("orders o JOIN customers c ON o.id = 5 AND o.total > 1"), ["c"]);
    for tied in [
        "orders o, customers c WHERE o.customer_id = c.id",
        "orders, customers WHERE customer_id = customers.id",
        "orders o JOIN customers c ON lower(c.email) = lower(o.note)",
        "orders o, customers c, items i WHERE i.order_id = o.id AND o.customer_id = c.id",
        "orders o, customers c WHERE o.customer_id = 5 AND c.id = 5",
        "orders o, customers c WHERE o.customer_id = $1 AND c.id = $1",
        "orders, (SELECT max(id) AS m FROM items) m",
        "orders o, LATERAL (SELECT 1 FROM items i WHERE i.order_id = o.id) x",
        "orders CROSS JOIN generate_series(1, 3) g",
        "orders NATURAL JOIN customers",
        "orders JOIN customers ON true",
        "unknown_a a, unknown_b b WHERE x = y",
        "orders o, customers c WHERE EXISTS (SELECT 1 FROM items i WHERE i.order_id = o.id AND i.id = c.id)",
        "orders o JOIN customers c USING (id)",
        "orders",
    ] {
        assert!(product(tied).is_empty(), "{tied}");
    }
}

#[test]
fn outer_joins_that_are_none() {
    let nullified = |text: &str| main_of(text).nullified.iter().map(ToString::to_string).collect::<Vec<_>>();
    let join = "SELECT 1 FROM orders o LEFT JOIN customers c ON c.id = o.customer_id";
    assert_eq!(nullified(&format!("{join} WHERE c.name = 'x'")), ["customers.name"]);
    assert_eq!(nullified(&format!("{join} WHERE o.total > 1 AND c.name LIKE 'x%'")), ["customers.name"]);
    assert_eq!(nullified("SELECT 1 FROM orders o RIGHT JOIN customers c ON c.id = o.customer_id WHERE o.total > 5"), ["orders.total"]);
    for kept in ["c.id IS NULL", "c.name = 'x' OR o.total > 1", "coalesce(c.name, 'x') = 'x'", "o.total > 5"] {
        assert!(nullified(&format!("{join} WHERE {kept}")).is_empty(), "{kept}");
    }
    assert!(nullified("SELECT 1 FROM orders o LEFT JOIN customers c ON c.id = o.customer_id AND c.name = 'x'").is_empty());
}

#[test]
fn column_uses() {
    let shape = parsed(
        "SELECT o.status, count(*) FROM orders o JOIN customers c ON c.id = o.customer_id WHERE c.name = 'x' GROUP BY o.status ORDER BY o.status",
        Postgresql,
    );
    let find = |name: &str| shape.columns.iter().find(|used| used.column.to_string() == name).map(|used| used.uses);
    assert_eq!(find("orders.status"), Some(Uses { selected: true, grouped: true, sorted: true, ..Uses::default() }));
    assert_eq!(find("orders.customer_id"), Some(Uses { joined: true, ..Uses::default() }));
    assert_eq!(find("customers.name"), Some(Uses { filtered: true, ..Uses::default() }));
    let star = parsed("SELECT * FROM countries", Postgresql);
    assert_eq!(star.columns.len(), 2);
}

#[test]
fn functions_are_listed() {
    let shape = parsed("SELECT LOWER(name), public.f(1), current_date FROM customers WHERE random() > 1", Postgresql);
    assert_eq!(shape.functions, ["current_date", "f", "lower", "random"]);
}

#[test]
fn whole_rows_are_no_columns() {
    let shape = parsed("SELECT o, count(o) FROM orders o GROUP BY o", Postgresql);
    assert!(shape.columns.is_empty(), "{:?}", shape.columns);
}
