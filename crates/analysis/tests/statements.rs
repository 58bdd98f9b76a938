//! Statements with faults, and statements that only look like them, on servers without plans: each fault is named by its
//! rule, and no look-alike by any. It never connects to anything.

use std::collections::BTreeSet;

use dbwright_analysis::review::review_with;
use dbwright_analysis::rules;
use dbwright_analysis::testing::healthy;
use dbwright_model::catalog::{Collection, Field, Index, IndexPart, Key, TypeFamily};
use dbwright_model::policy::Policy;
use dbwright_model::workload::Statement;
use dbwright_model::{Engine, Facts, ObjectName, Quantity, Severity};

const SERVERS: [Engine; 3] = [Engine::Postgresql, Engine::Mysql, Engine::Mariadb];

/// A column: name, family, nullable.
type Column = (&'static str, TypeFamily, bool);

fn table(engine: Engine, name: &str, rows: f64, columns: &[Column], key: &[&str], indexes: &[&[&str]]) -> Collection {
    let schema = if engine == Engine::Postgresql { "public" } else { "store" };
    let field = |(name, family, nullable): &Column| Field {
        name: (*name).to_owned(),
        family: *family,
        nullable: *nullable,
        type_name: format!("{family:?}").to_lowercase(),
        ..Field::default()
    };
    let part = |column: &&str| IndexPart { column: Some((*column).to_owned()), ..IndexPart::default() };
    let index = |columns: &&[&str]| Index {
        name: format!("{name}_{}", columns.join("_")),
        method: "btree".to_owned(),
        parts: columns.iter().map(part).collect(),
        valid: true,
        ..Index::default()
    };
    Collection {
        name: ObjectName::new(schema, name),
        fields: columns.iter().map(field).collect(),
        keys: vec![Key { columns: key.iter().map(|&column| column.to_owned()).collect(), primary: true, ..Key::default() }],
        indexes: indexes.iter().map(index).collect(),
        storage: dbwright_model::catalog::Storage { rows: Some(Quantity::estimated(rows, "test")), ..Default::default() },
        ..Collection::default()
    }
}

fn facts(engine: Engine, text: &str) -> Facts {
    use TypeFamily::{Integer, Text, Timestamp};
    let mut facts = healthy(engine);
    facts.catalog.collections = vec![
        table(
            engine,
            "customer",
            8000.0,
            &[("id", Integer, false), ("email", Text, false), ("city", Text, true), ("referrer_id", Integer, true)],
            &["id"],
            &[&["email"], &["city"]],
        ),
        table(
            engine,
            "orders",
            20_000.0,
            &[
                ("id", Integer, false),
                ("customer_id", Integer, false),
                ("status", Text, false),
                ("placed_at", Timestamp, false),
                ("total", Integer, false),
            ],
            &["id"],
            &[&["customer_id", "placed_at"], &["placed_at"]],
        ),
        table(
            engine,
            "line",
            60_000.0,
            &[("order_id", Integer, false), ("pos", Integer, false), ("product_id", Integer, false)],
            &["order_id", "pos"],
            &[&["product_id"]],
        ),
        table(engine, "setting", 12.0, &[("k", Text, false), ("v", Text, true)], &["k"], &[]),
    ];
    facts.workload.statements =
        vec![Statement { text: text.to_owned(), calls: Some(100.0), total_ms: Some(100.0), ..Statement::default() }];
    facts
}

/// Rules that speak above info about the statement.
fn spoken(engine: Engine, text: &str) -> BTreeSet<&'static str> {
    let mine: Vec<_> = rules::all().into_iter().filter(|rule| rule.family() == "query").collect();
    let report = review_with(&facts(engine, text), &Policy::default(), &mine);
    let loud = report.findings.iter().filter(|finding| finding.severity > Severity::Info);
    loud.filter_map(|finding| mine.iter().find(|rule| rule.id == finding.rule)).map(|rule| rule.id).collect()
}

