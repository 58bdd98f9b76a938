//! Projects built in real scratch databases, good ones and bad ones.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dbwright_lab::measure::Limits;
use dbwright_lab::project::{Options, review_facts};
use dbwright_lab::{LabError, LabErrorKind};
use dbwright_model::plan::Operation;
use dbwright_model::workload::WorkloadSource;
use dbwright_model::{Engine, FactKind, Facts, ObjectName, Reading};

fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    directory
}

fn quick() -> Options {
    let limits = Limits { executions: 60, per_statement: Duration::from_millis(500), total: Duration::from_secs(5), ..Limits::default() };
    Options { limits, ..Options::default() }
}

fn review_with(path: &Path, options: &Options) -> Result<Facts, LabError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(review_facts(path, options))
}

fn review(files: &[(&str, &str)]) -> Result<Facts, LabError> {
    review_with(project(files).path(), &quick())
}

/// Whether PostgreSQL can be started here; says so aloud when not.
fn postgres_is_there() -> bool {
    let found = dbwright_lab::scratch::postgres::Programs::find(None).is_ok();
    if !found {
        let required = std::env::var("DBWRIGHT_REQUIRE").unwrap_or_default();
        assert!(!required.contains("postgres"), "PostgreSQL is required here but was not found");
        eprintln!("SKIPPED for want of PostgreSQL");
    }
    found
}

const SHOP: &str = "CREATE TABLE customer (\n  id INTEGER PRIMARY KEY,\n  name TEXT NOT NULL\n);\n\
    CREATE TABLE orders (\n  id INTEGER PRIMARY KEY,\n  customer_id INT NOT NULL REFERENCES customer (id),\n  total INT\n);\n";

#[test]
fn a_sqlite_project_becomes_facts() {
    let rows =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO orders SELECT i, 1 + i % 2, i FROM n;";
    let facts = review(&[
        ("schema.sql", SHOP),
        ("data.sql", rows),
        ("data/customer.csv", "id,name\n1,\"Ann, B.\"\n2,Bob\n"),
        (
            "workload.sql",
            "-- name: orders of a customer\n-- weight: 10\nSELECT * FROM orders WHERE customer_id = 1;\nSELECT * FROM orders WHERE customer_id = 2;\n\
             -- name: new order\nINSERT INTO orders (customer_id, total) VALUES (1, 5);\n-- name: wrong\nSELECT nothing FROM orders;\nCOMMIT;\n",
        ),
    ])
    .unwrap();
    assert!(facts.target.scratch && facts.target.engine == Engine::Sqlite);
    let orders = facts.catalog.find(&ObjectName::bare("orders")).unwrap();
    assert_eq!(orders.rows(), Some(3000.0), "what the workload inserted is undone");
    assert_eq!(facts.catalog.find(&ObjectName::bare("customer")).unwrap().rows(), Some(2.0));
    assert_eq!(orders.field("total").unwrap().values.as_ref().unwrap().distinct, Some(3000));
    let project = facts.project.as_ref().unwrap();
    let line = |object: &str| project.origins.get(object).map(|origin| (origin.file.as_str(), origin.line));
    assert_eq!(line("orders"), Some(("schema.sql", 5)));
    assert_eq!(line("orders(customer_id)"), Some(("schema.sql", 7)));
    assert_eq!(facts.workload.source, WorkloadSource::Measured);
    let named = |name: &str| facts.workload.statements.iter().find(|statement| statement.name.as_deref() == Some(name)).unwrap();
    let look_up = named("orders of a customer");
    assert_eq!((look_up.samples.len(), look_up.weight, look_up.calls), (2, Some(10.0), Some(10.0)));
    let latency = look_up.latency.as_ref().unwrap();
    assert!(latency.samples >= 59 && latency.p95_high_ms.is_some() && latency.p50_ms <= latency.p95_ms, "{latency:?}");
    assert!(latency.p95_low_ms.unwrap() <= latency.p95_ms && latency.p95_ms <= latency.p95_high_ms.unwrap());
    assert_eq!(latency.buckets.iter().map(|(_, count)| count).sum::<u64>(), latency.samples);
    let plan = look_up.plan.as_ref().unwrap();
    assert_eq!((plan.root.operation, plan.root.collection.as_ref().map(|name| name.name.as_str())), (Operation::FullScan, Some("orders")));
    assert_eq!(plan.root.rows_estimated, Some(3000.0));
    assert!(named("new order").latency.as_ref().unwrap().method.contains("undone"));
    assert!(named("wrong").failure.as_deref().unwrap().contains("nothing"));
    assert!(facts.workload.statements.iter().any(|statement| statement.text == "COMMIT" && statement.failure.is_some()));
    assert_eq!(facts.reading(FactKind::Latency), Reading::Partial);
    assert_eq!(facts.reading(FactKind::Settings), Reading::Missing, "a scratch file's settings are ours");
    assert_eq!(facts.reading(FactKind::Roles), Reading::NotApplicable);
    assert_eq!(facts.reading(FactKind::Values), Reading::Read);
}

