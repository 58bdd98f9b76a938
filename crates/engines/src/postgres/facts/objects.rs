//! Sequences, views, functions, triggers, policies, types, extensions, schemas. It never calls a function that it lists.

use std::collections::HashMap;

use dbwright_model::ObjectName;
use dbwright_model::catalog::{Extension, Policy, Routine, Schema, Sequence, Trigger, UserType};
use tokio_postgres::Row;

use super::relations::Relations;
use super::text;
use super::types::counter;
use crate::error::EngineError;
use crate::postgres::row::Cells;

/// Reads the rows of `schemas.sql`; notes their identifiers.
pub fn schemas(rows: &[Row], relations: &mut Relations) -> Result<Vec<Schema>, EngineError> {
    let mut schemas = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row.text("name")?;
        relations.schemas.insert(row.int("oid")?, name.clone());
        schemas.push(Schema { name, owner: row.maybe_text("owner")?, grants: text::grants(&row.texts("acl")?) });
    }
    schemas.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(schemas)
}

/// Last values by sequence, from `sequence_values.sql`.
pub type LastValues = HashMap<i64, f64>;

/// Reads the rows of `sequence_values.sql`. A sequence that gave out nothing yet has no last value.
pub fn last_values(rows: &[Row]) -> Result<LastValues, EngineError> {
    let mut values = LastValues::with_capacity(rows.len());
    for row in rows {
        if row.text("used")?.starts_with('t')
            && let Ok(last) = row.text("last")?.parse()
        {
            values.insert(row.int("oid")?, last);
        }
    }
    Ok(values)
}

/// Reads the rows of `sequences.sql`, and tells the tables which of their columns are fed by one.
pub fn sequences(rows: &[Row], values: &LastValues, relations: &mut Relations) -> Result<Vec<Sequence>, EngineError> {
    let mut sequences = Vec::with_capacity(rows.len());
    for row in rows {
        let increment = row.float("increment")?.unwrap_or(1.0);
        let limit = row.float(if increment < 0.0 { "least" } else { "most" })?.unwrap_or(f64::MAX);
        let last = values.get(&row.int("oid")?).copied();
        let (relation, number) = (row.int("owner_relation")?, row.int("owner_column")?);
        let column = relations.column(relation, number).map(str::to_owned);
        let owned_by = column.and_then(|column| Some((relations.get(relation)?.name.clone(), column)));
        if let (Some((_, column)), Some(table)) = (&owned_by, relations.get_mut(relation))
            && let Some(at) = table.fields.iter().position(|field| field.name == *column)
        {
            table.fields[at].identity = true;
            table.storage.counter = Some(counter(&table.fields[at], last, limit));
        }
        sequences.push(Sequence {
            name: ObjectName::new(row.text("schema")?, row.text("name")?),
            last,
            limit,
            increment,
            cycle: row.flag("cycles")?,
            owned_by,
        });
    }
    Ok(sequences)
}

/// Takes one row of `views.sql`.
pub fn take_view(row: &Row, relations: &mut Relations) -> Result<(), EngineError> {
    let definition = row.maybe_text("definition")?;
    if let Some(view) = relations.get_mut(row.int("relation")?) {
        view.definition = definition;
    }
    Ok(())
}

/// Reads the rows of `routines.sql`.
pub fn routines(rows: &[Row]) -> Result<Vec<Routine>, EngineError> {
    rows.iter()
        .map(|row| {
            let volatility = match row.text("volatility")?.as_str() {
                "i" => "immutable",
                "s" => "stable",
                _ => "volatile",
            };
            Ok(Routine {
                name: ObjectName::new(row.text("schema")?, row.text("name")?),
                arguments: row.text("arguments")?,
                language: row.text("language")?,
                security_definer: row.flag("security_definer")?,
                fixed_search_path: row.flag("fixed_search_path")?,
                owner: row.text("owner")?,
                volatility: volatility.to_owned(),
                public_execute: row.flag("public_execute")?,
            })
        })
        .collect()
}

/// Takes one row of `triggers.sql`.
pub fn take_trigger(row: &Row, relations: &mut Relations) -> Result<(), EngineError> {
    let trigger = Trigger {
        name: row.text("name")?,
        event: event(row.int("bits")?),
        function: row.maybe_text("function")?,
        enabled: matches!(row.text("enabled")?.as_str(), "O" | "A"),
        internal: row.flag("of_constraint")?,
    };
    if let Some(table) = relations.get_mut(row.int("relation")?) {
        table.triggers.push(trigger);
    }
    Ok(())
}

/// When and on what a trigger fires: bits of pg_trigger.tgtype (row 1, before 2, insert 4, delete 8, update 16,
/// truncate 32, instead 64).
fn event(bits: i64) -> String {
    let time = if bits & 64 != 0 {
        "INSTEAD OF"
    } else if bits & 2 != 0 {
        "BEFORE"
    } else {
        "AFTER"
    };
    let events: Vec<&str> = [(4, "INSERT"), (16, "UPDATE"), (8, "DELETE"), (32, "TRUNCATE")]
        .into_iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(_, word)| word)
        .collect();
    let each = if bits & 1 != 0 { "ROW" } else { "STATEMENT" };
    format!("{time} {} FOR EACH {each}", events.join(" OR "))
}

/// Takes one row of `policies.sql`.
pub fn take_policy(row: &Row, relations: &mut Relations) -> Result<(), EngineError> {
    let command = match row.text("command")?.as_str() {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        "d" => "DELETE",
        _ => "ALL",
    };
    let policy = Policy {
        name: row.text("name")?,
        command: command.to_owned(),
        permissive: row.flag("permissive")?,
        roles: row.texts("roles")?,
        using: row.maybe_text("using_expression")?,
        with_check: row.maybe_text("check_expression")?,
    };
    if let Some(table) = relations.get_mut(row.int("relation")?) {
        // Policies may wait on a table whose row security is off.
        table.row_security.get_or_insert_default().policies.push(policy);
    }
    Ok(())
}

/// Reads the rows of `types.sql`.
pub fn types(rows: &[Row]) -> Result<Vec<UserType>, EngineError> {
    rows.iter()
        .map(|row| {
            let kind = match row.text("kind")?.as_str() {
                "e" => "enum",
                "d" => "domain",
                "r" => "range",
                _ => "composite",
            };
            Ok(UserType {
                name: ObjectName::new(row.text("schema")?, row.text("name")?),
                kind: kind.to_owned(),
                members: row.texts("members")?,
            })
        })
        .collect()
}

/// Reads the rows of `extensions.sql`.
pub fn extensions(rows: &[Row]) -> Result<Vec<Extension>, EngineError> {
    rows.iter()
        .map(|row| {
            let version = row.text("version")?;
            let available = row.maybe_text("available")?.filter(|available| *available != version);
            Ok(Extension { name: row.text("name")?, version, available, schema: row.maybe_text("schema")? })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_trigger_events() {
        assert_eq!(event(1 | 2 | 4 | 16), "BEFORE INSERT OR UPDATE FOR EACH ROW");
        assert_eq!(event(32), "AFTER TRUNCATE FOR EACH STATEMENT");
        assert_eq!(event(1 | 64 | 8), "INSTEAD OF DELETE FOR EACH ROW");
    }
}
