//! Rows of the text protocol by the names of their columns. It never guesses: a missing column is an empty text or nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use mysql_async::{Column, Row, Value};

/// A row: texts, none for NULL.
#[derive(Debug, Clone)]
pub(super) struct Record {
    columns: Arc<[Column]>,
    cells: Vec<Option<Vec<u8>>>,
}

impl Record {
    /// From a row of the driver.
    pub(super) fn of(row: Row) -> Self {
        let columns = row.columns();
        let cells = row.unwrap().into_iter().map(bytes).collect();
        Self { columns, cells }
    }

    /// The cells in order.
    pub(super) fn cells(&self) -> Vec<Option<&[u8]>> {
        self.cells.iter().map(|cell| cell.as_deref()).collect()
    }

    /// The text of a column in any letter case; none for NULL and for a column that is not there.
    pub(super) fn maybe(&self, name: &str) -> Option<String> {
        let at = self.columns.iter().position(|column| column.name_str().eq_ignore_ascii_case(name))?;
        let cell = self.cells.get(at)?.as_ref()?;
        Some(String::from_utf8_lossy(cell).into_owned())
    }

    /// As [`Self::maybe`], empty for none.
    pub(super) fn text(&self, name: &str) -> String {
        self.maybe(name).unwrap_or_default()
    }

    /// A number.
    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.maybe(name)?.parse().ok()
    }

    /// A whole number that is not negative.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.maybe(name)?.parse().ok()
    }

    /// `YES`, `Y`, `1`, `ON`.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name).to_ascii_uppercase().as_str(), "YES" | "Y" | "1" | "ON" | "TRUE")
    }

    /// All columns as names in lower case and texts.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        let pair = |(column, cell): (&Column, &Option<Vec<u8>>)| {
            (
                column.name_str().to_ascii_lowercase(),
                cell.as_ref().map(|cell| String::from_utf8_lossy(cell).into_owned()).unwrap_or_default(),
            )
        };
        self.columns.iter().zip(&self.cells).map(pair).collect()
    }
}

fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(bytes),
        Value::Int(number) => Some(number.to_string().into_bytes()),
        Value::UInt(number) => Some(number.to_string().into_bytes()),
        Value::Float(number) => Some(number.to_string().into_bytes()),
        Value::Double(number) => Some(number.to_string().into_bytes()),
        other => Some(other.as_sql(true).trim_matches('\'').as_bytes().to_vec()),
    }
}
