//! Query performance: every statement known, timed, below its limit on the upper end of the 95th percentile's confidence
//! interval, and planned without needless work. It never takes a mean for a percentile, nor silence for speed.

use std::collections::BTreeMap;

use dbwright_model::workload::{Latency, Statement, WorkloadSource};
use dbwright_model::{Criterion, FactKind, Finding, Grade};

use super::Judged;
use super::criterion::{Question, accepted, count, fail, pass, refer, undecided};

const PLANS: &[&str] = &["query/row-misestimate", "query/sequential-scan", "query/spill-to-disk"];
const OVER: &str = "query/over-sla";
const SUPPLY: &str = "Give a project a workload.sql, or let the server keep statement statistics (pg_stat_statements, \
    performance_schema) or a slow query log.";

/// The criteria.
pub fn criteria(judged: &Judged<'_>) -> Vec<Criterion> {
    vec![coverage(judged), latency(judged), plans(judged), texts(judged)]
}

fn coverage(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The workload is known as a whole";
    let workload = &judged.facts.workload;
    if workload.statements.is_empty() || workload.source == WorkloadSource::None {
        return undecided(CRITERION, format!("No statement is known. {SUPPLY}"));
    }
    if !judged.read(FactKind::Workload) {
        return undecided(CRITERION, judged.why_missing(FactKind::Workload));
    }
    if let Some(evicted) = workload.evicted.filter(|evicted| *evicted > 0) {
        return undecided(CRITERION, format!("{evicted} statements were dropped for lack of room: raise the limit and let it fill anew."));
    }
    if workload.truncated > 0 {
        return undecided(
            CRITERION,
            format!("{} statement texts were cut short: raise the length that the server keeps.", workload.truncated),
        );
    }
    pass(CRITERION, Grade::Observed, format!("{}; {}.", count(workload.statements.len(), "statement"), timed_share(&workload.statements)))
}

/// Share of calls (or, where calls are not counted, of weights) and of time whose latency was measured.
fn timed_share(statements: &[Statement]) -> String {
    let share = |value: &dyn Fn(&Statement) -> f64| {
        let total: f64 = statements.iter().map(value).sum();
        let timed: f64 = statements.iter().filter(|one| one.latency.is_some()).map(value).sum();
        // The sum of no numbers is -0, which would be shown with its sign.
        if total > 0.0 { (100.0 * timed / total).abs() } else { 0.0 }
    };
    let calls = share(&|one| one.weight.or(one.calls).unwrap_or(1.0));
    let time = share(&|one| one.total_ms.unwrap_or(0.0));
    match statements.iter().any(|one| one.total_ms.is_some()) {
        true => format!("timed are {calls:.0} % of calls and {time:.0} % of time"),
        false => format!("timed are {calls:.0} % of calls"),
    }
}

/// What a statement's latency says about its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Below,
    Over,
    Straddles,
    TooFew,
    Unmeasured,
}

/// Below only when the upper end of the interval is, over only when the lower end is; without latency a mean that no
/// percentile below the limit allows counts as over.
fn standing(statement: &Statement, limit_ms: f64, found: bool) -> Standing {
    match &statement.latency {
        None if found => Standing::Over,
        None => Standing::Unmeasured,
        Some(latency) if latency.p95_low_ms.is_some_and(|low| low >= limit_ms) => Standing::Over,
        Some(Latency { p95_high_ms: None, .. }) => Standing::TooFew,
        Some(Latency { p95_high_ms: Some(high), .. }) if *high >= limit_ms => Standing::Straddles,
        Some(_) => Standing::Below,
    }
}

/// The limit of a statement, by its name or its fingerprint, ms.
#[must_use]
pub fn limit_ms(judged: &Judged<'_>, statement: &Statement) -> f64 {
    let policy = judged.policy;
    let own = statement.name.as_ref().and_then(|name| policy.statement_sla_ms.get(name));
    own.or_else(|| policy.statement_sla_ms.get(&statement.fingerprint)).copied().unwrap_or(policy.standards.query_p95_ms)
}

fn latency(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "The 95th percentile of every statement stays below its limit";
    let statements = &judged.facts.workload.statements;
    if statements.is_empty() {
        return undecided(CRITERION, format!("No statement was timed. {SUPPLY}"));
    }
    let findings = over_findings(judged);
    let standings =
        statements.iter().map(|one| (one, standing(one, limit_ms(judged, one), findings.contains_key(one.fingerprint.as_str()))));
    let standings: Vec<(&Statement, Standing)> = standings.collect();
    let of = |wanted: Standing| standings.iter().filter(move |(_, standing)| *standing == wanted).map(|(one, _)| *one);
    let over: Vec<&Statement> = of(Standing::Over).collect();
    if !over.is_empty() {
        return over_limit(judged, CRITERION, &over, &findings);
    }
    if let Some(failed) = statements.iter().find(|one| one.failure.is_some()) {
        return undecided(CRITERION, format!("{} could not be run: {}", label(failed), failed.failure.as_deref().unwrap_or_default()));
    }
    let (unmeasured, few, straddling) = (of(Standing::Unmeasured).count(), of(Standing::TooFew).count(), of(Standing::Straddles).count());
    if unmeasured + few + straddling > 0 {
        let detail = format!(
            "Of {} {unmeasured} were not timed, {few} have too few samples to bound the percentile (59 at least), \
             {straddling} have a bound beyond the limit: measure longer. A view of averages can't decide it.",
            count(statements.len(), "statement")
        );
        let doubtful: Vec<&Finding> = findings.values().copied().collect();
        return refer(undecided(CRITERION, detail), &doubtful);
    }
    let worst = statements.iter().max_by(|a, b| high(a).total_cmp(&high(b)));
    let detail = worst.map(|one| format!("Slowest of {} is {}: upper bound {:.1} ms.", statements.len(), label(one), high(one)));
    pass(CRITERION, grade(judged), detail.unwrap_or_default())
}

