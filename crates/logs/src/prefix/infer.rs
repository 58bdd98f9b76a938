//! Finding the `log_line_prefix` that lines were written with: known ones first, then one made of what the lines show. It
//! never prefers a prefix that reads fewer lines.

use std::net::IpAddr;

use super::{Prefix, severity_at};
use crate::clock::Clock;

/// Prefixes that servers, services and manuals suggest.
const KNOWN: [&str; 34] = [
    "%m [%p] %q%u@%d ",
    "%m [%p] ",
    "%t [%p] %q%u@%d ",
    "%t [%p] ",
    "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: user=%u,db=%d,app=%a,client=%h ",
    "%t [%p]: [%l-1] %quser=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "%m [%p]: [%l-1] db=%d,user=%u ",
    "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    "%t:%r:%u@%d:[%p]:",
    "%t:%h:%u@%d:[%p]:",
    "%m:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
    "%t-%c-",
    "%t-%c-user=%u,db=%d,app=%a,client=%h ",
    "%m-%c-",
    "%t [%p]: [%l-1] ",
    "%m [%p-%l] %q%u@%d ",
    "%m [%p-%l] %q%u@%d/%a ",
    "%m [%p] %q%u@%d/%a ",
    "%m [%p] %q[%u@%d] ",
    "%m %u@%d [%p] ",
    "%m [%p] %u@%d ",
    "%m [%p] %u@%d %a ",
    "%m [%p] %a %u@%d ",
    "%m %d %u [%p] ",
    "%m %d %u %a %h ",
    "< %m >",
    "< %m > ",
    "<%t>",
    "%t ",
    "%m ",
    "%n [%p] ",
    "%n ",
];

/// The best prefix for these lines: the one that reads most of them, and of equal ones the one that tells most. With the
/// number of lines read and that of lines which hold a severity at all.
#[must_use]
pub fn infer(lines: &[&[u8]]) -> Option<(Prefix, usize, usize)> {
    let with_severity: Vec<&[u8]> = lines.iter().copied().filter(|line| !line.starts_with(b"\t") && severity_at(line).is_some()).collect();
    let made: Vec<String> = with_severity.iter().step_by((with_severity.len() / 24).max(1)).take(24).flat_map(|line| make(line)).collect();
    let mut best: Option<(usize, usize, Prefix)> = None;
    for text in KNOWN.iter().map(|text| (*text).to_owned()).chain(made).chain([String::new()]) {
        let Ok(prefix) = Prefix::new(&text) else { continue };
        let mut clock = Clock::new(0);
        let read = with_severity.iter().filter(|line| prefix.read(line, &mut clock).is_some()).count();
        let better = best.as_ref().is_none_or(|(most, fields, _)| (read, prefix.fields()) > (*most, *fields));
        if read > 0 && better {
            best = Some((read, prefix.fields(), prefix));
        }
    }
    best.map(|(read, _, prefix)| (prefix, read, with_severity.len()))
}

/// Prefixes that would make this line, with and without `%q` before the first name.
fn make(line: &[u8]) -> Vec<String> {
    let Some(text) = severity_at(line).and_then(|end| std::str::from_utf8(&line[..end]).ok()) else { return Vec::new() };
    let mut out = String::new();
    let mut session_part = None;
    let mut at = 0;
    let mut clock = Clock::new(0);
    let mut seen = Seen::default();
    while at < text.len() {
        let rest = &text[at..];
        if let Some((escape, used)) = token(rest, &out, &mut clock, &mut seen) {
            if session_part.is_none() && "udahr".contains(escape) {
                session_part = Some(out.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '=' | '[' | '(' | '<')).len());
            }
            out.push('%');
            out.push(escape);
            at += used;
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        if c == '%' {
            out.push('%');
        }
        out.push(c);
        at += c.len_utf8();
    }
    let optional = session_part.map(|at| format!("{}%q{}", &out[..at], &out[at..]));
    [optional, Some(out)].into_iter().flatten().collect()
}

#[derive(Debug, Default)]
struct Seen {
    time: bool,
    pid: bool,
    user: bool,
    database: bool,
}

