//! `log_line_prefix` of PostgreSQL as a matcher of lines. A value that holds the separator behind it is read too short, as it
//! is by everyone: the server does not escape it.

use memchr::{memchr, memmem};
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Clock;
use crate::error::LogError;

pub mod infer;

/// What a line's beginning says.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Header<'a> {
    /// Time, µs.
    pub at: Option<i64>,
    /// Process.
    pub pid: u64,
    /// Names the session: of `%c`, else of the process.
    pub session: u64,
    /// Role.
    pub user: &'a [u8],
    /// Database.
    pub database: &'a [u8],
    /// Application.
    pub application: &'a [u8],
    /// Client.
    pub host: &'a [u8],
    /// SQLSTATE.
    pub code: &'a [u8],
    /// Query id, as text.
    pub query_id: &'a [u8],
    /// Bytes of the prefix.
    pub length: usize,
    /// The word behind it.
    pub severity: Severity,
    /// Where the message begins.
    pub message: usize,
}

/// The words that stand before messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the server's own words")]
pub enum Severity {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    #[default]
    Log,
    Fatal,
    Panic,
    Detail,
    Hint,
    Query,
    Context,
    Statement,
    Location,
    Backtrace,
}

impl Severity {
    /// Whether an entry begins with it, rather than going on.
    #[must_use]
    pub const fn begins(self) -> bool {
        !matches!(self, Self::Detail | Self::Hint | Self::Query | Self::Context | Self::Statement | Self::Location | Self::Backtrace)
    }

    /// The word as csv and JSON logs have it.
    #[must_use]
    pub fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"LOG" => Self::Log,
            b"DETAIL" => Self::Detail,
            b"STATEMENT" => Self::Statement,
            b"ERROR" => Self::Error,
            b"HINT" => Self::Hint,
            b"CONTEXT" => Self::Context,
            b"QUERY" => Self::Query,
            b"LOCATION" => Self::Location,
            b"BACKTRACE" => Self::Backtrace,
            b"WARNING" => Self::Warning,
            b"FATAL" => Self::Fatal,
            b"PANIC" => Self::Panic,
            b"NOTICE" => Self::Notice,
            b"INFO" => Self::Info,
            b"DEBUG" | b"DEBUG1" | b"DEBUG2" | b"DEBUG3" | b"DEBUG4" | b"DEBUG5" => Self::Debug,
            _ => return None,
        })
    }
}

/// The severity that a text begins with, and where the message behind it begins.
#[inline]
fn severity(text: &[u8]) -> Option<(Severity, usize)> {
    let end = text.iter().take(10).position(|byte| *byte == b':')?;
    if text.get(end + 1) != Some(&b' ') {
        return None;
    }
    let severity = Severity::of(&text[..end])?;
    let blanks = 1 + usize::from(text.get(end + 2) == Some(&b' '));
    Some((severity, end + 1 + blanks))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    User,
    Database,
    Application,
    Host,
    Code,
    QueryId,
    Session,
    Pid,
    Ignored,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(Vec<u8>),
    /// `%t`, `%m`.
    Time,
    /// `%n`.
    Epoch,
    /// A number.
    Digits(Field),
    /// Anything up to the literal behind it.
    Text(Field),
    /// `%q`: processes without session have nothing more.
    SessionOnly,
}

/// A compiled `log_line_prefix`.
#[derive(Debug, Clone, PartialEq)]
pub struct Prefix {
    text: String,
    parts: Vec<Part>,
}

