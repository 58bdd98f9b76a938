//! A drill as one self-contained page without script. Colours come from the report's style sheet; nothing is told by colour alone.

use dbwright_model::Verdict;
use dbwright_model::drill::{Control, DrillRecord, FaultOutcome, Phase};
use maud::{DOCTYPE, Markup, PreEscaped, html as page};

use super::terminal::{seconds_text, summary};
use crate::sanitise::line as safe;
use crate::{html as report, number};

/// Width of the timeline, its names' and its numbers' part, and height of a row, pixels.
const WIDTH: f64 = 980.0;
const NAMES: f64 = 200.0;
const NUMBERS: f64 = 80.0;
const ROW: f64 = 24.0;
/// Rows of a list at most.
const MOST: usize = 1000;

/// Renders a record.
#[must_use]
pub fn html(record: &DrillRecord) -> String {
    let policy = format!("default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'", report::hash(report::STYLE));
    let title = format!("{} drill: {}", safe(&record.drill), safe(&record.subject));
    let whole = page! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(report::STYLE)) }
            }
            body {
                (header(record))
                main {
                    (timeline(&record.phases))
                    (outcomes(&record.outcomes))
                    (checks(record))
                    (controls(&record.controls))
                    (words("Differences", &record.differences))
                    (words("Not checked", &record.undecided))
                    (words("Remarks", &record.remarks))
                    (provenance(record))
                }
                footer { "Made by " (record.by.as_ref().map_or_else(|| "dbwright".to_owned(), |by| safe(&by.tool))) " at " (record.at) "." }
            }
        }
    };
    whole.into_string()
}

