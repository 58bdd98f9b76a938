//! Reads the times of log entries at the speed of the log. It never guesses a zone: a time without one, or with a name that
//! is not known, is read in the zone that the caller gives.

use dbwright_model::Timestamp;

/// Microseconds of a day.
const DAY_US: i64 = 86_400_000_000;

/// Reads times; remembers the last date, for consecutive entries share it.
#[derive(Debug, Clone)]
pub struct Clock {
    date: [u8; 10],
    midnight_us: i64,
    /// Where the last zone's name and offset stand.
    zone: Vec<u8>,
    zone_us: i64,
    /// East of Greenwich, of times without zone, µs.
    default_us: i64,
    /// A zone's name that was not known.
    pub unknown_zone: Option<String>,
}

impl Clock {
    /// A clock for times that are `default_seconds` ahead of UTC when they don't say.
    #[must_use]
    pub fn new(default_seconds: i32) -> Self {
        Self {
            date: [0; 10],
            midnight_us: 0,
            zone: Vec::new(),
            zone_us: 0,
            default_us: i64::from(default_seconds) * 1_000_000,
            unknown_zone: None,
        }
    }

    /// Reads `YYYY-MM-DD HH:MM:SS[.ffffff]` with an optional zone behind it; gives the time and the bytes taken.
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let (local, used) = self.read_local(text)?;
        let rest = text.get(used..).unwrap_or_default();
        let (offset, zone) = self.read_zone(rest);
        Some((local - offset, used + zone))
    }

    /// Reads a time without zone, in the default one.
    #[inline]
    pub fn read_plain(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let (local, used) = self.read_local(text)?;
        Some((local - self.default_us, used))
    }

    #[inline]
    fn read_local(&mut self, text: &[u8]) -> Option<(i64, usize)> {
        let head: &[u8; 19] = text.first_chunk()?;
        if head[..10] != self.date {
            self.midnight_us = midnight(&head[..10])?;
            self.date.copy_from_slice(&head[..10]);
        }
        if !matches!(head[10], b' ' | b'T' | b'_') || head[13] != head[16] || !matches!(head[13], b':') {
            return None;
        }
        let (hour, minute, second) = (two(head, 11)?, two(head, 14)?, two(head, 17)?);
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (micros, length) = fraction(&text[19..]);
        Some((self.midnight_us + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, 19 + length))
    }

    /// The zone that a text begins with, ahead of UTC in µs, and the bytes of it.
    #[inline]
    fn read_zone(&mut self, text: &[u8]) -> (i64, usize) {
        if !self.zone.is_empty() && text.starts_with(&self.zone) && !text.get(self.zone.len()).is_some_and(u8::is_ascii_alphanumeric) {
            return (self.zone_us, self.zone.len());
        }
        self.read_new_zone(text)
    }

    #[cold]
    fn read_new_zone(&mut self, text: &[u8]) -> (i64, usize) {
        let blank = usize::from(text.first() == Some(&b' '));
        let name = &text[blank..];
        let end = match name.first() {
            Some(b'+' | b'-') => 1 + name[1..].iter().take(8).take_while(|byte| byte.is_ascii_digit() || **byte == b':').count(),
            Some(b'A'..=b'Z') => name.iter().take(8).take_while(|byte| byte.is_ascii_uppercase()).count(),
            _ => 0,
        };
        let name = &name[..end];
        let known = match name.first() {
            Some(b'+' | b'-') if name.len() >= 3 => numeric_zone(name),
            Some(b'A'..=b'Z') => named_zone(name),
            _ => None,
        };
        match known {
            Some(seconds) => {
                self.zone = text[..blank + end].to_vec();
                self.zone_us = seconds * 1_000_000;
                (self.zone_us, self.zone.len())
            }
            None if name.len() >= 3 && name.iter().all(u8::is_ascii_uppercase) && blank == 1 => {
                if self.unknown_zone.is_none() {
                    self.unknown_zone = Some(String::from_utf8_lossy(name).into_owned());
                }
                (self.default_us, blank + end)
            }
            None => (self.default_us, 0),
        }
    }
}

/// Day of the week (Monday is 0) and hour of a time.
#[must_use]
pub fn weekday_hour(at_us: i64) -> (usize, usize) {
    // 1970-01-01 was a Thursday.
    let weekday = (at_us.div_euclid(DAY_US) + 3).rem_euclid(7);
    let hour = at_us.rem_euclid(DAY_US) / 3_600_000_000;
    (weekday as usize, hour as usize)
}

fn midnight(date: &[u8]) -> Option<i64> {
    if date[4] != b'-' || date[7] != b'-' {
        return None;
    }
    let year = two(date, 0)? * 100 + two(date, 2)?;
    Timestamp::from_civil((year, two(date, 5)?, two(date, 8)?), (0, 0, 0), 0).map(|time| time.0)
}

