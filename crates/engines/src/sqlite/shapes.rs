//! What a single text looks like: a number, a date, a UUID, a list. It never keeps the text.

use serde::de::IgnoredAny;

/// A decimal number without leading zeros other than `0` itself.
pub(super) fn number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').map_or((digits, None), |(whole, fraction)| (whole, Some(fraction)));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(all_digits)
}

/// An ISO 8601 date, time of day, or both, with or without zone.
pub(super) fn date(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    if time(text) {
        return true;
    }
    let Some((day, rest)) = text.split_at_checked(10) else { return false };
    calendar_day(day) && (rest.is_empty() || (rest.starts_with(['T', ' ']) && time(without_zone(&rest[1..]))))
}

fn calendar_day(day: &str) -> bool {
    let bytes = day.as_bytes();
    let number = |from: usize, to: usize| {
        day.get(from..to).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit())).and_then(|part| part.parse::<u32>().ok())
    };
    bytes.get(4) == Some(&b'-')
        && bytes.get(7) == Some(&b'-')
        && number(0, 4).is_some()
        && number(5, 7).is_some_and(|month| (1..=12).contains(&month))
        && number(8, 10).is_some_and(|day| (1..=31).contains(&day))
}

fn without_zone(time: &str) -> &str {
    if let Some(rest) = time.strip_suffix(['Z', 'z']) {
        return rest;
    }
    match time.rfind(['+', '-']) {
        Some(at) if time[at + 1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b':') && at + 1 < time.len() => &time[..at],
        _ => time,
    }
}

fn time(text: &str) -> bool {
    let mut parts = text.split(':');
    let two = |part: Option<&str>, below: u32| {
        part.is_some_and(|part| {
            part.len() == 2 && part.parse::<u32>().is_ok_and(|number| number < below) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    if !two(parts.next(), 24) || !two(parts.next(), 60) {
        return false;
    }
    let seconds = parts.next().map(|seconds| seconds.split_once('.').map_or((seconds, "0"), |pair| pair));
    let good = seconds
        .is_none_or(|(whole, fraction)| two(Some(whole), 61) && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit()));
    good && parts.next().is_none()
}

/// A UUID in its canonical form of 36 characters.
pub(super) fn uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// A truth value written as a word or digit.
pub(super) fn boolean(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "t" | "f" | "y" | "n" | "0" | "1")
}

/// A JSON object or array.
pub(super) fn json(text: &str) -> bool {
    let trimmed = text.trim_ascii();
    let wrapped = (trimmed.starts_with('{') && trimmed.ends_with('}')) || (trimmed.starts_with('[') && trimmed.ends_with(']'));
    wrapped && serde_json::from_str::<IgnoredAny>(trimmed).is_ok()
}

/// Two or more items parted by the same one of `,` `;` `|`, without blanks; a number with thousands marks is none.
pub(super) fn list(text: &str) -> bool {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) || text.starts_with(['{', '[']) || text.contains("://") {
        return false;
    }
    // Items of a list are words; password hashes, query strings and encoded data part their fields with the same marks.
    let word = |item: &str| !item.is_empty() && item.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+'));
    let parted = |mark: char| text.contains(mark) && text.split(mark).all(word);
    (parted(',') && !thousands(text)) || parted(';') || parted('|')
}

fn thousands(text: &str) -> bool {
    let whole = text.trim_start_matches('-').split('.').next().unwrap_or("");
    let mut groups = whole.split(',');
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && digits(first))
        && groups.all(|group| group.len() == 3 && digits(group))
}

/// Something like a mail address.
pub(super) fn email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._%+-".contains(&byte));
    plain(local) && plain(domain) && domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_hash_is_no_list() {
        assert!(!list("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"));
        assert!(!list("a=1;b=2"));
        assert!(list("oak,indoor,sale") && list("a@b.example;c@d.example"));
    }

    #[test]
    fn shapes_are_told_from_look_alikes() {
        for (text, expected) in [("0", true), ("-12.50", true), ("007", false), ("1.", false), ("+47", false), ("", false), ("1e5", false)]
        {
            assert_eq!(number(text), expected, "{text}");
        }
        let dates = [
            ("2024-02-29", true),
            ("2024-02-29T10:11:12.5Z", true),
            ("2024-02-29 10:11:12+02:00", true),
            ("10:11", true),
            ("2024-13-01", false),
            ("2024-02-29x", false),
            ("2024-02-2é", false),
            ("20240229", false),
            ("10:11:12:13", false),
        ];
        for (text, expected) in dates {
            assert_eq!(date(text), expected, "{text}");
        }
        assert!(uuid("123e4567-e89b-12d3-a456-426614174000") && !uuid("123e4567e89b12d3a456426614174000"));
        assert!(json("{\"a\": [1]}") && !json("{a}") && !json("12"));
        assert!(list("oak,indoor,sale") && list("1;2") && !list("Smith, John") && !list("1,234,567") && !list("a,") && !list("{1,2}"));
        assert!(email("a.b@c.example") && !email("a@b") && !email("@x.y") && !email("a b@c.d"));
        assert!(boolean("Yes") && !boolean("maybe"));
    }
}
