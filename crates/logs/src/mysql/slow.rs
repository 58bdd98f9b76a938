//! The slow log, with what MariaDB and Percona add to its heads. It never takes a comment of a statement for a head: heads stand
//! before statements only.

use memchr::{memchr, memmem};
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Clock;
use crate::digest::names::Who;
use crate::digest::{Call, Extras, Phase};
use crate::format::without_return;
use crate::sink::Sink;

/// An entry under way.
#[derive(Debug, Default)]
struct Head<'a> {
    begin: usize,
    time: Option<i64>,
    user: &'a [u8],
    host: &'a [u8],
    database: &'a [u8],
    session: u64,
    duration_us: Option<u64>,
    extras: Extras,
    mariadb: bool,
}

/// Reads a block.
pub fn parse(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    let mut carried: (Option<i64>, &[u8]) = (None, b"");
    while at < bytes.len() {
        let line_end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..line_end]);
        if line.starts_with(b"# Time: ") || line.starts_with(b"# User@Host: ") {
            at = entry(bytes, at, &mut carried, sink);
            continue;
        }
        if !line.is_empty() && !is_banner(line) {
            sink.unread(line, at);
        } else {
            sink.more(line_end - at + 1);
        }
        at = line_end + 1;
    }
}

/// What a server writes when it opens the file.
fn is_banner(line: &[u8]) -> bool {
    line.ends_with(b"started with:")
        || line.starts_with(b"Tcp port: ")
        || line.starts_with(b"Time  ")
        || memmem::find(line, b", Version: ").is_some()
}

fn entry<'a>(bytes: &'a [u8], begin: usize, carried: &mut (Option<i64>, &'a [u8]), sink: &mut Sink<'_>) -> usize {
    let mut head = Head { begin, ..Head::default() };
    let mut at = begin;
    while bytes.get(at) == Some(&b'#') {
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..end]);
        if line.starts_with(b"# administrator command: ") {
            break;
        }
        if let Some(rest) = line.strip_prefix(b"# Time: ") {
            head.time = read_time(rest, sink.clock);
        } else if let Some(rest) = line.strip_prefix(b"# User@Host: ") {
            user(rest, &mut head);
        } else {
            fields(&line[1..], &mut head);
        }
        at = end + 1;
    }
    if head.time.is_some() {
        carried.0 = head.time;
    }
    let end = at.min(bytes.len()) + next_head(&bytes[at.min(bytes.len())..]);
    let body = &bytes[at.min(end)..end];
    body_of(body, &mut head, carried, end - begin, sink);
    end
}

/// Where the next entry begins, behind this one's statement: a head at the beginning of a line.
fn next_head(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(hash) = memmem::find(&bytes[from..], b"\n# ") {
        let at = from + hash + 1;
        let rest = &bytes[at..];
        if rest.starts_with(b"# Time: ") || rest.starts_with(b"# User@Host: ") {
            return at;
        }
        from = at;
    }
    bytes.len()
}

fn read_time(text: &[u8], clock: &mut Clock) -> Option<i64> {
    clock.read(text).or_else(|| super::short_time(text, clock)).map(|(time, _)| time)
}

/// `joe[joe] @ web-1 [10.0.0.1]  Id:    12`.
fn user<'a>(rest: &'a [u8], head: &mut Head<'a>) {
    let end = memchr(b'[', rest).unwrap_or(rest.len());
    head.user = rest[..end].trim_ascii();
    if let Some(at) = memmem::find(rest, b" @ ") {
        let host = &rest[at + 3..];
        head.host = host[..memmem::find(host, b"  Id:").unwrap_or(host.len())].trim_ascii();
    }
    if let Some(at) = memmem::find(rest, b"Id:") {
        head.session = session(rest[at + 3..].trim_ascii());
    }
}

fn session(text: &[u8]) -> u64 {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { 0 } else { xxh3_64(&text[..digits]) }
}

