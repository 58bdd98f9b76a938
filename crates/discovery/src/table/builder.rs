//! Builds a table row by row or block by block, codes on the fly.
//!
//! Never looks at a row twice: what goes in is a stream.

use super::dictionary::{Dictionary, Interner, Located};
use super::{Column, NullRule, NullSemantics, Table, TableError};
use crate::attributes::MAX_COLUMNS;

/// Stands for NULL until the number of values is known.
pub(super) const NULL: u32 = u32::MAX;

/// A column that is being filled.
#[derive(Debug, Default)]
pub(crate) struct ColumnBuilder {
    pub(crate) interner: Interner,
    pub(crate) codes: Vec<u32>,
    pub(crate) nulls: u32,
    pub(crate) value_bytes: u64,
    /// Hashes, first slots and values in them for the block that is being encoded.
    pub(crate) hashes: Vec<u32>,
    pub(crate) peeked: Vec<u64>,
    pub(crate) located: Vec<Located>,
}

impl ColumnBuilder {
    pub(crate) fn push(&mut self, value: Option<&[u8]>) {
        let Some(value) = value else { return self.push_null() };
        let hash = Interner::hash(value);
        let located = self.interner.locate(hash, self.interner.peek(hash));
        let code = self.interner.intern(value, hash, located);
        self.value_bytes += value.len() as u64;
        self.codes.push(code);
    }

    pub(crate) fn push_null(&mut self) {
        self.nulls += 1;
        self.codes.push(NULL);
    }

    fn memory_bytes(&self) -> u64 {
        self.interner.memory_bytes() + 4 * self.codes.capacity() as u64
    }

    fn finish(mut self, name: String, semantics: NullSemantics) -> Column {
        let dictionary = std::mem::take(&mut self.interner).finish();
        self.finish_with(name, semantics, dictionary)
    }

    /// Gives NULLs the codes past the values of the dictionary.
    pub(crate) fn finish_with(mut self, name: String, semantics: NullSemantics, dictionary: Dictionary) -> Column {
        let distinct = dictionary.len() as u32;
        let mut next = distinct;
        if self.nulls > 0 {
            for code in self.codes.iter_mut().filter(|code| **code == NULL) {
                *code = next;
                next += u32::from(semantics == NullSemantics::Distinct);
            }
            next += u32::from(semantics == NullSemantics::Equal);
        }
        self.codes.shrink_to_fit();
        Column { name, codes: self.codes, dictionary, nulls: self.nulls, cardinality: next, value_bytes: self.value_bytes }
    }
}

/// Takes rows and gives a [`Table`].
#[derive(Debug)]
pub struct TableBuilder {
    names: Vec<String>,
    pub(crate) columns: Vec<ColumnBuilder>,
    pub(crate) rows: usize,
    pub(crate) null_rule: NullRule,
    memory_limit_bytes: Option<u64>,
}

impl TableBuilder {
    /// A builder for columns of these names.
    ///
    /// # Errors
    /// [`TableError::TooManyColumns`].
    pub fn new(names: Vec<String>, null_rule: NullRule, memory_limit_bytes: Option<u64>) -> Result<Self, TableError> {
        if names.len() > MAX_COLUMNS {
            return Err(TableError::TooManyColumns(names.len()));
        }
        let columns = names.iter().map(|_| ColumnBuilder::default()).collect();
        Ok(Self { names, columns, rows: 0, null_rule, memory_limit_bytes })
    }

    /// Adds a row; nothing stands for NULL.
    ///
    /// # Errors
    /// [`TableError::Ragged`] (with the row's number as the line), [`TableError::TooManyRows`], [`TableError::Memory`].
    pub fn push_row<'a>(&mut self, row: impl IntoIterator<Item = Option<&'a [u8]>>) -> Result<(), TableError> {
        let mut found = 0;
        let mut cells = row.into_iter();
        for (column, cell) in self.columns.iter_mut().zip(cells.by_ref()) {
            column.push(cell);
            found += 1;
        }
        found += cells.count();
        if found != self.columns.len() {
            return Err(TableError::Ragged { line: self.rows as u64 + 1, expected: self.columns.len(), found });
        }
        self.rows += 1;
        if self.rows.is_multiple_of(4096) { self.check() } else { self.check_rows() }
    }

    fn check_rows(&self) -> Result<(), TableError> {
        if self.rows >= u32::MAX as usize { Err(TableError::TooManyRows) } else { Ok(()) }
    }

    /// Compares the size with the limits.
    pub(crate) fn check(&self) -> Result<(), TableError> {
        self.check_rows()?;
        let Some(limit) = self.memory_limit_bytes else { return Ok(()) };
        let used = self.columns.iter().map(ColumnBuilder::memory_bytes).sum();
        if used > limit { Err(TableError::Memory { rows: self.rows, used, limit }) } else { Ok(()) }
    }

    /// The table of all rows so far.
    pub fn finish(self) -> Table {
        let semantics = self.null_rule.semantics;
        let columns = self.columns.into_iter().zip(self.names).map(|(column, name)| column.finish(name, semantics)).collect();
        Table { columns, rows: self.rows, null_rule: self.null_rule }
    }
}
