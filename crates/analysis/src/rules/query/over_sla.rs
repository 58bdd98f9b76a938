//! `query/over-sla`.

use dbwright_model::workload::{Latency, Statement};
use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};
use dbwright_sql::StatementKind;

use crate::context::{Context, StatementView};
use crate::rule::{ALL, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "query/over-sla",
    title: "Statement slower than agreed",
    severity: Severity::Error,
    engines: ALL,
    needs: &[FactKind::Workload],
    docs: DOCS,
    check,
};

/// Calls below which mean and deviation of a statistics view say little about the next call.
const FEWEST_CALLS: f64 = 59.0;
/// Standard deviations above the limit at which the mean alone proves that the 95th percentile is above it: by the
/// one-sided Chebyshev inequality at most σ²/(σ²+t²) of the calls lie t below the mean, which is 0.95 at t = 0.2294 σ.
const CANTELLI: f64 = 0.2295;

const DOCS: &str = r#"
## Finds
Statements whose 95th percentile of latency is not below the limit of the policy (100 ms, or the statement's own). An error
when the whole 95 % confidence interval of the percentile lies above the limit; a warning when the measured percentile does
but the interval reaches below; a remark when only its upper end does. Where the server keeps no distribution, mean and
standard deviation prove it: a mean that exceeds the limit by 0.23 standard deviations can't belong to a 95th percentile
below it. Redis and Valkey keep a histogram of each command in powers of two: the bucket of the percentile is its interval.

```facts finds postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "latency", "state": "read", "detail": ""}],
 "workload": {"source": "log", "statements": [{"text": "SELECT name FROM customer WHERE city = $1", "calls": 400, "total_ms": 90000,
  "latency": {"samples": 400, "p50_ms": 210, "p95_ms": 400, "p95_low_ms": 370, "p95_high_ms": 440, "p99_ms": 500, "max_ms": 700, "method": "log"}}]}}
```

```facts finds postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "latency", "state": "partial", "detail": "means only"}],
 "workload": {"source": "statistics", "statements": [{"text": "SELECT name FROM customer WHERE city = $1", "calls": 5000, "total_ms": 1500000, "deviation_ms": 80}]}}
```

```facts quiet postgresql
{"coverage": [{"fact": "workload", "state": "read", "detail": ""}, {"fact": "latency", "state": "read", "detail": ""}],
 "workload": {"source": "log", "statements": [{"text": "SELECT name FROM customer WHERE city = $1", "calls": 400, "total_ms": 9000,
  "latency": {"samples": 400, "p50_ms": 21, "p95_ms": 40, "p95_low_ms": 37, "p95_high_ms": 44, "p99_ms": 50, "max_ms": 700, "method": "log"}}]}}
```

```facts finds redis
{"workload": {"source": "statistics", "statements": [{"text": "SMEMBERS", "name": "SMEMBERS", "calls": 400, "total_ms": 90000,
  "latency": {"samples": 400, "p50_ms": 131, "p95_ms": 524, "p95_low_ms": 262, "p95_high_ms": 524, "p99_ms": 524, "max_ms": 1048, "method": "server histogram"}}]}}
```

## Why it matters
One in twenty calls is at least this slow. A page that makes twenty calls meets it nearly every time.

## When not to follow
Reports and jobs that nobody waits for: give them a limit of their own in the policy, by name or fingerprint.

## Fix
Look at the other findings on the statement: they name the cause. Where there is none, the work itself is too much for the
time: summarise ahead, or ask for less.

## How we verify
The percentile is taken from single executions or a histogram, its interval from order statistics. After the change the
workload is measured again and the upper end of the interval must be below the limit.

## References
H. A. David and H. N. Nagaraja, Order Statistics, section 7.1. F. P. Cantelli, Sui confini della probabilità, 1928. G. Tene,
How NOT to Measure Latency, 2015.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    context.statements().iter().filter_map(|view| judge(context, view)).collect()
}

fn judge(context: &Context<'_>, view: &StatementView<'_>) -> Option<Finding> {
    let limit = context.limit_ms(view);
    match &view.statement.latency {
        // What was called a few times has no percentile worth a word; query/blocking-command looks at single executions.
        Some(latency) if !context.engine().speaks_sql() && (latency.samples as f64) < FEWEST_CALLS => None,
        Some(latency) => by_distribution(view, latency, limit),
        None => by_moments(view, limit),
    }
    .map(|finding| finding.evidence(Evidence::measured("limit", limit, Unit::Ms, "policy")))
}

