//! The report as one self-contained page: no request leaves it, script only fills in comfort, everything reads without it.

mod charts;
mod findings;
mod prose;

use base64::Engine as _;
use dbwright_model::report::Report;
use dbwright_model::{Reading, Verdict};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{Catalogue, diagram, number, sanitise, terminal, text};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Tables listed one by one; the rest is counted.
const MOST_TABLES: usize = 500;

/// Renders.
#[must_use]
pub fn render(report: &Report, catalogue: &Catalogue) -> String {
    let title = format!("{} — dbwright review", sanitise::line(&report.target.name));
    let policy =
        format!("default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'", hash(STYLE), hash(SCRIPT));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                (header(report))
                main {
                    (gates(report))
                    (metrics(report))
                    (findings::section(report, catalogue))
                    (charts::section(report))
                    (schema(report))
                    (tables(report))
                    (coverage(report))
                }
                footer { "Made by dbwright " (report.tool.version) " from facts taken at " (report.taken_at) "." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

fn hash(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn header(report: &Report) -> Markup {
    let target = &report.target;
    let size = report.facts.as_ref().and_then(|facts| facts.catalog.database_bytes.as_ref()).map(|bytes| number::bytes(bytes.value));
    html! {
        header {
            p.brand { "dbwright review" }
            h1 { (sanitise::line(&target.name)) }
            p.sub {
                (target.engine.title()) " " (sanitise::line(&target.version))
                @if target.scratch { " · built from a project" }
                @if let Some(size) = size { " · " (size) }
                " · " (report.taken_at.to_string().replace('T', " ").replace('Z', " UTC"))
            }
            nav aria-label="Sections" {
                a href="#gates" { "Gates" } a href="#findings" { "Findings" } a href="#workload" { "Workload" }
                a href="#schema" { "Schema" } a href="#tables" { "Tables" } a href="#coverage" { "Not checked" }
            }
        }
    }
}

fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Undecided => "undecided",
        Verdict::Waived => "waived",
        Verdict::NotApplicable => "na",
    }
}

fn gates(report: &Report) -> Markup {
    html! {
        section id="gates" aria-labelledby="gates-h" {
            h2 id="gates-h" { "Gates" }
            div.cards {
                @for gate in &report.gates {
                    @let (sign, _) = terminal::sign(gate.verdict);
                    details class={ "card " (class(gate.verdict)) } {
                        summary {
                            span.sign aria-hidden="true" { (sign) }
                            span.what { (gate.gate.title()) small { (gate.enforcement.id()) } }
                            span.verdict { (gate.verdict.id().replace('-', " ")) }
                            span.why { (sanitise::line(&terminal::reason(gate))) }
                        }
                        @if !gate.reason.is_empty() { p.note { (sanitise::line(&gate.reason)) } }
                        ul.criteria {
                            @for criterion in &gate.criteria {
                                li class=(class(criterion.verdict)) {
                                    p.c { span.tag { (criterion.verdict.id().replace('-', " ")) } " " (sanitise::line(&criterion.criterion)) " " span.grade { (criterion.grade.id()) } }
                                    p.d { (sanitise::line(&criterion.detail)) }
                                    @if let Some(waiver) = &criterion.waiver { p.d { "Waived: " (sanitise::line(&waiver.reason)) } }
                                    @if !criterion.findings.is_empty() {
                                        p.d {
                                            @for print in criterion.findings.iter().take(8) { a href={ "#f-" (print) } { (findings::label(report, print)) } " " }
                                            @if criterion.findings.len() > 8 { "and " (criterion.findings.len() - 8) " more" }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn metrics(report: &Report) -> Markup {
    html! {
        section.metrics aria-label="Standards" {
            @for metric in &report.metrics {
                @let state = match metric.met { Some(true) => "pass", Some(false) => "fail", None => "undecided" };
                div class={ "metric " (state) } title=(sanitise::line(&metric.detail)) {
                    span.name { (metric.metric.replace('_', " ")) }
                    span.value {
                        @match metric.value { Some(value) => (terminal::metric_value(metric, value)), None => "not measured" }
                    }
                    span.goal { "goal " (terminal::goal(metric)) }
                    span.detail { (sanitise::line(&metric.detail)) }
                }
            }
        }
    }
}

fn schema(report: &Report) -> Markup {
    let diagram = report.facts.as_ref().and_then(|facts| diagram::diagram(&facts.catalog));
    html! {
        section id="schema" aria-labelledby="schema-h" {
            h2 id="schema-h" { "Schema" }
            @match diagram {
                Some(diagram) => {
                    p.note {
                        (text::plural(diagram.tables, "table")) ". A crow's foot stands where many rows refer, a ring where the reference may be empty, a bar at the table referred to."
                        @if !diagram.hubs.is_empty() { " References to tables that most others refer to are written as → in the referring box: " (some(&diagram.hubs)) "." }
                        @if diagram.left_out > 0 { " " (text::plural(diagram.left_out, "table")) " with fewer references are left out of the picture; the list below has them." }
                    }
                    div.scroll.wide tabindex="0" role="group" aria-label="Diagram; scrolls sideways" { (PreEscaped(diagram.svg)) }
                },
                None => p.note { "There are no tables to draw." },
            }
        }
    }
}

/// The first few names, and how many there are besides.
fn some(names: &[String]) -> String {
    let first = names.iter().take(6).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 6 { format!("{first} and {} more", names.len() - 6) } else { first }
}

fn tables(report: &Report) -> Markup {
    let Some(facts) = &report.facts else { return html! {} };
    let mut rows: Vec<_> = facts.catalog.collections.iter().collect();
    rows.sort_by(|a, b| b.total_bytes().unwrap_or(0.0).total_cmp(&a.total_bytes().unwrap_or(0.0)).then_with(|| a.name.cmp(&b.name)));
    let largest = rows.first().and_then(|row| row.total_bytes()).unwrap_or(0.0).max(1.0);
    html! {
        section id="tables" aria-labelledby="tables-h" {
            h2 id="tables-h" { "Tables" }
            div.scroll tabindex="0" {
                table {
                    thead { tr { th { "name" } th { "kind" } th.r { "rows" } th.r { "table" } th.r { "indexes" } th { "share of the largest" } th.r { "columns" } th.r { "indexes" } } }
                    tbody {
                        @for row in rows.iter().take(MOST_TABLES) {
                            @let bytes = row.total_bytes().unwrap_or(0.0);
                            tr {
                                td.name { (sanitise::line(&row.name.to_string())) }
                                td { (row.kind.title()) }
                                td.r { (row.rows().map(number::grouped).unwrap_or_default()) }
                                td.r { (row.storage.table_bytes.as_ref().map(|q| number::bytes(q.value)).unwrap_or_default()) }
                                td.r { (row.storage.index_bytes.as_ref().map(|q| number::bytes(q.value)).unwrap_or_default()) }
                                td { (charts::bar(bytes / largest)) }
                                td.r { (row.fields.len()) }
                                td.r { (row.indexes.len()) }
                            }
                        }
                    }
                }
            }
            @if rows.len() > MOST_TABLES { p.note { (number::grouped((rows.len() - MOST_TABLES) as f64)) " smaller ones are not listed." } }
        }
    }
}

fn coverage(report: &Report) -> Markup {
    let gaps: Vec<_> = report.coverage.iter().filter(|gap| matches!(gap.state, Reading::Missing | Reading::Partial)).collect();
    html! {
        section id="coverage" aria-labelledby="coverage-h" {
            h2 id="coverage-h" { "What was not checked" }
            @if gaps.is_empty() && report.undecided_rules.is_empty() { p.note { "Everything that this engine has was read." } }
            @if !gaps.is_empty() {
                div.scroll tabindex="0" { table {
                    thead { tr { th { "facts" } th { "state" } th { "why" } th { "what closes the gap" } } }
                    tbody { @for gap in gaps { tr {
                        td.name { (gap.fact.id()) }
                        td { @if gap.state == Reading::Partial { "in part" } @else { "missing" } }
                        td { (sanitise::line(&gap.detail)) }
                        td { @if let Some(hint) = &gap.hint { code { (sanitise::line(hint)) } } }
                    } } }
                } }
            }
            @if !report.undecided_rules.is_empty() {
                details { summary { (text::plural(report.undecided_rules.len(), "rule")) " could not be judged for want of facts" }
                    ul.plain { @for rule in &report.undecided_rules { li { code { (rule.rule) } " needs " (rule.missing.join(", ")) } } }
                }
            }
            @if !report.notes.is_empty() { ul.plain { @for note in &report.notes { li { (sanitise::line(note)) } } } }
        }
    }
}
