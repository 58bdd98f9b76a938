//! What `MONITOR` and `SLOWLOG GET` print. Keys are put into patterns: parts that are numbers or look random become `*`. It
//! never keeps a value.

use memchr::memchr;
use xxhash_rust::xxh3::xxh3_64;

use crate::digest::names::Who;
use crate::digest::{Call, Phase};
use crate::format::without_return;
use crate::sink::Sink;

/// Keys of one command that are looked at.
const KEYS: usize = 3;

/// `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`.
pub fn is_monitor(line: &[u8]) -> bool {
    monitor_head(line).is_some_and(|(_, at)| line[at..].starts_with(b"\""))
}

fn monitor_head(line: &[u8]) -> Option<(i64, usize)> {
    let whole = line.iter().take(12).take_while(|byte| byte.is_ascii_digit()).count();
    let micros = line.get(whole + 1..whole + 7)?;
    if whole < 9 || line[whole] != b'.' || !micros.iter().all(u8::is_ascii_digit) || line.get(whole + 7..whole + 9) != Some(b" [") {
        return None;
    }
    let number = |text: &[u8]| text.iter().fold(0_i64, |sum, byte| sum * 10 + i64::from(byte & 15));
    let close = memchr(b']', &line[whole..])? + whole;
    Some((number(&line[..whole]) * 1_000_000 + number(micros), (close + 2).min(line.len())))
}

/// Reads a block of `MONITOR`.
pub fn parse_monitor(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..end]);
        match monitor_head(line) {
            Some((time, from)) => {
                if sink.entry(Some(time), end + 1 - at) {
                    let client = client(line);
                    let words = quoted_words(&line[from..]);
                    command(&words, Some(time), None, client, sink.offset + at as u64, sink);
                }
            }
            None if line.is_empty() || line == b"OK" => sink.more(end + 1 - at),
            None => sink.unread(line, at),
        }
        at = end + 1;
    }
}

/// Database and address, between the brackets.
fn client(line: &[u8]) -> (&[u8], &[u8]) {
    let inner = memchr(b'[', line).and_then(|open| Some(&line[open + 1..open + memchr(b']', &line[open..])?])).unwrap_or_default();
    let space = memchr(b' ', inner).unwrap_or(inner.len());
    (&inner[..space], inner.get(space + 1..).unwrap_or_default())
}

/// Words in double quotes, with escapes taken out of the quotes only.
fn quoted_words(text: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(open) = memchr(b'"', &text[at.min(text.len())..]) {
        let mut word = Vec::new();
        at += open + 1;
        while let Some(byte) = text.get(at) {
            match byte {
                b'"' => break,
                b'\\' => {
                    word.extend(text.get(at + 1));
                    at += 1;
                }
                byte => word.push(*byte),
            }
            at += 1;
        }
        at += 1;
        words.push(word);
        if words.len() > 64 {
            break;
        }
    }
    words
}

fn command(words: &[Vec<u8>], at: Option<i64>, duration_us: Option<u64>, client: (&[u8], &[u8]), offset: u64, sink: &mut Sink<'_>) {
    let Some((name, arguments)) = words.split_first() else { return };
    let text = shape(name, arguments);
    let first = arguments.first().filter(|_| has_key(&name.to_ascii_uppercase())).map(Vec::as_slice).unwrap_or_default();
    let call = Call {
        at,
        session: sink.session(xxh3_64(client.1)),
        text: &text,
        phase: Phase::Execute,
        duration_us,
        who: Who { database: client.0, host: client.1, ..Who::default() },
        parameters: first,
        extras: None,
        offset,
        cut: false,
    };
    sink.call(&call);
}

/// Whether a command's first argument is a key.
fn has_key(name: &[u8]) -> bool {
    const WITHOUT: [&[u8]; 30] = [
        b"PING",
        b"AUTH",
        b"HELLO",
        b"INFO",
        b"CONFIG",
        b"CLIENT",
        b"SELECT",
        b"MULTI",
        b"EXEC",
        b"DISCARD",
        b"SCAN",
        b"KEYS",
        b"DBSIZE",
        b"FLUSHALL",
        b"FLUSHDB",
        b"SCRIPT",
        b"EVAL",
        b"EVALSHA",
        b"PUBLISH",
        b"SUBSCRIBE",
        b"PSUBSCRIBE",
        b"CLUSTER",
        b"COMMAND",
        b"SLOWLOG",
        b"LATENCY",
        b"MEMORY",
        b"WAIT",
        b"REPLCONF",
        b"PSYNC",
        b"ACL",
    ];
    !WITHOUT.contains(&name)
}

