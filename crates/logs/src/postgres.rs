//! Messages of PostgreSQL, whatever log they stand in: executions, durations, plans, and what else the server tells. It never
//! splits a log into messages: the readers of the three forms do.

use dbwright_model::profile::EventKind;
use memchr::{memchr, memmem};

use crate::digest::events::{Event, subject};
use crate::digest::names::Who;
use crate::digest::{Call, Extras, Phase};
use crate::prefix::Severity;
use crate::sink::Sink;

pub mod csv;
pub mod json;
pub mod stderr;

/// A message with what belongs to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Message<'a> {
    /// Time, µs.
    pub at: Option<i64>,
    /// Session.
    pub session: u64,
    /// By whom.
    pub who: Who<'a>,
    /// Severity.
    pub severity: Severity,
    /// SQLSTATE.
    pub code: &'a [u8],
    /// The message.
    pub text: &'a [u8],
    /// Detail.
    pub detail: &'a [u8],
    /// Hint.
    pub hint: &'a [u8],
    /// Context.
    pub context: &'a [u8],
    /// The statement that was running.
    pub statement: &'a [u8],
    /// The server's query id, as text.
    pub query_id: &'a [u8],
    /// Where it begins in the block.
    pub offset: usize,
}

/// Takes a message.
#[inline]
pub fn take(message: &Message<'_>, sink: &mut Sink<'_>) {
    match message.severity {
        Severity::Log => log(message, sink),
        Severity::Error | Severity::Fatal | Severity::Panic => failure(message, sink),
        Severity::Warning => event(message, EventKind::Warning, 0, 0, sink),
        _ => {}
    }
}

#[inline]
fn log(message: &Message<'_>, sink: &mut Sink<'_>) {
    if let Some(rest) = message.text.strip_prefix(b"duration: ") {
        return duration(message, rest, sink);
    }
    if let Some(text) = message.text.strip_prefix(b"statement: ") {
        return call(message, text, Phase::Announced, None, sink);
    }
    if let Some(text) = message.text.strip_prefix(b"execute ").and_then(behind_name) {
        return call(message, text, Phase::Announced, None, sink);
    }
    happening(message, sink);
}

/// `12.345 ms` and what follows it.
fn duration(message: &Message<'_>, rest: &[u8], sink: &mut Sink<'_>) {
    let Some((us, used)) = milliseconds(rest) else { return };
    let rest = &rest[used..];
    let Some(rest) = rest.strip_prefix(b" ms") else { return };
    let rest = rest.strip_prefix(b"  ").unwrap_or(rest);
    if rest.trim_ascii().is_empty() {
        return sink.digest.late_duration(sink.session(message.session), message.at, us);
    }
    if let Some(text) = rest.strip_prefix(b"statement: ") {
        return call(message, text, Phase::Execute, Some(us), sink);
    }
    if let Some(text) = rest.strip_prefix(b"execute ").and_then(behind_name) {
        return call(message, text, Phase::Execute, Some(us), sink);
    }
    if let Some(text) = rest.strip_prefix(b"parse ").or_else(|| rest.strip_prefix(b"bind ")).and_then(behind_name) {
        return call(message, text, Phase::Prepare, Some(us), sink);
    }
    if let Some(plan) = rest.strip_prefix(b"plan:") {
        plan_of(message, plan, us, sink);
    }
}

/// What stands behind `<unnamed>: ` or `fetch from S_1/C_2: `.
fn behind_name(rest: &[u8]) -> Option<&[u8]> {
    let colon = memchr(b':', &rest[..rest.len().min(300)])?;
    rest[colon + 1..].strip_prefix(b" ")
}

/// Digits with up to three decimals, as µs.
#[inline]
fn milliseconds(text: &[u8]) -> Option<(u64, usize)> {
    let whole = text.iter().take(15).take_while(|byte| byte.is_ascii_digit()).count();
    if whole == 0 {
        return None;
    }
    let mut us = text[..whole].iter().fold(0_u64, |sum, byte| sum * 10 + u64::from(byte & 15));
    let mut used = whole;
    let mut digits = 0;
    if text.get(whole) == Some(&b'.') {
        used += 1;
        while let Some(digit) = text.get(used).filter(|byte| byte.is_ascii_digit()) {
            if digits < 3 {
                us = us * 10 + u64::from(digit & 15);
                digits += 1;
            }
            used += 1;
        }
    }
    Some((us.saturating_mul(10_u64.pow(3 - digits)), used))
}

