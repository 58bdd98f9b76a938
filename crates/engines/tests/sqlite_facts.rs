//! Facts read from real SQLite files: every kind of object, ugly names, statistics, checks on data.
#![cfg(feature = "sqlite")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use dbwright_engines::options::{CollectOptions, ReadRows};
use dbwright_engines::sqlite::{facts, reader::Control};
use dbwright_model::catalog::{Collection, CollectionKind, TypeFamily};
use dbwright_model::facts::Violation;
use dbwright_model::{FactKind, Facts, ObjectName, Reading, Timestamp};

struct File {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn file(script: &str) -> File {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(script).unwrap();
    connection.close().unwrap();
    File { _directory: directory, path }
}

fn options(rows: ReadRows) -> CollectOptions {
    CollectOptions { read_rows: rows, ..CollectOptions::at(Timestamp::from_seconds(1_700_000_000)) }
}

fn read(path: &Path, rows: ReadRows) -> Facts {
    facts::collect(path, &options(rows), &Arc::new(Control::default())).unwrap()
}

fn table<'a>(facts: &'a Facts, name: &str) -> &'a Collection {
    facts.catalog.find(&ObjectName::bare(name)).unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn tables_of_every_kind() {
    let file = file(
        "CREATE TABLE plain (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(40) COLLATE NOCASE NOT NULL DEFAULT 'x', CHECK (length(name) > 0));
         CREATE TABLE strict_one (a INT NOT NULL, b TEXT, c ANY, PRIMARY KEY (b, a)) STRICT;
         CREATE TABLE bare (k TEXT PRIMARY KEY, n INT GENERATED ALWAYS AS (length(k)) STORED, v AS (n + 1)) WITHOUT ROWID;
         CREATE VIRTUAL TABLE doc USING fts5(title, body);
         CREATE VIRTUAL TABLE box USING rtree(id, x0, x1);
         CREATE VIEW seen AS SELECT name FROM plain;
         CREATE VIEW broken AS SELECT * FROM gone;
         CREATE TRIGGER t AFTER UPDATE OF name ON plain BEGIN SELECT 1; END;
         CREATE TRIGGER v INSTEAD OF DELETE ON seen BEGIN SELECT 1; END;
         INSERT INTO plain (name) VALUES ('a'), ('b'); DELETE FROM plain WHERE id = 2;",
    );
    let facts = read(&file.path, ReadRows::Never);
    let plain = table(&facts, "plain");
    assert_eq!(plain.kind, CollectionKind::Table);
    let id = plain.field("id").unwrap();
    assert!(id.identity && !id.nullable && id.family == TypeFamily::Integer);
    let name = plain.field("name").unwrap();
    assert_eq!(
        (name.length, name.collation.as_deref(), name.default.as_deref(), name.nullable),
        (Some(40), Some("NOCASE"), Some("'x'"), false)
    );
    assert_eq!(plain.checks[0].expression, "length(name) > 0");
    assert_eq!(plain.primary_key().unwrap().columns, ["id"]);
    let counter = plain.storage.counter.as_ref().unwrap();
    assert_eq!((counter.last, counter.column.as_str()), (2.0, "id"));
    assert_eq!(plain.triggers[0].event, "AFTER UPDATE");
    let strict = table(&facts, "strict_one");
    assert!(strict.storage.strict);
    assert_eq!(strict.primary_key().unwrap().columns, ["b", "a"]);
    assert_eq!(strict.primary_key().unwrap().index.as_deref(), Some("sqlite_autoindex_strict_one_1"));
    let bare = table(&facts, "bare");
    assert!(bare.storage.without_rowid && !bare.field("k").unwrap().nullable);
    assert_eq!(bare.field("n").unwrap().generated.as_deref(), Some("length(k)"));
    assert_eq!(bare.field("v").unwrap().storage.as_deref(), Some("virtual"));
    assert_eq!(table(&facts, "doc").kind, CollectionKind::VirtualTable);
    assert_eq!(table(&facts, "doc").fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>(), ["title", "body"]);
    assert_eq!(table(&facts, "doc_content").kind, CollectionKind::ShadowTable);
    assert_eq!(table(&facts, "box_node").kind, CollectionKind::ShadowTable);
    assert_eq!(table(&facts, "seen").kind, CollectionKind::View);
    assert_eq!(table(&facts, "seen").triggers[0].event, "INSTEAD OF DELETE");
    assert!(table(&facts, "seen").definition.as_deref().unwrap().contains("SELECT name"));
    assert_eq!(facts.reading(FactKind::Catalog), Reading::Partial, "the broken view is a gap");
    assert!(facts.coverage.iter().any(|entry| entry.fact == FactKind::Catalog && entry.detail.contains("broken")));
    assert!(facts.catalog.collections.windows(2).all(|pair| pair[0].name < pair[1].name));
}

