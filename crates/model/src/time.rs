//! Points in time, always UTC. It never reads a clock: the caller does and passes the value in.

use serde::{Deserialize, Serialize};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(pub i64);

/// A text that is not `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a UTC time like 2026-01-31T12:00:00Z")]
pub struct NotATimestamp(pub String);

impl Timestamp {
    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// From a date and a time of day, all UTC.
    ///
    /// `None` when there is no such date or time; a second of 60 is taken.
    #[must_use]
    pub fn from_civil(date: (i64, i64, i64), time: (i64, i64, i64), micros: i64) -> Option<Self> {
        let ((year, month, day), (hour, minute, second)) = (date, time);
        if !(-9999..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let day_number = days(year, month, day);
        let in_range =
            (0..24).contains(&hour) && (0..60).contains(&minute) && (0..=60).contains(&second) && (0..1_000_000).contains(&micros);
        if civil(day_number) != (year, month, day) || !in_range {
            return None;
        }
        Some(Self(((day_number * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros))
    }

    /// Seconds since the epoch, with fraction.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Days from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 / 86_400e6
    }

    /// The date part, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> String {
        let (year, month, day) = civil(self.0.div_euclid(86_400_000_000));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// Midnight UTC of a date `YYYY-MM-DD`.
    ///
    /// # Errors
    /// When the text is no such date.
    pub fn from_date(text: &str) -> Result<Self, NotATimestamp> {
        Self::parse(&format!("{text}T00:00:00Z")).map_err(|_| NotATimestamp(text.to_owned()))
    }

    /// Reads `YYYY-MM-DDTHH:MM:SS[.ffffff]Z`; a blank instead of the T is taken too.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        parse(text).ok_or_else(|| NotATimestamp(text.to_owned()))
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = NotATimestamp;

    fn try_from(text: String) -> Result<Self, NotATimestamp> {
        Self::parse(&text)
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rest = self.0.rem_euclid(86_400_000_000);
        let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(formatter, "{}T{hour:02}:{minute:02}:{second:02}", self.date())?;
        if micros != 0 {
            write!(formatter, ".{micros:06}")?;
        }
        formatter.write_str("Z")
    }
}

/// Proleptic Gregorian date of a day number since the epoch (the "civil from days" arithmetic on 400-year eras).
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_shifted = (month + 9) % 12;
    let day_of_year = (153 * month_shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || !text.is_ascii() || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    if !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    let field = |from: usize, to: usize| text[from..to].parse::<i64>().ok().filter(|value| *value >= 0);
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    let (hour, minute, second) = (field(11, 13)?, field(14, 16)?, field(17, 19)?);
    let day_number = days(year, month, day);
    if civil(day_number) != (year, month, day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let fraction = text[19..].strip_suffix('Z')?;
    let micros = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) if (1..=9).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{digits:0<6}")[..6].parse().ok()?
        }
        _ => return None,
    };
    Some(Timestamp(((day_number * 24 + hour) * 60 + minute) * 60_000_000 + second * 1_000_000 + micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_and_reads_the_same() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-24T01:47:59.000123Z", "2024-02-29T23:59:59Z", "1969-12-31T23:59:59Z"] {
            assert_eq!(Timestamp::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_dates_that_are_none() {
        for text in ["2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01", "2023-01-01T25:00:00Z", "２023-01-01T00:00:00Z"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn counts_days() {
        let (a, b) = (Timestamp::from_date("2026-01-01").unwrap(), Timestamp::from_date("2026-03-01").unwrap());
        assert!((b.days_since(a) - 59.0).abs() < 1e-9);
    }
}
