//! How criteria are made. It never lets one pass that was not observed or proved.

use dbwright_model::finding::Waiver;
use dbwright_model::{Criterion, FactKind, Finding, Grade, Reading, Severity, Verdict};

use super::Judged;

/// A criterion that passes, or is undecided when the evidence is weaker than observed.
#[must_use]
pub fn pass(criterion: &str, grade: Grade, detail: impl Into<String>) -> Criterion {
    let verdict = if grade >= Grade::Observed { Verdict::Pass } else { Verdict::Undecided };
    make(criterion, verdict, grade, detail)
}

/// A criterion that was checked and does not hold.
#[must_use]
pub fn fail(criterion: &str, grade: Grade, detail: impl Into<String>) -> Criterion {
    make(criterion, Verdict::Fail, grade, detail)
}

/// A criterion for which evidence is missing: the detail says which, and how to supply it.
#[must_use]
pub fn undecided(criterion: &str, detail: impl Into<String>) -> Criterion {
    make(criterion, Verdict::Undecided, Grade::Inferred, detail)
}

/// A criterion that asks nothing of this database; the detail says why.
#[must_use]
pub fn not_applicable(criterion: &str, detail: impl Into<String>) -> Criterion {
    make(criterion, Verdict::NotApplicable, Grade::Observed, detail)
}

fn make(criterion: &str, verdict: Verdict, grade: Grade, detail: impl Into<String>) -> Criterion {
    Criterion { criterion: criterion.to_owned(), verdict, grade, detail: detail.into(), findings: Vec::new(), waiver: None }
}

/// A criterion that holds when certain rules find nothing.
pub struct Question<'q> {
    /// What is asked.
    pub criterion: &'q str,
    /// The rules that decide it.
    pub rules: &'q [&'q str],
    /// Facts that must have been read as a whole.
    pub needs: &'q [FactKind],
    /// What was seen, when they find nothing.
    pub passed: String,
}

/// What a store of keys and values lacks, and so can't break.
const KEYS_LACK: &[(&str, &str)] = &[
    ("Every table has a key that fits", "every value has a name of its own, there is nothing without a key"),
    ("Tables are in normal form", "values have no columns that could depend on one another"),
    ("References are declared, fit their target and have an index", "keys can't be declared to refer to one another"),
    ("No other unresolved finding on the design", "the design of keys is judged by their types, above, and by the rules on storage"),
    ("Declared constraints are validated and enforced", "there are no constraints to declare"),
    ("Rows keep declared references, keys and checks", "there are no constraints that values could break"),
    ("Pages and indexes are sound", "values are in memory, not on pages; a snapshot is verified by its checksum when it is loaded"),
    ("The validation suite passes", "rules of one's own are run in SQL"),
    ("Plans were looked at and do no needless work", "commands have no plans"),
    ("Access leaves a trace", "there is no audit facility; ACL LOG keeps the last refusals, the slow log the slowest commands"),
];

