//! CSV files as RFC 4180 describes them: the first line names the columns, an empty field without quotes is NULL. It
//! never guesses: a line with too few or too many fields is an error with its place.

use super::source::SourceFile;
use crate::error::{LabError, LabErrorKind};

/// A table of texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows of as many fields as there are columns.
    pub rows: Vec<Vec<Option<String>>>,
}

/// Reads a CSV file.
///
/// # Errors
/// When it has no header, a line of another length, or an open quote.
pub fn read(file: &SourceFile) -> Result<Table, LabError> {
    let failed = |offset: usize, message: String| Err(LabError::new(LabErrorKind::Source, message).at(file.place(offset)));
    let mut reader = Reader { text: &file.text, at: usize::from(file.text.starts_with('\u{feff}')) * '\u{feff}'.len_utf8() };
    let mut table = Table::default();
    loop {
        let start = reader.at;
        let record = match reader.record() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            Err(Wrong { offset, message }) => return failed(offset, message.to_owned()),
        };
        if record.len() == 1 && record[0].is_none() {
            // An empty line: of a table with one column it is a NULL, else nothing.
            if table.columns.len() != 1 {
                continue;
            }
        }
        if table.columns.is_empty() {
            table.columns = record.into_iter().map(|name| name.unwrap_or_default().trim().to_owned()).collect();
            if let Some(at) = table.columns.iter().position(String::is_empty) {
                return failed(start, format!("column {} of the header has no name", at + 1));
            }
        } else if record.len() == table.columns.len() {
            table.rows.push(record);
        } else {
            return failed(start, format!("this line has {} fields, the header names {}", record.len(), table.columns.len()));
        }
    }
    if table.columns.is_empty() {
        return failed(0, "the file has no header line that names the columns".to_owned());
    }
    Ok(table)
}

struct Wrong {
    offset: usize,
    message: &'static str,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn record(&mut self) -> Result<Option<Vec<Option<String>>>, Wrong> {
        if self.at >= self.text.len() {
            return Ok(None);
        }
        let mut fields = Vec::new();
        loop {
            fields.push(if self.byte() == Some(b'"') { Some(self.quoted()?) } else { self.plain() });
            match self.byte() {
                Some(b',') => self.at += 1,
                Some(b'\r' | b'\n') => {
                    self.at += if self.text[self.at..].starts_with("\r\n") { 2 } else { 1 };
                    return Ok(Some(fields));
                }
                None => return Ok(Some(fields)),
                Some(_) => return Err(Wrong { offset: self.at, message: "after a closing quote a comma or the line's end is expected" }),
            }
        }
    }

    fn plain(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '\r', '\n']).unwrap_or(rest.len());
        self.at += end;
        (end > 0).then(|| rest[..end].to_owned())
    }

    fn quoted(&mut self) -> Result<String, Wrong> {
        let open = self.at;
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = rest.find('"') else { return Err(Wrong { offset: open, message: "this quote is never closed" }) };
            value.push_str(&rest[..end]);
            self.at += end + 1;
            if self.byte() != Some(b'"') {
                return Ok(value);
            }
            value.push('"');
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Table, LabError> {
        read(&SourceFile::new("data/t.csv", text))
    }

    #[test]
    fn quotes_line_ends_and_nulls() {
        let table = parse("\u{feff}a, b\r\n1,\"x, \"\"y\"\"\nz\"\r\n,\"\"\n").unwrap();
        assert_eq!(table.columns, ["a", "b"]);
        assert_eq!(table.rows[0], [Some("1".to_owned()), Some("x, \"y\"\nz".to_owned())]);
        assert_eq!(table.rows[1], [None, Some(String::new())]);
    }

    #[test]
    fn ragged_lines_and_open_quotes_are_errors_with_their_place() {
        let error = parse("a,b\n1,2\n1,2,3\n").unwrap_err();
        assert_eq!((error.place.unwrap().line, error.message.as_str()), (3, "this line has 3 fields, the header names 2"));
        assert_eq!(parse("a\n\"x").unwrap_err().place.unwrap().line, 2);
        assert!(parse("a,b\n\"x\"y,2").unwrap_err().message.contains("closing quote"));
        assert!(parse("").unwrap_err().message.contains("header"));
        assert!(parse("a,,c\n").unwrap_err().message.contains("no name"));
    }
}