/// The escape that stands for what a text begins with.
fn token(rest: &str, before: &str, clock: &mut Clock, seen: &mut Seen) -> Option<(char, usize)> {
    if let Some((_, used)) = clock.read(rest.as_bytes()) {
        let escape = match (seen.time, rest.as_bytes().get(19)) {
            (true, _) => 's',
            (false, Some(b'.')) => 'm',
            _ => 't',
        };
        seen.time = true;
        return Some((escape, used));
    }
    if before.chars().next_back().is_some_and(char::is_alphanumeric) {
        return None;
    }
    if let Some((_, used)) = super::epoch(rest.as_bytes()).filter(|_| !seen.time) {
        seen.time = true;
        return Some(('n', used));
    }
    let word = word_end(rest);
    if let Some(escape) = by_name(before).filter(|_| value_end(rest) > 0) {
        return Some((escape, value_end(rest)));
    }
    let value = &rest[..word];
    if value.is_empty() {
        return None;
    }
    if value.parse::<IpAddr>().is_ok() || value == "[local]" {
        return Some(('h', word));
    }
    if value.contains('(') && value.ends_with(')') && value.split('(').next().is_some_and(|host| host.parse::<IpAddr>().is_ok()) {
        return Some(('r', word));
    }
    let hexadecimal = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if value.split_once('.').is_some_and(|(a, b)| a.len() == 8 && hexadecimal(a) && hexadecimal(b)) {
        return Some(('c', word));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 && digits == word {
        let escape = if seen.pid { 'l' } else { 'p' };
        seen.pid = true;
        return Some((escape, digits));
    }
    if value.len() == 5 && value.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) && value.contains('0') {
        return Some(('e', 5));
    }
    let ends = rest[word..].chars().next();
    if ends == Some('@') && !seen.user {
        seen.user = true;
        return Some(('u', word));
    }
    if before.ends_with("%u@") || (seen.user && !seen.database) {
        seen.database = true;
        return Some(('d', word));
    }
    None
}

/// What the name before a value says, as in `user=`.
fn by_name(before: &str) -> Option<char> {
    let name = before.strip_suffix('=').or_else(|| before.strip_suffix(": ")).or_else(|| before.strip_suffix(':'))?;
    // An escape that was just made is no name.
    let name = name.rsplit(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '%')).next()?.to_ascii_lowercase();
    Some(match name.as_str() {
        "user" | "usr" | "u" | "username" => 'u',
        "db" | "database" | "d" | "dbname" => 'd',
        "app" | "application" | "application_name" | "appname" | "a" => 'a',
        "client" | "host" | "h" | "remote" | "ip" => 'h',
        "pid" | "p" | "process" => 'p',
        "line" | "l" => 'l',
        "session" | "sess" | "sid" => 'c',
        "sqlstate" | "state" | "e" | "code" => 'e',
        "tx" | "xid" | "txid" => 'x',
        "vtx" | "vxid" => 'v',
        "qid" | "query_id" | "queryid" => 'Q',
        _ => return None,
    })
}

fn word_end(text: &str) -> usize {
    if text.starts_with("[local]") {
        return 7;
    }
    if text.starts_with("[unknown]") {
        return 9;
    }
    text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | '(' | ')' | '-' | ':') && c != ':')).unwrap_or(text.len())
}

/// The end of a named value: the next name or separator.
fn value_end(text: &str) -> usize {
    let end = text.find([',', ' ', ';', ']', '|', '>', ')']).unwrap_or(text.len());
    if text.starts_with("[unknown]") {
        9
    } else if text.starts_with("[local]") {
        7
    } else {
        end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn inferred(lines: &[&str]) -> String {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let (prefix, read, of) = infer(&lines).expect("a prefix");
        assert_eq!(read, of, "{}", prefix.text());
        prefix.text().to_owned()
    }

    #[test]
    fn known_prefixes_are_found() {
        assert_eq!(
            inferred(&["2024-05-01 12:00:00.123 UTC [77] joe@shop LOG:  a", "2024-05-01 12:00:00.123 UTC [7] LOG:  b"]),
            "%m [%p] %q%u@%d "
        );
        assert_eq!(
            inferred(&["2024-05-01 12:00:00 UTC:10.0.0.1(5432):joe@shop:[99]:ERROR:  x", "2024-05-01 12:00:00 UTC::@:[99]:LOG:  y"]),
            "%t:%r:%u@%d:[%p]:"
        );
        assert_eq!(inferred(&["2024-05-01 12:00:00 UTC-6632a1b0.1f-LOG:  x"]), "%t-%c-");
    }

    #[test]
    fn unknown_prefixes_are_made_of_the_lines() {
        let line = "pid=77;when=2024-05-01 12:00:00.123 UTC;user=joe;database=shop;sqlstate=00000 | LOG:  a";
        assert_eq!(inferred(&[line]), "pid=%p;when=%m;%quser=%u;database=%d;sqlstate=%e | ");
        assert_eq!(inferred(&["[77] 2024-05-01 12:00:00.123 CEST joe@shop from 10.0.0.7: LOG:  a"]), "[%p] %m %q%u@%d from %h: ");
    }

    #[test]
    fn lines_of_something_else_give_nothing() {
        assert!(infer(&[b"hello world", b"127.0.0.1 - - [01/May/2024] \"GET /\""]).is_none());
    }
}
