//! Logs of MySQL, MariaDB and Percona. They never tell a zone but in their newer form of times.

pub mod errors;
pub mod general;
pub mod slow;

use crate::clock::Clock;

/// `240501 12:00:00` or ` 9:05:00`, as older servers write times: µs, and the bytes taken.
pub(crate) fn short_time(text: &[u8], clock: &mut Clock) -> Option<(i64, usize)> {
    let digits = |from: usize, count: usize| text.get(from..from + count).filter(|part| part.iter().all(u8::is_ascii_digit));
    let date = digits(0, 6)?;
    if text.get(6) != Some(&b' ') {
        return None;
    }
    let mut at = 7;
    if text.get(at) == Some(&b' ') {
        at += 1;
    }
    let hour = if digits(at, 2).is_some() { &text[at..at + 2] } else { digits(at, 1)? };
    let rest = text.get(at + hour.len()..at + hour.len() + 6)?;
    let pad = if hour.len() == 1 { "0" } else { "" };
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let long = format!("20{}-{}-{} {pad}{}{}", part(&date[..2]), part(&date[2..4]), part(&date[4..]), part(hour), part(rest));
    clock.read_plain(long.as_bytes()).map(|(time, _)| (time, at + hour.len() + 6))
}