#[test]
fn references_are_enforced_only_where_the_scripts_say_so() {
    let enforced = |schema: &str| {
        let facts = review(&[("schema.sql", schema)]).unwrap();
        facts.catalog.find(&ObjectName::bare("orders")).unwrap().references[0].enforced
    };
    assert!(!enforced(SHOP));
    assert!(enforced(&format!("PRAGMA foreign_keys = ON;\n{SHOP}")));
}

#[test]
fn a_syntax_error_has_file_line_and_caret() {
    let error =
        review(&[("schema.sql", "-- fine\nCREATE TABLE a (x INT);\n\nCREATE TABLE b (\n  é TEXT,\n  x INT NOT NUL\n);\n")]).unwrap_err();
    assert_eq!(error.kind, LabErrorKind::Source);
    let place = error.place.clone().unwrap();
    assert_eq!((place.file.as_str(), place.line, place.column), ("schema.sql", 6, 13), "{error}");
    assert!(error.excerpt().unwrap().contains("6 |   x INT NOT NUL\n  |             ^"), "{}", error.excerpt().unwrap());
    assert!(error.message.contains("syntax error"));
}

#[test]
fn errors_in_data_and_unclosed_strings_are_placed_too() {
    let error = review(&[("schema.sql", SHOP), ("data/orders.csv", "id,customer_id\n1,1\n2\n")]).unwrap_err();
    assert_eq!(error.place.as_ref().map(|place| (place.file.as_str(), place.line)), Some(("data/orders.csv", 3)), "{error}");
    let error = review(&[("schema.sql", SHOP), ("data/nothing.csv", "id\n1\n")]).unwrap_err();
    assert!(error.message.contains("no such table"), "{error}");
    let error = review(&[("schema.sql", "CREATE TABLE a (x TEXT DEFAULT 'never closed);\n")]).unwrap_err();
    assert!(error.place.is_some() && error.kind == LabErrorKind::Source, "{error}");
    let error = review(&[("schema.sql", ".read other.sql\n")]).unwrap_err();
    assert!(error.message.contains("client program"), "{error}");
    let error = review(&[("schema.sql", "ATTACH '/tmp/elsewhere.db' AS other;\n")]).unwrap_err();
    assert!(error.message.contains("authorized"), "{error}");
    assert!(!Path::new("/tmp/elsewhere.db").exists());
}

#[test]
fn an_unknown_dialect_and_an_unknown_key_are_refused_in_their_place() {
    for (text, line) in [("[project]\ndialect = \"oracle\"\n", 2), ("\n\n[project]\ndialcet = \"sqlite\"\n", 4)] {
        let error = review(&[("schema.sql", SHOP), ("dbwright.toml", text)]).unwrap_err();
        assert_eq!(error.place.as_ref().map(|place| (place.file.as_str(), place.line)), Some(("dbwright.toml", line)), "{error}");
    }
    let error = review(&[("schema.sql", "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB;")]);
    if let Err(error) = error {
        assert!(matches!(error.kind, LabErrorKind::Unsupported | LabErrorKind::ServerMissing), "{error}");
        assert!(!error.hint.is_empty());
    }
}