#[inline]
fn call(message: &Message<'_>, text: &[u8], phase: Phase, duration_us: Option<u64>, sink: &mut Sink<'_>) {
    let extras = engine_id(message).map(|engine_id| Extras { engine_id: Some(engine_id), ..Extras::default() });
    let call = Call {
        at: message.at,
        session: sink.session(message.session),
        text: text.trim_ascii(),
        phase,
        duration_us,
        who: message.who,
        parameters: parameters(message.detail),
        extras: extras.as_ref(),
        offset: sink.offset + message.offset as u64,
        cut: false,
    };
    sink.call(&call);
}

fn engine_id(message: &Message<'_>) -> Option<i64> {
    if message.query_id.is_empty() {
        return None;
    }
    std::str::from_utf8(message.query_id).ok()?.parse().ok().filter(|id| *id != 0)
}

/// The values of `parameters: $1 = 'x', …`, which newer servers begin with a capital.
fn parameters(detail: &[u8]) -> &[u8] {
    detail.strip_prefix(b"parameters: ").or_else(|| detail.strip_prefix(b"Parameters: ")).unwrap_or_default()
}

/// What auto_explain logs: the statement's text and its plan.
fn plan_of(message: &Message<'_>, plan: &[u8], us: u64, sink: &mut Sink<'_>) {
    let plan = plan.trim_ascii_start();
    let json = plan.first() == Some(&b'{');
    let text = if json { json::string_member(plan, "Query Text") } else { plain_query(plan) };
    let Some(text) = text.filter(|text| !text.is_empty()) else { return };
    let call = Call {
        at: message.at,
        session: 0,
        text: &text,
        phase: Phase::Planned,
        duration_us: Some(us),
        who: message.who,
        parameters: b"",
        extras: None,
        offset: sink.offset + message.offset as u64,
        cut: false,
    };
    sink.call(&call);
    let entry = sink.digest.statement(&text);
    entry.plans.add(plan, json, message.at, us);
}

/// The text before the first line of a plan, or before the parameters.
fn plain_query(plan: &[u8]) -> Option<Vec<u8>> {
    let rest = plan.strip_prefix(b"Query Text: ")?;
    let cost = memmem::find(rest, b"  (cost=").unwrap_or(rest.len());
    let mut end = memchr::memrchr(b'\n', &rest[..cost]).unwrap_or(cost);
    if let Some(parameters) =
        memmem::find(&rest[..end], b"\n\tQuery Parameters: ").or_else(|| memmem::find(&rest[..end], b"\nQuery Parameters: "))
    {
        end = parameters;
    }
    Some(rest[..end].trim_ascii().to_vec())
}

fn failure(message: &Message<'_>, sink: &mut Sink<'_>) {
    let text = message.text;
    let kind = match message.severity {
        Severity::Panic => EventKind::Panic,
        _ if text.starts_with(b"deadlock detected") => EventKind::Deadlock,
        _ if text.starts_with(b"canceling") => EventKind::Cancel,
        Severity::Fatal => EventKind::Fatal,
        _ => EventKind::Error,
    };
    sink.digest.errors += 1;
    if let Some(at) = message.at {
        sink.digest.timelines.error(at);
    }
    event(message, kind, 0, 0, sink);
}

/// Counts an event of a kind, with the duration and bytes named in it.
fn event(message: &Message<'_>, kind: EventKind, duration_us: u64, bytes: u64, sink: &mut Sink<'_>) {
    let mut code = message.code;
    let mut text = message.text;
    // log_error_verbosity = verbose puts the code before the message.
    if code.is_empty()
        && text.len() > 7
        && &text[5..7] == b": "
        && text[..5].iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    {
        code = &text[..5];
        text = &text[7..];
    }
    if code == b"00000" {
        code = b"";
    }
    let mut common = Vec::new();
    subject_of(kind, text, &mut common);
    event_with(message, kind, &common, code, text, duration_us, bytes, sink);
}

