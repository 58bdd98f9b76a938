//! PostgreSQL's jsonlog: one object a line. It never keeps members that nobody asks for.

use std::borrow::Cow;

use memchr::{memchr, memmem};
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_64;

use super::{Message, take};
use crate::digest::names::Who;
use crate::format::{holds, without_return};
use crate::prefix::Severity;
use crate::sink::Sink;

#[derive(Debug, Deserialize, Default)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    user: Cow<'a, str>,
    #[serde(borrow)]
    dbname: Cow<'a, str>,
    #[serde(borrow)]
    session_id: Cow<'a, str>,
    #[serde(borrow)]
    remote_host: Cow<'a, str>,
    #[serde(borrow)]
    error_severity: Cow<'a, str>,
    #[serde(borrow)]
    state_code: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
    #[serde(borrow)]
    detail: Cow<'a, str>,
    #[serde(borrow)]
    hint: Cow<'a, str>,
    #[serde(borrow)]
    context: Cow<'a, str>,
    #[serde(borrow)]
    statement: Cow<'a, str>,
    #[serde(borrow)]
    application_name: Cow<'a, str>,
    query_id: i64,
}

/// Whether a line is an entry.
pub fn is_entry(line: &[u8]) -> bool {
    line.starts_with(b"{") && holds(line, b"\"error_severity\":") && holds(line, b"\"timestamp\":")
}

/// Reads a block.
pub fn parse(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..end]);
        let next = (end + 1).min(bytes.len()).max(end);
        if !line.is_empty() && !entry(line, at, next - at, sink) {
            sink.unread(line, at);
        }
        at = next;
    }
}

fn entry(line: &[u8], offset: usize, length: usize, sink: &mut Sink<'_>) -> bool {
    let lossy;
    let parsed: Line<'_> = match std::str::from_utf8(line) {
        Ok(text) => match serde_json::from_str(text) {
            Ok(parsed) => parsed,
            Err(_) => return false,
        },
        Err(_) => {
            lossy = String::from_utf8_lossy(line).into_owned();
            match serde_json::from_str(&lossy) {
                Ok(parsed) => parsed,
                Err(_) => return false,
            }
        }
    };
    let Some(severity) = Severity::of(parsed.error_severity.as_bytes()) else { return false };
    let Some((at, _)) = sink.clock.read(parsed.timestamp.as_bytes()) else { return false };
    if !sink.entry(Some(at), length) {
        return true;
    }
    let id = if parsed.query_id == 0 { String::new() } else { parsed.query_id.to_string() };
    let message = Message {
        at: Some(at),
        session: xxh3_64(parsed.session_id.as_bytes()),
        who: Who {
            user: parsed.user.as_bytes(),
            database: parsed.dbname.as_bytes(),
            application: parsed.application_name.as_bytes(),
            host: parsed.remote_host.as_bytes(),
        },
        severity,
        code: parsed.state_code.as_bytes(),
        text: parsed.message.as_bytes(),
        detail: parsed.detail.as_bytes(),
        hint: parsed.hint.as_bytes(),
        context: parsed.context.as_bytes(),
        statement: parsed.statement.as_bytes(),
        query_id: id.as_bytes(),
        offset,
    };
    take(&message, sink);
    true
}

/// A string member of the outermost object, found by its first mention and unescaped.
pub fn string_member(object: &[u8], name: &str) -> Option<Vec<u8>> {
    let key = format!("\"{name}\":");
    let rest = object.get(memmem::find(object, key.as_bytes())? + key.len()..)?.trim_ascii_start();
    let rest = rest.strip_prefix(b"\"")?;
    let mut end = 0;
    while let Some(at) = memchr::memchr2(b'"', b'\\', &rest[end..]) {
        if rest[end + at] == b'"' {
            end += at;
            let quoted = [b"\"", &rest[..end], b"\""].concat();
            let text = String::from_utf8_lossy(&quoted);
            return serde_json::from_str::<String>(&text).ok().map(String::into_bytes);
        }
        end = (end + at + 2).min(rest.len());
    }
    None
}