#[test]
fn migrations_build_on_each_other_in_order() {
    let facts = review(&[
        ("migrations/10_note.sql", "ALTER TABLE t ADD COLUMN note TEXT;"),
        ("migrations/9_rename.sql", "ALTER TABLE s RENAME TO t;"),
        ("migrations/1_start.up.sql", "CREATE TABLE s (id INTEGER PRIMARY KEY);"),
        ("migrations/1_start.down.sql", "DROP TABLE s;"),
    ])
    .unwrap();
    let fields: Vec<&str> = facts.catalog.find(&ObjectName::bare("t")).unwrap().fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(fields, ["id", "note"]);
    let project = facts.project.unwrap();
    assert_eq!(project.files, ["migrations/1_start.up.sql", "migrations/9_rename.sql", "migrations/10_note.sql"]);
    assert_eq!(project.origins["t(note)"].file, "migrations/10_note.sql");
    assert_eq!(facts.coverage.iter().find(|entry| entry.fact == FactKind::Workload).unwrap().state, Reading::Missing);
}

#[test]
fn an_open_loop_counts_waiting() {
    let mut options = quick();
    options.rate_per_second = Some(200.0);
    options.limits.total = Duration::from_secs(1);
    let directory =
        project(&[("schema.sql", SHOP), ("workload.sql", "-- weight: 3\nSELECT count(*) FROM orders;\nSELECT count(*) FROM customer;")]);
    let facts = review_with(directory.path(), &options).unwrap();
    let methods: Vec<&str> =
        facts.workload.statements.iter().map(|statement| statement.latency.as_ref().unwrap().method.as_str()).collect();
    assert!(methods.contains(&"scratch, open loop at 150/s") && methods.contains(&"scratch, open loop at 50/s"), "{methods:?}");
}

#[test]
fn a_statement_that_never_ends_is_stopped_and_the_rest_measured() {
    let mut options = quick();
    options.limits.execution = Duration::from_millis(300);
    let directory = project(&[
        ("schema.sql", SHOP),
        ("workload.sql", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;\nSELECT 1;"),
    ]);
    let facts = review_with(directory.path(), &options).unwrap();
    let endless = facts.workload.statements.iter().find(|statement| statement.failure.is_some()).unwrap();
    assert!(endless.failure.as_deref().unwrap().contains("time limit"));
    assert_eq!(facts.workload.statements.iter().filter(|statement| statement.latency.is_some()).count(), 1);
}

#[test]
fn dropping_the_future_ends_the_work_and_cleans_up() {
    let directory = project(&[
        ("schema.sql", SHOP),
        ("data.sql", "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO orders SELECT i, 1, 1 FROM n;"),
    ]);
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    let options = Options { progress: Arc::new(move |what: &str| heard.lock().unwrap().push(what.to_owned())), ..quick() };
    let started = std::time::Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let outcome =
        runtime.block_on(async { tokio::time::timeout(Duration::from_millis(700), review_facts(directory.path(), &options)).await });
    assert!(outcome.is_err(), "loading never ends by itself");
    drop(runtime);
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(said.lock().unwrap().iter().any(|what| what.contains("data.sql")));
    let mine = format!("dbwright-scratch-{}-", std::process::id());
    // Other tests of this process have directories of their own, so only growing files would betray ours.
    let left: Vec<_> = std::fs::read_dir(std::env::temp_dir())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&mine))
        .filter(|entry| std::fs::metadata(entry.path().join("scratch.db")).is_ok_and(|metadata| metadata.len() > 4_000_000))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_database_that_grows_too_large_is_stopped() {
    let options = Options { disk_limit: Some(60_000_000), ..quick() };
    let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) INSERT INTO t SELECT hex(randomblob(500)) FROM n;";
    let directory = project(&[("schema.sql", "CREATE TABLE t (a TEXT);"), ("data.sql", endless)]);
    let error = review_with(directory.path(), &options).unwrap_err();
    assert!(error.message.contains("full"), "{error}");
    if postgres_is_there() {
        let endless = "INSERT INTO t SELECT repeat(md5(i::text), 30) FROM generate_series(1, 100000000) AS i;";
        let directory =
            project(&[("schema.sql", "CREATE TABLE t (id bigserial, a text);"), ("data.sql", &endless.replace("INTO t", "INTO t (a)"))]);
        // An empty server takes some 60 MB already.
        let error = review_with(directory.path(), &Options { disk_limit: Some(200_000_000), ..quick() }).unwrap_err();
        assert!(error.message.contains("grew beyond"), "{error}");
        assert_eq!(error.place.map(|place| place.file), Some("data.sql".to_owned()));
    }
}

