//! Charts of the workload as SVG: where time goes, how latency spreads against the limit, a statement's histogram. Colours come
//! from the style sheet; each mark has a title, and the numbers stand beside. Nothing is told by colour alone.

use dbwright_model::workload::{Latency, Statement};
use maud::{Markup, html};

use super::workload::{Ranked, name, summary};
use crate::{number, sanitise, text};

/// Statements charted.
const CHARTED: usize = 20;
/// Width of a chart, pixels.
const WIDTH: f64 = 980.0;
/// Height of a row, pixels.
const ROW: f64 = 24.0;
/// Room right of the bars for their numbers, pixels.
const NUMBERS: f64 = 84.0;

/// A bar of a share, 0 to 1.
pub(super) fn bar(share: f64) -> Markup {
    let width = share.clamp(0.0, 1.0) * 110.0;
    html! { svg.bar width="110" height="10" aria-hidden="true" { rect.track width="110" height="10" rx="2" {} rect.full width=(px(width)) height="10" rx="2" {} } }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Where the bars begin: behind the longest name.
fn margin<'s>(statements: impl Iterator<Item = &'s Statement>) -> f64 {
    let longest = statements.map(|statement| text::width(&name(statement))).max().unwrap_or(0);
    (longest as f64 * 7.0 + 20.0).clamp(110.0, 400.0)
}

/// Shares of database time, largest first.
pub(super) fn shares(ranked: &[Ranked<'_>], total: f64) -> Markup {
    let top: Vec<Ranked<'_>> = ranked.iter().take(CHARTED).map(|(statement, load)| (*statement, load / total)).collect();
    let left = margin(top.iter().map(|(statement, _)| *statement));
    let most = top.first().map_or(1.0, |(_, share)| share.max(0.0001));
    let height = px(top.len() as f64 * ROW + 8.0);
    let length = move |share: f64| share / most * (WIDTH - left - NUMBERS);
    html! {
        h3 { "Where database time goes" }
        p.note { "Share of the time of all statements. A weight counts where one was given." }
        div.scroll tabindex="0" role="group" aria-label="Chart; scrolls sideways" {
            svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) role="img" aria-label="Share of database time by statement" {
                @for (at, (statement, share)) in top.iter().enumerate() {
                    @let y = at as f64 * ROW + 4.0;
                    g { title { (text::cut(&sanitise::line(&statement.text), 300)) }
                        text.l x=(px(left - 12.0)) y=(px(y + 14.0)) { (name(statement)) }
                        rect.full x=(px(left)) y=(px(y)) width=(px(length(*share).max(1.0))) height="18" rx="3" {}
                        text.v x=(px(left + 8.0 + length(*share))) y=(px(y + 14.0)) { (percent(*share)) }
                    }
                }
            }
        }
    }
}

/// `42 %`, `0.4 %`, `< 0.1 %`.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        percent if percent >= 9.95 => format!("{percent:.0} %"),
        percent if percent >= 0.1 => format!("{percent:.1} %"),
        percent if percent > 0.0 => "< 0.1 %".to_owned(),
        _ => "0 %".to_owned(),
    }
}

/// A logarithmic axis of milliseconds.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    decades: f64,
    left: f64,
    length: f64,
}

impl Axis {
    fn x(self, ms: f64) -> f64 {
        self.left + ((ms.max(1e-4).log10() - self.low) / self.decades).clamp(0.0, 1.0) * self.length
    }

    /// Powers of ten on it.
    fn ticks(self) -> Vec<f64> {
        (0..=self.decades.min(24.0) as i32).map(|step| 10_f64.powi(self.low as i32 + step)).collect()
    }
}

