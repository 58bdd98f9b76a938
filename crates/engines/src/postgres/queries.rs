//! The queries, one file a fact and version band. It never builds a query from what a server said, but for the quoted
//! name of the schema that an extension lives in.

use std::borrow::Cow;

/// A query of ours.
#[derive(Debug, Clone)]
pub(super) struct Query {
    /// What it asks for, in words.
    pub name: &'static str,
    /// Its text.
    pub sql: Cow<'static, str>,
    /// The savepoint behind which it runs, so that its failure is undone there.
    pub savepoint: Option<&'static str>,
}

macro_rules! query {
    ($name:literal, $file:literal) => {
        Query { name: $name, sql: Cow::Borrowed(include_str!(concat!("queries/", $file, ".sql"))), savepoint: Some("facts") }
    };
}

/// Whether the server is a standby, outside of a transaction.
pub(super) fn recovery() -> Query {
    Query { savepoint: None, ..query!("its role", "recovery") }
}

/// Who and where we are.
pub(super) fn identity() -> Query {
    Query { savepoint: None, ..query!("its identity", "identity") }
}

/// Databases that we may enter.
pub(super) fn databases() -> Query {
    Query { savepoint: None, ..query!("its databases", "databases") }
}

pub(super) fn schemas() -> Query {
    query!("schemas", "schemas")
}

pub(super) fn relations() -> Query {
    query!("tables", "relations")
}

pub(super) fn sizes() -> Query {
    query!("sizes of tables", "sizes")
}

pub(super) fn columns(version: u32) -> Query {
    if version >= 14 { query!("columns", "columns") } else { query!("columns", "columns.v12") }
}

pub(super) fn defaults() -> Query {
    query!("defaults", "defaults")
}

pub(super) fn constraints(version: u32) -> Query {
    if version >= 18 { query!("constraints", "constraints") } else { query!("constraints", "constraints.v12") }
}

pub(super) fn indexes(version: u32) -> Query {
    match version {
        16.. => query!("indexes", "indexes"),
        15 => query!("indexes", "indexes.v15"),
        _ => query!("indexes", "indexes.v12"),
    }
}

pub(super) fn activity() -> Query {
    query!("table activity", "activity")
}

pub(super) fn statistics() -> Query {
    query!("column statistics", "statistics")
}

pub(super) fn extended_statistics() -> Query {
    query!("extended statistics", "extended_statistics")
}

pub(super) fn sequences() -> Query {
    query!("sequences", "sequences")
}

pub(super) fn sequence_values(version: u32) -> Query {
    if version >= 18 { query!("sequence values", "sequence_values") } else { query!("sequence values", "sequence_values.v12") }
}

pub(super) fn views() -> Query {
    query!("view definitions", "views")
}

pub(super) fn routines() -> Query {
    query!("functions", "routines")
}

pub(super) fn triggers() -> Query {
    query!("triggers", "triggers")
}

pub(super) fn policies() -> Query {
    query!("row security policies", "policies")
}

pub(super) fn types() -> Query {
    query!("types", "types")
}

pub(super) fn extensions() -> Query {
    query!("extensions", "extensions")
}

pub(super) fn roles(with_passwords: bool) -> Query {
    if with_passwords { query!("roles", "roles_with_passwords") } else { query!("roles", "roles") }
}

pub(super) fn settings() -> Query {
    query!("settings", "settings")
}

pub(super) fn health(version: u32) -> Query {
    if version >= 17 { query!("its health", "health") } else { query!("its health", "health.v12") }
}

pub(super) fn sessions() -> Query {
    query!("sessions", "sessions")
}

pub(super) fn hazards(version: u32) -> Query {
    if version >= 15 {
        query!("prepared transactions and collations", "hazards")
    } else {
        query!("prepared transactions and collations", "hazards.v12")
    }
}

pub(super) fn replication(version: u32) -> Query {
    if version >= 13 { query!("replication", "replication") } else { query!("replication", "replication.v12") }
}

pub(super) fn admission() -> Query {
    query!("pg_hba.conf rules", "admission")
}

pub(super) fn planning() -> Query {
    query!("functions and search paths", "planning")
}

/// Statements by the extension's version (not the server's: an upgraded server keeps the old view until the extension is
/// updated); `schema` is where the extension lives.
pub(super) fn statements(extension: (u32, u32), schema: &str) -> Query {
    let query = match extension {
        (1, 0..=7) => query!("statements", "statements.v12"),
        (1, 8) => query!("statements", "statements.v13"),
        _ => query!("statements", "statements"),
    };
    in_schema(query, schema)
}

pub(super) fn statements_information(schema: &str) -> Query {
    in_schema(query!("statement statistics' limits", "statements_information"), schema)
}

fn in_schema(query: Query, schema: &str) -> Query {
    Query { sql: Cow::Owned(query.sql.replace("{schema}", &quote(schema))), ..query }
}

/// What a ghost is built from: one query a kind of thing.
pub(super) fn ghost_database() -> Query {
    query!("the database's locale", "ghost_database")
}

pub(super) fn ghost_settings() -> Query {
    query!("settings of the planner", "ghost_settings")
}

pub(super) fn ghost_objects() -> Query {
    query!("definitions of types, functions and views", "ghost_objects")
}

pub(super) fn ghost_tables() -> Query {
    query!("definitions of tables and indexes", "ghost_tables")
}

pub(super) fn ghost_sizes() -> Query {
    query!("sizes as the planner sees them", "ghost_sizes")
}

pub(super) fn ghost_columns(version: u32) -> Query {
    if version >= 17 { query!("statistics of columns", "ghost_columns") } else { query!("statistics of columns", "ghost_columns.v12") }
}

pub(super) fn ghost_extended() -> Query {
    query!("statistics over several columns", "ghost_extended")
}

pub(super) fn ghost_extension_types() -> Query {
    query!("types that extensions brought", "ghost_extension_types")
}

/// An identifier in double quotes.
pub(super) fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_names() {
        assert_eq!(quote("a\"; DROP TABLE x; --"), "\"a\"\"; DROP TABLE x; --\"");
        assert!(statements((1, 10), "we\"ird").sql.contains("FROM \"we\"\"ird\".pg_stat_statements"));
    }

    #[test]
    fn chooses_by_version() {
        assert!(statements((1, 7), "s").sql.contains("total_time"));
        assert!(statements((1, 8), "s").sql.contains("total_exec_time") && !statements((1, 8), "s").sql.contains("toplevel"));
        assert!(health(17).sql.contains("pg_stat_checkpointer") && health(16).sql.contains("pg_stat_bgwriter"));
        assert!(constraints(18).sql.contains("conenforced") && !constraints(17).sql.contains("conenforced"));
    }
}
