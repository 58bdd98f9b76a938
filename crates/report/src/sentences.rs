//! Sentences on a whole report that several renderers say: how it stands, what to do next. It never lays anything out.

use dbwright_model::gate::Enforcement;
use dbwright_model::report::{Metric, Report};
use dbwright_model::{Finding, GateVerdict, Reading, Severity, Verdict};

use crate::number;
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
        let mut parts =
            vec![plural(self.errors, "error"), plural(self.warnings, "warning"), format!("{} info", number::grouped(self.infos as f64))];
        if self.waived > 0 {
            parts.push(format!("{} waived", number::grouped(self.waived as f64)));
        }
        if self.known > 0 {
            parts.push(format!("{} known before", number::grouped(self.known as f64)));
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
    let worst: Vec<&Finding> = report.findings.iter().filter(open).collect();
    steps.extend(worst.first().map(|finding| mend(finding)));
    let undecided = report.gates.iter().find(|gate| gate.verdict == Verdict::Undecided);
    let missing = undecided.and_then(|gate| Some((gate, gate.criteria.iter().find(|criterion| criterion.verdict == Verdict::Undecided)?)));
    if let Some((gate, criterion)) = missing {
        steps.push(format!("Decide {}: {}", gate.gate.title().to_lowercase(), criterion.detail));
    }
    let gap = report.coverage.iter().find(|gap| gap.state == Reading::Missing && gap.hint.is_some());
    if let Some((gap, hint)) = gap.and_then(|gap| Some((gap, gap.hint.as_deref()?))) {
        steps.push(format!("Let {} be read: {hint}", gap.fact.id()));
    }
    let second = worst.iter().find(|finding| worst.first().is_some_and(|first| first.rule != finding.rule));
    steps.extend(second.map(|finding| mend(finding)));
    steps.truncate(most);
    steps
}

fn mend(finding: &Finding) -> String {
    format!("dbwright explain {} says how to mend {}", finding.rule, object(finding))
}

/// One line on why a gate stands as it does.
#[must_use]
pub fn reason(gate: &GateVerdict) -> String {
    let count = |verdict| gate.criteria.iter().filter(|criterion| criterion.verdict == verdict).count();
    let decisive = gate.criteria.iter().find(|criterion| criterion.verdict == gate.verdict);
    match gate.verdict {
        Verdict::Pass => {
            let holds = count(Verdict::Pass);
            if holds == 1 { "its criterion holds".to_owned() } else { format!("all {holds} criteria hold") }
        }
        Verdict::NotApplicable | Verdict::Waived if !gate.reason.is_empty() => gate.reason.clone(),
        verdict => {
            let word = if verdict == Verdict::Fail { "fail" } else { verdict.id() };
            let of = format!("{} of {} {word}", count(verdict), gate.criteria.len());
            format!("{of}: {}", decisive.map(|criterion| criterion.criterion.as_str()).unwrap_or_default())
        }
    }
}

/// What a finding costs, in words.
#[must_use]
pub fn impact(finding: &Finding) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(share) = finding.impact.db_time_share.filter(|share| *share >= 0.001) {
        parts.push(format!("{} % of database time", number::short(share * 100.0)));
    }
    if let Some(bytes) = finding.impact.bytes.filter(|bytes| *bytes > 0.0) {
        parts.push(number::bytes(bytes));
    }
    parts
}

/// `query p95 679 ms (goal < 100 ms)`.
#[must_use]
pub fn metric_text(metric: &Metric) -> String {
    let name = metric.metric.replace('_', " ");
    match metric.value {
        Some(value) => format!("{name} {} (goal {})", metric_value(metric, value), goal(metric)),
        None => format!("{name} not measured (goal {})", goal(metric)),
    }
}

/// A metric's value with its unit.
#[must_use]
pub fn metric_value(metric: &Metric, value: f64) -> String {
    match metric.unit.as_str() {
        "ms" => number::milliseconds(value),
        "s" => number::milliseconds(value * 1000.0),
        "share" => percent(value),
        unit => format!("{} {unit}", number::grouped(value)),
    }
}

/// A metric's goal with its direction.
#[must_use]
pub fn goal(metric: &Metric) -> String {
    let value = metric_value(metric, metric.goal);
    match metric.metric.as_str() {
        "query_p95" | "recovery_time" => format!("< {value}"),
        "availability" | "storage_saving" => format!("≥ {value}"),
        _ => value,
    }
}

/// The object as people read it: a statement's fingerprint is cut to what tells it apart.
#[must_use]
pub fn object(finding: &Finding) -> String {
    match finding.object.split_once(' ') {
        Some((print, rest)) if print.len() == 32 && print.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            format!("{}… {rest}", &print[..8])
        }
        _ => finding.object.clone(),
    }
}

/// Three significant digits; near the whole three decimals, by which availability is told apart.
fn percent(share: f64) -> String {
    if (0.99..1.0).contains(&share) {
        let text = format!("{:.3}", share * 100.0);
        return format!("{} %", text.trim_end_matches('0').trim_end_matches('.'));
    }
    format!("{} %", number::short(share * 100.0))
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
    fn fingerprints_and_shares_are_short() {
        let mut finding = Finding::new("9434dec8c61a6699324a1d8f6100aa11 orders", "");
        assert_eq!(object(&finding), "9434dec8… orders");
        finding.object = "public.orders(a, b)".to_owned();
        assert_eq!(object(&finding), "public.orders(a, b)");
        assert_eq!(
            [percent(0.01282), percent(0.9999), percent(0.99995), percent(0.5), percent(1.0)],
            ["1.28 %", "99.99 %", "99.995 %", "50 %", "100 %"]
        );
    }

    #[test]
    fn counts_waived_findings_apart() {
        assert_eq!(Counts::of(&sample()).text(), "3 errors, 6 warnings, 4 info, 1 waived, 1 known before");
    }

    #[test]
    fn names_the_next_steps_until_none_is_left() {
        let steps = next_steps(&sample(), 3);
        assert_eq!(steps[0], "dbwright explain schema/fk-without-index says how to mend public.orders(customer_id)");
        assert!(steps[1].starts_with("Decide backup and recovery: No repository was named."));
        assert!(steps[2].starts_with("Let bloat be read: CREATE EXTENSION"));
        assert_eq!(next_steps(&clean(), 3), Vec::<String>::new());
    }
}