/// Timing in a scratch database is an execution seen; of a server it is read.
fn grade(judged: &Judged<'_>) -> Grade {
    if judged.facts.target.scratch { Grade::Proved } else { Grade::Observed }
}

/// Warnings and errors on limits, by the fingerprint that their object begins with.
fn over_findings<'a>(judged: &'a Judged<'_>) -> BTreeMap<&'a str, &'a Finding> {
    judged.found(&[OVER]).into_iter().filter_map(|finding| Some((finding.object.split(' ').next()?, finding))).collect()
}

fn high(statement: &Statement) -> f64 {
    statement.latency.as_ref().and_then(|latency| latency.p95_high_ms).unwrap_or(0.0)
}

/// The name, else the fingerprint, else how the text begins.
fn label(statement: &Statement) -> String {
    let fingerprint = || Some(statement.fingerprint.clone()).filter(|fingerprint| !fingerprint.is_empty());
    statement.name.clone().or_else(fingerprint).unwrap_or_else(|| statement.text.chars().take(60).collect())
}

/// Statements over their limit fail the gate, unless the finding on each was accepted.
fn over_limit(judged: &Judged<'_>, criterion: &str, over: &[&Statement], findings: &BTreeMap<&str, &Finding>) -> Criterion {
    let found: Vec<&Finding> = over.iter().filter_map(|one| findings.get(one.fingerprint.as_str()).copied()).collect();
    if found.len() == over.len() && found.iter().all(|finding| finding.waived.is_some() || finding.in_baseline) {
        return accepted(criterion, &found);
    }
    let p95 = |one: &Statement| one.latency.as_ref().map(|latency| latency.p95_ms);
    let excess = |one: &Statement| p95(one).or_else(|| one.mean_ms()).unwrap_or(0.0) / limit_ms(judged, one);
    let worst = over.iter().copied().max_by(|a, b| excess(a).total_cmp(&excess(b)));
    let detail = worst.map(|one| {
        let seen = p95(one).map_or_else(|| format!("mean {:.1} ms", one.mean_ms().unwrap_or(0.0)), |p95| format!("p95 {p95:.1} ms"));
        format!(
            "{} over the limit; worst is {}: {seen}, limit {:.0} ms.",
            count(over.len(), "statement"),
            label(one),
            limit_ms(judged, one)
        )
    });
    refer(fail(criterion, grade(judged), detail.unwrap_or_default()), &found)
}

fn plans(judged: &Judged<'_>) -> Criterion {
    const CRITERION: &str = "Plans were looked at and do no needless work";
    let statements = &judged.facts.workload.statements;
    let readers: Vec<&Statement> = statements.iter().filter(|one| has_plan(&one.text)).collect();
    let answer = judged.answer(&Question {
        criterion: CRITERION,
        rules: PLANS,
        needs: &[],
        passed: format!("{}, none with a scan, sort or estimate that costs.", count(readers.len(), "plan")),
    });
    if !matches!(answer.verdict, dbwright_model::Verdict::Pass | dbwright_model::Verdict::Waived) {
        return answer;
    }
    let without = readers.iter().filter(|one| one.plan.is_none()).count();
    if statements.is_empty() || without > 0 {
        let hint = if statements.is_empty() { SUPPLY } else { "Give them sample parameters (`-- params:`), so that they can be planned." };
        return undecided(CRITERION, format!("{without} of {} statements have no plan. {hint}", statements.len()));
    }
    answer
}

/// Whether an engine shows a plan for a statement like this.
fn has_plan(text: &str) -> bool {
    let word: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
    ["select", "with", "update", "delete", "merge"].contains(&word.to_ascii_lowercase().as_str())
}

/// Everything else of the family.
fn texts(judged: &Judged<'_>) -> Criterion {
    let family = judged.family("query");
    let rules: Vec<&str> = family.into_iter().filter(|id| !PLANS.contains(id) && *id != OVER).collect();
    if judged.facts.workload.statements.is_empty() {
        return undecided("No other unresolved finding on a statement", format!("No statement is known. {SUPPLY}"));
    }
    judged.answer(&Question {
        criterion: "No other unresolved finding on a statement",
        rules: &rules,
        needs: &[FactKind::Workload],
        passed: format!("{} further rules on statements find nothing that costs.", rules.len()),
    })
}