impl Judged<'_> {
    /// Answers by findings: any unaccepted warning or error fails it, missing facts leave it undecided.
    #[must_use]
    pub fn answer(&self, question: &Question<'_>) -> Criterion {
        let found: Vec<&Finding> = self.found(question.rules);
        let open: Vec<&Finding> = found.iter().copied().filter(|finding| finding.waived.is_none() && !finding.in_baseline).collect();
        if !open.is_empty() {
            return failed(question.criterion, &open);
        }
        let here: Vec<&str> = question.rules.iter().copied().filter(|rule| self.applicable.contains(rule)).collect();
        if here.is_empty() && question.rules.iter().any(|rule| self.known.contains(rule)) {
            return not_applicable(question.criterion, self.why_not(question.criterion));
        }
        if let Some(reason) = self.gap(question) {
            return undecided(question.criterion, reason);
        }
        if !found.is_empty() {
            return accepted(question.criterion, &found);
        }
        pass(question.criterion, Grade::Observed, question.passed.clone())
    }

    /// Why a criterion that no rule of this engine decides asks nothing of it.
    fn why_not(&self, criterion: &str) -> String {
        let engine = self.facts.target.engine;
        let of_keys = KEYS_LACK.iter().find(|(known, _)| *known == criterion).filter(|_| !engine.speaks_sql());
        of_keys.map_or_else(|| format!("{engine} has nothing that could break it."), |(_, reason)| format!("{engine}: {reason}."))
    }

    /// Warnings and errors of these rules.
    #[must_use]
    pub fn found(&self, rules: &[&str]) -> Vec<&Finding> {
        let findings = rules.iter().filter_map(|rule| self.by_rule.get(rule)).flatten().copied();
        findings.filter(|finding| finding.severity >= Severity::Warning).collect()
    }

    /// Why a question can't be answered by silence: facts not read as a whole, rules not judged, rules that don't exist.
    fn gap(&self, question: &Question<'_>) -> Option<String> {
        if let Some(kind) = question.needs.iter().find(|kind| !self.read(**kind)) {
            return Some(self.why_missing(*kind));
        }
        let unknown: Vec<&str> = question.rules.iter().copied().filter(|rule| !self.known.contains(rule)).collect();
        if !unknown.is_empty() {
            return Some(format!("Not checked by this version: {}.", unknown.join(", ")));
        }
        let open = question.rules.iter().filter_map(|rule| Some((rule, self.undecided.get(rule)?)));
        let mut gaps: Vec<String> = Vec::new();
        let mut missing: Vec<&str> = Vec::new();
        for (rule, kinds) in open {
            gaps.push((*rule).to_owned());
            missing.extend(kinds.iter().map(String::as_str));
        }
        missing.sort_unstable();
        missing.dedup();
        let hints = missing.iter().filter_map(|kind| self.hint(kind)).collect::<Vec<_>>().join(" ");
        (!gaps.is_empty())
            .then(|| format!("Not judged for want of {}: {}. {hints}", missing.join(", "), gaps.join(", ")).trim_end().to_owned())
    }

    /// Whether facts of this kind were read as a whole, or can't exist here.
    #[must_use]
    pub fn read(&self, kind: FactKind) -> bool {
        matches!(self.facts.reading(kind), Reading::Read | Reading::NotApplicable)
    }

    /// Says that facts are missing, why, and what would supply them.
    #[must_use]
    pub fn why_missing(&self, kind: FactKind) -> String {
        let entry = self.facts.coverage.iter().find(|entry| entry.fact == kind);
        let state = match entry.map(|entry| entry.state) {
            Some(Reading::Partial) => "was read in part",
            _ => "was not read",
        };
        let detail = entry.map(|entry| entry.detail.trim_end_matches('.')).filter(|detail| !detail.is_empty());
        let detail = detail.map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{} {state}{detail}. {}", title(kind), self.hint(kind.id()).unwrap_or_default()).trim_end().to_owned()
    }

    /// What closes the gap, as the engine says.
    fn hint(&self, kind: &str) -> Option<String> {
        let hint = self.facts.coverage.iter().find(|entry| entry.fact.id() == kind)?.hint.as_ref()?;
        Some(format!("{}.", hint.trim_end_matches('.')))
    }
}

/// A criterion that fails by these findings: the worst is quoted, all are referred to.
#[must_use]
pub fn failed(criterion: &str, open: &[&Finding]) -> Criterion {
    let worst = open.iter().copied().reduce(|worst, next| if next.severity > worst.severity { next } else { worst });
    let grade = open.iter().map(|finding| finding.grade).max().unwrap_or(Grade::Inferred);
    let more = if open.len() > 1 { format!(" And {} more.", open.len() - 1) } else { String::new() };
    let detail = worst.map(|finding| format!("{}: {}{more}", finding.rule, finding.message)).unwrap_or_default();
    refer(fail(criterion, grade, detail), open)
}

/// A criterion that fails by nothing but findings that were accepted, by an ignore or the baseline.
#[must_use]
pub fn accepted(criterion: &str, found: &[&Finding]) -> Criterion {
    let known = found.iter().filter(|finding| finding.waived.is_none()).count();
    let waiver = found.iter().find_map(|finding| finding.waived.clone()).unwrap_or_else(|| Waiver {
        reason: "Known before: it stands in the baseline.".to_owned(),
        by: None,
        until: None,
    });
    let ignored = count(found.len() - known, "finding");
    let detail = format!("{ignored} accepted by ignores, {known} known from the baseline. {}", waiver.reason);
    Criterion { waiver: Some(waiver), ..refer(make(criterion, Verdict::Waived, Grade::Observed, detail), found) }
}

/// `1 table`, `2 tables`.
#[must_use]
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Refers to findings.
#[must_use]
pub fn refer(criterion: Criterion, findings: &[&Finding]) -> Criterion {
    Criterion { findings: findings.iter().map(|finding| finding.fingerprint.clone()).collect(), ..criterion }
}

/// Facts of a kind, as the subject of a sentence.
#[must_use]
pub const fn title(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Catalog => "The catalog",
        FactKind::Sizes => "The size of tables",
        FactKind::ColumnStatistics => "The statistics of columns",
        FactKind::Values => "What values look like",
        FactKind::Activity => "The use of tables",
        FactKind::Bloat => "Dead space",
        FactKind::Workload => "The workload",
        FactKind::Latency => "The latency of statements",
        FactKind::Plans => "The plan of statements",
        FactKind::Settings => "The configuration",
        FactKind::Health => "The state of the server",
        FactKind::DataChecks => "Whether rows keep what is declared",
        FactKind::Topology => "Replication",
        FactKind::Roles => "The list of roles",
        FactKind::Admission => "The list of rules that admit clients",
        FactKind::Transport => "Encryption in transit",
        FactKind::AtRest => "Encryption at rest",
        FactKind::Audit => "The audit facility",
        FactKind::Files => "The mode of files",
        FactKind::Backups => "The list of backups",
        FactKind::Archiving => "The state of archiving",
        FactKind::Drills => "The record of drills",
    }
}
