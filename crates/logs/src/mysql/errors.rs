//! The error log of MySQL and MariaDB. It never holds statements.

use dbwright_model::profile::EventKind;
use memchr::memchr;

use crate::clock::Clock;
use crate::digest::events::{Event, subject};
use crate::format::{holds, without_return};
use crate::sink::Sink;

struct Head<'a> {
    at: i64,
    level: &'a [u8],
    code: &'a [u8],
    text: usize,
}

/// `2024-05-01T12:00:00.000001Z 0 [Warning] [MY-010068] [Server] …` and MariaDB's `2024-05-01 12:00:00 0 [Note] …`.
fn head<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Head<'a>> {
    if !line.first()?.is_ascii_digit() {
        return None;
    }
    let (at, mut used) = clock.read(line)?;
    let rest = line.get(used..)?;
    let digits = rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit() || **byte == b' ').count();
    if rest.first() != Some(&b' ') || digits == 0 {
        return None;
    }
    used += 1 + digits;
    let level = bracketed(&line[used..])?;
    if !["Note", "Warning", "ERROR", "System", "Error"].iter().any(|word| word.as_bytes() == level) {
        return None;
    }
    used += level.len() + 2;
    let mut code: &[u8] = b"";
    for _ in 0..2 {
        let Some(part) = line.get(used..).and_then(|rest| rest.strip_prefix(b" ")).and_then(bracketed) else { break };
        if part.starts_with(b"MY-") {
            code = part;
        }
        used += part.len() + 3;
    }
    Some(Head { at, level, code, text: (used + 1).min(line.len()) })
}

fn bracketed(text: &[u8]) -> Option<&[u8]> {
    let inner = text.strip_prefix(b"[")?;
    Some(&inner[..memchr(b']', inner)?])
}

/// Whether a line is an entry.
pub fn is_entry(line: &[u8]) -> bool {
    head(line, &mut Clock::new(0)).is_some()
}

/// Reads a block.
pub fn parse(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    let mut any = false;
    while at < bytes.len() {
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..end]);
        match head(line, sink.clock) {
            Some(head) => {
                any = true;
                if sink.entry(Some(head.at), end + 1 - at) {
                    take(&head, &line[head.text..], sink);
                }
            }
            // Reports of InnoDB go over many lines.
            None if any || line.is_empty() => sink.more(end + 1 - at),
            None => sink.unread(line, at),
        }
        at = end + 1;
    }
}

fn take(head: &Head<'_>, text: &[u8], sink: &mut Sink<'_>) {
    let kind = match head.level {
        b"ERROR" | b"Error" => EventKind::Error,
        _ if holds(text, b"eadlock") => EventKind::Deadlock,
        b"Warning" => EventKind::Warning,
        _ if holds(text, b"ready for connections") || holds(text, b"hutdown") || holds(text, b"starting as process") => {
            EventKind::Lifecycle
        }
        _ => EventKind::Other,
    };
    if kind == EventKind::Error {
        sink.digest.errors += 1;
        sink.digest.timelines.error(head.at);
    }
    let mut common = Vec::new();
    subject(text, &mut common);
    sink.digest.events.add(&Event { kind, at: Some(head.at), subject: &common, code: head.code, message: text, ..Event::default() });
}
