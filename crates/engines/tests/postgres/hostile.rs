//! Names and comments that were made to do harm come through as they are.

use crate::{collect, on_each, table};

#[tokio::test]
async fn hostile_names_come_through_unchanged() {
    let names = [
        "it's \"quoted\"; DROP TABLE x; --",
        "two\nlines\r\ttab",
        "\u{1b}[31mred\u{1b}[0m\u{7}",
        "<script>alert('x')</script>&amp;",
        "\u{202e}right to left\u{2066}",
        "back\\slash $$ $1 %s {}",
        "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀abc",
        "select",
    ];
    on_each(&["shared_preload_libraries=pg_stat_statements"], async |server| {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        server.sql("postgres", "CREATE SCHEMA \"we\"\"ird\nschema\"; CREATE EXTENSION pg_stat_statements SCHEMA \"we\"\"ird\nschema\";");
        for (at, name) in names.iter().enumerate() {
            let name = quote(name);
            server.sql(
                "postgres",
                &format!(
                    "CREATE TABLE {name} ({name} serial PRIMARY KEY, other text DEFAULT '\u{1b}[2J'); CREATE INDEX {} ON {name} ({name}, lower(other));
                     COMMENT ON TABLE {name} IS $c${}$c$; INSERT INTO {name} (other) VALUES ('a'), ('b'); CREATE ROLE {}; GRANT SELECT ON {name} TO {};",
                    quote(&format!("i{at} \" '")),
                    "\u{1b}]0;title\u{7}",
                    quote(&format!("role {at} \"=/,\n")),
                    quote(&format!("role {at} \"=/,\n")),
                ),
            );
        }
        server.sql("postgres", "ANALYZE");
        let facts = collect(&server.url("postgres")).await;
        crate::assert_read(&facts, &[dbwright_model::FactKind::Catalog]);
        for (at, name) in names.iter().enumerate() {
            let found = table(&facts, "public", name);
            assert_eq!(found.fields[0].name, *name);
            assert_eq!(found.keys[0].columns, [*name]);
            assert_eq!(found.comment.as_deref(), Some("\u{1b}]0;title\u{7}"));
            assert_eq!(found.indexes.iter().filter(|index| index.name == format!("i{at} \" '")).count(), 1);
            assert_eq!(found.grants.iter().filter(|grant| grant.grantee == format!("role {at} \"=/,\n")).count(), 1, "{:?}", found.grants);
            assert_eq!(found.storage.counter.as_ref().unwrap().last, 2.0, "the sequence of {name:?} was read");
            assert!(found.fields[1].statistics.is_some());
        }
        assert!(!facts.workload.statements.is_empty(), "the extension in a hostile schema was found: {:?}", facts.coverage);
    })
    .await;
}

#[tokio::test]
async fn a_comment_of_a_megabyte_is_cut() {
    on_each(&[], async |server| {
        server.sql(
            "postgres",
            "CREATE TABLE a (id int); DO $$ BEGIN EXECUTE format('COMMENT ON TABLE a IS %L', repeat('é', 1000000)); END $$;",
        );
        let facts = collect(&server.url("postgres")).await;
        assert_eq!(table(&facts, "public", "a").comment.as_ref().unwrap().chars().count(), 10_000);
    })
    .await;
}

#[tokio::test]
async fn names_that_are_no_utf8_are_shown_as_far_as_can_be() {
    on_each(&[], async |server| {
        server.sql("postgres", "CREATE DATABASE raw ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
        server.sql("raw", "DO $$ BEGIN EXECUTE 'CREATE TABLE ' || quote_ident(chr(233) || 'x') || ' (a int)'; END $$;");
        let facts = collect(&server.url("raw")).await;
        assert_eq!(facts.catalog.collections[0].name.name, "\u{fffd}x");
        assert_eq!(facts.catalog.encoding.as_deref(), Some("SQL_ASCII"));
    })
    .await;
}
