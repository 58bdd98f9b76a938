//! PostgreSQL's stderr log: a prefix before each message, a tab before each line that goes on. It never joins lines that
//! another process wrote.

use memchr::memchr;

use super::{Message, take};
use crate::format::without_return;
use crate::prefix::{Header, Prefix, Severity};
use crate::sink::Sink;

/// Reads a block.
pub fn parse(prefix: &Prefix, bytes: &[u8], sink: &mut Sink<'_>) {
    let mut open: Option<(Message<'_>, usize, u64)> = None;
    let mut at = 0;
    while at < bytes.len() {
        let begin = at;
        let line_end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = &bytes[begin..line_end];
        let header = if line.first() == Some(&b'\t') { None } else { prefix.read(line, sink.clock) };
        at = (line_end + 1).min(bytes.len()).max(line_end);
        let Some(header) = header else {
            if !line.is_empty() && without_return(line) != b"" {
                sink.unread(line, begin);
            }
            continue;
        };
        // Lines that go on begin with a tab.
        let mut end = line_end;
        while bytes.get(at) == Some(&b'\t') {
            end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
            at = (end + 1).min(bytes.len()).max(end);
        }
        let text = without_return(&bytes[begin + header.message..end]);
        if header.severity.begins() {
            close(open.take(), sink);
            open = Some((message(&header, text, begin), at - begin, header.pid));
        } else {
            match &mut open {
                Some((message, length, pid)) if *pid == header.pid => {
                    add(message, header.severity, text);
                    *length += at - begin;
                }
                // The entry that it belongs to is not here.
                _ => sink.unread(line, begin),
            }
        }
    }
    close(open, sink);
}

#[inline]
fn close(open: Option<(Message<'_>, usize, u64)>, sink: &mut Sink<'_>) {
    if let Some((message, length, _)) = open
        && sink.entry(message.at, length)
    {
        take(&message, sink);
    }
}

#[inline]
fn message<'a>(header: &Header<'a>, text: &'a [u8], offset: usize) -> Message<'a> {
    let who =
        crate::digest::names::Who { user: header.user, database: header.database, application: header.application, host: header.host };
    Message {
        at: header.at,
        session: header.session,
        who,
        severity: header.severity,
        code: header.code,
        text,
        query_id: header.query_id,
        offset,
        ..Message::default()
    }
}

#[inline]
fn add<'a>(message: &mut Message<'a>, severity: Severity, text: &'a [u8]) {
    match severity {
        Severity::Detail => message.detail = text,
        Severity::Hint => message.hint = text,
        Severity::Context => message.context = text,
        Severity::Statement => message.statement = text,
        _ => {}
    }
}
