//! Other types for columns. It never converts values that the new type might not hold: the caller has to know that.

use dbwright_model::Engine;
use dbwright_model::catalog::{Collection, Field};
use dbwright_model::change::Change;

use super::{Ddl, is_partitioned};

/// How a column gets its new type.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewType<'a> {
    /// The type as the engine writes it.
    pub type_name: &'a str,
    /// Expression over the old value, where the engine needs to be told (PostgreSQL `USING`).
    pub using: Option<&'a str>,
    /// Expression that brings the old value back.
    pub using_back: Option<&'a str>,
    /// Whether every row is written anew.
    pub rewrites: bool,
}

impl Ddl<'_> {
    /// Another type for a column. None where the engine wants the whole definition and the facts don't hold all of it,
    /// for SQLite (which can't), and for columns that keys, references or generated columns depend on.
    #[must_use]
    pub fn alter_type(&self, table: &Collection, field: &Field, new: NewType<'_>) -> Option<Change> {
        if is_partitioned(table) || field.generated.is_some() || self.is_referenced(table, field) {
            return None;
        }
        let summary = format!("Change {} from {} to {}", table.name.with_columns(&[&field.name]), field.type_name, new.type_name);
        let change = Change::new(summary);
        let change = if new.rewrites { change.rewriting() } else { change };
        match self.engine {
            Engine::Postgresql => Some(self.alter_type_postgresql(change, table, field, new)),
            Engine::Mysql | Engine::Mariadb => self.alter_type_mysql(change, table, field, new),
            Engine::Sqlite | Engine::Redis | Engine::Valkey => None,
        }
    }

    fn alter_type_postgresql(&self, change: Change, table: &Collection, field: &Field, new: NewType<'_>) -> Change {
        let alter = format!("ALTER TABLE {} ALTER COLUMN {}", self.object(&table.name), self.name(&field.name));
        let using = |expression: Option<&str>| expression.map(|text| format!(" USING {text}")).unwrap_or_default();
        let how_long = if new.rewrites { "until every row is written anew: reads and writes wait" } else { "for a moment" };
        change
            .step(
                format!("{alter} TYPE {}{}", new.type_name, using(new.using)),
                format!("{alter} TYPE {}{}", field.type_name, using(new.using_back)),
            )
            .locking(format!("ACCESS EXCLUSIVE on {} {how_long}", table.name))
    }

    fn alter_type_mysql(&self, change: Change, table: &Collection, field: &Field, new: NewType<'_>) -> Option<Change> {
        let modify = |type_name: &str| {
            let definition = mysql_definition(field, type_name)?;
            let (on, column) = (self.object(&table.name), self.name(&field.name));
            Some(format!("ALTER TABLE {on} MODIFY COLUMN {column} {definition}, ALGORITHM=COPY, LOCK=SHARED"))
        };
        Some(
            change
                .step(modify(new.type_name)?, modify(&field.type_name)?)
                .locking(format!("LOCK=SHARED on {}: reads go on, writes wait until the copy is made", table.name)),
        )
    }

    /// Whether a foreign key starts or ends at the column, so that both ends would have to change together.
    fn is_referenced(&self, table: &Collection, field: &Field) -> bool {
        let here = table.references.iter().any(|reference| reference.columns.contains(&field.name));
        let ends_here = |other: &Collection| {
            other.references.iter().any(|reference| reference.target == table.name && reference.target_columns.contains(&field.name))
        };
        here || self.catalog.collections.iter().any(ends_here)
    }
}

/// `MODIFY COLUMN` replaces the whole definition, so all of it must be known: columns with a default, a comment or an
/// expression are left to people.
fn mysql_definition(field: &Field, type_name: &str) -> Option<String> {
    if field.default.is_some() || field.comment.is_some() || field.charset.is_some() && type_name != field.type_name {
        return None;
    }
    let mut text = type_name.to_owned();
    if let Some(charset) = &field.charset {
        text.push_str(&format!(" CHARACTER SET {charset}"));
    }
    if let Some(collation) = &field.collation {
        text.push_str(&format!(" COLLATE {collation}"));
    }
    text.push_str(if field.nullable { " NULL" } else { " NOT NULL" });
    if field.identity {
        text.push_str(" AUTO_INCREMENT");
    }
    Some(text)
}
