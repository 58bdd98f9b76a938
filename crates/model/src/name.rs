//! Names of objects as the engine's catalog spells them. It never quotes or escapes: that is done once, at the output boundary.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of a collection (table, view, key pattern, …), with its schema where the engine has schemas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
pub struct ObjectName {
    /// Schema (PostgreSQL), database (MySQL, MariaDB), attached name other than `main` (SQLite), else none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The name proper.
    pub name: String,
}

impl ObjectName {
    /// A name without schema.
    #[must_use]
    pub fn bare(name: impl Into<String>) -> Self {
        Self { schema: None, name: name.into() }
    }

    /// A name in a schema.
    #[must_use]
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: Some(schema.into()), name: name.into() }
    }

    /// `schema.table(column, …)`, the form in which findings name a set of columns.
    #[must_use]
    pub fn with_columns<S: AsRef<str>>(&self, columns: &[S]) -> String {
        let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
        format!("{self}({})", columns.join(", "))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(formatter, "{schema}.{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}
