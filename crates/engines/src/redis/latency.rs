//! Commands with their calls, times and latency: INFO commandstats and LATENCY HISTOGRAM. The histogram's buckets are powers
//! of two microseconds, so a percentile is known as an interval, never as a point.

use std::collections::BTreeMap;

use dbwright_model::workload::{Latency, Sample, Statement, Workload, WorkloadSource};
use redis::Value;

use super::facts::text_of;
use super::info::Info;

/// The workload that the server's own counters show.
pub(super) fn workload(info: &Info, histogram: Option<&Value>, slow: Option<&Value>) -> Workload {
    let histograms = histogram.map(histograms).unwrap_or_default();
    let mut samples = slow.map(slow_commands).unwrap_or_default();
    let mut statements: Vec<Statement> = info
        .groups("cmdstat_")
        // A command that was only ever refused was never executed.
        .filter(|(name, pairs)| pairs.get("calls") != Some(&"0") && !of_connections(name))
        .map(|(name, pairs)| {
            let number = |key: &str| pairs.get(key).and_then(|text| text.parse::<f64>().ok());
            let command = name.replace('|', " ").to_uppercase();
            Statement {
                fingerprint: String::new(),
                name: Some(command.clone()),
                engine_id: Some(name.to_owned()),
                calls: number("calls"),
                total_ms: number("usec").map(|micros| micros / 1000.0),
                latency: histograms.get(&name.to_lowercase()).and_then(|buckets| latency(buckets)),
                samples: samples.remove(name.split('|').next().unwrap_or(name)).unwrap_or_default(),
                text: command,
                ..Statement::default()
            }
        })
        .collect();
    statements.sort_by(|a, b| b.total_ms.partial_cmp(&a.total_ms).unwrap_or(std::cmp::Ordering::Equal).then_with(|| a.text.cmp(&b.text)));
    Workload { source: WorkloadSource::Statistics, statements, literals_hidden: true, ..Workload::default() }
}

/// Commands by which connections are made, kept and looked after, replicas and this very reading included: they are nobody's
/// workload.
fn of_connections(name: &str) -> bool {
    const COMMANDS: [&str; 18] = [
        "acl", "auth", "client", "cluster", "command", "config", "dbsize", "hello", "info", "latency", "memory", "ping", "psync",
        "readonly", "replconf", "role", "select", "slowlog",
    ];
    COMMANDS.contains(&name.split('|').next().unwrap_or(name))
}

/// Cumulative counts by upper bound in microseconds, per command.
fn histograms(value: &Value) -> BTreeMap<String, Vec<(f64, u64)>> {
    let mut found = BTreeMap::new();
    for (name, details) in entries(value) {
        let Some((_, buckets)) = entries(details).into_iter().find(|(key, _)| text_of(key).as_deref() == Some("histogram_usec")) else {
            continue;
        };
        let mut counts: Vec<(f64, u64)> = entries(buckets)
            .into_iter()
            .filter_map(|(bound, count)| Some((number(bound)?, u64::try_from(integer(count)?).ok()?)))
            .collect();
        counts.sort_by(|a, b| a.0.total_cmp(&b.0));
        if let Some(name) = text_of(name) {
            found.insert(name.to_lowercase(), counts);
        }
    }
    found
}

/// Executions that carry a bound of the 95th percentile.
const FEWEST: u64 = 59;

/// Percentiles as the upper bounds of the buckets that hold them; the 95th with the bucket as its interval.
fn latency(cumulative: &[(f64, u64)]) -> Option<Latency> {
    let total = cumulative.last()?.1;
    if total == 0 {
        return None;
    }
    let bucket = |share: f64| {
        let wanted = (total as f64 * share).ceil() as u64;
        let at = cumulative.iter().position(|(_, count)| *count >= wanted).unwrap_or(cumulative.len() - 1);
        // Buckets are powers of two, and empty ones are left out.
        (cumulative[at].0 / 2000.0, cumulative[at].0 / 1000.0)
    };
    let (p95_low, p95_high) = bucket(0.95);
    // 59 are needed to bound a 95th percentile at all (0.95^59 < 0.05).
    let bound = |value: f64| (total >= FEWEST).then_some(value);
    let mut before = 0;
    let buckets = cumulative
        .iter()
        .map(|(bound, count)| {
            let own = count.saturating_sub(before);
            before = *count;
            (bound / 1000.0, own)
        })
        .collect();
    Some(Latency {
        samples: total,
        p50_ms: bucket(0.5).1,
        p95_ms: p95_high,
        p95_low_ms: bound(p95_low),
        p95_high_ms: bound(p95_high),
        p99_ms: bucket(0.99).1,
        max_ms: bucket(1.0).1,
        method: "server histogram of powers of two microseconds: upper bounds of buckets, time on the server only".to_owned(),
        buckets,
    })
}

/// Slow commands by name, with everything but command and key left out.
fn slow_commands(value: &Value) -> BTreeMap<String, Vec<Sample>> {
    let mut found: BTreeMap<String, Vec<Sample>> = BTreeMap::new();
    let Value::Array(entries) = value else { return found };
    for entry in entries {
        let Value::Array(parts) = entry else { continue };
        let (Some(micros), Some(Value::Array(words))) = (parts.get(2).and_then(integer), parts.get(3)) else { continue };
        let Some(command) = words.first().and_then(text_of) else { continue };
        let key = words.get(1).and_then(text_of).map(|key| format!(" {key}")).unwrap_or_default();
        let more = if words.len() > 2 { " ?" } else { "" };
        let text = format!("{}{key}{more} -- {:.3} ms", command.to_uppercase(), micros as f64 / 1000.0);
        let samples = found.entry(command.to_lowercase()).or_default();
        if samples.len() < 5 {
            samples.push(Sample { text, parameters: Vec::new() });
        }
    }
    found
}

/// A map, or an array that alternates names and values.
pub(super) fn entries(value: &Value) -> Vec<(&Value, &Value)> {
    match value {
        Value::Map(pairs) => pairs.iter().map(|(key, value)| (key, value)).collect(),
        Value::Array(items) => items.chunks_exact(2).map(|pair| (&pair[0], &pair[1])).collect(),
        _ => Vec::new(),
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        other => text_of(other)?.parse().ok(),
    }
}

fn number(value: &Value) -> Option<f64> {
    integer(value).map(|number| number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_an_interval() {
        let found = latency(&[(1.0, 90), (2.0, 94), (4.0, 99), (1024.0, 100)]).unwrap();
        assert_eq!((found.samples, found.p50_ms, found.p95_low_ms, found.p95_high_ms), (100, 0.001, Some(0.002), Some(0.004)));
        assert_eq!((found.p99_ms, found.max_ms), (0.004, 1.024));
        assert_eq!(found.buckets.iter().map(|(_, count)| count).sum::<u64>(), 100);
    }

    #[test]
    fn values_of_slow_commands_are_left_out() {
        let word = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let entry = Value::Array(vec![
            Value::Int(1),
            Value::Int(2),
            Value::Int(15_000),
            Value::Array(vec![word("SET"), word("k"), word("s3cret")]),
        ]);
        let found = slow_commands(&Value::Array(vec![entry]));
        assert_eq!(found["set"][0].text, "SET k ? -- 15.000 ms");
    }
}
