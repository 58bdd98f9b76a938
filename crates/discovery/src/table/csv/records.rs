//! Cuts a stream of bytes into records and fields, without copying what needs no unescaping.
//!
//! Never interprets a field.

use std::io::Read;

use super::{CHUNK_BYTES, CsvOptions, Ragged, TableError};

/// Where a field's bytes are. The highest bit of the length says that the field was quoted, the one below that its bytes
/// are among the unescaped ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Field {
    begin: u32,
    length: u32,
}

const QUOTED: u32 = 1 << 31;
const UNESCAPED: u32 = 1 << 30;

impl Field {
    pub(super) fn is_quoted(self) -> bool {
        self.length & QUOTED != 0
    }
}

/// A chunk of the text and the fields of the whole records in it.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    unescaped: Vec<u8>,
    fields: Vec<Field>,
    /// The same fields, column by column.
    by_column: Vec<Field>,
    /// Where each record's fields end, and the line that it began on.
    records: Vec<(usize, u64)>,
}

impl Block {
    pub(super) fn rows(&self) -> usize {
        self.records.len()
    }

    #[inline]
    pub(super) fn value(&self, field: Field) -> &[u8] {
        let from = if field.length & UNESCAPED == 0 { &self.bytes } else { &self.unescaped };
        let begin = field.begin as usize;
        from.get(begin..begin + (field.length & !(QUOTED | UNESCAPED)) as usize).unwrap_or_default()
    }

    fn clear(&mut self) {
        self.unescaped.clear();
        self.fields.clear();
        self.records.clear();
    }

    /// Fields of the first record.
    pub(super) fn width(&self) -> usize {
        self.records.first().map_or(0, |record| record.0)
    }

    /// Removes the first record and gives its fields as names.
    pub(super) fn take_header(&mut self) -> Vec<String> {
        let count = self.width();
        let names = self.fields[..count].iter().map(|field| String::from_utf8_lossy(self.value(*field)).into_owned()).collect();
        self.fields.drain(..count);
        self.records.drain(..1);
        for record in &mut self.records {
            record.0 -= count;
        }
        names
    }

    /// The fields of one column, after [`Self::square`].
    pub(super) fn column(&self, index: usize) -> &[Field] {
        let rows = self.records.len();
        self.by_column.get(index * rows..(index + 1) * rows).unwrap_or_default()
    }

    /// Makes each record exactly `width` fields long, or says which is not.
    pub(super) fn square(&mut self, width: usize, ragged: Ragged) -> Result<(), TableError> {
        self.even_out(width, ragged)?;
        let rows = self.records.len();
        self.by_column.clear();
        self.by_column.resize(rows * width, Field::default());
        for (row, record) in self.fields.chunks_exact(width.max(1)).take(rows).enumerate() {
            for (column, field) in record.iter().enumerate() {
                self.by_column[column * rows + row] = *field;
            }
        }
        Ok(())
    }

    fn even_out(&mut self, width: usize, ragged: Ragged) -> Result<(), TableError> {
        let even = |(index, record): (usize, &(usize, u64))| record.0 == (index + 1) * width;
        if self.records.iter().enumerate().all(even) {
            return Ok(());
        }
        let fields = std::mem::take(&mut self.fields);
        let mut begin = 0;
        for (end, line) in &mut self.records {
            let found = *end - begin;
            if found != width && ragged == Ragged::Refuse {
                return Err(TableError::Ragged { line: *line, expected: width, found });
            }
            self.fields.extend(fields[begin..*end].iter().take(width));
            self.fields.extend(std::iter::repeat_n(Field::default(), width.saturating_sub(found)));
            begin = *end;
            *end = self.fields.len();
        }
        Ok(())
    }
}

/// The records of a stream, chunk by chunk.
pub(super) struct Records<R> {
    input: R,
    delimiter: u8,
    quote: u8,
    max_record_bytes: usize,
    /// Bytes of the block that its records took; the rest begins the next block.
    consumed: usize,
    line: u64,
    ended: bool,
    first: Vec<u8>,
}

