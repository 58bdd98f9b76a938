//! The standards as numbers: goal, what was measured, or how to measure it. It never fills a gap with a guess.

use std::collections::HashSet;

use dbwright_model::policy::Policy;
use dbwright_model::report::Metric;
use dbwright_model::workload::Statement;
use dbwright_model::{Facts, Finding};

use crate::drills;

/// The five metrics, in fixed order.
#[must_use]
pub fn measure(facts: &Facts, policy: &Policy, findings: &[Finding]) -> Vec<Metric> {
    vec![
        query_p95(facts, policy),
        availability(policy),
        lost_writes(facts, policy),
        recovery_time(facts, policy),
        storage_saving(facts, policy, findings),
    ]
}

fn metric(name: &str, unit: &str, goal: f64) -> Metric {
    Metric { metric: name.to_owned(), value: None, unit: unit.to_owned(), goal, met: None, detail: String::new() }
}

/// The slowest statement's percentile: percentiles of different statements are never averaged.
fn query_p95(facts: &Facts, policy: &Policy) -> Metric {
    let goal = policy.standards.query_p95_ms;
    let metric = metric("query_p95", "ms", goal);
    let statements = &facts.workload.statements;
    let p95 = |one: &Statement| one.latency.as_ref().map(|latency| latency.p95_ms);
    let slowest = statements.iter().filter(|one| p95(one).is_some()).max_by(|a, b| p95(a).unwrap_or(0.0).total_cmp(&p95(b).unwrap_or(0.0)));
    let Some((slowest, latency)) = slowest.and_then(|one| Some((one, one.latency.as_ref()?))) else {
        let detail =
            "Not measured. A project's workload.sql is run and timed; of a server, give a log or a histogram: averages hold no percentile.";
        return Metric { detail: detail.to_owned(), ..metric };
    };
    let timed = statements.iter().filter(|one| one.latency.is_some()).count();
    let bounded =
        statements.iter().all(|one| one.latency.as_ref().is_some_and(|latency| latency.p95_high_ms.is_some_and(|high| high < goal)));
    let over = |one: &Statement| one.latency.as_ref().is_some_and(|latency| latency.p95_low_ms.is_some_and(|low| low >= goal));
    let met = if statements.iter().any(over) { Some(false) } else { bounded.then_some(true) };
    let name = slowest.name.as_deref().unwrap_or(&slowest.fingerprint);
    let bound =
        latency.p95_high_ms.map_or("without an upper bound, for too few samples".to_owned(), |high| format!("upper bound {high:.1} ms"));
    let detail = format!(
        "Slowest of {timed} timed statements of {}: {name}, {} samples, {bound} ({}).",
        statements.len(),
        latency.samples,
        latency.method
    );
    Metric { value: Some(latency.p95_ms), met, detail, ..metric }
}

fn availability(policy: &Policy) -> Metric {
    let detail = "Not measured: one look sees no time line. Probes from outside keep the count.".to_owned();
    Metric { detail, ..metric("availability", "share", policy.standards.availability) }
}

fn lost_writes(facts: &Facts, policy: &Policy) -> Metric {
    let metric = metric("lost_writes", "writes", policy.standards.lost_writes as f64);
    let ledger = drills::ledger(facts, policy.standards.drill_age_days).filter(|ledger| ledger.acknowledged > 0 && ledger.faults > 0);
    let Some(ledger) = ledger else {
        return Metric {
            detail: "Not measured: a crash drill counts acknowledged writes outside the database and compares.".to_owned(),
            ..metric
        };
    };
    let bound = (300.0 / ledger.faults as f64).min(100.0);
    let detail = match ledger.lost {
        0 => format!(
            "0 of {} acknowledged in {} faults: loss at a fault is rarer than {bound:.2} %, with 95 % confidence.",
            ledger.acknowledged, ledger.faults
        ),
        lost => format!("{lost} of {} acknowledged in {} faults.", ledger.acknowledged, ledger.faults),
    };
    Metric { value: Some(ledger.lost as f64), met: Some(ledger.lost <= policy.standards.lost_writes), detail, ..metric }
}

