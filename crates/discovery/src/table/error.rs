//! What can be wrong with a table's source, said with the line and with what to do.

use crate::attributes::MAX_COLUMNS;

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A row with another number of fields than the header.
    #[error("line {line}: {found} fields where {expected} are expected; mend the line, or read with ragged rows padded")]
    Ragged {
        /// The line where the row begins, counted from 1.
        line: u64,
        /// Fields of the header or of the first row.
        expected: usize,
        /// Fields of this row.
        found: usize,
    },
    /// The text ended inside quotes.
    #[error("line {line}: the quote that opens here is never closed; close it, or name the file's quote character")]
    UnclosedQuote {
        /// The line where the quoted field begins.
        line: u64,
    },
    /// A record longer than the limit.
    #[error("line {line}: a record of more than {limit} bytes; raise the limit, or look for a quote that is never closed")]
    LongRecord {
        /// The line where the record begins.
        line: u64,
        /// The limit in bytes.
        limit: usize,
    },
    /// The text is UTF-16.
    #[error("the text is UTF-16, and UTF-8 or a single-byte encoding is expected; convert it first: iconv -f UTF-16 -t UTF-8")]
    Utf16,
    /// No header, or a header that was expected and is missing.
    #[error("the text is empty, so there is no header to name the columns; give the columns' names, or a file with a header")]
    Empty,
    /// More columns than a set can hold.
    #[error("{0} columns, and {MAX_COLUMNS} are supported; leave some out")]
    TooManyColumns(usize),
    /// More rows than a code can count.
    #[error("more than {} rows; read a sample", u32::MAX - 1)]
    TooManyRows,
    /// The table would take more memory than allowed.
    #[error(
        "after {rows} rows the table takes {used} bytes of memory, over the limit of {limit}; raise the limit, leave out columns, or read a sample of the rows"
    )]
    Memory {
        /// Rows read until then.
        rows: usize,
        /// Bytes in use.
        used: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file could not be read.
    #[error("reading {what}: {source}")]
    Read {
        /// The file's path, or `input`.
        what: String,
        /// The system's answer.
        source: std::io::Error,
    },
}
