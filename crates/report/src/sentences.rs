//! Sentences on a whole report that several renderers say: how it stands, what to do next. It never lays anything out.

use dbwright_model::gate::Enforcement;
use dbwright_model::report::Report;
use dbwright_model::{Finding, Reading, Severity, Verdict};

use crate::text::plural;

/// Findings of each severity that are neither waived nor known before, and those that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Open errors.
    pub errors: usize,
    /// Open warnings.
    pub warnings: usize,
    /// Open remarks.
    pub infos: usize,
    /// Accepted by an ignore.
    pub waived: usize,
    /// In the baseline, among the open ones.
    pub known: usize,
}

impl Counts {
    /// Counts.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let mut counts = Self::default();
        for finding in &report.findings {
            match (&finding.waived, finding.severity) {
                (Some(_), _) => counts.waived += 1,
                (None, Severity::Error) => counts.errors += 1,
                (None, Severity::Warning) => counts.warnings += 1,
                (None, Severity::Info) => counts.infos += 1,
            }
            counts.known += usize::from(finding.in_baseline && finding.waived.is_none());
        }
        counts
    }

    /// `3 errors, 6 warnings, 4 info, 1 waived`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts = vec![
            plural(self.errors, "error"),
            plural(self.warnings, "warning"),
            format!("{} info", crate::number::grouped(self.infos as f64)),
        ];
        if self.waived > 0 {
            parts.push(format!("{} waived", crate::number::grouped(self.waived as f64)));
        }
        if self.known > 0 {
            parts.push(format!("{} known before", crate::number::grouped(self.known as f64)));
        }
        parts.join(", ")
    }
}

/// How the gates stand: `2 gates fail, 1 is undecided, 2 pass`.
#[must_use]
pub fn standing(report: &Report) -> String {
    let count = |verdict| report.gates.iter().filter(|gate| gate.verdict == verdict).count();
    let total = report.gates.len();
    if total > 0 && count(Verdict::Pass) == total {
        return if total == 1 { "the gate passes".to_owned() } else { format!("all {total} gates pass") };
    }
    let mut parts = Vec::new();
    for (verdict, one, several) in [
        (Verdict::Fail, "fails", "fail"),
        (Verdict::Undecided, "is undecided", "are undecided"),
        (Verdict::Waived, "is waived", "are waived"),
        (Verdict::Pass, "passes", "pass"),
        (Verdict::NotApplicable, "does not apply", "do not apply"),
    ] {
        let number = count(verdict);
        if number > 0 {
            let noun = match (parts.is_empty(), number) {
                (true, 1) => " gate",
                (true, _) => " gates",
                (false, _) => "",
            };
            parts.push(format!("{number}{noun} {}", if number == 1 { one } else { several }));
        }
    }
    parts.join(", ")
}

/// The worst verdict of gates that may block.
#[must_use]
pub fn worst(report: &Report) -> Verdict {
    let blocking = report.gates.iter().filter(|gate| gate.enforcement != Enforcement::Advisory);
    blocking.map(|gate| gate.verdict).max().unwrap_or(Verdict::Pass)
}

/// At most so many steps, the most useful first. Foreign text in them is not made harmless yet.
#[must_use]
pub fn next_steps(report: &Report, most: usize) -> Vec<String> {
    let open = |finding: &&Finding| finding.waived.is_none() && !finding.in_baseline && finding.severity > Severity::Info;
    let mut steps = Vec::new();
    let mut worst: Vec<&Finding> = report.findings.iter().filter(open).collect();
    // Within the worst severity, what can be mended by a change at hand comes first.
    worst.sort_by_key(|finding| (std::cmp::Reverse(finding.severity), finding.change.is_none()));
    if let Some(finding) = worst.first() {
        steps.push(match &finding.change {
            Some(change) => format!("{} ({}): {}", change.summary.trim_end_matches('.'), finding.object, explain(finding)),
            None => format!("Mend {}: {}", finding.object, explain(finding)),
        });
    }
    let undecided = report.gates.iter().find(|gate| gate.verdict == Verdict::Undecided);
    let missing = undecided.and_then(|gate| Some((gate, gate.criteria.iter().find(|criterion| criterion.verdict == Verdict::Undecided)?)));
    if let Some((gate, criterion)) = missing {
        steps.push(format!("Decide {}: {}", gate.gate.title().to_lowercase(), criterion.detail));
    }
    let gap = report.coverage.iter().find(|gap| gap.state == Reading::Missing && gap.hint.is_some());
    if let Some((gap, hint)) = gap.and_then(|gap| Some((gap, gap.hint.as_deref()?))) {
        steps.push(format!("Let {} be read: {hint}", gap.fact.id()));
    }
    if let Some(finding) = worst.get(1) {
        steps.push(format!("Then {}: {}", finding.object, explain(finding)));
    }
    steps.truncate(most);
    steps
}

fn explain(finding: &Finding) -> String {
    format!("dbwright explain {}", finding.rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clean, sample};

    #[test]
    fn says_how_gates_stand() {
        assert_eq!(standing(&sample()), "2 gates fail, 1 is undecided, 1 is waived, 1 passes");
        assert_eq!(standing(&clean()), "all 5 gates pass");
        assert_eq!((worst(&sample()), worst(&clean())), (Verdict::Fail, Verdict::Pass));
    }

    #[test]
    fn counts_waived_findings_apart() {
        assert_eq!(Counts::of(&sample()).text(), "3 errors, 6 warnings, 4 info, 1 waived, 1 known before");
    }

    #[test]
    fn names_the_next_steps_until_none_is_left() {
        let steps = next_steps(&sample(), 3);
        assert!(steps[0].starts_with("Build the index without blocking writes (public.orders(customer_id)): dbwright explain"));
        assert!(steps[1].starts_with("Decide backup and recovery: No repository was named."));
        assert!(steps[2].starts_with("Let bloat be read: CREATE EXTENSION"));
        assert_eq!(next_steps(&clean(), 3), Vec::<String>::new());
    }
}