#[expect(clippy::too_many_arguments, reason = "an event's fields, once")]
fn event_with(
    message: &Message<'_>,
    kind: EventKind,
    subject: &[u8],
    code: &[u8],
    text: &[u8],
    duration_us: u64,
    bytes: u64,
    sink: &mut Sink<'_>,
) {
    let statement = message.statement.trim_ascii();
    let failed = matches!(kind, EventKind::Error | EventKind::Deadlock | EventKind::Cancel | EventKind::Fatal | EventKind::Panic);
    let fingerprint = (!statement.is_empty()).then(|| {
        let entry = sink.digest.statement(statement);
        entry.errors += u64::from(failed);
        if kind == EventKind::TemporaryFile {
            entry.extras.temporary_bytes = Some(entry.extras.temporary_bytes.unwrap_or(0) + bytes);
        }
        entry.fingerprint
    });
    let mut detail = Vec::new();
    for part in [message.detail, message.hint, message.context] {
        if !part.is_empty() {
            if !detail.is_empty() {
                detail.push(b'\n');
            }
            detail.extend_from_slice(part);
        }
    }
    let event = Event { kind, at: message.at, subject, code, message: text, detail: &detail, duration_us, bytes, statement: fingerprint };
    sink.digest.events.add(&event);
}

fn subject_of(kind: EventKind, text: &[u8], out: &mut Vec<u8>) {
    subject(text, out);
    if kind == EventKind::Deadlock {
        out.clear();
        out.extend_from_slice(b"deadlock detected");
    }
}

/// Messages of level LOG that are no statements.
fn happening(message: &Message<'_>, sink: &mut Sink<'_>) {
    let text = message.text;
    let quiet = |kind, common: &[u8], us, bytes, sink: &mut Sink<'_>| event_with(message, kind, common, b"", text, us, bytes, sink);
    if let Some(rest) = text.strip_prefix(b"temporary file: ") {
        let bytes = memmem::find(rest, b", size ").and_then(|at| number(&rest[at + 7..])).unwrap_or(0);
        return quiet(EventKind::TemporaryFile, b"temporary files", 0, bytes, sink);
    }
    if text.starts_with(b"process ") {
        return lock(message, sink);
    }
    if let Some(rest) = text.strip_prefix(b"checkpoint complete: ") {
        let written = memmem::find(rest, b"wrote ").and_then(|at| number(&rest[at + 6..])).unwrap_or(0);
        return quiet(EventKind::Checkpoint, b"checkpoint complete", seconds_after(rest, b"total="), written * 8192, sink);
    }
    if let Some(rest) = text.strip_prefix(b"checkpoint starting: ") {
        let reason = [b"checkpoint starting: ".as_slice(), rest].concat();
        return quiet(EventKind::Checkpoint, &reason, 0, 0, sink);
    }
    if text.starts_with(b"automatic ") {
        let kind = if text.starts_with(b"automatic analyze") { EventKind::Autoanalyze } else { EventKind::Autovacuum };
        let table =
            memchr(b'"', text).and_then(|open| Some(&text[open + 1..open + 1 + memchr(b'"', &text[open + 1..])?])).unwrap_or_default();
        return quiet(kind, table, seconds_after(text, b"elapsed: "), 0, sink);
    }
    connection(message, sink);
}