#[test]
fn indexes_and_keys() {
    let file = file(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, c INT, CONSTRAINT pair UNIQUE (b, c));
         CREATE INDEX plain ON t (b DESC, c);
         CREATE INDEX some ON t (c) WHERE a IS NOT NULL;
         CREATE UNIQUE INDEX low ON t (lower(a), b COLLATE NOCASE);
         INSERT INTO t SELECT value, 'a' || value, 'b' || value % 7, value FROM generate;
        "
        .replace("FROM generate", "FROM json_each('[' || replace(hex(zeroblob(2000)), '0', '1,') || '1]') WHERE 0")
        .as_str(),
    );
    let facts = read(&file.path, ReadRows::Never);
    let t = table(&facts, "t");
    let index = |name: &str| t.indexes.iter().find(|index| index.name == name).unwrap();
    assert!(index("plain").parts[0].descending && !index("plain").unique);
    assert_eq!(index("some").predicate.as_deref(), Some("a IS NOT NULL"));
    assert_eq!(index("low").parts[0].expression.as_deref(), Some("lower(a)"));
    assert_eq!(index("low").parts[1].collation.as_deref(), Some("NOCASE"));
    assert_eq!(index("low").constraint, None);
    let automatic = t.indexes.iter().filter(|index| index.automatic).count();
    assert_eq!(automatic, 2);
    assert!(t.keys.iter().any(|key| key.name == "pair" && key.columns == ["b", "c"] && key.index.is_some()));
    assert_eq!(t.keys.len(), 3);
    assert_eq!(index("plain").object(&t.name), "t(b, c) plain");
}

#[test]
fn references_resolve_what_they_leave_out() {
    let file = file(
        "CREATE TABLE Parent (a INT, b INT, PRIMARY KEY (b, a));
         CREATE TABLE child (x INT, y INT, z INT CONSTRAINT one REFERENCES nowhere (q) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
            FOREIGN KEY (x, y) REFERENCES parent ON UPDATE SET NULL);",
    );
    let facts = read(&file.path, ReadRows::Never);
    let references = &table(&facts, "child").references;
    assert_eq!(references.len(), 2);
    let pair = references.iter().find(|reference| reference.columns.len() == 2).unwrap();
    assert_eq!((pair.target.name.as_str(), pair.target_columns.as_slice()), ("Parent", ["b".to_owned(), "a".to_owned()].as_slice()));
    assert_eq!(pair.on_update, "SET NULL");
    let one = references.iter().find(|reference| reference.name == "one").unwrap();
    assert!(one.deferrable && one.on_delete == "CASCADE" && one.target.name == "nowhere");
    assert!(facts.health.notes.contains_key("foreign_keys"));
}

#[test]
fn sizes_are_counted_to_the_page() {
    let file = file(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX a_v ON a (v);
         CREATE TABLE b (k INT, v BLOB, PRIMARY KEY (k)) WITHOUT ROWID;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO a SELECT i, 'value ' || i FROM n;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO b SELECT i, zeroblob(9000 * (i % 100 = 0)) FROM n;
         CREATE TABLE gone (v BLOB); INSERT INTO gone VALUES (zeroblob(100000)); DROP TABLE gone; ANALYZE;",
    );
    let facts = read(&file.path, ReadRows::Never);
    let (a, b) = (table(&facts, "a"), table(&facts, "b"));
    assert_eq!((a.rows(), b.rows()), (Some(5000.0), Some(3000.0)));
    assert!(a.indexes[0].bytes.as_ref().unwrap().value > 50_000.0);
    assert!(a.indexes[0].levels.is_some_and(|levels| levels >= 1));
    assert!(b.storage.large_value_bytes.as_ref().unwrap().value >= 30.0 * 2.0 * 4096.0);
    let total: f64 = facts.catalog.collections.iter().filter_map(Collection::total_bytes).sum();
    let file_bytes = std::fs::metadata(&file.path).unwrap().len() as f64;
    let free = facts.health.counters["free_bytes"];
    assert!(free >= 90_000.0 && total + free <= file_bytes && total + free > file_bytes * 0.9, "{total} + {free} of {file_bytes}");
    assert_eq!(a.indexes[0].prefix_distinct, [5000.0]);
    let statistics = a.field("v").unwrap().statistics.as_ref().unwrap();
    assert_eq!(statistics.distinct, Some(5000.0));
    assert!(!statistics.histogram.is_empty(), "sqlite_stat4 has samples");
    assert_eq!(facts.reading(FactKind::ColumnStatistics), Reading::Read);
}

