//! Cells of an answer as our values. A cell of another type than expected is an error here, never a panic.

use std::error::Error;

use dbwright_model::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, FromSqlOwned, Type};

use crate::error::{EngineError, ErrorKind};

/// Text of any encoding: bytes that are no UTF-8 (a database in SQL_ASCII may hold such names) become U+FFFD.
pub(super) struct Words(pub String);

impl<'a> FromSql<'a> for Words {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(String::from_utf8_lossy(raw).into_owned()))
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::TEXT | Type::NAME | Type::VARCHAR | Type::BPCHAR | Type::UNKNOWN | Type::JSON)
    }
}

/// Reading cells by name.
pub(super) trait Cells {
    /// A cell, or none for NULL.
    fn cell<T: FromSqlOwned>(&self, name: &str) -> Result<Option<T>, EngineError>;

    /// Text; empty for NULL.
    fn text(&self, name: &str) -> Result<String, EngineError> {
        Ok(self.maybe_text(name)?.unwrap_or_default())
    }

    /// Text, or none for NULL.
    fn maybe_text(&self, name: &str) -> Result<Option<String>, EngineError> {
        Ok(self.cell::<Words>(name)?.map(|words| words.0))
    }

    /// A list of texts; empty for NULL, with NULL elements left empty.
    fn texts(&self, name: &str) -> Result<Vec<String>, EngineError> {
        let list = self.cell::<Vec<Option<Words>>>(name)?.unwrap_or_default();
        Ok(list.into_iter().map(|words| words.map(|words| words.0).unwrap_or_default()).collect())
    }

    /// A whole number; 0 for NULL.
    fn int(&self, name: &str) -> Result<i64, EngineError> {
        Ok(self.cell(name)?.unwrap_or(0))
    }

    /// A counter; 0 for NULL or below.
    fn count(&self, name: &str) -> Result<u64, EngineError> {
        Ok(u64::try_from(self.int(name)?).unwrap_or(0))
    }

    /// A counter, or none for NULL.
    fn maybe_count(&self, name: &str) -> Result<Option<u64>, EngineError> {
        Ok(self.cell::<i64>(name)?.map(|value| u64::try_from(value).unwrap_or(0)))
    }

    /// A number, or none for NULL.
    fn float(&self, name: &str) -> Result<Option<f64>, EngineError> {
        self.cell(name)
    }

    /// A truth value; false for NULL.
    fn flag(&self, name: &str) -> Result<bool, EngineError> {
        Ok(self.cell(name)?.unwrap_or(false))
    }

    /// A time given as microseconds since the epoch, or none for NULL.
    fn time(&self, name: &str) -> Result<Option<Timestamp>, EngineError> {
        Ok(self.cell::<i64>(name)?.map(Timestamp))
    }

    /// A list of whole numbers; empty for NULL.
    fn ints(&self, name: &str) -> Result<Vec<i64>, EngineError> {
        Ok(self.cell(name)?.unwrap_or_default())
    }
}

impl Cells for Row {
    fn cell<T: FromSqlOwned>(&self, name: &str) -> Result<Option<T>, EngineError> {
        self.try_get::<_, Option<T>>(name)
            .map_err(|error| EngineError::new(ErrorKind::Protocol, "reading an answer of the server", error.to_string()))
    }
}
