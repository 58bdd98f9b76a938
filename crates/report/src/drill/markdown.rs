//! A drill as a pull request's comment.

use std::fmt::Write as _;

use dbwright_model::Verdict;
use dbwright_model::drill::DrillRecord;

use super::terminal::{seconds_text, summary};
use crate::number;
use crate::sanitise::markdown as safe;

/// Lines of one list at most: a comment holds only so much.
const MOST: usize = 40;

/// Renders a record.
#[must_use]
pub fn markdown(record: &DrillRecord) -> String {
    let mut out =
        format!("## {} {} drill: {} ({})\n\n", sign(record.verdict()), safe(&record.drill), record.verdict().id(), safe(&record.subject));
    let parts = summary(record);
    if !parts.is_empty() {
        let _ = writeln!(out, "{}\n", safe(&parts.join(" · ")));
    }
    outcomes(record, &mut out);
    if !record.checks.is_empty() {
        out.push_str("| check | verdict | detail |\n|---|---|---|\n");
        for check in record.checks.iter().take(MOST) {
            let _ = writeln!(out, "| {} | {} {} | {} |", safe(&check.check), sign(check.verdict), check.verdict.id(), safe(&check.detail));
        }
        out.push('\n');
    }
    if !record.controls.is_empty() {
        out.push_str("| planted fault | noticed | by |\n|---|---|---|\n");
        for control in record.controls.iter().take(MOST) {
            let word = control.detected.map_or("untried", |noticed| if noticed { "✅" } else { "❌ missed" });
            let _ = writeln!(out, "| {} | {word} | {} |", safe(&control.fault), safe(&control.detail));
        }
        out.push('\n');
    }
    for (title, texts) in [("Differences", &record.differences), ("Not checked", &record.undecided), ("Remarks", &record.remarks)] {
        if !texts.is_empty() {
            let _ = writeln!(out, "**{title}**\n");
            texts.iter().take(MOST).for_each(|text| out.push_str(&format!("- {}\n", safe(text))));
            if texts.len() > MOST {
                let _ = writeln!(out, "- and {} more", texts.len() - MOST);
            }
            out.push('\n');
        }
    }
    phases(record, &mut out);
    out
}

fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✅",
        Verdict::Fail => "❌",
        Verdict::Undecided => "❔",
        Verdict::Waived => "〰️",
        Verdict::NotApplicable => "➖",
    }
}

fn outcomes(record: &DrillRecord, out: &mut String) {
    if record.outcomes.is_empty() {
        return;
    }
    out.push_str(
        "| fault | setting | runs | acknowledged | lost | unknown | torn or phantom | downtime |\n|---|---|--:|--:|--:|--:|--:|--:|\n",
    );
    for one in &record.outcomes {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            safe(&one.fault),
            safe(&one.setting),
            one.runs,
            number::grouped(one.acknowledged as f64),
            number::grouped(one.lost as f64),
            number::grouped(one.unknown as f64),
            one.torn + one.phantom + one.never_attempted,
            one.downtime.map(|time| seconds_text(time.total)).unwrap_or_default()
        );
    }
    out.push('\n');
}

fn phases(record: &DrillRecord, out: &mut String) {
    if record.phases.is_empty() {
        return;
    }
    out.push_str("<details><summary>Phases</summary>\n\n| phase | from | took |\n|---|--:|--:|\n");
    for phase in record.phases.iter().take(MOST) {
        let _ = writeln!(out, "| {} | {} | {} |", safe(&phase.phase), seconds_text(phase.from_seconds), seconds_text(phase.seconds));
    }
    out.push_str("\n</details>\n");
}
