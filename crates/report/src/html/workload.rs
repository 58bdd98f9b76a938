//! The workload of the page: charts, then each statement with its text, numbers, histogram and plan. It never
//! averages percentiles.

use dbwright_model::report::Report;
use dbwright_model::workload::{Latency, Statement, WorkloadSource};
use maud::{Markup, PreEscaped, html};

use super::charts::{bar, histogram, latencies, percent, shares};
use super::findings::code;
use crate::{number, plan, sanitise, text};

/// Statements listed one by one.
const MOST: usize = 200;

/// The section; empty when the report carries no facts.
pub(super) fn section(report: &Report) -> Markup {
    let Some(facts) = &report.facts else { return html! {} };
    let statements = &facts.workload.statements;
    let weighted = matches!(facts.workload.source, WorkloadSource::Measured | WorkloadSource::File);
    let mut ranked: Vec<Ranked<'_>> = statements.iter().map(|statement| (statement, load_ms(statement, weighted).unwrap_or(0.0))).collect();
    let total: f64 = ranked.iter().map(|(_, load)| load).sum();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.text.cmp(&b.0.text)));
    let limit = report.metrics.iter().find(|metric| metric.metric == "query_p95").map(|metric| metric.goal);
    html! {
        section id="workload" aria-labelledby="workload-h" {
            h2 id="workload-h" { "Workload" }
            @if statements.is_empty() { p.note { "No statements are known. A log, a statistics view or a workload.sql would show them." } }
            @else {
                @if total > 0.0 { (shares(&ranked, total)) }
                (latencies(&ranked, limit))
                h3 { "Statements" }
                @for (statement, load) in ranked.iter().take(MOST) { (entry(statement, load / total, limit)) }
                @if ranked.len() > MOST { p.note { (text::plural(ranked.len() - MOST, "further statement")) " are not listed." } }
            }
        }
    }
}

/// A statement with its load.
pub(super) type Ranked<'s> = (&'s Statement, f64);

/// Time that a statement takes of the server, ms: in a project its weight times its mean time, else what was counted. Rules
/// that speak of shares of database time mean the same.
fn load_ms(statement: &Statement, weighted: bool) -> Option<f64> {
    let load = if weighted { statement.weight.unwrap_or(1.0) * statement.mean_ms()? } else { statement.total_ms? };
    (load.is_finite() && load >= 0.0).then_some(load)
}

/// Its name, else its text on one line.
pub(super) fn name(statement: &Statement) -> String {
    let full = statement.name.clone().unwrap_or_else(|| statement.text.split_whitespace().take(60).collect::<Vec<_>>().join(" "));
    text::cut(&sanitise::line(&full), 52)
}

/// A distribution in words.
pub(super) fn summary(latency: &Latency) -> String {
    let interval = match (latency.p95_low_ms, latency.p95_high_ms) {
        (Some(low), Some(high)) => format!(" ({} to {})", number::milliseconds(low), number::milliseconds(high)),
        _ => " (too few samples for an interval)".to_owned(),
    };
    format!(
        "median {}, 95th percentile {}{interval}, 99th {}, longest {}; {} samples, {}",
        number::milliseconds(latency.p50_ms),
        number::milliseconds(latency.p95_ms),
        number::milliseconds(latency.p99_ms),
        number::milliseconds(latency.max_ms),
        number::grouped(latency.samples as f64),
        sanitise::line(&latency.method)
    )
}

/// `share` is no number when no time is known at all.
fn entry(statement: &Statement, share: f64, limit: Option<f64>) -> Markup {
    let p95 = statement.latency.as_ref().map(|latency| latency.p95_ms);
    html! {
        details.statement {
            summary {
                span.what dir="auto" { (name(statement)) }
                span.figure { @if share.is_finite() { (percent(share)) } }
                span.figure { @if let Some(calls) = statement.calls { (number::grouped(calls)) " calls" } }
                span.figure { @if let Some(mean) = statement.mean_ms() { "mean " (number::milliseconds(mean)) } }
                span.figure.over[p95.zip(limit).is_some_and(|(p95, limit)| p95 >= limit)] { @if let Some(p95) = p95 { "p95 " (number::milliseconds(p95)) } }
            }
            (code(&sanitise::block(&statement.text)))
            @if let Some(origin) = &statement.origin { p.note { (sanitise::line(&origin.file)) ":" (origin.line) } }
            @if let Some(failure) = &statement.failure { p.note { "It could not be run: " (sanitise::line(failure)) } }
            @if let Some(latency) = &statement.latency { p.note { (summary(latency)) "." } (histogram(latency, limit)) }
            @if let Some(tree) = &statement.plan { (plan_tree(tree)) }
        }
    }
}

fn plan_tree(tree: &dbwright_model::plan::Plan) -> Markup {
    html! {
        div.scroll tabindex="0" role="group" aria-label="Plan; scrolls sideways" {
            table.plan {
                thead { tr { th { "plan" } th { "rows, time" } th { (if tree.executed { "share of time" } else { "share of cost" }) } th { "remark" } } }
                tbody { @for line in plan::lines(tree) { tr {
                    td.tree { (PreEscaped(line.lead.replace(' ', "&nbsp;"))) (line.text) }
                    td.numbers { (line.numbers) }
                    td { @if let Some(share) = line.share { (bar(share)) } }
                    td.remark { @if let Some(remark) = line.remark { (remark) } }
                } } }
            }
        }
    }
}
