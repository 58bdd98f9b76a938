//! Checks that read rows.

use dbwright_engines::CollectOptions;
use dbwright_engines::options::ReadRows;
use dbwright_model::FactKind;

use crate::{assert_read, collect_with, on_each, options, table};

const SCHEMA: &str = r#"
CREATE TABLE parents (id int PRIMARY KEY);
INSERT INTO parents SELECT generate_series(1, 100);
CREATE TABLE children (id int PRIMARY KEY, parent int, other int REFERENCES parents);
INSERT INTO children SELECT i, i, i FROM generate_series(1, 100) i;
UPDATE children SET parent = 1000 + id WHERE id <= 7;
UPDATE children SET parent = NULL WHERE id = 50;
ALTER TABLE children ADD CONSTRAINT later FOREIGN KEY (parent) REFERENCES parents NOT VALID;
ALTER TABLE children ADD CONSTRAINT small CHECK (id < 90) NOT VALID;
CREATE TABLE shapes (n text, d text, u text, b varchar(5), j text, l text, e text, plain text);
INSERT INTO shapes SELECT i::text, '2024-01-0' || (i % 9 + 1), md5(i::text)::uuid::text, (ARRAY['yes', 'no'])[i % 2 + 1], '{"a": ' || i || '}',
  'red,blue' || i, 'a' || i || '@example.org', 'Some words, ' || i FROM generate_series(1, 20) i;
INSERT INTO shapes (plain) VALUES ('canary-0c4e'), (NULL);
CREATE TABLE doubled (a int, b text, CONSTRAINT one UNIQUE (a, b));
CREATE TABLE invoices (id int PRIMARY KEY, big_parent_id bigint, child_id int, remark_id int);
INSERT INTO invoices SELECT i, CASE WHEN i % 50 = 0 THEN 9999 ELSE i % 100 + 1 END, i + 5000, i FROM generate_series(1, 200) i;
INSERT INTO doubled SELECT i, 'x' FROM generate_series(1, 50) i;
"#;

#[tokio::test]
async fn counts_orphans_duplicates_and_shapes() {
    on_each(&[], async |server| {
        server.sql("postgres", SCHEMA);
        // Rows that slip in under a unique index, as corruption and changed collations let them: unplug the index for a moment.
        server.sql(
            "postgres",
            "UPDATE pg_index SET indisready = false, indislive = false WHERE indexrelid = 'one'::regclass;
             INSERT INTO doubled SELECT 7, 'x' FROM generate_series(1, 3); INSERT INTO doubled VALUES (NULL, 'x'), (NULL, 'x');
             UPDATE pg_index SET indisready = true, indislive = true WHERE indexrelid = 'one'::regclass;
             SET session_replication_role = replica; UPDATE children SET other = 5000 WHERE id = 1;",
        );
        let facts = collect_with(&server.url("postgres"), &CollectOptions { read_rows: ReadRows::All, ..options() }).await;
        assert_read(&facts, &[FactKind::Values, FactKind::DataChecks]);
        let reference = |column: &str| facts.data.references.iter().find(|check| check.columns == [column]).unwrap();
        assert_eq!((reference("parent").orphans, reference("parent").checked, reference("parent").complete), (7, 99, true));
        assert_eq!(reference("other").orphans, 1, "a validated reference can have orphans too");
        let violation = facts.data.violations.iter().find(|violation| violation.table.name == "children").unwrap();
        assert_eq!((violation.rows, violation.kind.as_str(), violation.columns.join(",")), (11, "check", "id".to_owned()));
        let key = |name: &str| facts.data.keys.iter().find(|key| key.table.name == name).unwrap();
        assert_eq!((key("doubled").duplicates, key("parents").duplicates), (3, 0));
        assert_eq!(facts.data.inclusions.len(), 1, "{:?}", facts.data.inclusions);
        let inclusion = &facts.data.inclusions[0];
        assert_eq!(
            (inclusion.column.as_str(), inclusion.target.name.as_str(), inclusion.target_column.as_str()),
            ("big_parent_id", "parents", "id")
        );
        assert_eq!((inclusion.checked, inclusion.orphans, inclusion.distinct), (200, 4, 99), "the values of child_id occur in no table");
        let values = |name: &str| table(&facts, "public", "shapes").field(name).unwrap().values.clone().unwrap();
        assert_eq!((values("n").number_like, values("n").texts, values("n").nulls), (20, 20, 2));
        assert_eq!((values("d").date_like, values("u").uuid_like, values("b").boolean_like), (20, 20, 20));
        assert_eq!((values("j").json_like, values("l").list_like, values("e").email_like), (20, 20, 20));
        let plain = values("plain");
        assert_eq!(plain.number_like + plain.date_like + plain.uuid_like + plain.json_like + plain.list_like + plain.email_like, 0);
        assert_eq!((plain.rows_read, plain.complete, plain.longest_bytes), (22, true, 14));
        let without_statistics = serde_json::to_string(&facts.data).unwrap();
        assert!(!without_statistics.contains("canary-0c4e"));
    })
    .await;
}

#[tokio::test]
async fn a_sample_is_bounded_and_says_so() {
    on_each(&[], async |server| {
        server.sql("postgres", SCHEMA);
        let facts = collect_with(&server.url("postgres"), &CollectOptions { read_rows: ReadRows::Sample(10), ..options() }).await;
        let values = table(&facts, "public", "shapes").field("n").unwrap().values.clone().unwrap();
        assert_eq!((values.rows_read, values.complete), (10, false));
        assert_eq!(facts.data.references.len(), 1, "only what was never validated");
        assert!(!facts.data.references[0].complete);
        assert!(facts.data.violations.is_empty(), "a check's expression is not run on a server that is not ours");
    })
    .await;
}