/// Latency from median to 99th percentile, the 95th as a mark with its interval, the limit as a line.
pub(super) fn latencies(ranked: &[Ranked<'_>], limit: Option<f64>) -> Markup {
    let mut timed: Vec<(&Statement, &Latency)> =
        ranked.iter().filter_map(|(statement, _)| Some((*statement, statement.latency.as_ref()?))).collect();
    timed.sort_by(|a, b| b.1.p95_ms.total_cmp(&a.1.p95_ms).then_with(|| a.0.text.cmp(&b.0.text)));
    timed.truncate(CHARTED);
    let left = margin(timed.iter().map(|(statement, _)| *statement));
    let lowest = timed.iter().map(|(_, latency)| latency.p50_ms).chain(limit).fold(f64::INFINITY, f64::min).clamp(1e-3, 1e6);
    let highest =
        timed.iter().map(|(_, latency)| latency.p99_ms.max(latency.p95_high_ms.unwrap_or(0.0))).chain(limit).fold(lowest, f64::max);
    let low = lowest.log10().floor();
    let axis = Axis { low, decades: (highest.log10().ceil() - low).max(1.0), left, length: WIDTH - left - NUMBERS };
    let bottom = timed.len() as f64 * ROW;
    let height = px(bottom + 32.0);
    html! {
        @if !timed.is_empty() {
            h3 { "Latency against the limit" }
            p.note { "Bar: median to 99th percentile. Dot: 95th percentile, with its 95 % confidence interval as whiskers. The scale is logarithmic."
                @if let Some(limit) = limit { " Dashed: the limit for the 95th percentile, " (number::milliseconds(limit)) "." } }
            div.scroll tabindex="0" role="group" aria-label="Chart; scrolls sideways" {
                svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) role="img" aria-label="Latency of statements" {
                    @for ms in axis.ticks() {
                        path.grid d=(format!("M{:.1} 20v{bottom:.1}", axis.x(ms))) {}
                        text.tick x=(px(axis.x(ms))) y="13" { (number::milliseconds(ms)) }
                    }
                    @if let Some(limit) = limit { path.limit d=(format!("M{:.1} 18v{:.1}", axis.x(limit), bottom + 6.0)) { title { "Limit " (number::milliseconds(limit)) } } }
                    @for (at, (statement, latency)) in timed.iter().enumerate() {
                        (spread(statement, latency, axis, at as f64 * ROW + 32.0, limit.is_some_and(|limit| latency.p95_ms >= limit)))
                    }
                }
            }
        }
    }
}

/// A statement's bar around a height.
fn spread(statement: &Statement, latency: &Latency, axis: Axis, y: f64, over: bool) -> Markup {
    let (p50, p95, p99) = (axis.x(latency.p50_ms), axis.x(latency.p95_ms), axis.x(latency.p99_ms));
    let whiskers =
        |(from, to): (f64, f64)| format!("M{0:.1} {1:.1}v8M{0:.1} {y:.1}H{2:.1}M{2:.1} {1:.1}v8", axis.x(from), y - 4.0, axis.x(to));
    html! {
        g class=(if over { "over" } else { "under" }) {
            title { (summary(latency)) }
            text.l x=(px(axis.left - 12.0)) y=(px(y + 4.0)) { (name(statement)) }
            rect.spread x=(px(p50)) y=(px(y - 6.0)) width=(px((p99 - p50).max(2.0))) height="12" rx="4" {}
            @if let Some(interval) = latency.p95_low_ms.zip(latency.p95_high_ms) { path.interval d=(whiskers(interval)) {} }
            circle.p95 cx=(px(p95)) cy=(px(y)) r="4.5" {}
            text.v x=(px(axis.left + axis.length + 14.0)) y=(px(y + 4.0)) { (number::milliseconds(latency.p95_ms)) @if over { " !" } }
        }
    }
}

/// Executions by duration; none without buckets.
pub(super) fn histogram(latency: &Latency, limit: Option<f64>) -> Markup {
    let buckets: Vec<(f64, u64)> = latency.buckets.iter().copied().filter(|(bound, _)| bound.is_finite()).take(60).collect();
    let most = buckets.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let step = (560.0 / buckets.len().max(1) as f64).min(56.0);
    let every = (46.0 / step).ceil().max(1.0) as usize;
    let width = px(step * buckets.len() as f64 + 20.0);
    html! {
        @if buckets.len() > 1 {
            svg.histogram viewBox=(format!("0 0 {width} 122")) width=(width) height="122" role="img" aria-label="Executions by duration" {
                @for (at, (bound, count)) in buckets.iter().enumerate() {
                    @let (x, high) = (at as f64 * step + 10.0, *count as f64 / most * 92.0);
                    g class=(if limit.is_some_and(|limit| *bound > limit) { "over" } else { "under" }) {
                        title { (number::grouped(*count as f64)) " up to " (number::milliseconds(*bound)) }
                        rect.column x=(px(x + 1.0)) y=(px(98.0 - high)) width=(px((step - 2.0).max(1.0))) height=(px(high.max(0.5))) {}
                    }
                    @if at % every == 0 { text.tick x=(px(x + step / 2.0)) y="114" { (number::milliseconds(*bound)) } }
                }
            }
            p.note { "Executions by duration; each column up to the time below it." }
        }
    }
}
