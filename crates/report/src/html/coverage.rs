//! What was not checked, why, and what closes the gap; last, what was read. It never
//! hides a gap.

use dbwright_model::Reading;
use dbwright_model::report::Report;
use maud::{Markup, html};

use super::prose;
use crate::{sanitise, text};

/// The section.
pub(super) fn section(report: &Report) -> Markup {
    let gaps: Vec<_> = report.coverage.iter().filter(|entry| matches!(entry.state, Reading::Missing | Reading::Partial)).collect();
    let read: Vec<_> = report.coverage.iter().filter(|entry| entry.state == Reading::Read).collect();
    html! {
        section id="coverage" aria-labelledby="coverage-h" {
            h2 id="coverage-h" { "What was not checked" }
            @if gaps.is_empty() && report.undecided_rules.is_empty() { p.note { "Everything that this engine has was read." } }
            @if !gaps.is_empty() {
                div.scroll tabindex="0" role="group" aria-label="Gaps; scrolls sideways" { table {
                    thead { tr { th { "facts" } th { "state" } th { "why" } th { "what closes the gap" } } }
                    tbody { @for gap in gaps { tr {
                        td.name { (gap.fact.id()) }
                        td { @if gap.state == Reading::Partial { "in part" } @else { "missing" } }
                        td { (prose::spans(&gap.detail)) }
                        td { @if let Some(hint) = &gap.hint { (prose::spans(hint)) } }
                    } } }
                } }
            }
            @if !report.undecided_rules.is_empty() {
                details.fold { summary { (text::plural(report.undecided_rules.len(), "rule")) " could not be judged for want of facts" }
                    ul.plain { @for rule in &report.undecided_rules { li { code { (sanitise::line(&rule.rule)) } " needs " (sanitise::line(&rule.missing.join(", "))) } } }
                }
            }
            @if !read.is_empty() {
                details.fold { summary { "What was read" }
                    ul.plain { @for entry in read { li { b { (entry.fact.id()) } " " (prose::spans(&entry.detail)) } } }
                }
            }
            @if !report.notes.is_empty() { h3 { "Remarks" } ul.plain { @for note in &report.notes { li { (prose::spans(note)) } } } }
        }
    }
}
