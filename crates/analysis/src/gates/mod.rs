//! The five gates: each a list of criteria, each criterion with verdict and grade. A criterion never passes on evidence
//! weaker than observed, and what was not checked is undecided.

use std::collections::{HashMap, HashSet};

use dbwright_model::gate::Enforcement;
use dbwright_model::policy::Policy;
use dbwright_model::report::{Report, UndecidedRule};
use dbwright_model::{Criterion, Facts, Finding, Gate, GateVerdict, Severity, Verdict};

use crate::policy::ignores::expired;
use crate::rule::Rule;

pub mod criterion;
mod integrity;
mod performance;
mod recovery;
mod schema;
mod security;
#[cfg(test)]
mod tests;

/// What gates judge by.
pub struct Judged<'a> {
    /// The facts.
    pub facts: &'a Facts,
    /// The policy.
    pub policy: &'a Policy,
    /// Hash of the schema as it stands.
    pub schema_hash: &'a str,
    by_rule: HashMap<&'a str, Vec<&'a Finding>>,
    undecided: HashMap<&'a str, &'a [String]>,
    known: HashSet<&'static str>,
    applicable: HashSet<&'static str>,
}

impl<'a> Judged<'a> {
    /// Puts findings and undecided rules in reach by rule id.
    #[must_use]
    pub fn new(
        facts: &'a Facts,
        policy: &'a Policy,
        findings: &'a [Finding],
        undecided: &'a [UndecidedRule],
        catalogue: &[&'static Rule],
        schema_hash: &'a str,
    ) -> Self {
        let mut by_rule: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            by_rule.entry(&finding.rule).or_default().push(finding);
        }
        let here = catalogue.iter().filter(|rule| rule.engines.contains(&facts.target.engine));
        Self {
            facts,
            policy,
            schema_hash,
            by_rule,
            undecided: undecided.iter().map(|one| (one.rule.as_str(), one.missing.as_slice())).collect(),
            known: catalogue.iter().map(|rule| rule.id).collect(),
            applicable: here.map(|rule| rule.id).collect(),
        }
    }

    /// Ids of the rules of a family that exist for this engine, sorted.
    #[must_use]
    pub fn family(&self, family: &str) -> Vec<&'static str> {
        let mut ids: Vec<&'static str> = self.applicable.iter().copied().filter(|id| id.split('/').next() == Some(family)).collect();
        ids.sort_unstable();
        ids
    }
}

/// Judges the five gates, in order. Remarks on waivers are added to the notes.
#[must_use]
pub fn judge(judged: &Judged<'_>, notes: &mut Vec<String>) -> Vec<GateVerdict> {
    Gate::ALL.into_iter().map(|gate| with_waiver(judged, verdict(judged, gate), notes)).collect()
}

fn verdict(judged: &Judged<'_>, gate: Gate) -> GateVerdict {
    let enforcement = judged.policy.enforcement.get(&gate).copied().unwrap_or(Enforcement::Blocking);
    let (criteria, reason) = match gate {
        Gate::Schema => (schema::criteria(judged), String::new()),
        Gate::Performance => (performance::criteria(judged), String::new()),
        Gate::Integrity => (integrity::criteria(judged), String::new()),
        Gate::Recovery => (recovery::criteria(judged), String::new()),
        Gate::Security => return security::verdict(judged, enforcement),
    };
    GateVerdict { gate, enforcement, verdict: settle(&criteria), reason, criteria }
}

/// The worst of the criteria that apply; a gate without any that applies does not apply.
#[must_use]
pub fn settle(criteria: &[Criterion]) -> Verdict {
    let worst = criteria.iter().map(|one| one.verdict).filter(|verdict| *verdict != Verdict::NotApplicable).max();
    worst.unwrap_or(Verdict::NotApplicable)
}

/// Lets a recorded decision stand in for a gate that does not pass, until its date.
fn with_waiver(judged: &Judged<'_>, mut verdict: GateVerdict, notes: &mut Vec<String>) -> GateVerdict {
    let Some(waiver) = judged.policy.waivers.get(&verdict.gate) else { return verdict };
    let title = verdict.gate.title();
    if expired(waiver, judged.facts.taken_at) {
        notes.push(format!("The waiver of gate {title} expired after {}: it counts again.", waiver.until.as_deref().unwrap_or_default()));
    } else if matches!(verdict.verdict, Verdict::Fail | Verdict::Undecided) {
        let by = waiver.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        let until = waiver.until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
        verdict.reason = format!("Waived{by}{until}: {}. {}", waiver.reason.trim_end_matches('.'), verdict.reason).trim_end().to_owned();
        verdict.verdict = Verdict::Waived;
        for criterion in verdict.criteria.iter_mut().filter(|one| matches!(one.verdict, Verdict::Fail | Verdict::Undecided)) {
            criterion.waiver = Some(waiver.clone());
        }
    } else {
        notes.push(format!("The waiver of gate {title} is not needed: remove it."));
    }
    verdict
}

/// The exit code of a judgement: 1 when a gate that may block fails or a finding reaches `fail_on`, else 3 when one is
/// undecided, else 0. `only` limits the gates looked at; an empty one looks at all five.
#[must_use]
pub fn exit_code(report: &Report, only: &[Gate], fail_on: Option<Severity>) -> u8 {
    let wanted = |gate: &Gate| only.is_empty() || only.contains(gate);
    let verdicts: Vec<Verdict> = Gate::ALL.into_iter().filter(wanted).map(|gate| blocking_verdict(report, gate)).collect();
    if verdicts.contains(&Verdict::Fail) || fail_on.is_some_and(|least| reaches(report, least)) {
        1
    } else if verdicts.contains(&Verdict::Undecided) {
        3
    } else {
        0
    }
}

/// Whether a finding that is neither waived nor in the baseline is as severe as this, or worse.
#[must_use]
pub fn reaches(report: &Report, least: Severity) -> bool {
    report.findings.iter().any(|finding| finding.severity >= least && finding.waived.is_none() && !finding.in_baseline)
}

/// What a gate's verdict means for the exit code: an advisory one never blocks, one that was not judged is undecided.
fn blocking_verdict(report: &Report, gate: Gate) -> Verdict {
    match report.gates.iter().find(|verdict| verdict.gate == gate) {
        None => Verdict::Undecided,
        Some(verdict) if verdict.enforcement == Enforcement::Advisory => Verdict::NotApplicable,
        Some(verdict) => verdict.verdict,
    }
}