#[test]
fn faults_are_named() {
    let faults = [
        ("query/not-in-nullable", "SELECT count(*) FROM orders WHERE customer_id NOT IN (SELECT referrer_id FROM customer)"),
        ("query/null-comparison", "SELECT id FROM customer WHERE referrer_id = NULL"),
        ("query/null-comparison", "UPDATE customer SET city = 'x' WHERE id = 7 AND referrer_id <> NULL"),
        ("query/leading-wildcard", "SELECT id FROM customer WHERE email LIKE '%@x.org'"),
        ("query/non-sargable", "SELECT id FROM customer WHERE upper(email) = 'A'"),
        ("query/non-sargable", "SELECT count(*) FROM orders WHERE date(placed_at) = '2026-01-01'"),
        ("query/offset-pagination", "SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 9000"),
        ("query/missing-where", "DELETE FROM orders"),
        ("query/missing-where", "UPDATE orders SET status = 'x'"),
        ("query/cartesian-join", "SELECT o.id FROM orders o, line l WHERE o.status = 'open'"),
        ("query/cartesian-join", "SELECT o.id FROM orders o, line l, customer c WHERE o.id = l.order_id"),
        ("query/or-across-columns", "SELECT id FROM orders WHERE status = 'x' OR total = 5"),
        ("query/leading-wildcard", "SELECT id FROM customer WHERE email LIKE '%x%' OR city LIKE '%x%'"),
        ("query/limit-without-order", "SELECT id FROM orders WHERE status = 'open' LIMIT 10"),
        (
            "query/distinct-hides-fan-out",
            "SELECT DISTINCT c.id, c.email FROM customer c JOIN orders o ON o.customer_id = c.id WHERE o.total > 5",
        ),
        (
            "query/outer-join-nullified",
            "SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.total > 5 AND c.id = 3",
        ),
        ("query/unbounded-result", "SELECT id, total FROM orders"),
    ];
    for (rule, text) in faults {
        for engine in SERVERS {
            let found = spoken(engine, text);
            assert!(found.contains(rule), "{engine}: {rule} is silent on {text}; {found:?}");
        }
    }
    for (engine, function) in [(Engine::Postgresql, "random"), (Engine::Mysql, "rand")] {
        let found = spoken(engine, &format!("SELECT id FROM orders ORDER BY {function}() LIMIT 3"));
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["query/order-by-random"], "{engine}");
    }
}

#[test]
fn dialects_differ() {
    let converts = "SELECT id FROM customer WHERE city = 7";
    assert!(spoken(Engine::Mysql, converts).contains("query/implicit-conversion"));
    assert!(spoken(Engine::Postgresql, "SELECT total FROM orders WHERE customer_id = 7.5").contains("query/implicit-conversion"));
    assert!(spoken(Engine::Postgresql, "SELECT total FROM orders WHERE customer_id = 7").is_empty());
    let bare = "SELECT customer_id, status, count(*) FROM orders GROUP BY customer_id";
    assert!(spoken(Engine::Mysql, bare).is_empty(), "MySQL refuses it in its usual mode");
    let mut lenient = facts(Engine::Mysql, bare);
    lenient.settings.entry("sql_mode".to_owned()).or_default().value = "STRICT_TRANS_TABLES".to_owned();
    let report = review_with(&lenient, &Policy::default(), &rules::all());
    assert!(report.findings.iter().any(|finding| finding.rule == "query/nondeterministic-group-by"));
    assert!(spoken(Engine::Postgresql, bare).is_empty(), "PostgreSQL refuses it");
}