#[test]
fn values_are_profiled_in_counts() {
    let file = file(
        "CREATE TABLE v (n, d TEXT, u TEXT, tags TEXT, flag INT, j TEXT, mail TEXT);
         INSERT INTO v VALUES (1, '2024-01-01', '123e4567-e89b-12d3-a456-426614174000', 'a,b', 0, '{\"a\":1}', 'a@b.example'),
           ('12', '2024-01-02T10:00:00Z', NULL, 'c', 1, '[1]', 'x'), (1.5, 'soon', 'nope', 'a;b;c', 1, '{', 'c@d.example'), (x'00', NULL, NULL, NULL, 1, NULL, NULL);",
    );
    let facts = read(&file.path, ReadRows::All);
    let profile = |name: &str| table(&facts, "v").field(name).unwrap().values.clone().unwrap();
    let n = profile("n");
    assert_eq!((n.integers, n.floats, n.texts, n.blobs, n.number_like), (1, 1, 1, 1, 1));
    assert_eq!((profile("d").date_like, profile("d").nulls, profile("u").uuid_like), (2, 1, 1));
    assert_eq!((profile("tags").list_like, profile("j").json_like, profile("mail").email_like), (2, 2, 2));
    let flag = profile("flag");
    assert_eq!((flag.zero_or_one, flag.distinct, flag.complete, flag.rows_read), (4, Some(2), true, 4));
    let statistics = table(&facts, "v").field("flag").unwrap().statistics.clone().unwrap();
    assert_eq!((statistics.common[0].value.as_str(), statistics.common[0].share), ("1", 0.75));
    let sampled = read(&file.path, ReadRows::Sample(2));
    let n = table(&sampled, "v").field("n").unwrap().values.clone().unwrap();
    assert!(n.rows_read == 2 && !n.complete);
    let never = read(&file.path, ReadRows::Never);
    assert!(table(&never, "v").field("n").unwrap().values.is_none());
    assert_eq!(never.reading(FactKind::Values), Reading::Missing);
}

#[test]
fn data_that_break_what_is_declared_are_counted() {
    let file = file(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT, label TEXT);
         CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INT REFERENCES parent, code TEXT REFERENCES parent (code), n INT CHECK (n > 0), m TEXT NOT NULL, whole INTEGER);
         INSERT INTO parent VALUES (1, 'a', 'x'), (2, 'a', 'y');
         PRAGMA ignore_check_constraints = ON;
         INSERT INTO child VALUES (1, 1, 'a', 1, '', 1), (2, 7, 'b', -1, '', 'many'), (3, NULL, NULL, NULL, '', 3);",
    );
    let facts = read(&file.path, ReadRows::All);
    let orphans =
        |columns: &str| facts.data.references.iter().find(|check| check.columns == [columns]).map(|check| (check.orphans, check.checked));
    assert_eq!(orphans("parent_id"), Some((1, 2)), "a parent that is not unique hides nothing");
    assert_eq!(orphans("code"), Some((1, 2)));
    let found = |kind: &str| facts.data.violations.iter().find(|violation| violation.kind == kind).cloned();
    assert_eq!(found("check").map(|violation| (violation.rows, violation.columns)), Some((1, vec!["n".to_owned()])));
    assert_eq!(found("type").map(|violation: Violation| (violation.rows, violation.declaration)), Some((1, "whole INTEGER".to_owned())));
    assert!(facts.data.keys.iter().all(|key| key.duplicates == 0 && key.complete));
    // SQLite drops CHECK constraints of files that it opens read-only, so its own check can't see them.
    assert_eq!(facts.health.integrity_check, Some(Vec::new()));
}

