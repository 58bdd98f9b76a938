//! `recovery/failover-slow`.

use dbwright_model::{Evidence, FactKind, Finding, Grade, Severity, Unit};

use crate::context::Context;
use crate::drills;
use crate::rule::{Rule, SERVERS};

/// The rule.
pub static RULE: Rule = Rule {
    id: "recovery/failover-slow",
    title: "Failover eats the allowance for outages",
    severity: Severity::Warning,
    engines: SERVERS,
    needs: &[FactKind::Drills],
    docs: DOCS,
    check,
};

const DOCS: &str = r#"
## Finds
Servers whose last failover drill kept clients away for more than a quarter of the outage that the availability goal
allows in 30 days: 65 s at 99.99 %.

```facts finds postgresql
{"backups": {"drills": [{"drill": "failover", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 120.0, "faults": 1}]}}
```

```facts quiet postgresql
{"backups": {"drills": [{"drill": "failover", "at": "2026-11-22T00:00:00Z", "subject": "postgresql store", "passed": true, "recovery_seconds": 8.0, "faults": 1}]}}
```

## Why it matters
Four such incidents use up the month. What takes the time is detection and the clients' time-outs, seldom the
promotion.

## When not to follow
Where the goal for availability does not cover unplanned outages.

## Fix
Shorten detection, give clients a connect time-out of two seconds and all hosts in their connection string, order the
hosts so that a dead one does not come first.

## How we verify
Proved by a failover drill: from the last acknowledged write before to the first after.

## References
Google, Site Reliability Workbook, Alerting on SLOs, for error budgets.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    const MONTH_SECONDS: f64 = 30.0 * 86_400.0;
    let Some(gap) = drills::latest(context.facts, &["failover"]).and_then(|drill| drill.recovery_seconds) else { return Vec::new() };
    let allowance = (1.0 - context.policy.standards.availability) * MONTH_SECONDS;
    if gap <= allowance / 4.0 {
        return Vec::new();
    }
    let message = format!("A failover kept clients away for {gap:.0} s; the goal for availability allows {allowance:.0} s in 30 days.");
    vec![
        Finding::new("server", message)
            .graded(Grade::Proved)
            .evidence(Evidence::measured("client gap", gap, Unit::Seconds, "record of drills"))
            .risks(0.5),
    ]
}
