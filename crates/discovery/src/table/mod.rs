//! Tables as columns of codes: equal values have equal codes, which is all that most dependencies ask for.
//!
//! Never interprets a value: text is bytes, and two values are equal when their bytes are.

mod builder;
pub mod csv;
mod dictionary;
mod error;

pub use builder::TableBuilder;
pub use csv::CsvOptions;
pub use dictionary::{Dictionary, Value};
pub use error::TableError;

use serde::{Deserialize, Serialize};

use crate::attributes::AttributeSet;

/// Whether two NULLs in one column count as the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NullSemantics {
    /// NULL equals NULL, as `GROUP BY`, `DISTINCT` and `UNIQUE NULLS NOT DISTINCT` see it.
    #[default]
    Equal,
    /// Each NULL differs from every other, as `UNIQUE` sees it in standard SQL.
    Distinct,
}

/// How the table was read: what counted as NULL and how NULLs compare. Belongs into every statement about the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NullRule {
    /// How two NULLs compare.
    pub semantics: NullSemantics,
    /// The unquoted texts that were read as NULL; empty when NULLs came as such, from a database.
    pub texts: Vec<String>,
}

/// One column: a code per row, and the values behind the codes.
#[derive(Clone, Debug)]
pub struct Column {
    pub(crate) name: String,
    pub(crate) codes: Vec<u32>,
    pub(crate) dictionary: Dictionary,
    pub(crate) nulls: u32,
    /// One more than the largest code.
    pub(crate) cardinality: u32,
    /// Bytes of all values together, of long ones too.
    pub(crate) value_bytes: u64,
}

impl Column {
    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A code per row. Codes below [`Self::distinct`] stand for values, larger ones for NULL.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The number of different values; NULL is none.
    pub fn distinct(&self) -> usize {
        self.dictionary.len()
    }

    /// The number of rows where the column is NULL.
    pub fn nulls(&self) -> usize {
        self.nulls as usize
    }

    /// How many classes of equal rows the column makes, NULLs compared as the table's [`NullRule`] says.
    pub fn cardinality(&self) -> usize {
        self.cardinality as usize
    }

    /// Whether the code stands for NULL.
    pub fn is_null(&self, code: u32) -> bool {
        code as usize >= self.dictionary.len()
    }

    /// The value behind a code; nothing for NULL.
    pub fn value(&self, code: u32) -> Option<Value<'_>> {
        self.dictionary.value(code)
    }

    /// Bytes of the text of all rows of this column.
    pub fn value_bytes(&self) -> u64 {
        self.value_bytes
    }

    /// How often each value occurs, by code; the entries past [`Self::distinct`] count NULLs.
    pub fn frequencies(&self) -> Vec<u32> {
        let mut counts = vec![0; self.cardinality as usize];
        for code in &self.codes {
            counts[*code as usize] += 1;
        }
        counts
    }
}

/// A table whose columns have as many codes as it has rows.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    pub(crate) null_rule: NullRule,
}

impl Table {
    /// The columns in the order of the source.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// How NULLs were recognised and compare.
    pub fn null_rule(&self) -> &NullRule {
        &self.null_rule
    }

    /// All columns as a set.
    pub fn attributes(&self) -> AttributeSet {
        AttributeSet::below(self.width())
    }

    /// The columns' names, for messages: `a, b`.
    pub fn names(&self, attributes: &AttributeSet) -> String {
        let names: Vec<&str> = attributes.iter().filter_map(|column| self.columns.get(column)).map(Column::name).collect();
        names.join(", ")
    }

    /// One row as text, NULL as nothing; `row` beyond the table gives nothing at all.
    pub fn row(&self, row: usize) -> Vec<Option<String>> {
        let cell = |column: &Column| column.codes.get(row).and_then(|code| column.value(*code)).map(|value| value.to_text());
        if row < self.rows { self.columns.iter().map(cell).collect() } else { Vec::new() }
    }

    /// Bytes of memory that codes and dictionaries take.
    pub fn memory_bytes(&self) -> u64 {
        self.columns.iter().map(|column| 4 * column.codes.len() as u64 + column.dictionary.memory_bytes()).sum()
    }

    /// The same table with only the first `rows` rows.
    pub fn head(&self, rows: usize) -> Self {
        self.select(&(0..rows.min(self.rows)).collect::<Vec<_>>())
    }

    /// `rows` rows spread evenly over the table: every n-th. A table stored in some order is sampled fairly that way.
    pub fn spread(&self, rows: usize) -> Self {
        let count = rows.min(self.rows);
        self.select(&(0..count).map(|index| (index as u128 * self.rows as u128 / count as u128) as usize).collect::<Vec<_>>())
    }

    fn select(&self, rows: &[usize]) -> Self {
        let columns = self.columns.iter().map(|column| column.select(rows)).collect();
        Self { columns, rows: rows.len(), null_rule: self.null_rule.clone() }
    }
}

impl Column {
    /// The column of the chosen rows, with codes of its own.
    fn select(&self, rows: &[usize]) -> Self {
        let mut builder = builder::ColumnBuilder::default();
        let mut renamed = vec![u32::MAX; self.distinct()];
        let mut dictionary = Dictionary::default();
        for code in rows.iter().filter_map(|row| self.codes.get(*row)) {
            match renamed.get_mut(*code as usize) {
                None => builder.push_null(),
                Some(new) => {
                    if *new == u32::MAX {
                        *new = dictionary.copy(&self.dictionary, *code);
                    }
                    builder.codes.push(*new);
                    builder.value_bytes += dictionary.value(*new).map_or(0, |value| value.bytes());
                }
            }
        }
        builder.finish_with(self.name.clone(), self.cardinality_of_nulls(), dictionary)
    }

    /// How the column's own codes treat NULLs; a column with at most one NULL does not tell, and need not.
    fn cardinality_of_nulls(&self) -> NullSemantics {
        if self.cardinality as usize > self.distinct() + 1 { NullSemantics::Distinct } else { NullSemantics::Equal }
    }
}

#[cfg(test)]
mod tests;