#[inline]
fn two(text: &[u8], at: usize) -> Option<i64> {
    let (high, low) = (text.get(at)?.wrapping_sub(b'0'), text.get(at + 1)?.wrapping_sub(b'0'));
    (high < 10 && low < 10).then(|| i64::from(high) * 10 + i64::from(low))
}

/// `.123456` as µs, and its length; further digits are dropped.
#[inline]
fn fraction(text: &[u8]) -> (i64, usize) {
    if !matches!(text.first(), Some(b'.' | b',')) {
        return (0, 0);
    }
    let (mut micros, mut unit, mut length) = (0, 100_000, 1);
    while let Some(digit) = text.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        micros += i64::from(digit) * unit;
        unit /= 10;
        length += 1;
        if length > 12 {
            break;
        }
    }
    if length == 1 { (0, 0) } else { (micros, length) }
}

/// `+02`, `-0330`, `+05:30` in seconds.
fn numeric_zone(text: &[u8]) -> Option<i64> {
    let digits: Vec<i64> = text[1..].iter().filter(|byte| **byte != b':').map(|byte| i64::from(byte - b'0')).collect();
    let seconds = match digits[..] {
        [a, b] => (a * 10 + b) * 3600,
        [a, b, c, d] => (a * 10 + b) * 3600 + (c * 10 + d) * 60,
        _ => return None,
    };
    (seconds <= 15 * 3600).then_some(if text[0] == b'-' { -seconds } else { seconds })
}

/// Abbreviations that mean one offset in the servers' default set of them (PostgreSQL manual, B.4), in seconds.
fn named_zone(name: &[u8]) -> Option<i64> {
    let hours = match name {
        b"UTC" | b"GMT" | b"WET" | b"Z" | b"UCT" => 0.0,
        b"CET" | b"BST" | b"WEST" | b"MEZ" => 1.0,
        b"CEST" | b"EET" | b"MESZ" | b"SAST" => 2.0,
        b"EEST" | b"MSK" => 3.0,
        b"PKT" => 5.0,
        b"IST" => 5.5,
        b"HKT" | b"SGT" | b"AWST" => 8.0,
        b"JST" | b"KST" => 9.0,
        b"ACST" => 9.5,
        b"AEST" => 10.0,
        b"AEDT" => 11.0,
        b"NZST" => 12.0,
        b"NZDT" => 13.0,
        b"NDT" => -2.5,
        b"BRT" | b"ART" | b"ADT" => -3.0,
        b"EDT" | b"AST" => -4.0,
        b"EST" | b"CDT" => -5.0,
        b"CST" | b"MDT" => -6.0,
        b"MST" | b"PDT" => -7.0,
        b"PST" | b"AKDT" => -8.0,
        b"AKST" => -9.0,
        b"HST" => -10.0,
        _ => return None,
    };
    Some((hours * 3600.0) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, usize)> {
        Clock::new(0).read(text.as_bytes()).map(|(time, used)| (Timestamp(time).to_string(), used))
    }

    #[test]
    fn reads_times_with_and_without_zone() {
        assert_eq!(read("2024-05-01 12:00:00.123 UTC [77]"), Some(("2024-05-01T12:00:00.123000Z".to_owned(), 27)));
        assert_eq!(read("2024-05-01 12:00:00 CEST x"), Some(("2024-05-01T10:00:00Z".to_owned(), 24)));
        assert_eq!(read("2024-05-01T12:00:00.000001Z 5"), Some(("2024-05-01T12:00:00.000001Z".to_owned(), 27)));
        assert_eq!(read("2024-05-01T12:00:00.5+02:00"), Some(("2024-05-01T10:00:00.500000Z".to_owned(), 27)));
        assert_eq!(read("2024-05-01 12:00:00 [5]"), Some(("2024-05-01T12:00:00Z".to_owned(), 19)));
        assert_eq!(read("2024-05-01 12:00:00-03 x"), Some(("2024-05-01T15:00:00Z".to_owned(), 22)));
        assert_eq!(read("2024-02-30 12:00:00"), None);
        assert_eq!(read("2024-05-01 25:00:00"), None);
    }

    #[test]
    fn a_zone_that_is_not_known_is_remembered() {
        let mut clock = Clock::new(3600);
        assert_eq!(clock.read(b"1970-01-01 01:00:00 XYZT [1]"), Some((0, 24)));
        assert_eq!(clock.unknown_zone.as_deref(), Some("XYZT"));
    }

    #[test]
    fn knows_the_day_of_the_week() {
        assert_eq!(weekday_hour(0), (3, 0));
        assert_eq!(weekday_hour(-1), (2, 23));
        assert_eq!(weekday_hour(1_714_557_600_000_000), (2, 10));
    }
}