impl Prefix {
    /// Compiles a prefix as the server's setting has it.
    ///
    /// # Errors
    /// When it has an escape that no server knows, or none that could be told apart.
    pub fn new(text: &str) -> Result<Self, LogError> {
        let wrong = |reason: &str| LogError::Prefix(text.to_owned(), reason.to_owned());
        let mut parts = Vec::new();
        let mut literal = Vec::new();
        let mut bytes = text.bytes().peekable();
        while let Some(byte) = bytes.next() {
            if byte != b'%' {
                literal.push(byte);
                continue;
            }
            let mut padded = false;
            while let Some(byte) = bytes.next_if(|byte| byte.is_ascii_digit() || *byte == b'-') {
                padded |= byte.is_ascii_digit();
            }
            let escape = bytes.next().ok_or_else(|| wrong("it ends in a single %"))?;
            if escape == b'%' {
                literal.push(b'%');
                continue;
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            let part = Part::of(escape).ok_or_else(|| wrong(&format!("no server knows %{}", escape as char)))?;
            // A padded number has blanks around it, which only a text takes.
            parts.push(match part {
                Part::Digits(field) if padded => Part::Text(field),
                part => part,
            });
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The setting.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Fields that it tells, for choosing between prefixes that match equally well.
    #[must_use]
    pub fn fields(&self) -> usize {
        let tells = |part: &&Part| !matches!(part, Part::Literal(_) | Part::SessionOnly | Part::Text(Field::Ignored));
        self.parts.iter().filter(tells).count()
    }

    /// Reads a line: its prefix, and the severity behind it. `None` when the line does not begin so.
    #[inline]
    pub fn read<'a>(&self, line: &'a [u8], clock: &mut Clock) -> Option<Header<'a>> {
        let mut header = Header::default();
        let mut at = 0;
        for (index, part) in self.parts.iter().enumerate() {
            let rest = &line[at..];
            match part {
                Part::Literal(literal) => {
                    at += if rest.starts_with(literal) { literal.len() } else { return None };
                }
                Part::Time => {
                    let (time, used) = clock.read(rest)?;
                    header.at = Some(time);
                    at += used;
                }
                Part::Epoch => {
                    let (time, used) = epoch(rest)?;
                    header.at = Some(time);
                    at += used;
                }
                Part::Digits(field) => {
                    let used = rest.iter().take(20).take_while(|byte| byte.is_ascii_digit()).count();
                    if used == 0 {
                        return None;
                    }
                    header.set(*field, &rest[..used]);
                    at += used;
                }
                Part::Text(field) => {
                    let used = text_end(rest, self.parts.get(index + 1))?;
                    header.set(*field, rest[..used].trim_ascii());
                    at += used;
                }
                Part::SessionOnly => {
                    if let Some((severity, message)) = severity(rest) {
                        return Some(header.finish(at, severity, message));
                    }
                }
            }
        }
        // Padding and a setting that was typed without its last blank leave blanks.
        at += line[at..].iter().take_while(|byte| **byte == b' ').count();
        let (severity, message) = severity(&line[at..])?;
        Some(header.finish(at, severity, message))
    }
}

impl<'a> Header<'a> {
    #[inline]
    fn set(&mut self, field: Field, value: &'a [u8]) {
        match field {
            Field::User => self.user = known(value),
            Field::Database => self.database = known(value),
            Field::Application => self.application = known(value),
            Field::Host => self.host = known(value),
            Field::Code => self.code = value,
            Field::QueryId => self.query_id = value,
            Field::Session => self.session = xxh3_64(value),
            Field::Pid => self.pid = value.iter().fold(0_u64, |sum, byte| sum.wrapping_mul(10).wrapping_add(u64::from(byte & 15))),
            Field::Ignored => {}
        }
    }