/// `GET user:*`: the command and the patterns of its keys.
fn shape(name: &[u8], arguments: &[Vec<u8>]) -> Vec<u8> {
    let name = name.to_ascii_uppercase();
    let mut out = name.clone();
    let keys = match name.as_slice() {
        name if !has_key(name) => 0,
        b"MGET" | b"DEL" | b"UNLINK" | b"EXISTS" | b"TOUCH" | b"SUNION" | b"SINTER" | b"SDIFF" | b"PFCOUNT" => KEYS,
        _ => 1,
    };
    let mut before: Option<Vec<u8>> = None;
    for key in arguments.iter().take(keys) {
        let pattern = pattern(key);
        if before.as_ref() == Some(&pattern) {
            out.extend_from_slice(b" ...");
            break;
        }
        out.push(b' ');
        out.extend_from_slice(&pattern);
        before = Some(pattern);
    }
    out
}

/// A key with its changing parts as `*`.
fn pattern(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut from = 0;
    let separator = |byte: &u8| matches!(byte, b':' | b'/' | b'|' | b'.' | b'-' | b'_' | b'{' | b'}' | b'@' | b'#');
    let key = &key[..key.len().min(200)];
    while from <= key.len() {
        let end = key[from..].iter().position(separator).map_or(key.len(), |length| from + length);
        let part = &key[from..end];
        let digits = part.iter().filter(|byte| byte.is_ascii_digit()).count();
        let random = digits > 0 && (digits * 3 >= part.len() || part.len() >= 16);
        if random || part.len() > 40 || part.iter().any(|byte| !byte.is_ascii_graphic()) {
            out.push(b'*');
        } else {
            out.extend_from_slice(part);
        }
        if let Some(byte) = key.get(end) {
            out.push(*byte);
        }
        from = end + 1;
    }
    // `*-*-*` of a UUID is one part.
    let mut folded: Vec<u8> = Vec::new();
    for byte in out {
        folded.push(byte);
        while folded.ends_with(b"*-*") {
            folded.truncate(folded.len() - 2);
        }
    }
    folded
}

/// Whether a line belongs to `SLOWLOG GET` as a terminal shows it: `1) 1) (integer) 14`.
pub fn is_slowlog(line: &[u8]) -> bool {
    begins_slowlog(line)
}

/// Whether an entry begins with the line.
pub fn begins_slowlog(line: &[u8]) -> bool {
    let rest = line.trim_ascii_start();
    let digits = rest.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && rest[digits..].strip_prefix(b") 1) (integer) ").is_some_and(|id| id.first().is_some_and(u8::is_ascii_digit))
}

/// Reads a block of `SLOWLOG GET`: each entry is its number, its time, its duration, its words, its client.
pub fn parse_slowlog(bytes: &[u8], sink: &mut Sink<'_>) {
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length);
        let line = without_return(&bytes[at..end]);
        if !begins_slowlog(line) {
            if !line.trim_ascii().is_empty() {
                sink.unread(line, at);
            }
            at = end + 1;
            continue;
        }
        let mut next = end + 1;
        while next < bytes.len() {
            let line_end = memchr(b'\n', &bytes[next..]).map_or(bytes.len(), |length| next + length);
            if begins_slowlog(&bytes[next..line_end]) {
                break;
            }
            next = line_end + 1;
        }
        slowlog_entry(&bytes[at..next.min(bytes.len())], at, sink);
        at = next;
    }
}

fn slowlog_entry(bytes: &[u8], offset: usize, sink: &mut Sink<'_>) {
    let mut integers = Vec::new();
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut address: Vec<u8> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').map(without_return) {
        if let Some(at) = memchr::memmem::find(line, b"(integer) ").filter(|_| integers.len() < 3) {
            integers.push(String::from_utf8_lossy(&line[at + 10..]).trim().parse::<i64>().unwrap_or(0));
        } else if integers.len() == 3 {
            let found = quoted_words(line);
            let trimmed = line.trim_ascii_start();
            // `5) "127.0.0.1:58217"`: the client; the words stand under `4)`.
            if trimmed.starts_with(b"5) ") && line.iter().take_while(|byte| **byte == b' ').count() < 6 && !words.is_empty() {
                address = found.into_iter().next().unwrap_or_default();
            } else if address.is_empty() {
                words.extend(found);
            }
        }
    }
    let [_, seconds, us] = integers[..] else { return sink.unread(bytes, offset) };
    let at = Some(seconds.saturating_mul(1_000_000));
    if sink.entry(at, bytes.len()) {
        command(&words, at, Some(us.max(0) as u64), (b"", &address), sink.offset + offset as u64, sink);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_patterns() {
        let of = |key: &str| String::from_utf8(pattern(key.as_bytes())).unwrap();
        assert_eq!(of("user:1234:cart"), "user:*:cart");
        assert_eq!(of("session:7b0f3c1e-55d2-4b9e-9a01-2f6f0d7f9c11"), "session:*");
        assert_eq!(of("config"), "config");
        assert_eq!(String::from_utf8(shape(b"mget", &[b"a:1".to_vec(), b"a:2".to_vec()])).unwrap(), "MGET a:* ...");
    }
}