#[test]
fn a_postgresql_project_becomes_facts() {
    if !postgres_is_there() {
        return;
    }
    let schema = "CREATE SCHEMA shop;\nCREATE TABLE shop.customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n\
        CREATE TABLE shop.orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES shop.customer, total numeric(10, 2));\n\
        ALTER TABLE shop.orders OWNER TO app_owner;\n";
    let files = [
        ("schema.sql", schema),
        (
            "data.sql",
            "INSERT INTO shop.customer (name) SELECT 'c' || i FROM generate_series(1, 100) i;\nCOPY shop.orders (id, customer_id, total) FROM stdin;\n1\t1\t10.5\n2\t2\t\\N\n\\.\nINSERT INTO shop.orders SELECT i, 1 + i % 100, i FROM generate_series(3, 2000) i;",
        ),
        ("data/shop.orders.csv", "id,customer_id,total\n3000,1,\"7\"\n3001,2,\n"),
        (
            "workload.sql",
            "-- name: look up\n-- params: (1), (2)\nSELECT * FROM shop.orders WHERE customer_id = $1;\n-- name: pay\nUPDATE shop.orders SET total = 0 WHERE id = 5;\n-- name: slow\nSELECT pg_sleep(60);",
        ),
    ];
    let mut options = quick();
    options.limits.execution = Duration::from_millis(800);
    let facts = match review_with(project(&files).path(), &options) {
        Ok(facts) => facts,
        Err(error) => panic!("{error} {:?} {}", error.excerpt(), error.hint),
    };
    assert!(facts.target.scratch && facts.target.engine == Engine::Postgresql);
    let orders = facts.catalog.find(&ObjectName::new("shop", "orders")).unwrap();
    assert_eq!(orders.rows().map(f64::round), Some(2002.0));
    let named = |name: &str| facts.workload.statements.iter().find(|statement| statement.name.as_deref() == Some(name)).unwrap();
    let look_up = named("look up");
    assert_eq!(look_up.samples[1].text, "SELECT * FROM shop.orders WHERE customer_id = 2");
    assert!(look_up.latency.as_ref().unwrap().samples >= 59);
    let plan = look_up.plan.as_ref().unwrap();
    assert!(
        plan.executed && plan.nodes().iter().any(|node| node.operation == Operation::FullScan && node.rows_actual.is_some()),
        "{plan:?}"
    );
    assert!(named("pay").latency.is_some());
    assert!(named("slow").failure.as_deref().unwrap().contains("timeout"), "{:?}", named("slow").failure);
    assert_eq!(facts.project.as_ref().unwrap().origins["shop.orders(customer_id)"].line, 3);
    assert!(facts.settings.is_empty() && facts.security.roles.is_empty());
    assert_eq!(facts.reading(FactKind::Settings), Reading::Missing);
}

#[test]
fn a_postgresql_syntax_error_has_its_place() {
    if !postgres_is_there() {
        return;
    }
    let error = review(&[
        ("dbwright.toml", "[project]\ndialect = \"postgresql\"\n"),
        ("schema.sql", "CREATE TABLE é (a int);\n/* é */ CREATE TABLE b (\n  é int,\n  x intt\n);\n"),
    ])
    .unwrap_err();
    assert_eq!(error.place.as_ref().map(|place| (place.line, place.column)), Some((4, 5)), "{error}");
    let missing = Options { server_bin: Some("/nowhere".into()), ..quick() };
    let directory = project(&[("schema.sql", "CREATE TABLE t (a bigserial);")]);
    let error = review_with(directory.path(), &missing).unwrap_err();
    assert_eq!(error.kind, LabErrorKind::ServerMissing);
    assert!(error.hint.contains("bin"), "{}", error.hint);
}