#[test]
fn look_alikes_stay_quiet() {
    let quiet = [
        "SELECT count(*) FROM customer WHERE id NOT IN (SELECT customer_id FROM orders)",
        "SELECT count(*) FROM orders WHERE customer_id NOT IN (SELECT referrer_id FROM customer WHERE referrer_id IS NOT NULL)",
        "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM customer c WHERE c.referrer_id = o.customer_id)",
        "SELECT id FROM customer WHERE referrer_id IS NULL AND id < 50",
        "UPDATE customer SET referrer_id = NULL WHERE id = 7",
        "UPDATE setting SET v = 'x'",
        "DELETE FROM setting",
        "SELECT id FROM customer WHERE email LIKE 'a%' ORDER BY id LIMIT 5",
        "SELECT id FROM customer WHERE id = 3 AND email LIKE '%x'",
        "SELECT id FROM customer WHERE email NOT LIKE '%x' AND city = 'y'",
        "SELECT id FROM orders WHERE date(placed_at) = '2026-01-01' AND customer_id = 7",
        "SELECT date(placed_at), count(*) FROM orders WHERE customer_id = 7 GROUP BY date(placed_at)",
        "SELECT id FROM orders ORDER BY id LIMIT 10 OFFSET 50",
        "SELECT o.id FROM orders o, customer c WHERE o.customer_id = c.id AND c.id = 7",
        "SELECT o.id, s.v FROM orders o CROSS JOIN setting s WHERE o.id = 7",
        "SELECT o.id, s.v FROM orders o, setting s WHERE o.customer_id = 7 AND s.k = 'a'",
        "SELECT id FROM customer WHERE id = 5 OR email = 'x'",
        "SELECT id FROM orders WHERE status IN ('a', 'b') AND customer_id = 4",
        "SELECT 1 FROM orders WHERE status = 'open' LIMIT 1",
        "SELECT status FROM orders WHERE id = 7 LIMIT 1",
        "SELECT id FROM orders WHERE status = 'open' LIMIT 10 FOR UPDATE SKIP LOCKED",
        "SELECT DISTINCT city FROM customer WHERE id < 90",
        "SELECT DISTINCT o.id, c.city FROM orders o JOIN customer c ON c.id = o.customer_id WHERE o.id < 90",
        "SELECT c.id FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE o.id IS NULL AND c.id < 10",
        "SELECT c.id, o.total FROM customer c LEFT JOIN orders o ON o.customer_id = c.id AND o.total > 5 WHERE c.id = 3",
        "SELECT c.id, o.total FROM customer c LEFT JOIN orders o ON o.customer_id = c.id WHERE coalesce(o.total, 0) = 0 AND c.id = 3",
        "SELECT c.id, c.email, sum(o.total) FROM customer c JOIN orders o ON o.customer_id = c.id WHERE c.id = 9 GROUP BY c.id",
        "SELECT count(*) FROM orders",
        "SELECT status, sum(total) FROM orders GROUP BY status",
        "INSERT INTO setting (k, v) SELECT email, city FROM customer WHERE id = 3",
        "SELECT v FROM setting",
        "WITH recent AS (SELECT id FROM orders WHERE customer_id = 7) SELECT r.id FROM recent r JOIN line l ON l.order_id = r.id",
    ];
    for text in quiet {
        for engine in SERVERS {
            let found = spoken(engine, text);
            assert!(found.is_empty(), "{engine}: {found:?} on {text}");
        }
    }
}

#[test]
fn causes_are_not_confused() {
    let patterns = spoken(Engine::Postgresql, "SELECT id FROM customer WHERE email LIKE '%x%' OR city LIKE '%x%'");
    assert!(!patterns.contains("query/or-across-columns"), "no index could serve either side: {patterns:?}");
    let dump = "SELECT /*!40001 SQL_NO_CACHE */ * FROM orders";
    assert!(spoken(Engine::Mysql, dump).is_empty(), "a dump reads everything by intention");
}

#[test]
fn small_tables_and_indexes_quieten() {
    let text = "SELECT id FROM customer WHERE lower(email) = 'a'";
    assert!(spoken(Engine::Postgresql, text).contains("query/non-sargable"));
    let mut facts = facts(Engine::Postgresql, text);
    let part = IndexPart { expression: Some("lower((email)::text)".to_owned()), ..IndexPart::default() };
    facts.catalog.collections[0].indexes.push(Index { name: "lower_email".to_owned(), parts: vec![part], valid: true, ..Index::default() });
    let all = rules::all();
    let report = review_with(&facts, &Policy::default(), &all);
    assert!(report.findings.iter().all(|finding| finding.rule != "query/non-sargable"), "the expression is indexed");
    facts.catalog.collections[0].indexes.pop();
    facts.catalog.collections[0].storage.rows = Some(Quantity::estimated(900.0, "test"));
    let report = review_with(&facts, &Policy::default(), &all);
    assert!(report.findings.iter().all(|finding| finding.rule != "query/non-sargable"), "the table is small");
}
