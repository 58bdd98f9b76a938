//! `workload/error-replies`.

use dbwright_model::{Evidence, FactKind, Finding, Severity, Unit};

use crate::context::Context;
use crate::rule::{REDIS_FAMILY, Rule};

/// The rule.
pub static RULE: Rule = Rule {
    id: "workload/error-replies",
    title: "Many commands are refused",
    severity: Severity::Warning,
    engines: REDIS_FAMILY,
    needs: &[FactKind::Health],
    docs: DOCS,
    check,
};

/// Errors below which a share says little.
const FEWEST: f64 = 1000.0;
/// Share of commands from which errors are many.
const SHARE: f64 = 0.01;
/// Kinds that say that a write was refused by a server in trouble.
const REFUSED: [&str; 2] = ["OOM", "MISCONF"];
/// Kinds that belong to how clients work.
const NORMAL: [&str; 4] = ["NOSCRIPT", "MOVED", "ASK", "NOPROTO"];

const DOCS: &str = r#"
## Finds
One in a hundred commands or more, 1,000 at least, was answered by an error; and, as an error, any write that was refused
because the memory was full (OOM) or the last save had failed (MISCONF).

```facts finds redis
{"health": {"counters": {"total_error_replies": 40000, "total_commands_processed": 900000, "errorstat_WRONGTYPE": 39000, "errorstat_ERR": 1000}}}
```

```facts finds redis
{"health": {"counters": {"total_error_replies": 12, "total_commands_processed": 900000, "errorstat_OOM": 12}}}
```

```facts quiet redis
{"health": {"counters": {"total_error_replies": 40, "total_commands_processed": 900000, "errorstat_ERR": 40}}}
```

## Why it matters
Each is an operation that a program believed in and that did not happen. Errors of one kind point to one cause.

## When not to follow
NOSCRIPT and MOVED are part of how clients work; they are left out of the count.

## Fix
By kind: WRONGTYPE, two programs use one key differently (schema/type-inconsistent); OOM, see capacity/memory-exhaustion;
MISCONF, see recovery/snapshot-failing; NOPERM, an account lacks a right; ERR, a wrong command or number of arguments.

## How we verify
Counted by the server since its start or CONFIG RESETSTAT (INFO errorstats).

## References
Redis documentation, INFO, section errorstats.
"#;

fn check(context: &Context<'_>) -> Vec<Finding> {
    if !context.judges_server() {
        return Vec::new();
    }
    let kinds: Vec<(&str, f64)> =
        context.facts.health.counters.iter().filter_map(|(name, count)| Some((name.strip_prefix("errorstat_")?, *count))).collect();
    let refused: Vec<&(&str, f64)> = kinds.iter().filter(|(kind, count)| REFUSED.contains(kind) && *count > 0.0).collect();
    let mut findings: Vec<Finding> = refused
        .iter()
        .map(|(kind, count)| {
            let message = format!("{count:.0} writes were refused with {kind} since the server started or its counters were reset.");
            let evidence = Evidence::measured("refused", *count, Unit::Count, format!("INFO errorstat_{kind}"));
            Finding::new(*kind, message).evidence(evidence).severe(Severity::Error).risks(0.8)
        })
        .collect();
    findings.extend(many(context, &kinds));
    findings
}

fn many(context: &Context<'_>, kinds: &[(&str, f64)]) -> Option<Finding> {
    let commands = context.counter("total_commands_processed").filter(|commands| *commands > 0.0)?;
    let normal: f64 = kinds.iter().filter(|(kind, _)| NORMAL.contains(kind)).map(|(_, count)| count).sum();
    let errors = context.counter("total_error_replies")? - normal;
    if errors < FEWEST || errors / commands < SHARE {
        return None;
    }
    let worst = kinds.iter().filter(|(kind, _)| !NORMAL.contains(kind)).max_by(|a, b| a.1.total_cmp(&b.1));
    let kind = worst.map(|(kind, count)| format!(", most with {kind} ({count:.0})")).unwrap_or_default();
    let message = format!("{:.1} % of commands were answered by an error{kind}.", errors / commands * 100.0);
    let mut finding = Finding::new("server", message)
        .evidence(Evidence::measured("errors", errors, Unit::Count, "INFO total_error_replies"))
        .evidence(Evidence::measured("commands", commands, Unit::Count, "INFO total_commands_processed"))
        .risks(0.4);
    if let Some((kind, count)) = worst {
        finding = finding.evidence(Evidence::measured(format!("{kind} errors"), *count, Unit::Count, "INFO errorstats"));
    }
    Some(finding)
}
