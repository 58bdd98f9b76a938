//! The report as a pull request's comment: what decides first, the rest folded away, never longer than a comment may be.

use dbwright_model::report::Report;
use dbwright_model::{Finding, Reading, Verdict};

use crate::sanitise::{self, fence};
use crate::sentences::Counts;
use crate::{number, sentences};

/// A comment holds 65,536 characters; some room is left for what a bot adds.
const LONGEST: usize = 60_000;
/// The same with what was not checked.
const LONGEST_WITH_GAPS: usize = 64_500;

/// Renders.
#[must_use]
pub fn render(report: &Report) -> String {
    let target = &report.target;
    let mut out = format!(
        "## dbwright: {} ({} {})\n\n",
        sanitise::markdown(&target.name),
        target.engine.title(),
        sanitise::markdown(&target.version)
    );
    gates(report, &mut out);
    metrics(report, &mut out);
    findings(report, &mut out);
    gaps(report, &mut out);
    out
}

fn gates(report: &Report, out: &mut String) {
    out.push_str("| gate | verdict | why |\n|---|---|---|\n");
    for gate in &report.gates {
        let sign = match gate.verdict {
            Verdict::Pass => "✅",
            Verdict::Fail => "❌",
            Verdict::Undecided => "❔",
            Verdict::Waived => "〰️",
            Verdict::NotApplicable => "➖",
        };
        out.push_str(&format!(
            "| {} | {sign} {} | {} |\n",
            gate.gate.title(),
            gate.verdict.id(),
            sanitise::markdown(&sentences::reason(gate))
        ));
    }
    out.push('\n');
}

fn metrics(report: &Report, out: &mut String) {
    if report.metrics.is_empty() {
        return;
    }
    let cells: Vec<String> = report.metrics.iter().map(|metric| sanitise::markdown(&sentences::metric_text(metric))).collect();
    out.push_str(&format!("{}\n\n", cells.join(" · ")));
}

fn findings(report: &Report, out: &mut String) {
    let open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.waived.is_none()).collect();
    if open.is_empty() {
        out.push_str("No findings.\n\n");
        return;
    }
    out.push_str(&format!("### Findings: {}\n\n", Counts::of(report).text()));
    for (at, finding) in open.iter().enumerate() {
        let entry = finding_text(finding);
        if out.len() + entry.len() > LONGEST {
            out.push_str(&format!("\n… and {} more, in the full report.\n\n", open.len() - at));
            return;
        }
        out.push_str(&entry);
    }
    out.push('\n');
}

fn finding_text(finding: &Finding) -> String {
    let place =
        finding.origin.as_ref().map(|origin| format!(" at {}:{}", sanitise::markdown(&origin.file), origin.line)).unwrap_or_default();
    let mut summary = format!("**{}** `{}` {}{place}", finding.severity.id(), finding.rule, sanitise::markdown(&finding.message));
    for part in sentences::impact(finding) {
        summary.push_str(&format!(" · {part}"));
    }
    let known = if finding.in_baseline { " *(known before)*" } else { "" };
    let Some(change) = &finding.change else { return format!("- {summary}{known}\n") };
    let statements: Vec<String> = change.apply.iter().map(|statement| format!("{}{}", sanitise::block(statement), change.end())).collect();
    let code = statements.join("\n").replace('\n', "\n  ");
    let fence = fence(&code);
    let locks = change.locks.iter().map(|lock| format!("  {}\n", sanitise::markdown(lock))).collect::<String>();
    let evidence: Vec<String> = finding
        .evidence
        .iter()
        .take(4)
        .map(|e| format!("{} {}", sanitise::markdown(&e.name), sanitise::markdown(&number::evidence(e))))
        .collect();
    let numbers = if evidence.is_empty() { String::new() } else { format!("\n  {}\n", evidence.join(" · ")) };
    format!(
        "- {summary}{known}\n  <details><summary>change</summary>\n{numbers}\n  {fence}sql\n  {code}\n  {fence}\n\n{locks}  </details>\n"
    )
}

fn gaps(report: &Report, out: &mut String) {
    let gaps: Vec<_> = report.coverage.iter().filter(|gap| matches!(gap.state, Reading::Missing | Reading::Partial)).collect();
    if gaps.is_empty() && report.notes.is_empty() {
        return;
    }
    out.push_str("<details><summary>What was not checked</summary>\n\n");
    let mut entries: Vec<String> = Vec::new();
    for gap in gaps {
        let hint = gap.hint.as_deref().map(|hint| format!(" {}", sanitise::markdown(hint))).unwrap_or_default();
        entries.push(format!("- {}: {}{hint}\n", gap.fact.id(), sanitise::markdown(&gap.detail)));
    }
    entries.extend(report.notes.iter().map(|note| format!("- {}\n", sanitise::markdown(note))));
    for (at, entry) in entries.iter().enumerate() {
        if out.len() + entry.len() > LONGEST_WITH_GAPS {
            out.push_str(&format!("- … and {} more\n", entries.len() - at));
            break;
        }
        out.push_str(entry);
    }
    out.push_str("\n</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clean, hostile, many, sample};

    #[test]
    fn fits_a_comment_whatever_comes() {
        let mut crowded = hostile();
        crowded.notes = vec!["@".repeat(2000); 200];
        for report in [sample(), clean(), hostile(), many(5000), crowded] {
            let text = render(&report);
            assert!(text.chars().count() <= 65_536 && text.len() < 65_536, "{}", text.len());
        }
        assert!(render(&many(5000)).contains("more, in the full report."));
    }

    #[test]
    fn tells_gates_findings_changes_and_gaps() {
        let text = render(&sample());
        for part in [
            "| Data integrity | ❌ fail | 1 of 3 fail: No row refers to nothing |",
            "### Findings: 3 errors, 6 warnings, 4 info, 1 waived, 1 known before",
            "  ```sql\n  CREATE INDEX CONCURRENTLY orders_customer_id_idx",
            "migrations/0004\\_orders.sql:17",
            "- bloat: pgstattuple is not installed CREATE EXTENSION pgstattuple;",
        ] {
            assert!(text.contains(part), "{part}");
        }
    }
}