fn by_distribution(view: &StatementView<'_>, latency: &Latency, limit: f64) -> Option<Finding> {
    let low = latency.p95_low_ms.unwrap_or(latency.p95_ms);
    let above = latency.p95_ms >= limit;
    if !above && latency.p95_high_ms.is_none_or(|high| high < limit) {
        return None;
    }
    let certain = above && latency.p95_low_ms.is_some() && low >= limit;
    let title = view.title();
    let message = match (certain, above) {
        (true, _) => format!("{title} takes {:.0} ms at the 95th percentile; {limit:.0} ms are agreed.", latency.p95_ms),
        (false, true) => format!(
            "{title} takes {:.0} ms at the 95th percentile of the samples; {limit:.0} ms are agreed, and the samples are too few to be sure.",
            latency.p95_ms
        ),
        (false, false) => format!(
            "{title} may exceed the {limit:.0} ms agreed: the upper bound of its 95th percentile is {:.0} ms.",
            latency.p95_high_ms.unwrap_or(limit)
        ),
    };
    let severity = match (certain, above) {
        (true, _) => Severity::Error,
        (false, true) => Severity::Warning,
        (false, false) => Severity::Info,
    };
    let mut finding = view
        .finding(message)
        .severe(severity)
        .evidence(Evidence::measured("95th percentile", latency.p95_ms, Unit::Ms, latency.method.clone()))
        .evidence(Evidence::measured("samples", latency.samples as f64, Unit::Count, latency.method.clone()))
        .risks(if certain { 0.6 } else { 0.3 });
    for (name, bound) in [("lower bound", latency.p95_low_ms), ("upper bound", latency.p95_high_ms)] {
        if let Some(bound) = bound {
            finding = finding.evidence(Evidence::estimated(name, bound, Unit::Ms, "95 % confidence interval by order statistics"));
        }
    }
    Some(finding)
}

/// Proof by mean and deviation, where the server keeps no more.
fn by_moments(view: &StatementView<'_>, limit: f64) -> Option<Finding> {
    let statement = view.statement;
    let mean = statement.mean_ms()?;
    // Nobody agreed on how long an index build or a refresh may take.
    let queries = matches!(
        view.shape.kind,
        StatementKind::Select | StatementKind::Insert | StatementKind::Update | StatementKind::Delete | StatementKind::Merge
    );
    if !queries || !proven(statement, mean, limit) {
        return None;
    }
    let message = format!("{} takes {mean:.0} ms in the mean; its 95th percentile can't be below the {limit:.0} ms agreed.", view.title());
    let mut finding =
        view.finding(message).graded(Grade::Observed).evidence(Evidence::measured("mean", mean, Unit::Ms, "statement statistics"));
    for (name, value) in [("standard deviation", statement.deviation_ms), ("longest", statement.max_ms)] {
        if let Some(value) = value {
            finding = finding.evidence(Evidence::measured(name, value, Unit::Ms, "statement statistics"));
        }
    }
    Some(finding.risks(0.6))
}

/// Whether the mean can't belong to a 95th percentile below the limit: by the deviation, or by the longest execution
/// (95 % at most `limit` and 5 % at most `longest`).
fn proven(statement: &Statement, mean: f64, limit: f64) -> bool {
    if statement.calls.unwrap_or(0.0) < FEWEST_CALLS {
        return false;
    }
    let by_deviation = statement.deviation_ms.is_some_and(|deviation| mean >= deviation.mul_add(CANTELLI, limit));
    let by_longest = statement.max_ms.is_some_and(|longest| mean > 0.95f64.mul_add(limit, 0.05 * longest));
    by_deviation || by_longest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(calls: f64, deviation_ms: Option<f64>, max_ms: Option<f64>) -> Statement {
        Statement { calls: Some(calls), deviation_ms, max_ms, ..Statement::default() }
    }

    #[test]
    fn a_mean_proves_only_what_it_must() {
        assert!(proven(&statement(1000.0, Some(80.0), None), 300.0, 100.0));
        assert!(!proven(&statement(1000.0, Some(5000.0), None), 300.0, 100.0), "a few very slow calls may explain the mean");
        assert!(proven(&statement(1000.0, None, Some(500.0)), 300.0, 100.0));
        assert!(!proven(&statement(1000.0, None, Some(9000.0)), 300.0, 100.0));
        assert!(!proven(&statement(10.0, Some(1.0), Some(301.0)), 300.0, 100.0), "too few calls");
    }
}