/// ` Query_time: 0.1  Lock_time: 0.0 Rows_sent: 1`: names and values in turn.
#[inline]
fn fields<'a>(line: &'a [u8], head: &mut Head<'a>) {
    let mut rest = line;
    while let Some(colon) = memchr(b':', rest) {
        let name = rest[..colon].trim_ascii();
        let behind = rest.get(colon + 1..).unwrap_or_default();
        let behind = behind.strip_prefix(b" ").unwrap_or(behind);
        // A value may be absent, as that of Schema is.
        let end = memchr(b' ', behind).unwrap_or(behind.len());
        field(name, &behind[..end], head);
        rest = &behind[end..];
    }
}

#[inline]
fn field<'a>(name: &[u8], value: &'a [u8], head: &mut Head<'a>) {
    let extras = &mut head.extras;
    match name {
        b"Query_time" => head.duration_us = seconds(value),
        b"Lock_time" => extras.lock_us = seconds(value),
        b"Rows_sent" => extras.rows_sent = number(value),
        b"Rows_examined" => extras.rows_examined = number(value),
        b"Rows_affected" => extras.rows_affected = number(value),
        b"Tmp_table_sizes" | b"InnoDB_tmp_table_sizes" => extras.temporary_bytes = number(value),
        b"Full_scan" => extras.full_scan = Some(value == b"Yes"),
        b"Thread_id" => {
            head.session = session(value);
            head.mariadb = true;
        }
        b"Schema" => head.database = value,
        _ => {}
    }
}

/// Seconds with up to six decimals, as µs.
#[inline]
fn seconds(text: &[u8]) -> Option<u64> {
    let whole = text.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    if whole == 0 {
        return None;
    }
    let mut us = text[..whole].iter().fold(0_u64, |sum, byte| sum * 10 + u64::from(byte & 15));
    let decimals = text.get(whole + 1..).unwrap_or_default();
    for at in 0..6 {
        us = us * 10 + decimals.get(at).filter(|byte| byte.is_ascii_digit()).map_or(0, |byte| u64::from(byte & 15));
    }
    Some(us)
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take(18).take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| text[..digits].iter().fold(0, |sum, byte| sum * 10 + u64::from(byte & 15)))
}

/// The statement behind a head, and what stands before it: `use shop;`, `SET timestamp=…;`.
fn body_of<'a>(body: &'a [u8], head: &mut Head<'a>, carried: &mut (Option<i64>, &'a [u8]), length: usize, sink: &mut Sink<'_>) {
    let mut rest = body;
    let mut started = None;
    loop {
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = without_return(&rest[..end]);
        let next = &rest[(end + 1).min(rest.len())..];
        if let Some(name) = line.strip_prefix(b"use ").and_then(|name| name.strip_suffix(b";")).filter(|_| !next.is_empty()) {
            carried.1 = name.trim_ascii().strip_prefix(b"`").and_then(|name| name.strip_suffix(b"`")).unwrap_or(name.trim_ascii());
        } else if let Some(value) = line.strip_prefix(b"SET timestamp=").filter(|_| started.is_none()) {
            started = timestamp(value);
        } else if !line.starts_with(b"SET last_insert_id=") && !line.starts_with(b"SET insert_id=") {
            break;
        }
        if next.is_empty() {
            rest = next;
            break;
        }
        rest = next;
    }
    if head.database.is_empty() {
        head.database = carried.1;
    }
    let began = started.map(|start| start + head.duration_us.unwrap_or(0) as i64);
    let at = head.time.or(began).or(carried.0);
    if head.mariadb {
        sink.stats.mariadb = true;
    }
    if head.duration_us.is_none() || !sink.entry(at, length) {
        if head.duration_us.is_none() {
            sink.unread(body, head.begin);
        }
        return;
    }
    let text = rest.trim_ascii();
    if text.is_empty() {
        return;
    }
    let text = text.strip_suffix(b";").unwrap_or(text);
    let text = text.strip_prefix(b"# administrator command: ").map_or(text, |_| b"/* administrator command */");
    let call = Call {
        at,
        session: sink.session(head.session),
        text,
        phase: Phase::Execute,
        duration_us: head.duration_us,
        who: Who { user: head.user, database: head.database, application: b"", host: head.host },
        parameters: b"",
        extras: Some(&head.extras),
        offset: sink.offset + head.begin as u64,
        cut: false,
    };
    sink.call(&call);
}

fn timestamp(text: &[u8]) -> Option<i64> {
    seconds(text).map(|us| us as i64)
}
