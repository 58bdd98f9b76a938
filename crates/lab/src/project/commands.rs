//! Files of commands as redis-cli reads them: one command a line, `#` before a remark, words in quotes where they must be.
//! It never sends one.

use super::source::SourceFile;
use crate::error::{LabError, LabErrorKind};

/// A command of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command<'a> {
    /// The line without blanks around it.
    pub text: &'a str,
    /// Byte offset of the text in the file.
    pub offset: usize,
    /// Line, from 1.
    pub line: u32,
    /// The remarks on the lines before it, without `#`, each with its offset.
    pub remarks: Vec<(&'a str, usize)>,
}

impl<'a> Command<'a> {
    /// The value of the remark `# key: value`, with its offset.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<(&'a str, usize)> {
        self.remarks.iter().find_map(|(remark, offset)| {
            let value = remark.trim_start().strip_prefix(key)?.trim_start().strip_prefix(':')?.trim();
            Some((value, *offset))
        })
    }
}

/// The commands of a text, in order. Remarks after the last one belong to none.
#[must_use]
pub fn split(text: &str) -> Vec<Command<'_>> {
    let (mut commands, mut remarks, mut offset) = (Vec::new(), Vec::new(), 0);
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let start = offset + (whole.len() - whole.trim_start().len());
        offset += whole.len();
        let line = whole.trim();
        if let Some(remark) = line.strip_prefix('#') {
            remarks.push((remark, start + 1));
        } else if !line.is_empty() {
            let line_number = u32::try_from(number + 1).unwrap_or(u32::MAX);
            commands.push(Command { text: line, offset: start, line: line_number, remarks: std::mem::take(&mut remarks) });
        }
    }
    commands
}

/// A quote that is not closed, or not followed by a blank: where, and what is wrong.
pub type Misquoted = (usize, &'static str);

/// The words of a command. In double quotes `\n`, `\r`, `\t`, `\a`, `\b`, `\\`, `\"` and `\xNN` are read, in single quotes
/// `\'` alone.
///
/// # Errors
/// Where quotes are wrong.
pub fn words(text: &str) -> Result<Vec<Vec<u8>>, Misquoted> {
    let bytes = text.as_bytes();
    let (mut words, mut at) = (Vec::new(), 0);
    loop {
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let Some(first) = bytes.get(at) else { return Ok(words) };
        let (word, next) = match first {
            b'"' | b'\'' => quoted(bytes, at)?,
            _ => plain(bytes, at),
        };
        words.push(word);
        at = next;
    }
}

fn plain(bytes: &[u8], start: usize) -> (Vec<u8>, usize) {
    let end = bytes[start..].iter().position(u8::is_ascii_whitespace).map_or(bytes.len(), |length| start + length);
    (bytes[start..end].to_vec(), end)
}

fn quoted(bytes: &[u8], start: usize) -> Result<(Vec<u8>, usize), Misquoted> {
    let quote = bytes[start];
    let (mut word, mut at) = (Vec::new(), start + 1);
    while let Some(&byte) = bytes.get(at) {
        if byte == quote {
            let alone = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
            return if alone { Ok((word, at + 1)) } else { Err((at, "a closing quote must be followed by a blank")) };
        }
        let (value, length) = match byte {
            b'\\' if quote == b'"' => escaped(&bytes[at..]),
            b'\\' if bytes.get(at + 1) == Some(&b'\'') => (b'\'', 2),
            other => (other, 1),
        };
        word.push(value);
        at += length;
    }
    Err((start, "the quote is not closed on its line"))
}

/// The byte that an escape stands for, and its length.
fn escaped(bytes: &[u8]) -> (u8, usize) {
    match bytes.get(1) {
        Some(b'n') => (b'\n', 2),
        Some(b'r') => (b'\r', 2),
        Some(b't') => (b'\t', 2),
        Some(b'a') => (7, 2),
        Some(b'b') => (8, 2),
        Some(b'x') => {
            let digits = bytes.get(2..4).and_then(|digits| std::str::from_utf8(digits).ok());
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).map_or((b'x', 2), |value| (value, 4))
        }
        Some(other) => (*other, 2),
        None => (b'\\', 1),
    }
}

/// What commands of one kind have in common: the command, and the pattern of the first key or subcommand.
#[must_use]
pub fn shape(words: &[Vec<u8>]) -> String {
    let text = |word: &Vec<u8>| String::from_utf8_lossy(word).into_owned();
    let command = words.first().map(text).unwrap_or_default().to_ascii_uppercase();
    let scripts = matches!(command.as_str(), "EVAL" | "EVAL_RO" | "EVALSHA" | "EVALSHA_RO");
    match words.get(1).map(text) {
        // A script is itself, whatever keys it gets.
        Some(script) if scripts => format!("{command} {script}"),
        Some(key) => format!("{command} {} {}", without_numbers(&key), "?".repeat(words.len().saturating_sub(2).min(3))),
        None => command,
    }
}

/// The key with each part that holds a digit as `*`.
fn without_numbers(key: &str) -> String {
    let part = |part: &str| if part.bytes().any(|byte| byte.is_ascii_digit()) { "*".to_owned() } else { part.to_owned() };
    key.split(':').map(part).collect::<Vec<_>>().join(":")
}

/// The words of a command of a file.
///
/// # Errors
/// With its place, where quotes are wrong.
pub fn words_of(file: &SourceFile, command: &Command<'_>) -> Result<Vec<Vec<u8>>, LabError> {
    words(command.text).map_err(|(at, problem)| LabError::new(LabErrorKind::Source, problem).at(file.place(command.offset + at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(line: &str) -> Vec<String> {
        words(line).unwrap().iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn words_as_redis_cli_reads_them() {
        assert_eq!(texts("SET a:1  x"), ["SET", "a:1", "x"]);
        assert_eq!(texts(r#"SET "a b" "\x41\n\"" 'it\'s "so"' """#), ["SET", "a b", "A\n\"", "it's \"so\"", ""]);
        assert_eq!(words(r#"SET "\xff\x00" x"#).unwrap()[1], [0xff, 0]);
        assert_eq!(words(r#"SET "a"#), Err((4, "the quote is not closed on its line")));
        assert_eq!(words(r#"SET "a"b c"#).unwrap_err().0, 6);
        assert_eq!(texts("SET ключ \"\\xzz\""), ["SET", "ключ", "xzz"]);
    }

    #[test]
    fn remarks_belong_to_the_command_behind_them() {
        let found = split("# all of it\n\nSET a 1\r\n# name: look up\n# weight: 3\n  GET a\n# end\n");
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].text, found[1].line, found[1].annotation("weight").map(|(value, _)| value)), ("GET a", 6, Some("3")));
        assert_eq!((found[0].annotation("name"), found[0].offset), (None, 13));
    }

    #[test]
    fn commands_of_one_shape() {
        let shape = |line: &str| super::shape(&words(line).unwrap());
        assert_eq!(shape("get user:17:cart"), shape("GET user:4:cart"));
        assert_ne!(shape("GET user:17:cart"), shape("GET user:17:orders"));
        assert_ne!(shape("EVAL \"return 1\" 0"), shape("EVAL \"return 2\" 0"));
    }
}