#[test]
fn an_index_that_lies_about_its_key_is_not_believed() {
    let file = file(
        "CREATE TABLE t (a TEXT, b TEXT NOT NULL); CREATE UNIQUE INDEX t_a ON t (b); INSERT INTO t VALUES ('x', '1'), ('x', '2'), (NULL, '3'), (NULL, '4');",
    );
    let connection = rusqlite::Connection::open(&file.path).unwrap();
    connection
        .execute_batch("PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE UNIQUE INDEX t_a ON t (a)' WHERE name = 't_a';")
        .unwrap();
    connection.close().unwrap();
    let facts = read(&file.path, ReadRows::All);
    let key = facts.data.keys.iter().find(|key| key.columns == ["a"]).unwrap();
    assert_eq!(key.duplicates, 1, "two rows hold 'x', NULLs are never equal");
    assert!(!facts.health.integrity_check.as_ref().unwrap().is_empty());
}

#[test]
fn references_that_nobody_declared_are_found_by_name_and_values() {
    let file = file(
        "CREATE TABLE customer_order (id INTEGER PRIMARY KEY, total INT);
         CREATE TABLE shipment (id INTEGER PRIMARY KEY, order_id INT, note_id INT);
         CREATE TABLE note (id INTEGER PRIMARY KEY);
         CREATE TABLE payment (order_id TEXT, paid INT);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) INSERT INTO customer_order SELECT i, i FROM n;
         INSERT INTO shipment SELECT id, id + 2, id FROM customer_order; INSERT INTO note VALUES (1);
         INSERT INTO payment SELECT id, 1 FROM customer_order;",
    );
    let facts = read(&file.path, ReadRows::All);
    let found: Vec<(String, u64, u64, u64)> = facts
        .data
        .inclusions
        .iter()
        .map(|i| (format!("{}.{} -> {}.{}", i.table, i.column, i.target, i.target_column), i.checked, i.orphans, i.distinct))
        .collect();
    assert_eq!(
        found,
        [
            ("payment.order_id -> customer_order.id".to_owned(), 100, 0, 100),
            ("shipment.order_id -> customer_order.id".to_owned(), 100, 2, 100)
        ],
        "note_id has 99 strays, so its name misled"
    );
}

#[test]
fn hostile_names_and_texts_pass_through() {
    let names = [
        "we\"ird",
        "new\nline",
        "esc\u{1b}[31m",
        "<script>",
        "\u{202e}rtl",
        "🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀🦀",
        "select",
        "a'b",
        "x.y",
        "[z",
        "`q`",
    ];
    let mut script = String::new();
    for name in names {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        script.push_str(&format!(
            "CREATE TABLE {quoted} ({quoted} TEXT NOT NULL, \"p {n}\" INT REFERENCES {quoted} ({quoted}), CHECK ({quoted} <> ''));
             CREATE UNIQUE INDEX \"i {n}\" ON {quoted} ({quoted}); INSERT INTO {quoted} VALUES ('x', NULL);",
            n = name.replace('"', "\"\"")
        ));
    }
    script.push_str(&format!("CREATE VIEW long AS SELECT 1 /* {} */;", "x".repeat(900_000)));
    let file = file(&script);
    let facts = read(&file.path, ReadRows::All);
    for name in names {
        let found = table(&facts, name);
        assert_eq!((found.fields[0].name.as_str(), found.rows(), found.checks.len()), (name, Some(1.0), 1));
        assert_eq!(found.references[0].target.name, name);
    }
    for fact in [FactKind::Catalog, FactKind::Values, FactKind::DataChecks, FactKind::Sizes] {
        assert_eq!(facts.reading(fact), Reading::Read, "{fact:?} {:?}", facts.coverage);
    }
}

#[test]
fn an_empty_database_and_one_without_statistics() {
    let file = file("CREATE TABLE t (a); DROP TABLE t;");
    let facts = read(&file.path, ReadRows::All);
    assert!(facts.catalog.collections.is_empty());
    assert_eq!(facts.reading(FactKind::Catalog), Reading::Read);
    assert_eq!(facts.health.integrity_check, Some(Vec::new()));
    assert_eq!(facts.reading(FactKind::Roles), Reading::NotApplicable);
    assert_eq!(facts.reading(FactKind::Backups), Reading::Missing);
    for fact in
        ["catalog", "sizes", "column-statistics", "values", "activity", "bloat", "workload", "latency", "plans", "settings", "health"]
    {
        assert!(facts.coverage.iter().any(|entry| entry.fact.id() == fact), "{fact}");
    }
    assert_eq!(facts.coverage.len(), 22);
}

