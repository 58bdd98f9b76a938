//! Numbers for people: few digits, the right unit, thousands parted. It never hides the unit.

use dbwright_model::finding::EvidenceValue;
use dbwright_model::{Evidence, Exactness, Unit};

use crate::sanitise;

/// A value with its unit: `1.2 GB`, `340 ms`, `12 %`.
#[must_use]
pub fn with_unit(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Bytes => bytes(value),
        Unit::Ms => milliseconds(value),
        Unit::Seconds => milliseconds(value * 1000.0),
        Unit::Share => format!("{} %", short(value * 100.0)),
        Unit::Count => grouped(value),
        unit => format!("{} {}", grouped(value), unit.symbol()),
    }
}

/// The value of an evidence; an estimate is marked by `≈`.
#[must_use]
pub fn evidence(evidence: &Evidence) -> String {
    match &evidence.value {
        EvidenceValue::Text(text) => sanitise::line(text),
        EvidenceValue::Number(value) => {
            let about = if evidence.exactness == Exactness::Estimated { "≈ " } else { "" };
            format!("{about}{}", with_unit(*value, evidence.unit))
        }
    }
}

/// A quantity without unit; an estimate is marked by `≈`.
#[must_use]
pub fn quantity(quantity: &dbwright_model::Quantity) -> String {
    let about = if quantity.exactness == Exactness::Estimated { "≈ " } else { "" };
    format!("{about}{}", grouped(quantity.value.round()))
}

/// Bytes in decimal units.
#[must_use]
pub fn bytes(value: f64) -> String {
    scaled(value, 1000.0, &["B", "kB", "MB", "GB", "TB", "PB"])
}

/// Milliseconds, as microseconds, milliseconds, seconds, minutes or hours.
#[must_use]
pub fn milliseconds(value: f64) -> String {
    if value == 0.0 {
        return "0 ms".to_owned();
    }
    match value.abs() {
        ms if ms < 1.0 => format!("{} µs", short(value * 1000.0)),
        ms if ms < 1000.0 => format!("{} ms", short(value)),
        ms if ms < 120_000.0 => format!("{} s", short(value / 1000.0)),
        ms if ms < 7_200_000.0 => format!("{} min", short(value / 60_000.0)),
        _ => format!("{} h", short(value / 3_600_000.0)),
    }
}

/// Three significant digits, without trailing zeros.
#[must_use]
pub fn short(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let magnitude = value.abs();
    if magnitude >= 100.0 || value == value.trunc() {
        return grouped(value.round());
    }
    let decimals = if magnitude >= 10.0 {
        1
    } else if magnitude >= 1.0 {
        2
    } else {
        3
    };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whole numbers with thousands parted by commas; others as [`short`].
#[must_use]
pub fn grouped(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    if value.fract() != 0.0 && value.abs() < 1000.0 {
        return short(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if value < 0.0 && out != "0" { format!("-{out}") } else { out }
}

fn scaled(value: f64, step: f64, units: &[&str]) -> String {
    let mut value = value;
    let mut at = 0;
    while value.abs() >= step && at + 1 < units.len() {
        value /= step;
        at += 1;
    }
    format!("{} {}", short(value), units[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(1_234_567.0), "1,234,567");
        assert_eq!(grouped(-1000.0), "-1,000");
        assert_eq!(bytes(1_290_000_000.0), "1.29 GB");
        assert_eq!(bytes(0.0), "0 B");
        assert_eq!(milliseconds(0.25), "250 µs");
        assert_eq!(milliseconds(679.2), "679 ms");
        assert_eq!(milliseconds(90_000.0), "90 s");
        assert_eq!(with_unit(0.4217, Unit::Share), "42.2 %");
        assert_eq!(short(f64::NAN), "?");
    }
}
