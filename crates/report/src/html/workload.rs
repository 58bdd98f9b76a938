//! Charts of the workload as SVG: where time goes, and how latency spreads against the limit. Colours come from the style
//! sheet; each mark has a title, and the numbers stand beside.

use dbwright_model::report::Report;
use dbwright_model::workload::{Latency, Statement};
use maud::{Markup, PreEscaped, html};

use crate::{number, plan, sanitise, text};

/// Statements charted.
const CHARTED: usize = 20;

/// The section; empty without workload.
pub(super) fn section(report: &Report) -> Markup {
    let Some(facts) = &report.facts else { return html! {} };
    let statements = &facts.workload.statements;
    let time = |statement: &Statement| load(statement).unwrap_or(0.0);
    let total: f64 = statements.iter().map(time).sum();
    let mut ranked: Vec<&Statement> = statements.iter().collect();
    ranked.sort_by(|a, b| time(b).total_cmp(&time(a)).then_with(|| a.text.cmp(&b.text)));
    let limit = report.metrics.iter().find(|metric| metric.metric == "query_p95").map(|metric| metric.goal);
    html! {
        section id="workload" aria-labelledby="workload-h" {
            h2 id="workload-h" { "Workload" }
            @if statements.is_empty() { p.note { "No statements are known. A log, a statistics view or a workload.sql would show them." } }
            @else {
                @if total > 0.0 { (shares(&ranked, total)) }
                (latencies(&ranked, limit))
                (details(&ranked))
            }
        }
    }
}

/// A bar of a share, 0 to 1.
pub(super) fn bar(share: f64) -> Markup {
    let width = share.clamp(0.0, 1.0) * 120.0;
    html! { svg.bar width="120" height="10" aria-hidden="true" { rect.track width="120" height="10" rx="2" {} rect.full width=(format!("{width:.1}")) height="10" rx="2" {} } }
}

/// Total time where known, else weight times mean latency: relative load.
fn load(statement: &Statement) -> Option<f64> {
    let weighted = |latency: &Latency| statement.weight.unwrap_or(1.0) * latency.p50_ms;
    match (statement.weight, &statement.latency) {
        (Some(_), Some(latency)) => Some(weighted(latency)),
        _ => statement.total_ms.or_else(|| statement.latency.as_ref().map(weighted)),
    }
}

fn name(statement: &Statement) -> String {
    let full = statement.name.clone().unwrap_or_else(|| statement.text.split_whitespace().collect::<Vec<_>>().join(" "));
    text::cut(&sanitise::line(&full), 52)
}

fn shares(ranked: &[&Statement], total: f64) -> Markup {
    let top: Vec<(&Statement, f64)> =
        ranked.iter().take(CHARTED).map(|statement| (*statement, load(statement).unwrap_or(0.0) / total)).collect();
    let height = top.len() * 22 + 8;
    let most = top.first().map_or(1.0, |(_, share)| share.max(0.0001));
    html! {
        h3 { "Where database time goes" }
        p.note { "Share of all statements' time; a statement's weight counts where one was given." }
        div.scroll tabindex="0" {
            svg.chart viewBox=(format!("0 0 860 {height}")) width="860" height=(height) role="img" aria-label="Share of database time by statement" {
                @for (at, (statement, share)) in top.iter().enumerate() {
                    @let y = at * 22 + 4;
                    g { title { (sanitise::line(&text::cut(&statement.text, 300))) }
                        text.l x="372" y=(y + 13) { (name(statement)) }
                        rect.full x="384" y=(y) width=(format!("{:.1}", (share / most * 380.0).max(1.0))) height="16" rx="3" {}
                        text.v x=(format!("{:.1}", 392.0 + share / most * 380.0)) y=(y + 13) { (number::short(share * 100.0)) " %" }
                    }
                }
            }
        }
    }
}

