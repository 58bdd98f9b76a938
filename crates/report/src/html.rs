//! The report as one self-contained page: no request leaves it, script only fills in comfort, everything reads without it.

mod charts;
mod coverage;
mod findings;
mod prose;
mod tables;
mod workload;

use base64::Engine as _;
use dbwright_model::Verdict;
use dbwright_model::report::{Metric, Report};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{Catalogue, diagram, number, sanitise, sentences, terminal, text};

pub(crate) const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// Renders.
#[must_use]
pub fn render(report: &Report, catalogue: &Catalogue) -> String {
    let title = format!("{}: dbwright review", sanitise::line(&report.target.name));
    let style = style(report);
    let policy =
        format!("default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'", hash(&style), hash(SCRIPT));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(&style)) }
            }
            body {
                a.skip href="#findings" { "Skip to the findings" }
                (header(report))
                main {
                    (gates(report))
                    (metrics(report))
                    (findings::section(report, catalogue))
                    (workload::section(report))
                    (schema(report))
                    (tables::section(report))
                    (coverage::section(report))
                }
                footer { "Made by dbwright " (report.tool.version) " from facts taken at " (report.taken_at) "." }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The style sheet, with a line for each family that can be filtered by.
fn style(report: &Report) -> String {
    let mut style = STYLE.to_owned();
    for family in findings::families(report) {
        style.push_str(&format!("body:has(#family-{family}:checked) [data-f]:not([data-f={family}]){{display:none}}\n"));
    }
    style
}

pub(crate) fn hash(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(Sha256::digest(text.as_bytes())))
}

fn header(report: &Report) -> Markup {
    let target = &report.target;
    let size = report.facts.as_ref().and_then(|facts| facts.catalog.database_bytes.as_ref()).map(|bytes| number::bytes(bytes.value));
    let tables = report.facts.as_ref().map(|facts| facts.catalog.tables().count()).filter(|count| *count > 0);
    let steps = sentences::next_steps(report, 3);
    html! {
        header {
            p.brand { "dbwright " span { "review" } }
            h1 dir="auto" { (sanitise::line(&target.name)) }
            p.sub {
                (target.engine.title()) " " (sanitise::line(&target.version))
                @if target.scratch { " · built from a project" }
                @if let Some(tables) = tables { " · " (text::plural(tables, "table")) }
                @if let Some(size) = size { " · " (size) }
                " · " time datetime=(report.taken_at) { (report.taken_at.to_string().replace('T', " ").replace('Z', " UTC")) }
            }
            div class={ "standing " (class(sentences::worst(report))) } {
                p.big { (capital(&sentences::standing(report))) "." }
                p { (sentences::Counts::of(report).text()) "." }
                @if !steps.is_empty() { h2 { "What to do next" } ol { @for step in &steps { li { (prose::spans(step)) } } } }
            }
            nav aria-label="Sections" {
                a href="#gates" { "Gates" } a href="#findings" { "Findings" }
                @if report.facts.is_some() { a href="#workload" { "Workload" } a href="#schema" { "Schema" } a href="#tables" { "Tables" } }
                a href="#coverage" { "Not checked" }
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

pub(crate) fn class(verdict: Verdict) -> &'static str {
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
                            span.why { (sanitise::line(&sentences::reason(gate))) }
                        }
                        @if !gate.reason.is_empty() { p.note { (sanitise::line(&gate.reason)) } }
                        ul.criteria {
                            @for criterion in &gate.criteria {
                                li class=(class(criterion.verdict)) {
                                    p.c { span.tag { (criterion.verdict.id().replace('-', " ")) } " " (sanitise::line(&criterion.criterion)) " " span.grade { (criterion.grade.id()) } }
                                    p.d { (prose::spans(&criterion.detail)) }
                                    @if let Some(waiver) = &criterion.waiver { p.d { "Waived: " (sanitise::line(&waiver.reason)) } }
                                    @if !criterion.findings.is_empty() {
                                        p.d {
                                            @for print in criterion.findings.iter().take(8) { (findings::link(report, print)) " " }
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
        @if !report.metrics.is_empty() {
            section id="standards" aria-labelledby="standards-h" {
                h2 id="standards-h" { "Standards" }
                div.metrics { @for metric in &report.metrics { (metric_card(metric)) } }
            }
        }
    }
}

fn metric_card(metric: &Metric) -> Markup {
    let (state, word) = match metric.met {
        Some(true) => ("pass", "✓ met"),
        Some(false) => ("fail", "✗ missed"),
        None => ("undecided", "? open"),
    };
    html! {
        div class={ "metric " (state) } {
            span.name { (sanitise::line(&metric.metric.replace('_', " "))) span.state { (word) } }
            span.value { @match metric.value { Some(value) => (sentences::metric_value(metric, value)), None => "not measured" } }
            span.goal { "goal " (sentences::goal(metric)) }
            span.detail { (prose::spans(&metric.detail)) }
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
