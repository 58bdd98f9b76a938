//! The general log: what clients sent, without durations. It never tells whether a statement failed.

use memchr::memchr;
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::Clock;
use crate::digest::names::Who;
use crate::digest::{Call, Phase};
use crate::format::without_return;
use crate::sink::Sink;

const COMMANDS: [&[u8]; 12] = [
    b"Query",
    b"Execute",
    b"Prepare",
    b"Connect",
    b"Quit",
    b"Init DB",
    b"Close stmt",
    b"Field List",
    b"Statistics",
    b"Ping",
    b"Reset stmt",
    b"Change user",
];

/// A line's head.
struct Head<'a> {
    at: Option<i64>,
    thread: &'a [u8],
    command: &'a [u8],
    text: usize,
}

/// `2024-05-01T12:00:00.000001Z\t   8 Query\tSELECT 1`, or with the short time of older servers, or without any.
fn head<'a>(line: &'a [u8], clock: &mut Clock) -> Option<Head<'a>> {
    let (at, used) = match line.first()? {
        b'\t' => (None, line.iter().take(2).take_while(|byte| **byte == b'\t').count()),
        byte if byte.is_ascii_digit() => {
            let (at, used) = clock.read(line).or_else(|| super::short_time(line, clock))?;
            (Some(at), used)
        }
        _ => return None,
    };
    let rest = line.get(used..)?;
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let digits = rest[blanks..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let behind = rest.get(blanks + digits..)?;
    if blanks == 0 || digits == 0 || behind.first() != Some(&b' ') {
        return None;
    }
    let command = *COMMANDS.iter().find(|command| behind[1..].starts_with(command))?;
    let text = used + blanks + digits + 1 + command.len();
    let tab = usize::from(line.get(text) == Some(&b'\t'));
    Some(Head { at, thread: &rest[blanks..blanks + digits], command, text: text + tab })
}

/// Whether a line is an entry.
pub fn is_entry(line: &[u8]) -> bool {
    head(line, &mut Clock::new(0)).is_some()
}

/// Whether a block may begin with it: it has a time, which the ones behind it share.
pub fn begins(line: &[u8]) -> bool {
    head(line, &mut Clock::new(0)).is_some_and(|head| head.at.is_some())
}

/// Reads a block.
pub fn parse(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    let mut time = None;
    while at < bytes.len() {
        let begin = at;
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[begin..end]);
        at = end + 1;
        let Some(head) = head(line, sink.clock) else {
            if !line.is_empty() && !line.ends_with(b"started with:") && !line.starts_with(b"Tcp port: ") && !line.starts_with(b"Time  ") {
                sink.unread(line, begin);
            }
            continue;
        };
        time = head.at.or(time);
        // A statement goes on until a line that has a head.
        let mut last = end;
        while at < bytes.len() {
            let next = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
            let line = without_return(&bytes[at..next]);
            if matches!(line.first(), Some(b'\t' | b'0'..=b'9')) && is_entry(line) {
                break;
            }
            last = next;
            at = next + 1;
        }
        if sink.entry(time, at.min(bytes.len()) - begin) {
            take(&head, time, without_return(&bytes[(begin + head.text).min(last)..last]), begin, sink);
        }
    }
}

fn take(head: &Head<'_>, time: Option<i64>, text: &[u8], offset: usize, sink: &mut Sink<'_>) {
    if head.command == b"Connect"
        && let Some(time) = time
    {
        sink.digest.timelines.connection(time);
    }
    if !matches!(head.command, b"Query" | b"Execute") || text.trim_ascii().is_empty() {
        return;
    }
    let call = Call {
        at: time,
        session: sink.session(xxh3_64(head.thread)),
        text: text.trim_ascii(),
        phase: Phase::Execute,
        duration_us: None,
        who: Who::default(),
        parameters: b"",
        extras: None,
        offset: sink.offset + offset as u64,
        cut: false,
    };
    sink.call(&call);
}