fn header(record: &DrillRecord) -> Markup {
    let verdict = record.verdict();
    let parts: Vec<String> = summary(record).iter().map(|part| safe(part)).collect();
    page! {
        header {
            p.brand { "dbwright " span { "drill" } }
            h1 dir="auto" { (safe(&record.subject)) }
            p.sub { (safe(&record.drill)) " drill · " time datetime=(record.at) { (record.at.to_string().replace('T', " ").replace('Z', " UTC")) } }
            div class={ "standing " (report::class(verdict)) } {
                p.big { (word(verdict)) "." }
                p { (parts.join(" · ")) }
            }
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓ Passed",
        Verdict::Fail => "✗ Failed",
        Verdict::Undecided => "? Undecided: something could not be checked",
        Verdict::Waived => "Waived",
        Verdict::NotApplicable => "Not applicable",
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

fn timeline(phases: &[Phase]) -> Markup {
    let end = phases.iter().map(|phase| phase.from_seconds + phase.seconds).fold(0.0_f64, f64::max);
    if end <= 0.0 {
        return page! {};
    }
    let scale = (WIDTH - NAMES - NUMBERS) / end;
    let height = px(phases.len() as f64 * ROW + 8.0);
    page! {
        section {
            h2 { "Phases" }
            p.note { (seconds_text(end)) " in all. " span.key.a { "counts towards recovery" } " " span.key.b { "does not" } }
            div.scroll tabindex="0" role="group" aria-label="Timeline; scrolls sideways" {
                svg.chart viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) role="img" aria-label="Phases over time" {
                    @for (at, phase) in phases.iter().take(MOST).enumerate() {
                        @let y = at as f64 * ROW + 4.0;
                        @let from = NAMES + phase.from_seconds * scale;
                        g.bar { title { (safe(&phase.detail)) }
                            text.l x=(px(NAMES - 12.0)) y=(px(y + 14.0)) { (crate::text::cut(&safe(&phase.phase), 28)) }
                            rect class=(if phase.recovery { "a" } else { "b" }) x=(px(from)) y=(px(y)) width=(px((phase.seconds * scale).max(1.5))) height="18" rx="3" {}
                            text.v x=(px(from + phase.seconds * scale + 8.0)) y=(px(y + 14.0)) { (seconds_text(phase.seconds)) }
                        }
                    }
                }
            }
        }
    }
}

fn outcomes(outcomes: &[FaultOutcome]) -> Markup {
    let count = |value: u64| number::grouped(value as f64);
    page! {
        @if !outcomes.is_empty() {
            section {
                h2 { "Loss and downtime" }
                p.note { "Unknown: no answer came, so that the write may be there or not; it counts as neither." }
                div.scroll tabindex="0" role="group" aria-label="Table; scrolls sideways" {
                    table {
                        thead { tr { th { "fault" } th { "setting" } th { "promises to keep" } th.r { "runs" } th.r { "acknowledged" } th.r { "lost" } th.r { "oldest lost" } th.r { "unknown" } th.r { "torn" } th.r { "phantom" } th.r { "never attempted" } th.r { "doomed" } th.r { "downtime" } } }
                        tbody { @for one in outcomes.iter().take(MOST) { tr {
                            td { (safe(&one.fault)) }
                            td.name { (safe(&one.setting)) @for remark in &one.remarks { div.remark { (safe(remark)) } } }
                            td { (if one.durable { "yes" } else { "no" }) }
                            td.r { (one.runs) } td.r { (count(one.acknowledged)) }
                            td.r { @if one.lost > 0 { b { (count(one.lost)) } } @else { "0" } }
                            td.r { (one.oldest_lost_ms.map(number::milliseconds).unwrap_or_default()) }
                            td.r { (count(one.unknown)) } td.r { (one.torn) } td.r { (one.phantom) } td.r { (one.never_attempted) } td.r { (count(one.doomed)) }
                            td.r { @if let Some(time) = one.downtime { (seconds_text(time.total))
                                div.remark { "detect " (seconds_text(time.detect)) ", decide " (seconds_text(time.decide)) ", promote " (seconds_text(time.promote)) ", reconnect " (seconds_text(time.reconnect)) } } }
                        } } }
                    }
                }
            }
        }
    }
}

fn checks(record: &DrillRecord) -> Markup {
    page! {
        @if !record.checks.is_empty() {
            section {
                h2 { "Checks" }
                ul.criteria { @for check in record.checks.iter().take(MOST) {
                    li class=(report::class(check.verdict)) { p { span.tag { (check.verdict.id()) } " " (safe(&check.check)) } p.d { (safe(&check.detail)) } }
                } }
            }
        }
    }
}

fn controls(controls: &[Control]) -> Markup {
    page! {
        @if !controls.is_empty() {
            section {
                h2 { "Planted faults" }
                p.note { "Each must turn the drill red: it shows that the drill would notice." }
                table { thead { tr { th { "fault" } th { "noticed" } th { "by" } } }
                    tbody { @for control in controls.iter().take(MOST) { tr {
                        td { (safe(&control.fault)) }
                        td { (match control.detected { Some(true) => "✓ yes", Some(false) => "✗ MISSED", None => "? not tried" }) }
                        td.name { (safe(&control.detail)) }
                    } } }
                }
            }
        }
    }
}

fn words(title: &str, texts: &[String]) -> Markup {
    page! {
        @if !texts.is_empty() {
            section {
                h2 { (title) }
                ul.plain { @for text in texts.iter().take(MOST) { li { (safe(text)) } } }
                @if texts.len() > MOST { p.note { "and " (texts.len() - MOST) " more" } }
            }
        }
    }
}

fn provenance(record: &DrillRecord) -> Markup {
    let versions: Vec<String> = record.versions.iter().map(|(name, version)| safe(&format!("{name} {version}"))).collect();
    let settings: Vec<String> = record.settings.iter().map(|(name, value)| safe(&format!("{name} = {value}"))).collect();
    let counts: Vec<String> =
        record.counts.iter().map(|(name, count)| safe(&format!("{name} {}", number::grouped(*count as f64)))).collect();
    let by = record.by.as_ref().map(|by| safe(&format!("{} on {}", by.user, by.machine))).unwrap_or_default();
    let seed = record.seed.map(|seed| seed.to_string()).unwrap_or_default();
    let rows = [
        ("by", by),
        ("versions", versions.join(", ")),
        ("settings", settings.join(", ")),
        ("counts", counts.join(", ")),
        ("seed", seed),
        ("hash", safe(&record.hash)),
        ("hash of the record before", safe(&record.previous)),
    ];
    page! {
        section {
            h2 { "Provenance" }
            table.evidence { tbody { @for (name, value) in rows.iter().filter(|(_, value)| !value.is_empty()) { tr { th { (name) } td { (value) } } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_all_parts_and_nothing_hostile() {
        let hostile = "<script>alert(1)</script>\u{202e}";
        let record = DrillRecord {
            drill: "crash".into(),
            subject: hostile.into(),
            phases: vec![Phase { phase: "restore".into(), seconds: 2.0, recovery: true, ..Phase::default() }],
            outcomes: vec![FaultOutcome { fault: "power cut".into(), setting: hostile.into(), lost: 12_345, ..FaultOutcome::default() }],
            controls: vec![Control { fault: "fsync off".into(), detected: Some(false), detail: hostile.into() }],
            differences: vec![hostile.into()],
            undecided: vec!["left".into()],
            ..DrillRecord::default()
        };
        let text = html(&record);
        for wanted in ["restore", "power cut", "12 345", "MISSED", "Differences", "Not checked"] {
            assert!(text.replace(['\u{202f}', '\u{a0}', ','], " ").contains(wanted), "{wanted}");
        }
        assert!(!text.contains("<script") && !text.contains('\u{202e}'));
        let text = super::super::markdown(&record);
        assert!(text.contains("❌ missed") && !text.replace("\\<", "").contains("<script") && !text.contains('\u{202e}'), "{text}");
    }
}