#[test]
fn a_thousand_tables_take_a_bounded_number_of_queries() {
    let script: String = (0..1000)
        .map(|n| format!("CREATE TABLE t{n} (id INTEGER PRIMARY KEY, a TEXT, b INT REFERENCES t0); CREATE INDEX i{n} ON t{n} (a);"))
        .collect();
    let file = file(&format!("BEGIN; {script} COMMIT;"));
    let started = std::time::Instant::now();
    let facts = read(&file.path, ReadRows::Never);
    assert_eq!(facts.catalog.collections.len(), 1000);
    assert!(facts.effort.queries <= 40, "{}", facts.effort.queries);
    assert!(started.elapsed().as_secs() < 20);
}

#[test]
fn attached_files_of_the_application_are_not_followed() {
    let file = file("CREATE TABLE t (a); INSERT INTO t VALUES (1);");
    let facts = read(&file.path, ReadRows::All);
    assert!(facts.catalog.collections.iter().all(|collection| collection.name.schema.is_none()));
    assert_eq!(facts.target.name, "x.db");
}

#[test]
fn what_only_the_application_can_compute_is_a_gap_and_the_rest_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    let flags = rusqlite::functions::FunctionFlags::SQLITE_DETERMINISTIC | rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    connection.create_scalar_function("own", 1, flags, |context| context.get::<i64>(0)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE t (a INT, g INT GENERATED ALWAYS AS (own(a)) VIRTUAL, CHECK (own(a) > 0)); CREATE INDEX t_own ON t (own(a)); INSERT INTO t VALUES (1), (2);
             CREATE TABLE u (b INT); INSERT INTO u VALUES (5);
             PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema VALUES ('table', 'place', 'place', 0, 'CREATE VIRTUAL TABLE place USING some_module(x)');",
        )
        .unwrap();
    connection.close().unwrap();
    let facts = read(&path, ReadRows::All);
    let t = table(&facts, "t");
    assert_eq!(t.field("a").unwrap().values.as_ref().unwrap().integers, 2);
    assert!(t.field("g").unwrap().values.is_none());
    assert_eq!(t.rows(), Some(2.0));
    assert_eq!(table(&facts, "u").field("b").unwrap().values.as_ref().unwrap().distinct, Some(1));
    assert_eq!(
        (table(&facts, "place").kind, table(&facts, "place").storage.engine.as_deref()),
        (CollectionKind::VirtualTable, Some("some_module"))
    );
    let detail = |fact: FactKind| facts.coverage.iter().find(|entry| entry.fact == fact).map(|entry| entry.detail.clone()).unwrap();
    assert!(detail(FactKind::Catalog).contains("place") && detail(FactKind::Values).contains("own"), "{:?}", facts.coverage);
    assert!(detail(FactKind::DataChecks).contains("own"));
}

#[test]
fn a_pass_over_the_pages_that_takes_too_long_leaves_estimates() {
    let file = file(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE u (id INTEGER PRIMARY KEY, v TEXT); CREATE INDEX t_v ON t (v);
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) INSERT INTO t SELECT i, 'value ' || i FROM n;
         ANALYZE; INSERT INTO u VALUES (7, 'x');",
    );
    let mut options = options(ReadRows::Never);
    options.statement_timeout = std::time::Duration::from_millis(2);
    let facts = facts::collect(&file.path, &options, &Arc::new(Control::default())).unwrap();
    if facts.reading(FactKind::Sizes) == Reading::Read {
        return; // A machine that walks 3,000 pages in 2 ms needs no estimates.
    }
    assert_eq!(facts.reading(FactKind::Sizes), Reading::Partial);
    assert_eq!(table(&facts, "t").rows(), Some(200_000.0));
    let bound = table(&facts, "u").storage.rows.clone().unwrap();
    assert_eq!((bound.value, bound.low, bound.high), (7.0, Some(0.0), Some(7.0)));
}

#[test]
fn names_of_thousands_of_tables_are_compared_in_little_time() {
    let script: String =
        (0..2000).map(|n| format!("CREATE TABLE thing{n}s (id INTEGER PRIMARY KEY, thing{}_id INT, a TEXT, b INT);", n + 1)).collect();
    let file = file(&format!("BEGIN; {script} INSERT INTO thing5s (id) VALUES (3); INSERT INTO thing4s VALUES (1, 3, 'x', 2); COMMIT;"));
    let started = std::time::Instant::now();
    let facts = read(&file.path, ReadRows::All);
    assert_eq!(facts.data.inclusions.len(), 1);
    assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
}
