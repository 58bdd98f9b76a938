//! Messages that are no statements, grouped by what they have in common. Bounded: groups beyond the room are counted in one
//! group a kind.

use std::collections::HashMap;

use dbwright_model::profile::{EventGroup, EventKind};
use dbwright_model::time::Timestamp;

/// Groups kept.
const GROUPS: usize = 2000;
/// Bytes kept of a message and of its detail.
const TEXT: usize = 2000;
/// Bytes of a subject.
const SUBJECT: usize = 300;

/// Kind, subject and code of a group.
type Key = (EventKind, Box<[u8]>, Box<[u8]>);
/// An example: its time, message and detail, and the statement's fingerprint.
type Kept = (i64, Box<[u8]>, Box<[u8]>, Option<u128>);

/// An event, as an entry tells it.
#[derive(Debug, Default)]
pub struct Event<'a> {
    /// The kind.
    pub kind: EventKind,
    /// When, µs.
    pub at: Option<i64>,
    /// What it has in common with others: already without numbers.
    pub subject: &'a [u8],
    /// The code of an error.
    pub code: &'a [u8],
    /// The message.
    pub message: &'a [u8],
    /// Detail, hint and context.
    pub detail: &'a [u8],
    /// Duration named in it, µs.
    pub duration_us: u64,
    /// Bytes named in it.
    pub bytes: u64,
    /// Fingerprint of the statement.
    pub statement: Option<u128>,
}

#[derive(Debug, Clone, Default)]
struct Group {
    count: u64,
    total_us: u64,
    max_us: u64,
    bytes: u64,
    span: Option<(i64, i64)>,
    /// The earliest message, so that the example does not depend on who read first.
    example: Kept,
}

/// All groups.
#[derive(Debug, Default)]
pub struct Events {
    groups: HashMap<Key, Group>,
}

impl Events {
    /// Counts an event.
    pub fn add(&mut self, event: &Event<'_>) {
        let subject = &event.subject[..event.subject.len().min(SUBJECT)];
        let code = &event.code[..event.code.len().min(16)];
        let mut key: (EventKind, Box<[u8]>, Box<[u8]>) = (event.kind, subject.into(), code.into());
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&key) {
            key = (event.kind, (*b"others").into(), (*b"").into());
        }
        let group = self.groups.entry(key).or_default();
        group.count += 1;
        group.total_us += event.duration_us;
        group.max_us = group.max_us.max(event.duration_us);
        group.bytes += event.bytes;
        let at = event.at.unwrap_or(i64::MAX);
        if group.count == 1 || at < group.example.0 {
            let cut = |bytes: &[u8]| -> Box<[u8]> { bytes[..bytes.len().min(TEXT)].into() };
            group.example = (at, cut(event.message), cut(event.detail), event.statement);
        }
        if let Some(at) = event.at {
            group.span = Some(group.span.map_or((at, at), |(first, last)| (first.min(at), last.max(at))));
        }
    }

    /// Adds another's.
    pub fn merge(&mut self, other: Self) {
        for (key, group) in other.groups {
            let room = self.groups.len() < 2 * GROUPS || self.groups.contains_key(&key);
            let key = if room { key } else { (key.0, (*b"others").into(), (*b"").into()) };
            self.groups.entry(key).or_default().merge(group);
        }
    }

    /// The groups as values: by kind, most frequent first.
    #[must_use]
    pub fn finish(&self) -> Vec<EventGroup> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let value = |((kind, subject, code), group): (&Key, &Group)| EventGroup {
            kind: *kind,
            subject: text(subject),
            code: (!code.is_empty()).then(|| text(code)),
            count: group.count,
            total_us: group.total_us,
            max_us: group.max_us,
            bytes: group.bytes,
            first: group.span.map(|(first, _)| Timestamp(first)),
            last: group.span.map(|(_, last)| Timestamp(last)),
            example: text(&group.example.1),
            detail: text(&group.example.2),
            statement: group.example.3.map(|fingerprint| format!("{fingerprint:032x}")),
        };
        let mut all: Vec<EventGroup> = self.groups.iter().map(value).collect();
        all.sort_by(|a, b| {
            let key = |group: &EventGroup| (group.kind, std::cmp::Reverse(group.count));
            key(a).cmp(&key(b)).then_with(|| (&a.subject, &a.code).cmp(&(&b.subject, &b.code)))
        });
        all
    }
}

impl Group {
    fn merge(&mut self, other: Self) {
        if self.count == 0 || (other.count > 0 && other.example < self.example) {
            self.example = other.example;
        }
        self.count += other.count;
        self.total_us += other.total_us;
        self.max_us = self.max_us.max(other.max_us);
        self.bytes += other.bytes;
        self.span = match (self.span, other.span) {
            (Some(own), Some(its)) => Some((own.0.min(its.0), own.1.max(its.1))),
            (own, its) => own.or(its),
        };
    }
}

/// A message without what differs between messages of one kind: numbers become `#`, quoted texts `"…"` unless a word before
/// them says that they name an object of the schema.
pub fn subject(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    while at < message.len() && out.len() < SUBJECT {
        let byte = message[at];
        match byte {
            b'0'..=b'9' if !ends_in_letter(out) => {
                while message.get(at).is_some_and(|byte| byte.is_ascii_hexdigit() || matches!(byte, b'.' | b'/')) {
                    at += 1;
                }
                out.push(b'#');
            }
            b'"' | b'\'' => {
                let length = memchr::memchr(byte, &message[at + 1..]).map_or(message.len() - at, |length| length + 2);
                if names_object(out) {
                    out.extend_from_slice(&message[at..at + length]);
                } else {
                    out.extend_from_slice(if byte == b'"' { "\"…\"".as_bytes() } else { "'…'".as_bytes() });
                }
                at += length;
            }
            b'\n' | b'\r' | b'\t' => {
                out.push(b' ');
                at += 1;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
}

fn ends_in_letter(out: &[u8]) -> bool {
    out.last().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

fn names_object(out: &[u8]) -> bool {
    const WORDS: [&[u8]; 12] =
        [b"constraint", b"relation", b"column", b"table", b"database", b"role", b"user", b"index", b"schema", b"function", b"type", b"key"];
    let trimmed = out.trim_ascii_end();
    WORDS.iter().any(|word| trimmed.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_leave_out_what_differs() {
        let mut out = Vec::new();
        let mut of = |text: &str| {
            subject(text.as_bytes(), &mut out);
            String::from_utf8_lossy(&out).into_owned()
        };
        assert_eq!(
            of("duplicate key value violates unique constraint \"users_email_key\""),
            "duplicate key value violates unique constraint \"users_email_key\""
        );
        assert_eq!(of("invalid input syntax for type integer: \"abc12\""), "invalid input syntax for type integer: \"…\"");
        assert_eq!(
            of("process 123 still waiting for ShareLock on transaction 4711"),
            "process # still waiting for ShareLock on transaction #"
        );
    }
}