fn recovery_time(facts: &Facts, policy: &Policy) -> Metric {
    let goal = policy.standards.recovery_seconds;
    let metric = metric("recovery_time", "s", goal);
    let Some(time) = drills::recovery_time(facts, policy.standards.drill_age_days) else {
        return Metric { detail: "Not measured: a restore drill restores the newest backup and takes the time.".to_owned(), ..metric };
    };
    let met = if time.longest >= goal { Some(false) } else { (time.high < goal).then_some(true) };
    let detail = format!("Longest of {} drills; upper end {:.0} s ({}).", time.runs, time.high, time.method);
    Metric { value: Some(time.longest), met, detail, ..metric }
}

/// What findings say could be given back, over the size of the database. Whether it was achieved shows in the next review.
fn storage_saving(facts: &Facts, policy: &Policy, findings: &[Finding]) -> Metric {
    let metric = metric("storage_saving", "share", policy.standards.storage_saving);
    let Some(total) = facts.catalog.database_bytes.as_ref().filter(|bytes| bytes.value > 0.0) else {
        return Metric { detail: "Not measured: the size of the database was not read.".to_owned(), ..metric };
    };
    let mut objects = HashSet::new();
    let saves = |finding: &&Finding| finding.rule.starts_with("storage/") || finding.rule.starts_with("index/");
    let saving = findings.iter().filter(saves).filter(|finding| objects.insert(finding.object.as_str()));
    let bytes = saving.filter_map(|finding| finding.impact.bytes).fold(0.0, |sum, bytes| sum + bytes);
    let share = (bytes / total.value).min(1.0);
    let detail = format!(
        "{bytes:.0} of {:.0} bytes could be given back by the findings of families storage and index. Compare two reviews for what was achieved.",
        total.value
    );
    Metric { value: Some(share), detail, ..metric }
}

#[cfg(test)]
mod tests {
    use dbwright_model::Engine;

    use super::*;
    use crate::testing::healthy;

    fn value(facts: &Facts, name: &str) -> Metric {
        measure(facts, &Policy::default(), &[]).into_iter().find(|one| one.metric == name).unwrap()
    }

    #[test]
    fn nothing_measured_has_no_value_and_says_how() {
        let facts = Facts::empty(Engine::Postgresql, "18.7", "x", dbwright_model::Timestamp(0));
        for metric in measure(&facts, &Policy::default(), &[]) {
            assert!(metric.value.is_none() && metric.met.is_none() && metric.detail.starts_with("Not measured"), "{metric:?}");
        }
    }

    #[test]
    fn the_percentile_needs_its_bound() {
        let mut facts = healthy(Engine::Postgresql);
        assert_eq!(value(&facts, "query_p95").met, Some(true));
        let latency = facts.workload.statements[0].latency.as_mut().unwrap();
        latency.p95_high_ms = None;
        assert_eq!(value(&facts, "query_p95").met, None);
        let latency = facts.workload.statements[0].latency.as_mut().unwrap();
        latency.p95_ms = 110.0;
        assert_eq!(value(&facts, "query_p95").met, None);
        facts.workload.statements[0].latency.as_mut().unwrap().p95_low_ms = Some(100.0);
        assert_eq!(value(&facts, "query_p95").met, Some(false));
    }

    #[test]
    fn drills_measure_loss_and_time() {
        let mut facts = healthy(Engine::Postgresql);
        assert_eq!((value(&facts, "lost_writes").value, value(&facts, "lost_writes").met), (Some(0.0), Some(true)));
        assert_eq!((value(&facts, "recovery_time").value, value(&facts, "recovery_time").met), (Some(40.0), Some(true)));
        facts.backups.drills[0].acknowledged = Some((100, 2));
        assert_eq!(value(&facts, "lost_writes").met, Some(false));
        facts.backups.drills[0].recovery_seconds = Some(2000.0);
        assert_eq!(value(&facts, "recovery_time").met, None, "its upper end is beyond the goal");
    }

    #[test]
    fn savings_count_each_object_once() {
        let facts = healthy(Engine::Postgresql);
        let finding = |rule: &str, object: &str| Finding { rule: rule.into(), ..Finding::new(object, "x").costs_bytes(90_000.0) };
        let findings = [
            finding("storage/dead-space", "a"),
            finding("index/unused", "a"),
            finding("index/unused", "b"),
            finding("schema/wide-table", "c"),
        ];
        let metric = measure(&facts, &Policy::default(), &findings).pop().unwrap();
        assert!((metric.value.unwrap() - 0.2).abs() < 1e-9, "{metric:?}");
    }
}
