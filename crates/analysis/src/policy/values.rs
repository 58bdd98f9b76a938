//! Values of the policy as people write them: durations, shares, words. It never takes a unit for granted silently: the
//! key's description names the one of a bare number.

use dbwright_model::gate::Enforcement;
use dbwright_model::policy::Declared;
use dbwright_model::{Gate, Severity, Timestamp};

use super::error::{Problem, did_you_mean};

/// A number of milliseconds; bare means milliseconds.
pub fn milliseconds(text: &str) -> Result<f64, Problem> {
    duration(text, 0.001).map(|seconds| seconds * 1000.0)
}

/// A number of seconds; bare means seconds.
pub fn seconds(text: &str) -> Result<f64, Problem> {
    duration(text, 1.0)
}

/// A number of days; bare means days.
pub fn days(text: &str) -> Result<f64, Problem> {
    duration(text, 86_400.0).map(|seconds| seconds / 86_400.0)
}

/// Seconds of a duration like `90`, `1.5h`, `30 min`; `bare` is the unit of a number alone, in seconds.
fn duration(text: &str, bare: f64) -> Result<f64, Problem> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let unit = match text[digits..].trim() {
        "" => Some(bare),
        "ms" | "millisecond" | "milliseconds" => Some(0.001),
        "s" | "sec" | "second" | "seconds" => Some(1.0),
        "m" | "min" | "minute" | "minutes" => Some(60.0),
        "h" | "hour" | "hours" => Some(3600.0),
        "d" | "day" | "days" => Some(86_400.0),
        "w" | "week" | "weeks" => Some(604_800.0),
        _ => None,
    };
    let number = text[..digits].parse::<f64>().ok().filter(|number| *number > 0.0);
    match (number, unit) {
        (Some(number), Some(unit)) => Ok(number * unit),
        _ => Err(Problem::new(format!("{text:?} is no duration above zero"), "write a number with ms, s, min, h, d or w, like \"1h\"")),
    }
}

/// A share: `0.9999` or `99.99%`.
pub fn share(text: &str) -> Result<f64, Problem> {
    let text = text.trim();
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().ok().map(from_percent),
        None => text.parse::<f64>().ok(),
    };
    number
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| Problem::new(format!("{text:?} is no share between 0 and 1"), "write it like 0.9999 or \"99.99%\""))
}

/// The share that a percentage means: rounded to ten decimals of it, so that 99.99 % is 0.9999 to the last bit.
pub fn from_percent(percent: f64) -> f64 {
    (percent * 1e10).round() / 1e12
}

/// A whole number, not negative.
pub fn count(text: &str) -> Result<u64, Problem> {
    text.trim().parse().map_err(|_| Problem::new(format!("{text:?} is no whole number"), "write 0 or more, without unit"))
}

/// A number above zero.
pub fn rate(text: &str) -> Result<f64, Problem> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| Problem::new(format!("{text:?} is no number above zero"), "write calls per second, like 50"))
}

/// How a gate is enforced.
pub fn enforcement(text: &str) -> Result<Enforcement, Problem> {
    const WORDS: [&str; 3] = ["blocking", "conditional", "advisory"];
    match text.trim().to_ascii_lowercase().as_str() {
        "blocking" => Ok(Enforcement::Blocking),
        "conditional" => Ok(Enforcement::Conditional),
        "advisory" => Ok(Enforcement::Advisory),
        other => {
            Err(Problem::new(format!("{text:?} is no enforcement"), did_you_mean(other, WORDS, "write blocking, conditional or advisory")))
        }
    }
}

/// A severity.
pub fn severity(text: &str) -> Result<Severity, Problem> {
    let all = [Severity::Info, Severity::Warning, Severity::Error];
    let word = text.trim().to_ascii_lowercase();
    all.into_iter().find(|one| one.id() == word).ok_or_else(|| {
        Problem::new(format!("{text:?} is no severity"), did_you_mean(&word, all.map(Severity::id), "write error, warning or info"))
    })
}

/// A gate by its identifier.
pub fn gate(text: &str) -> Result<Gate, Problem> {
    Gate::from_id(text.trim()).ok_or_else(|| {
        let hint = did_you_mean(text, Gate::ALL.map(Gate::id), "the gates are schema, performance, integrity, recovery, security");
        Problem::new(format!("there is no gate {text:?}"), hint)
    })
}

/// A date `YYYY-MM-DD`.
pub fn date(text: &str) -> Result<String, Problem> {
    let day = Timestamp::from_date(text.trim()).map_err(|_| Problem::new(format!("{text:?} is no date"), "write it like 2026-12-31"))?;
    Ok(day.date())
}

/// A reason that says something.
pub fn reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::new("the reason is empty", "say why, for those who read it next year"));
    }
    Ok(text.to_owned())
}

/// `true: reason` or `false: reason`.
pub fn declared(text: &str) -> Result<Declared, Problem> {
    let form = || Problem::new(format!("{text:?} is no declaration"), "write a value and a reason, like \"false: invented test data\"");
    let (value, why) = text.split_once(':').ok_or_else(form)?;
    let value = match value.trim() {
        "true" => true,
        "false" => false,
        _ => return Err(form()),
    };
    Ok(Declared { value, reason: reason(why)? })
}

/// The id of a rule that exists.
pub fn rule(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let ids: Vec<&str> = crate::rules::all().into_iter().map(|rule| rule.id).collect();
    if ids.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(Problem::new(format!("there is no rule {text:?}"), did_you_mean(text, ids, "`dbwright rules` lists them all")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        assert_eq!(seconds("1h"), Ok(3600.0));
        assert_eq!(seconds("90"), Ok(90.0));
        assert_eq!(milliseconds("0.1 s"), Ok(100.0));
        assert_eq!(days("36h"), Ok(1.5));
        for wrong in ["", "-1", "1 fortnight", "h", "0", "1.2.3s"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_are_between_nought_and_one() {
        assert_eq!(share("50%"), Ok(0.5));
        assert_eq!(share("99.99%"), Ok(0.9999));
        assert!(share("99.99").is_err() && share("-0.1").is_err() && share("NaN").is_err());
    }

    #[test]
    fn declarations_need_a_reason() {
        assert!(declared("false: test data").is_ok_and(|one| !one.value && one.reason == "test data"));
        assert!(declared("false").is_err() && declared("true: ").is_err() && declared("maybe: x").is_err());
    }
}