/// How cutting a block ended.
enum Cut {
    /// At a record's end.
    Whole,
    /// Inside a quoted field that began on this line.
    InQuotes(u64),
}

impl<R: Read> Records<R> {
    pub(super) fn new(input: R, options: &CsvOptions) -> Result<Self, TableError> {
        let mut records = Self {
            input,
            delimiter: options.delimiter.unwrap_or(b','),
            quote: options.quote,
            max_record_bytes: options.max_record_bytes.min(UNESCAPED as usize - 1),
            consumed: 0,
            line: 1,
            ended: false,
            first: Vec::new(),
        };
        let mut first = Vec::new();
        records.read_into(&mut first)?;
        if first.starts_with(&[0xff, 0xfe]) || first.starts_with(&[0xfe, 0xff]) {
            return Err(TableError::Utf16);
        }
        if first.starts_with(&[0xef, 0xbb, 0xbf]) {
            first.drain(..3);
        }
        if options.delimiter.is_none() {
            records.delimiter = guess_delimiter(&first, options.quote);
        }
        records.first = first;
        Ok(records)
    }

    /// Replaces the block by the next records; false at the end of the stream.
    pub(super) fn fill(&mut self, block: &mut Block) -> Result<bool, TableError> {
        block.clear();
        block.bytes.drain(..self.consumed);
        self.consumed = 0;
        if !self.first.is_empty() {
            block.bytes = std::mem::take(&mut self.first);
        } else if !self.ended {
            self.read_into(&mut block.bytes)?;
        }
        loop {
            let cut = self.cut(block);
            if !block.records.is_empty() {
                return Ok(true);
            }
            match cut {
                Cut::InQuotes(line) if self.ended => return Err(TableError::UnclosedQuote { line }),
                _ if self.ended => return Ok(false),
                _ if block.bytes.len() > self.max_record_bytes => {
                    return Err(TableError::LongRecord { line: self.line, limit: self.max_record_bytes });
                }
                _ => self.read_into(&mut block.bytes)?,
            }
            block.clear();
        }
    }

    /// Appends a chunk; larger ones when a record needs several, so that a long record is cut only a few times.
    fn read_into(&mut self, bytes: &mut Vec<u8>) -> Result<(), TableError> {
        let wanted = CHUNK_BYTES.max(bytes.len()) as u64;
        let read = self.input.by_ref().take(wanted).read_to_end(bytes);
        let count = read.map_err(|source| TableError::Read { what: "input".to_owned(), source })?;
        self.ended = (count as u64) < wanted;
        Ok(())
    }

    /// Cuts as many whole records as the block's bytes hold, beginning where the last cut ended.
    fn cut(&mut self, block: &mut Block) -> Cut {
        let Block { bytes, unescaped, fields, records, .. } = block;
        let bytes = bytes.as_slice();
        let (delimiter, quote) = (self.delimiter, self.quote);
        // Where the iterator's positions count from, the current field's begin, the content of its quotes.
        let (mut base, mut begin, mut content) = (0, 0, None);
        let (mut line, mut record_line, mut whole_fields) = (self.line, self.line, 0);
        let mut specials = memchr::memchr3_iter(delimiter, b'\n', quote, bytes);
        while let Some(at) = specials.next().map(|at| at + base) {
            let byte = bytes[at];
            if byte == quote {
                if at != begin {
                    continue;
                }
                let Some(end) = closing_quote(bytes, at + 1, quote) else {
                    fields.truncate(whole_fields);
                    return Cut::InQuotes(line);
                };
                line += memchr::memchr_iter(b'\n', &bytes[at..end]).count() as u64;
                content = Some((at + 1, end));
                base = end + 1;
                specials = memchr::memchr3_iter(delimiter, b'\n', quote, &bytes[base..]);
                continue;
            }
            let end = if byte == b'\n' && at > begin && bytes[at - 1] == b'\r' { at - 1 } else { at };
            fields.push(match content.take() {
                None => Field { begin: begin as u32, length: (end - begin) as u32 },
                Some((from, to)) => quoted_field(bytes, unescaped, (from, to), end, quote),
            });
            begin = at + 1;
            if byte == b'\n' {
                line += 1;
                end_record(fields, records, &mut whole_fields, record_line);
                self.consumed = begin;
                self.line = line;
                record_line = line;
            }
        }
        if self.ended && begin <= bytes.len() && (begin < bytes.len() || fields.len() > whole_fields) {
            let end = bytes.len() - usize::from(content.is_none() && bytes.ends_with(b"\r"));
            fields.push(match content {
                None => Field { begin: begin as u32, length: end.saturating_sub(begin) as u32 },
                Some((from, to)) => quoted_field(bytes, unescaped, (from, to), end, quote),
            });
            end_record(fields, records, &mut whole_fields, record_line);
            self.consumed = bytes.len();
        }
        fields.truncate(whole_fields);
        Cut::Whole
    }
}