/// Latency from median to 99th percentile on a logarithmic axis, the 95th as a mark with its interval, the limit as a line.
fn latencies(ranked: &[&Statement], limit: Option<f64>) -> Markup {
    let mut timed: Vec<(&Statement, &Latency)> =
        ranked.iter().filter_map(|statement| Some((*statement, statement.latency.as_ref()?))).collect();
    timed.sort_by(|a, b| b.1.p95_ms.total_cmp(&a.1.p95_ms).then_with(|| a.0.text.cmp(&b.0.text)));
    timed.truncate(CHARTED);
    let lowest = timed.iter().map(|(_, latency)| latency.p50_ms).fold(f64::INFINITY, f64::min).max(0.001);
    let highest = timed.iter().map(|(_, latency)| latency.p99_ms.max(latency.p95_high_ms.unwrap_or(0.0))).chain(limit).fold(0.01, f64::max);
    let (low, high) = (lowest.log10().floor(), highest.log10().ceil());
    let x = move |ms: f64| 384.0 + (ms.max(0.001).log10() - low).clamp(0.0, (high - low).max(1.0)) / (high - low).max(1.0) * 400.0;
    let height = timed.len() * 22 + 34;
    let mut ticks = Vec::new();
    let mut tick = low as i32;
    while tick <= high as i32 {
        ticks.push(10_f64.powi(tick));
        tick += 1;
    }
    html! {
        @if !timed.is_empty() {
            h3 { "Latency against the limit" }
            p.note { "Bar: median to 99th percentile. Mark: 95th percentile, with its 95 % confidence interval. Logarithmic." }
            div.scroll tabindex="0" {
                svg.chart viewBox=(format!("0 0 860 {height}")) width="860" height=(height) role="img" aria-label="Latency of statements" {
                    @for ms in ticks {
                        path.grid d=(format!("M{:.1} 18v{}", x(ms), timed.len() * 22)) {}
                        text.tick x=(format!("{:.1}", x(ms))) y="12" { (number::milliseconds(ms)) }
                    }
                    @if let Some(limit) = limit {
                        path.limit d=(format!("M{:.1} 16v{}", x(limit), timed.len() * 22 + 4)) { title { "Limit " (number::milliseconds(limit)) } }
                    }
                    @for (at, (statement, latency)) in timed.iter().enumerate() {
                        @let y = at * 22 + 22;
                        @let over = limit.is_some_and(|limit| latency.p95_ms >= limit);
                        g class=(if over { "over" } else { "under" }) {
                            title { (summary(latency)) }
                            text.l x="372" y=(y + 12) { (name(statement)) }
                            rect.spread x=(format!("{:.1}", x(latency.p50_ms))) y=(y + 4) width=(format!("{:.1}", (x(latency.p99_ms) - x(latency.p50_ms)).max(1.5))) height="8" rx="3" {}
                            @if let (Some(from), Some(to)) = (latency.p95_low_ms, latency.p95_high_ms) {
                                path.interval d=(format!("M{:.1} {}H{:.1}", x(from), y + 8, x(to))) {}
                            }
                            circle.p95 cx=(format!("{:.1}", x(latency.p95_ms))) cy=(y + 8) r="4" {}
                            text.v x="800" y=(y + 12) { (number::milliseconds(latency.p95_ms)) }
                        }
                    }
                }
            }
        }
    }
}

fn summary(latency: &Latency) -> String {
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
        latency.method
    )
}

fn details(ranked: &[&Statement]) -> Markup {
    html! {
        h3 { "Statements" }
        @for statement in ranked.iter().take(200) {
            details.statement {
                summary { (name(statement)) @if let Some(latency) = &statement.latency { " " span.grade { "p95 " (number::milliseconds(latency.p95_ms)) } } }
                div.code { pre tabindex="0" { code { (sanitise::block(&statement.text)) } } button.copy type="button" hidden { "Copy" } }
                @if let Some(latency) = &statement.latency { p.note { (summary(latency)) } }
                @if let Some(failure) = &statement.failure { p.note { "It could not be run: " (sanitise::line(failure)) } }
                @if let Some(tree) = &statement.plan { (plan_tree(tree)) }
            }
        }
        @if ranked.len() > 200 { p.note { (number::grouped((ranked.len() - 200) as f64)) " further statements are not listed." } }
    }
}

fn plan_tree(tree: &dbwright_model::plan::Plan) -> Markup {
    html! {
        table.plan { tbody { @for line in plan::lines(tree) { tr {
            td.tree { (PreEscaped(line.lead.replace(' ', "&nbsp;"))) (line.text) }
            td.numbers { (line.numbers) }
            td { @if let Some(share) = line.share { (bar(share)) } }
            td.remark { @if let Some(remark) = line.remark { (remark) } }
        } } } }
    }
}