    #[inline]
    fn finish(mut self, length: usize, severity: Severity, message: usize) -> Self {
        if self.session == 0 {
            self.session = self.pid.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        self.length = length;
        self.severity = severity;
        self.message = length + message;
        self
    }
}

fn known(value: &[u8]) -> &[u8] {
    if value == b"[unknown]" { b"" } else { value }
}

impl Part {
    fn of(escape: u8) -> Option<Self> {
        Some(match escape {
            b't' | b'm' => Self::Time,
            b's' => Self::Text(Field::Ignored),
            b'n' => Self::Epoch,
            b'p' => Self::Digits(Field::Pid),
            b'l' | b'x' => Self::Digits(Field::Ignored),
            b'P' => Self::Text(Field::Ignored),
            b'u' => Self::Text(Field::User),
            b'd' => Self::Text(Field::Database),
            b'a' => Self::Text(Field::Application),
            b'h' | b'r' => Self::Text(Field::Host),
            b'b' | b'i' | b'v' | b'L' => Self::Text(Field::Ignored),
            b'e' => Self::Text(Field::Code),
            b'c' => Self::Text(Field::Session),
            b'Q' => Self::Text(Field::QueryId),
            b'q' => Self::SessionOnly,
            _ => return None,
        })
    }
}

/// Where a text ends: before the literal behind it, or before the severity where nothing is behind it.
#[inline]
fn text_end(rest: &[u8], next: Option<&Part>) -> Option<usize> {
    let window = &rest[..rest.len().min(400)];
    match next {
        Some(Part::Literal(literal)) if literal.len() == 1 => memchr(literal[0], window),
        Some(Part::Literal(literal)) => memmem::find(window, literal),
        Some(Part::SessionOnly) | None => severity_at(window),
        Some(Part::Digits(_)) => window.iter().position(u8::is_ascii_digit),
        Some(_) => Some(window.iter().position(|byte| *byte == b' ').unwrap_or(window.len())),
    }
}

/// The first place at which a severity begins.
pub(crate) fn severity_at(text: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(colon) = memmem::find(&text[from..], b":  ") {
        let end = from + colon;
        let begin = text[..end].iter().rposition(|byte| !byte.is_ascii_uppercase() && !byte.is_ascii_digit()).map_or(0, |at| at + 1);
        if Severity::of(&text[begin..end]).is_some() {
            return Some(begin);
        }
        // Without a separator the word before runs into the severity.
        if let Some(at) = (begin..end).find(|at| Severity::of(&text[*at..end]).is_some()) {
            return Some(at);
        }
        from = end + 3;
    }
    None
}

/// `1396303200.123` in µs.
fn epoch(text: &[u8]) -> Option<(i64, usize)> {
    let whole = text.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    if whole < 9 || text.get(whole) != Some(&b'.') {
        return None;
    }
    let seconds = text[..whole].iter().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte & 15));
    let part = text[whole + 1..].iter().take(6).take_while(|byte| byte.is_ascii_digit()).count();
    let micros = (0..6).fold(0_i64, |sum, at| sum * 10 + if at < part { i64::from(text[whole + 1 + at] & 15) } else { 0 });
    Some((seconds * 1_000_000 + micros, whole + 1 + part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a>(prefix: &str, line: &'a str) -> Option<Header<'a>> {
        Prefix::new(prefix).unwrap().read(line.as_bytes(), &mut Clock::new(0))
    }

    #[test]
    fn reads_what_servers_write() {
        let header = read("%m [%p] %q%u@%d ", "2024-05-01 12:00:00.123 UTC [77] joe@shop LOG:  hello").unwrap();
        assert_eq!((header.pid, header.user, header.database, header.severity), (77, &b"joe"[..], &b"shop"[..], Severity::Log));
        let line = "2024-05-01 12:00:00.123 UTC [77] LOG:  checkpoint starting: time";
        let header = read("%m [%p] %q%u@%d ", line).unwrap();
        assert_eq!(&line[header.message..], "checkpoint starting: time");
        let line = "2024-05-01 12:00:00 UTC:10.0.0.1(5432):joe@shop:[99]:ERROR:  x";
        let header = read("%t:%r:%u@%d:[%p]:", line).unwrap();
        assert_eq!((header.host, header.pid, header.severity), (&b"10.0.0.1(5432)"[..], 99, Severity::Error));
        let line = "2024-05-01 12:00:00 UTC [9]: [3-1] user=[unknown],db=shop,app=my app, v2,client=::1 STATEMENT:  select 1";
        let header = read("%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ", line).unwrap();
        assert_eq!((header.user, header.application, header.severity), (&b""[..], &b"my app, v2"[..], Severity::Statement));
        assert_eq!(read("%n [%p] ", "1714564800.250 [5] LOG:  x").unwrap().at, Some(1_714_564_800_250_000));
        assert_eq!(read("%m [%6p] ", "2024-05-01 12:00:00.1 UTC [    42] LOG:  x").unwrap().pid, 42);
        assert_eq!(read("%m [%p] ", "some other line"), None);
        assert!(matches!(Prefix::new("%z "), Err(LogError::Prefix(..))));
    }
}
