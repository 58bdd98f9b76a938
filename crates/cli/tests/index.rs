//! `dbwright index` as users run it: on a project, on a file with a workload beside it, on a real PostgreSQL server.

mod common;

use std::path::Path;

use common::{dbwright, texts};
use dbwright_testkit::postgres::{Server, installed};
use serde_json::Value;

fn advice(arguments: &[&str], directory: &Path) -> Value {
    let (out, error, code) = texts(&dbwright(&[&["index"], arguments, &["--format", "json"]].concat(), directory));
    assert_eq!(code, 0, "{arguments:?}: {error}");
    serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{error}"))
}

fn objects(advice: &Value) -> Vec<String> {
    advice["indexes"].as_array().expect("a list").iter().map(|one| one["object"].as_str().unwrap_or_default().to_owned()).collect()
}

const SALES: &str = "
CREATE TABLE \"sale; \"\"x\"\"\" (id INTEGER PRIMARY KEY, customer INTEGER NOT NULL, day TEXT NOT NULL, total REAL NOT NULL);
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO \"sale; \"\"x\"\"\" SELECT i, i * 7919 % 3000, date('2026-01-01', (i * 7907 % 365) || ' days'), i / 7.0 FROM n;
ANALYZE;
";
const BY_CUSTOMER: &str = "-- name: sales of a customer\nSELECT id, total FROM \"sale; \"\"x\"\"\" WHERE customer = 17 ORDER BY day;\n";

#[test]
fn an_index_is_chosen_and_proved_on_a_copy_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    rusqlite::Connection::open(path.join("sales.db")).unwrap().execute_batch(SALES).unwrap();
    std::fs::write(path.join("w.sql"), BY_CUSTOMER).unwrap();
    let original = std::fs::read(path.join("sales.db")).unwrap();
    let found = advice(&["sales.db", "--workload", "w.sql"], path);
    let chosen = objects(&found);
    assert!(chosen.len() == 1 && chosen[0].starts_with("sale; \"x\"(customer"), "{chosen:?}");
    assert!(found["cost"].as_f64() < found["base_cost"].as_f64() && found["floor"].as_f64() <= found["cost"].as_f64(), "{found}");
    let apply = found["indexes"][0]["apply"][0].as_str().unwrap_or_default();
    assert!(apply.starts_with("CREATE INDEX ") && apply.contains("ON \"sale; \"\"x\"\"\" ("), "{apply}");
    let trial = &found["trial"];
    assert_eq!((trial["refused"].as_str(), trial["undone"].as_str()), (None, Some("")), "{trial}");
    assert_eq!(trial["statements"][0]["answers"], "equal", "{trial}");
    assert_eq!(std::fs::read(path.join("sales.db")).unwrap(), original, "the file is only read");
    let untried = advice(&["sales.db", "--workload", "w.sql", "--no-try"], path);
    assert!(untried["trial"].is_null() && untried["untried"].as_str().is_some_and(|why| why.contains("--no-try")), "{untried}");
    let (text, _, _) = texts(&dbwright(&["index", "sales.db", "--workload", "w.sql"], path));
    assert!(text.contains("Tried on a clone") && text.contains("undone without a trace"), "{text}");
}

#[test]
fn what_needs_nothing_gets_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    rusqlite::Connection::open(path.join("sales.db")).unwrap().execute_batch(SALES).unwrap();
    std::fs::write(path.join("w.sql"), "SELECT * FROM \"sale; \"\"x\"\"\" WHERE id = 7;\n").unwrap();
    assert_eq!(objects(&advice(&["sales.db", "--workload", "w.sql"], path)), Vec::<String>::new());
    let (_, error, code) = texts(&dbwright(&["index", "sales.db"], path));
    assert!(code == 2 && error.contains("no workload") && error.contains("--workload"), "{error}");
    std::fs::write(path.join("bad.sql"), "SELECT * FROM nowhere WHERE a = 1;\n").unwrap();
    let found = advice(&["sales.db", "--workload", "bad.sql", "--no-try"], path);
    assert_eq!(objects(&found), Vec::<String>::new());
}

#[test]
fn a_server_is_only_asked_for_statistics() {
    let Some(installation) = installed(15) else { return };
    let server = Server::start(&installation, &[]);
    server.sql("postgres", "CREATE DATABASE shop");
    server.sql(
        "shop",
        "CREATE TABLE sale (id bigint PRIMARY KEY, customer integer NOT NULL, day date NOT NULL, total numeric NOT NULL);
         INSERT INTO sale SELECT i, i * 7919 % 3000, date '2026-01-01' + (i::bigint * 7907 % 365)::int, i / 7.0 FROM generate_series(1, 60000) i;
         ANALYZE sale;",
    );
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    std::fs::write(path.join("w.sql"), "-- name: sales of a customer\nSELECT id, total FROM sale WHERE customer = 17 ORDER BY day;\n")
        .unwrap();
    let programs = installation.programs.display().to_string();
    let url = server.url("shop");
    let found = advice(&[&url, "--workload", "w.sql", "--server-bin", &programs], path);
    assert!(objects(&found).iter().any(|object| object.contains("(customer")), "{found}");
    let apply = found["indexes"][0]["apply"][0].as_str().unwrap_or_default();
    assert!(apply.starts_with("CREATE INDEX CONCURRENTLY "), "{apply}");
    assert!(found["trial"].is_null() && found["untried"].as_str().is_some_and(|why| why.contains("--clone")), "{found}");
    assert_eq!(server.sql("shop", "SELECT count(*) FROM pg_indexes WHERE tablename = 'sale'").trim(), "1", "nothing was made there");
    // Behind an air gap the Facts file is enough.
    let (_, error, code) = texts(&dbwright(&["collect", &url, "-o", "facts.json"], path));
    assert_eq!(code, 0, "{error}");
    let offline = advice(&["facts.json", "--workload", "w.sql", "--server-bin", &programs], path);
    assert_eq!(objects(&offline), objects(&found));
}
