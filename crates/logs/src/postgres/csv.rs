//! PostgreSQL's csvlog. Columns are told by their place, as the manual lists them; newer servers add some at the end. It never
//! copies a field that needs no unquoting.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use xxhash_rust::xxh3::xxh3_64;

use super::{Message, take};
use crate::clock::Clock;
use crate::digest::names::Who;
use crate::prefix::Severity;
use crate::sink::Sink;

/// Columns of version 9.0 and newer; later ones are read as far as they are there.
const FEWEST: usize = 23;
const MOST: usize = 32;

const USER: usize = 1;
const DATABASE: usize = 2;
const HOST: usize = 4;
const SESSION: usize = 5;
const SEVERITY: usize = 11;
const CODE: usize = 12;
const MESSAGE: usize = 13;
const DETAIL: usize = 14;
const HINT: usize = 15;
const CONTEXT: usize = 18;
const QUERY: usize = 19;
const APPLICATION: usize = 22;
const QUERY_ID: usize = 25;

/// Whether a record may begin so: a time and a comma.
pub fn begins(line: &[u8]) -> bool {
    let digit = |at: usize| line.get(at).is_some_and(u8::is_ascii_digit);
    digit(0)
        && digit(3)
        && line.get(4) == Some(&b'-')
        && line.get(13) == Some(&b':')
        && line.get(19) == Some(&b'.')
        && digit(20)
        && line[20..line.len().min(40)].contains(&b',')
}

/// Whether a line is, or begins, a record.
pub fn is_entry(line: &[u8]) -> bool {
    begins(line) && record(line).is_some_and(|(fields, _)| fields.count > SEVERITY && Severity::of(fields.raw(SEVERITY)).is_some())
}

/// The fields of a record: where each begins and ends, quotes left out, and whether it has doubled quotes.
struct Fields<'a> {
    bytes: &'a [u8],
    spans: [(u32, u32, bool); MOST],
    count: usize,
}

impl<'a> Fields<'a> {
    fn raw(&self, number: usize) -> &'a [u8] {
        if number >= self.count {
            return b"";
        }
        let (from, to, _) = self.spans[number];
        &self.bytes[from as usize..to as usize]
    }

    fn text(&self, number: usize) -> Cow<'a, [u8]> {
        let raw = self.raw(number);
        if number < self.count && self.spans[number].2 { Cow::Owned(undouble(raw)) } else { Cow::Borrowed(raw) }
    }
}

fn undouble(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memmem::find(rest, b"\"\"") {
        out.extend_from_slice(&rest[..=at]);
        rest = &rest[at + 2..];
    }
    out.extend_from_slice(rest);
    out
}

/// Splits a record off; gives its fields and its bytes, the line's end included. `None` when its end is missing.
#[inline]
fn record(bytes: &[u8]) -> Option<(Fields<'_>, usize)> {
    let mut fields = Fields { bytes, spans: [(0, 0, false); MOST], count: 0 };
    let mut at = 0;
    loop {
        let (from, to, doubled);
        if bytes.get(at) == Some(&b'"') {
            from = at + 1;
            let mut end = from;
            let mut any = false;
            loop {
                end += memchr(b'"', bytes.get(end..)?)?;
                if bytes.get(end + 1) != Some(&b'"') {
                    break;
                }
                any = true;
                end += 2;
            }
            (to, doubled) = (end, any);
            at = end + 1;
        } else {
            from = at;
            let rest = &bytes[at..];
            let length = rest.iter().position(|byte| matches!(byte, b',' | b'\n')).unwrap_or(rest.len());
            (to, doubled) = (at + length, false);
            at += length;
        }
        if fields.count < MOST {
            fields.spans[fields.count] = (from as u32, to as u32, doubled);
            fields.count += 1;
        }
        match bytes.get(at) {
            Some(b',') => at += 1,
            Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => return Some((fields, at + 2)),
            Some(b'\n') => return Some((fields, at + 1)),
            None => return Some((fields, at)),
            Some(_) => return None,
        }
    }
}

/// Reads a block.
pub fn parse(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let length = match record(rest) {
            Some((fields, length)) if fields.count >= FEWEST => match message(&fields, at, sink) {
                true => length,
                false => skip(rest, at, sink),
            },
            _ => skip(rest, at, sink),
        };
        at += length;
    }
}

/// Passes over a line that is no record.
fn skip(rest: &[u8], at: usize, sink: &mut Sink<'_>) -> usize {
    let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
    if !rest[..length].trim_ascii().is_empty() {
        sink.unread(&rest[..length], at);
    }
    length
}

#[inline]
fn message(fields: &Fields<'_>, offset: usize, sink: &mut Sink<'_>) -> bool {
    let Some(severity) = Severity::of(fields.raw(SEVERITY)) else { return false };
    let Some((at, _)) = read_time(fields.raw(0), sink.clock) else { return false };
    let length = fields.spans[fields.count - 1].1 as usize;
    if !sink.entry(Some(at), (length + 1).min(fields.bytes.len())) {
        return true;
    }
    let (user, database, application) = (fields.text(USER), fields.text(DATABASE), fields.text(APPLICATION));
    let (text, detail, hint, context, query) =
        (fields.text(MESSAGE), fields.text(DETAIL), fields.text(HINT), fields.text(CONTEXT), fields.text(QUERY));
    let message = Message {
        at: Some(at),
        session: xxh3_64(fields.raw(SESSION)),
        who: Who { user: &user, database: &database, application: &application, host: fields.raw(HOST) },
        severity,
        code: fields.raw(CODE),
        text: &text,
        detail: &detail,
        hint: &hint,
        context: &context,
        statement: &query,
        query_id: fields.raw(QUERY_ID),
        offset,
    };
    take(&message, sink);
    true
}

fn read_time(text: &[u8], clock: &mut Clock) -> Option<(i64, usize)> {
    clock.read(text)
}
