//! The report as a pull request's comment: what decides first, the rest folded away, never longer than a comment may be.

use dbwright_model::report::Report;
use dbwright_model::{Finding, Reading, Severity, Verdict};

use crate::sanitise::{self, fence};
use crate::{number, sentences, text};

/// A comment holds 65,536 characters; some room is left for what a bot adds.
const LONGEST: usize = 60_000;

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
    let count = |severity| open.iter().filter(|finding| finding.severity == severity).count();
    let counts = format!(
        "{}, {}, {} info",
        text::plural(count(Severity::Error), "error"),
        text::plural(count(Severity::Warning), "warning"),
        count(Severity::Info)
    );
    out.push_str(&format!("### Findings: {counts}\n\n"));
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
    let statements: Vec<String> = change.apply.iter().map(|statement| format!("{};", sanitise::block(statement))).collect();
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
    for gap in gaps {
        let hint = gap.hint.as_deref().map(|hint| format!(" {}", sanitise::markdown(hint))).unwrap_or_default();
        out.push_str(&format!("- {}: {}{hint}\n", gap.fact.id(), sanitise::markdown(&gap.detail)));
    }
    for note in &report.notes {
        out.push_str(&format!("- {}\n", sanitise::markdown(note)));
    }
    out.push_str("\n</details>\n");
}