/// Ends a record; an empty line is one only in a file whose records have one field.
fn end_record(fields: &mut Vec<Field>, records: &mut Vec<(usize, u64)>, whole_fields: &mut usize, line: u64) {
    let blank = fields.len() - *whole_fields == 1 && fields.last().is_some_and(|field| field.length == 0);
    let first_width = records.first().map(|record| record.0);
    if blank && first_width.unwrap_or(2) != 1 {
        fields.truncate(*whole_fields);
        return;
    }
    *whole_fields = fields.len();
    records.push((fields.len(), line));
}

/// Where the quoted field ends that begins at `from`: at a quote that is not doubled.
fn closing_quote(bytes: &[u8], from: usize, quote: u8) -> Option<usize> {
    let mut at = from;
    loop {
        let end = at + memchr::memchr(quote, bytes.get(at..)?)?;
        if bytes.get(end + 1) != Some(&quote) {
            return Some(end);
        }
        at = end + 2;
    }
}

/// A field of quoted `content`; doubled quotes are halved, and what stands between the quote and the separator, which no
/// standard allows, is kept as it stands.
fn quoted_field(bytes: &[u8], unescaped: &mut Vec<u8>, (from, to): (usize, usize), end: usize, quote: u8) -> Field {
    let content = &bytes[from..to];
    let rest = bytes.get(to + 1..end).unwrap_or_default();
    let plain = rest.is_empty() && memchr::memchr(quote, content).is_none();
    if plain {
        return Field { begin: from as u32, length: content.len() as u32 | QUOTED };
    }
    let begin = unescaped.len();
    let mut at = 0;
    for doubled in memchr::memchr_iter(quote, content) {
        // The first of two quotes is copied, the second is skipped.
        if doubled >= at {
            unescaped.extend_from_slice(&content[at..=doubled]);
            at = doubled + 2;
        }
    }
    unescaped.extend_from_slice(content.get(at..).unwrap_or_default());
    unescaped.extend_from_slice(rest);
    Field { begin: begin as u32, length: (unescaped.len() - begin) as u32 | QUOTED | UNESCAPED }
}

/// The most frequent candidate outside quotes in the first record; the comma when none occurs.
fn guess_delimiter(bytes: &[u8], quote: u8) -> u8 {
    const CANDIDATES: [u8; 4] = *b",;\t|";
    let mut counts = [0; 4];
    let mut quoted = false;
    for byte in bytes {
        quoted ^= *byte == quote;
        if *byte == b'\n' && !quoted {
            break;
        }
        if let Some(place) = CANDIDATES.iter().position(|candidate| candidate == byte).filter(|_| !quoted) {
            counts[place] += 1;
        }
    }
    let best = (0..4).rev().max_by_key(|place| counts[*place]).unwrap_or(0);
    CANDIDATES[best]
}
