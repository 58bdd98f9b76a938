//! Where database time went, in a terminal: statements by total time, events, what was not understood. It shows a profile as
//! it stands; an average is never called a percentile here.

use anstyle::Style;
use dbwright_model::profile::{Profile, StatementProfile};

use crate::terminal::page::Page;
use crate::terminal::{CODE, FAINT, GREEN, RED, STRONG, YELLOW};
use crate::text::{fill, plural};
use crate::{Options, number};

const PLAIN: Style = Style::new();
/// Events shown without `--verbose`.
const EVENTS: usize = 8;

/// A profile.
#[must_use]
pub fn terminal(profile: &Profile, top: usize, options: &Options) -> String {
    let mut page = Page::new(options);
    let totals = &profile.totals;
    let time = milliseconds(totals.total_us);
    let what = format!(
        "{} calls of {}, {time} of database time",
        number::grouped(totals.calls as f64),
        plural(totals.statements as usize, "statement")
    );
    page.ends(&[(profile.engine.title(), STRONG), ("  ", PLAIN), (&what, PLAIN)], ("", FAINT));
    period(&mut page, profile);
    sources(&mut page, profile);
    statements(&mut page, profile, top);
    events(&mut page, profile);
    for limit in &profile.limits {
        page.indented(limit, 0, YELLOW);
    }
    page.finish()
}

fn milliseconds(micros: u64) -> String {
    number::milliseconds(micros as f64 / 1e3)
}

fn period(page: &mut Page<'_>, profile: &Profile) {
    let (Some(since), Some(until)) = (profile.since, profile.until) else { return };
    let busy = profile.totals.total_us as f64 / 1e6;
    let seconds = profile.seconds().unwrap_or(0.0);
    let text = |time: dbwright_model::Timestamp| time.to_string().replace('T', " ");
    let load = if seconds > 0.0 { format!(" · {:.1} statements under way on average", busy / seconds) } else { String::new() };
    page.indented(&format!("{} to {}{load}", text(since), text(until)), 0, FAINT);
}

fn sources(page: &mut Page<'_>, profile: &Profile) {
    for source in &profile.sources {
        let share = 100.0 * source.share_understood();
        let detail = if source.detail.is_empty() { String::new() } else { format!(", {}", source.detail) };
        let style = if share < 99.0 { YELLOW } else { FAINT };
        let text =
            format!("{} ({}{detail}): {}, {share:.1} % of it understood", source.name, source.format, number::bytes(source.bytes as f64));
        page.indented(&text, 2, style);
        if source.lines_not_understood > 0 {
            page.indented(
                &format!(
                    "{} not understood, such as: {}",
                    plural(source.lines_not_understood as usize, "line"),
                    source.examples_not_understood.first().map_or("", String::as_str)
                ),
                4,
                YELLOW,
            );
        }
        for trouble in &source.troubles {
            page.indented(trouble, 4, YELLOW);
        }
    }
}

fn statements(page: &mut Page<'_>, profile: &Profile, top: usize) {
    if profile.statements.is_empty() {
        page.indented(
            "No statement with a duration was found: log_min_duration_statement or a slow log is off, or set too high.",
            0,
            YELLOW,
        );
        return;
    }
    page.heading("Statements", "by their share of database time; percentiles from single durations");
    page.line(&page.paint(
        &format!(
            "  {}{}{}{}{}{}{}",
            fill("share", 8),
            fill("sum", 8),
            fill("time", 10),
            fill("calls", 12),
            fill("p50", 10),
            fill("p95", 10),
            "p99"
        ),
        FAINT,
    ));
    for one in profile.statements.iter().take(top) {
        statement(page, one);
    }
    let rest = profile.statements.len().saturating_sub(top);
    if rest > 0 {
        page.indented(&format!("{rest} more (--top {} shows them)", profile.statements.len()), 2, FAINT);
    }
}

fn statement(page: &mut Page<'_>, one: &StatementProfile) {
    let percentile = |of: fn(&dbwright_model::workload::Latency) -> f64| {
        one.latency.as_ref().map_or_else(|| "–".to_owned(), |latency| number::milliseconds(of(latency)))
    };
    let row = [
        (format!("{:.1} %", 100.0 * one.share), 8),
        (format!("{:.1} %", 100.0 * one.cumulative_share), 8),
        (milliseconds(one.total_us), 10),
        (number::grouped(one.calls as f64), 12),
        (percentile(|latency| latency.p50_ms), 10),
        (percentile(|latency| latency.p95_ms), 10),
        (percentile(|latency| latency.p99_ms), 10),
    ];
    let line: String = row.iter().map(|(text, width)| fill(text, *width)).collect();
    page.line(&format!("  {}", page.paint(&line, if one.share >= 0.2 { STRONG } else { PLAIN })));
    let text = one.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if page.verbose() {
        page.indented(&text, 4, CODE);
    } else {
        let room = page.columns().saturating_sub(4);
        let text = page.cut(&text, room);
        page.line(&format!("    {}", page.paint(&text, CODE)));
    }
    details(page, one);
}

fn details(page: &mut Page<'_>, one: &StatementProfile) {
    let mut words = Vec::new();
    if let Some(repetition) = one.repetition.as_ref().filter(|repetition| repetition.runs > 0) {
        words.push(format!(
            "repeated in loops: {} calls in {}, up to {} in a row",
            number::grouped(repetition.calls as f64),
            plural(repetition.runs as usize, "run"),
            repetition.longest
        ));
    }
    if one.errors > 0 {
        words.push(plural(one.errors as usize, "error"));
    }
    if let Some(bytes) = one.temporary_bytes.filter(|bytes| *bytes > 0) {
        words.push(format!("{} of temporary files", number::bytes(bytes as f64)));
    }
    if let (Some(examined), Some(rows)) = (one.rows_examined, one.rows.filter(|rows| *rows > 0)) {
        words.push(format!("{} rows examined for each one sent", number::grouped(examined as f64 / rows as f64)));
    }
    if one.truncated {
        words.push("the server cut the text".to_owned());
    }
    if !words.is_empty() {
        page.indented(&words.join(" · "), 4, YELLOW);
    }
    for example in one.examples.iter().filter(|_| page.verbose()).take(2).cloned().collect::<Vec<_>>() {
        let time = example.duration_us.map(|micros| format!(" ({})", milliseconds(micros))).unwrap_or_default();
        page.indented(&format!("for example{time}: {}", example.text), 4, FAINT);
    }
}

fn events(page: &mut Page<'_>, profile: &Profile) {
    if profile.events.is_empty() {
        return;
    }
    page.heading("Events", "what else the server wrote");
    let shown = if page.verbose() { usize::MAX } else { EVENTS };
    for event in profile.events.iter().take(shown) {
        let serious = matches!(event.kind.id(), "panic" | "fatal" | "error" | "deadlock");
        let kind = page.paint(&fill(event.kind.id(), 15), if serious { RED } else { GREEN });
        let bytes = if event.bytes > 0 { format!("  {}", number::bytes(event.bytes as f64)) } else { String::new() };
        let code = event.code.as_deref().map(|code| format!("{code} ")).unwrap_or_default();
        let room = page.columns().saturating_sub(28);
        let text = page.cut(&format!("{code}{}{bytes}", event.example), room);
        page.line(&format!("  {}{kind} {text}", fill(&number::grouped(event.count as f64), 9)));
    }
    let rest = profile.events.len().saturating_sub(shown);
    if rest > 0 {
        page.indented(&format!("{rest} more kinds (--verbose shows them)"), 2, FAINT);
    }
}
