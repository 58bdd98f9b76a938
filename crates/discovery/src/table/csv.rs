//! Reads CSV into a [`Table`]: RFC 4180 with what files in the wild add to it.
//!
//! Never fails on bytes that are not UTF-8: values are bytes. Never holds the whole file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use super::builder::{ColumnBuilder, NULL, TableBuilder};
use super::dictionary::Interner;
use super::{NullRule, NullSemantics, Table, TableError};
use crate::pool::Pool;

mod records;

use records::{Block, Field, Records};

/// Bytes read at a time, and with them the rows that are encoded column by column.
const CHUNK_BYTES: usize = 1 << 18;

/// What a row with too few or too many fields is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ragged {
    /// An error that names the line.
    #[default]
    Refuse,
    /// Missing fields are NULL; fields beyond the header are dropped.
    Pad,
}

/// How a CSV text is to be read.
#[derive(Clone, Debug)]
pub struct CsvOptions {
    /// The field separator; nothing means the most frequent of comma, semicolon, tabulator and bar in the first record.
    pub delimiter: Option<u8>,
    /// The quote character; doubled inside a quoted field it stands for itself.
    pub quote: u8,
    /// The columns' names; nothing means that the first record names them, an empty list that nothing does: they are numbered.
    pub names: Option<Vec<String>>,
    /// Unquoted fields of exactly these bytes are NULL; a quoted field never is.
    pub null_texts: Vec<Vec<u8>>,
    /// How two NULLs compare.
    pub null_semantics: NullSemantics,
    /// What becomes of rows of another length.
    pub ragged: Ragged,
    /// The longest record in bytes, a limit on memory should a quote never close.
    pub max_record_bytes: usize,
    /// The most bytes that the table may take.
    pub memory_limit_bytes: Option<u64>,
    /// Read no more rows than this.
    pub max_rows: Option<usize>,
    /// Threads that encode columns; 0 means one for each processor.
    pub threads: usize,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self {
            delimiter: None,
            quote: b'"',
            names: None,
            null_texts: vec![Vec::new()],
            null_semantics: NullSemantics::Equal,
            ragged: Ragged::Refuse,
            max_record_bytes: 256 << 20,
            memory_limit_bytes: None,
            max_rows: None,
            threads: 1,
        }
    }
}

impl Table {
    /// Reads a CSV file.
    ///
    /// # Errors
    /// Every [`TableError`].
    pub fn from_csv_file(path: &Path, options: &CsvOptions) -> Result<Self, TableError> {
        let what = path.display().to_string();
        let file = File::open(path).map_err(|source| TableError::Read { what: what.clone(), source })?;
        Self::from_csv_reader(file, options).map_err(|error| match error {
            TableError::Read { source, .. } => TableError::Read { what, source },
            other => other,
        })
    }

    /// Reads CSV text that is in memory.
    ///
    /// # Errors
    /// Every [`TableError`].
    pub fn from_csv(bytes: &[u8], options: &CsvOptions) -> Result<Self, TableError> {
        Self::from_csv_reader(bytes, options)
    }

    /// Reads CSV from a stream, holding no more than a record and a chunk of it.
    ///
    /// # Errors
    /// Every [`TableError`].
    pub fn from_csv_reader(input: impl Read, options: &CsvOptions) -> Result<Self, TableError> {
        let pool = Pool::new(options.threads);
        let mut records = Records::new(input, options)?;
        let mut block = Block::default();
        let mut builder = None;
        while records.fill(&mut block)? {
            let table = match builder.as_mut() {
                Some(table) => table,
                None => builder.insert(begin(&mut block, options)?),
            };
            append(table, &mut block, options, &pool)?;
            if options.max_rows.is_some_and(|limit| table.rows >= limit) {
                break;
            }
        }
        match (builder, &options.names) {
            (Some(table), _) => Ok(table.finish()),
            (None, Some(names)) => Ok(TableBuilder::new(names.clone(), null_rule(options), None)?.finish()),
            (None, None) => Err(TableError::Empty),
        }
    }
}

fn null_rule(options: &CsvOptions) -> NullRule {
    let texts = options.null_texts.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect();
    NullRule { semantics: options.null_semantics, texts }
}

/// Takes the header off the first block.
fn begin(block: &mut Block, options: &CsvOptions) -> Result<TableBuilder, TableError> {
    let names = match &options.names {
        Some(names) if names.is_empty() => (1..=block.width()).map(|number| format!("column {number}")).collect(),
        Some(names) => names.clone(),
        None => block.take_header(),
    };
    TableBuilder::new(names, null_rule(options), options.memory_limit_bytes)
}

fn append(table: &mut TableBuilder, block: &mut Block, options: &CsvOptions, pool: &Pool) -> Result<(), TableError> {
    let width = table.columns.len();
    block.square(width, options.ragged)?;
    let room = options.max_rows.map_or(usize::MAX, |limit| limit - table.rows.min(limit));
    let rows = block.rows().min(room);
    let block = &*block;
    let encode = |(index, column): (usize, &mut ColumnBuilder)| encode(column, block, &block.column(index)[..rows], &options.null_texts);
    if pool.threads() > 1 {
        pool.run(|| table.columns.par_iter_mut().enumerate().with_max_len(1).for_each(encode));
    } else {
        table.columns.iter_mut().enumerate().for_each(encode);
    }
    table.rows += rows;
    table.check()
}

/// Encodes one column of a block in four passes, so that the reads of its hash table and of its values overlap.
fn encode(column: &mut ColumnBuilder, block: &Block, fields: &[Field], null_texts: &[Vec<u8>]) {
    let ColumnBuilder { interner, codes, nulls, value_bytes, hashes, peeked, located } = column;
    hashes.clear();
    hashes.extend(fields.iter().map(|field| Interner::hash(block.value(*field))));
    peeked.clear();
    peeked.extend(hashes.iter().map(|hash| interner.peek(*hash)));
    located.clear();
    located.extend(hashes.iter().zip(peeked.iter()).map(|(hash, peeked)| interner.locate(*hash, *peeked)));
    codes.reserve(fields.len());
    for ((field, hash), located) in fields.iter().zip(hashes.iter()).zip(located.iter()) {
        let value = block.value(*field);
        if !field.is_quoted() && null_texts.iter().any(|text| text == value) {
            *nulls += 1;
            codes.push(NULL);
            continue;
        }
        *value_bytes += value.len() as u64;
        codes.push(interner.intern(value, *hash, *located));
    }
}