fn connection(message: &Message<'_>, sink: &mut Sink<'_>) {
    let text = message.text;
    let who = || [message.who.user, b"@".as_slice(), message.who.database].concat();
    if text.starts_with(b"connection received") {
        if let Some(at) = message.at {
            sink.digest.timelines.connection(at);
        }
        return;
    }
    if let Some(rest) = text.strip_prefix(b"connection authorized: ") {
        let names = [after(rest, b"user="), b"@", after(rest, b"database=")].concat();
        let names = if names.len() > 1 { names } else { who() };
        return event_with(message, EventKind::Connection, &names, b"", text, 0, 0, sink);
    }
    if let Some(rest) = text.strip_prefix(b"disconnection: session time: ") {
        let names = [after(rest, b"user="), b"@", after(rest, b"database=")].concat();
        return event_with(message, EventKind::Disconnection, &names, b"", text, clock_time(rest), 0, sink);
    }
    let lifecycle = [
        &b"database system "[..],
        b"starting PostgreSQL",
        b"received ",
        b"shutting down",
        b"listening on",
        b"server process",
        b"terminating",
        b"all server processes",
        b"redo ",
        b"restored log file",
        b"selected new timeline",
        b"archive recovery",
        b"background worker",
        b"parameter ",
        b"consistent recovery",
        b"started streaming",
    ];
    let kind = if lifecycle.iter().any(|start| text.starts_with(start)) { EventKind::Lifecycle } else { EventKind::Other };
    if !text.starts_with(b"connection authenticated") && !text.starts_with(b"parse ") && !text.starts_with(b"bind ") {
        event(message, kind, 0, 0, sink);
    }
}

/// `process 7 still waiting for ShareLock on transaction 5 after 1000.1 ms`: who still waits is counted, who got the lock gives
/// the time waited.
fn lock(message: &Message<'_>, sink: &mut Sink<'_>) {
    let text = message.text;
    if holds_any(text, &[b"detected deadlock", b"avoided deadlock"]) {
        return event_with(message, EventKind::Deadlock, b"deadlock noticed while waiting", b"", text, 0, 0, sink);
    }
    let waited = memmem::rfind(text, b" after ").and_then(|at| milliseconds(&text[at + 7..])).map_or(0, |(us, _)| us);
    let mut common = Vec::new();
    subject(text, &mut common);
    let begin =
        memmem::find(&common, b"still waiting").or_else(|| memmem::find(&common, b"acquired")).or_else(|| memmem::find(&common, b"failed"));
    let Some(begin) = begin else { return event(message, EventKind::Other, 0, 0, sink) };
    let end = memmem::rfind(&common, b" after ").unwrap_or(common.len());
    let acquired = common[begin..].starts_with(b"acquired");
    let relation = relation_of(message.context);
    let subject = [&common[begin..end.max(begin)], relation.as_slice()].concat();
    event_with(message, EventKind::LockWait, &subject, b"", text, if acquired { waited } else { 0 }, 0, sink);
}

/// ` (accounts)` of `while updating tuple (0,1) in relation "accounts"`.
fn relation_of(context: &[u8]) -> Vec<u8> {
    let name = memmem::find(context, b"in relation \"").and_then(|at| {
        let rest = &context[at + 13..];
        Some(&rest[..memchr(b'"', rest)?])
    });
    name.map(|name| [b" (", name, b")"].concat()).unwrap_or_default()
}

fn holds_any(text: &[u8], others: &[&[u8]]) -> bool {
    others.iter().any(|other| crate::format::holds(text, other))
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take(18).take_while(|byte| byte.is_ascii_digit()).count();
    (digits > 0).then(|| text[..digits].iter().fold(0, |sum, byte| sum * 10 + u64::from(byte & 15)))
}

/// The word after a name.
fn after<'a>(text: &'a [u8], name: &[u8]) -> &'a [u8] {
    let Some(at) = memmem::find(text, name) else { return b"" };
    let rest = &text[at + name.len()..];
    &rest[..memchr(b' ', rest).unwrap_or(rest.len())]
}

/// Seconds with decimals after a name, as µs.
fn seconds_after(text: &[u8], name: &[u8]) -> u64 {
    let Some(at) = memmem::find(text, name) else { return 0 };
    milliseconds(&text[at + name.len()..]).map_or(0, |(us, _)| us.saturating_mul(1000))
}

/// `0:00:01.234` as µs.
fn clock_time(text: &[u8]) -> u64 {
    let end = memchr(b' ', text).unwrap_or(text.len());
    let mut parts = text[..end].split(|byte| *byte == b':');
    let mut whole = || parts.next().and_then(number).unwrap_or(0);
    let (hours, minutes) = (whole(), whole());
    let seconds = parts.next().and_then(milliseconds).map_or(0, |(us, _)| us.saturating_mul(1000));
    (hours * 3600 + minutes * 60) * 1_000_000 + seconds
}
