//! A drill in a terminal.

use anstyle::Style;
use dbwright_model::Verdict;
use dbwright_model::drill::{Control, DrillRecord, FaultOutcome, Phase};

use crate::terminal::page::Page;
use crate::terminal::{FAINT, GREEN, RED, STRONG, YELLOW, sign};
use crate::text::{fill, plural, width};
use crate::{Options, number};

/// Columns of a phase's name and of its time.
const NAME: usize = 22;
const TIME: usize = 9;

/// A file's records, one a line, oldest first.
#[must_use]
pub fn records(file: &str, records: &[DrillRecord], broken: Option<&str>, options: &Options) -> String {
    let mut page = Page::new(options);
    page.ends(&[(file, STRONG)], (&plural(records.len(), "record"), FAINT));
    for record in records {
        let (mark, style) = sign(record.verdict());
        let mark = page.paint(&format!("{} {}", page.safe(mark), fill(record.verdict().id(), 9)), style);
        let when = record.at.to_string().replace('T', " ");
        let drill = fill(&page.safe(&record.drill), 14);
        let room = page.columns().saturating_sub(49);
        let subject = page.cut(&record.subject, room);
        page.line(&format!("  {mark}  {}  {drill}  {subject}", when.get(..16).unwrap_or(&when)));
    }
    match broken {
        Some(broken) => page.indented(&format!("The chain is broken at {broken}. Nothing from there on counts."), 0, RED),
        None if !records.is_empty() => page.indented("The chain holds: each record names the hash of the one before.", 0, GREEN),
        None => page.indented("There is no record yet.", 0, FAINT),
    }
    page.finish()
}

/// A record.
#[must_use]
pub fn record(record: &DrillRecord, options: &Options) -> String {
    let mut page = Page::new(options);
    header(&mut page, record);
    timeline(&mut page, record);
    outcomes(&mut page, &record.outcomes);
    checks(&mut page, record);
    controls(&mut page, &record.controls);
    words(&mut page, record);
    page.finish()
}

fn header(page: &mut Page<'_>, record: &DrillRecord) {
    let (mark, style) = sign(record.verdict());
    let title = format!("{} drill: {}", record.drill, record.verdict().id());
    let when = record.at.to_string().replace('T', " ");
    let when = format!("{} UTC", when.get(..16).unwrap_or(&when));
    page.ends(
        &[(mark, style), (" ", Style::new()), (&title, STRONG), ("  ", Style::new()), (&record.subject, Style::new())],
        (&when, FAINT),
    );
    let parts = summary(record);
    if !parts.is_empty() {
        page.indented(&parts.join(" · "), 2, Style::new());
    }
}

/// What it was about and what came of it, in a few words each.
pub(super) fn summary(record: &DrillRecord) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(backup) = &record.backup {
        let size = backup.bytes.map(|bytes| format!(", {}", number::bytes(bytes))).unwrap_or_default();
        parts.push(format!("{} ({}{size})", backup.kind, backup.location));
    }
    if let Some(seconds) = record.recovery_seconds {
        parts.push(format!("back after {}", seconds_text(seconds)));
    }
    if let Some((acknowledged, lost)) = record.acknowledged {
        parts.push(format!("{lost} of {} acknowledged writes lost", number::grouped(acknowledged as f64)));
    }
    if let Some(seed) = record.seed {
        parts.push(format!("seed {seed}"));
    }
    parts
}

fn timeline(page: &mut Page<'_>, record: &DrillRecord) {
    let end = record.phases.iter().map(|phase| phase.from_seconds + phase.seconds).fold(0.0_f64, f64::max);
    if end <= 0.0 {
        return;
    }
    page.heading("Phases", &format!("{} in all; the bar shows when each ran, ━ where it counts towards recovery", seconds_text(end)));
    let room = page.columns().saturating_sub(NAME + TIME + 6).clamp(10, 60);
    for phase in &record.phases {
        let bar = bar(phase, end, room, page.options().unicode);
        let style = if phase.recovery { GREEN } else { FAINT };
        let name = fill(&page.cut(&phase.phase, NAME), NAME);
        let time = seconds_text(phase.seconds);
        let blanks = " ".repeat(TIME.saturating_sub(width(&time)));
        let bar = page.paint(&bar, style);
        page.line(&format!("  {name}{blanks}{time}  {bar}"));
        let rate = phase
            .bytes
            .filter(|_| phase.seconds > 0.0)
            .map(|bytes| format!("{}, {}/s", number::bytes(bytes), number::bytes(bytes / phase.seconds)));
        let words: Vec<String> = [Some(phase.detail.clone()).filter(|text| !text.is_empty()), rate].into_iter().flatten().collect();
        if page.verbose() && !words.is_empty() {
            page.indented(&words.join("; "), 4, FAINT);
        }
    }
}

fn bar(phase: &Phase, end: f64, room: usize, unicode: bool) -> String {
    let at = |seconds: f64| ((seconds / end) * room as f64).round() as usize;
    let from = at(phase.from_seconds.max(0.0)).min(room.saturating_sub(1));
    let length = at(phase.from_seconds + phase.seconds).min(room).saturating_sub(from).max(1);
    let ink = match (unicode, phase.recovery) {
        (true, true) => "━",
        (true, false) => "╌",
        (false, true) => "=",
        (false, false) => "-",
    };
    format!("{}{}", " ".repeat(from), ink.repeat(length))
}

fn outcomes(page: &mut Page<'_>, outcomes: &[FaultOutcome]) {
    if outcomes.is_empty() {
        return;
    }
    page.heading("Loss and downtime", "downtime is the longest, as clients saw it");
    let head = format!(
        "  {} {:>5} {:>11} {:>7} {:>8} {:>6} {:>9}",
        fill("fault, setting", 30),
        "runs",
        "acked",
        "lost",
        "unknown",
        "torn",
        "downtime"
    );
    let head = page.paint(&head, FAINT);
    page.line(&head);
    for one in outcomes {
        let name = fill(&page.cut(&format!("{}, {}", one.fault, one.setting), 30), 30);
        let downtime = one.downtime.map(|time| seconds_text(time.total)).unwrap_or_default();
        let lost = format!("{:>7}", number::grouped(one.lost as f64));
        let lost = page.paint(
            &lost,
            if one.lost == 0 {
                Style::new()
            } else if one.durable {
                RED
            } else {
                YELLOW
            },
        );
        page.line(&format!(
            "  {name} {:>5} {:>11} {lost} {:>8} {:>6} {downtime:>9}",
            one.runs,
            number::grouped(one.acknowledged as f64),
            number::grouped(one.unknown as f64),
            one.torn + one.phantom + one.never_attempted,
        ));
        if let Some(time) = one.downtime.filter(|time| time.detect + time.decide + time.promote + time.reconnect > 0.0) {
            let parts = format!(
                "detect {}, decide {}, promote {}, reconnect {}",
                seconds_text(time.detect),
                seconds_text(time.decide),
                seconds_text(time.promote),
                seconds_text(time.reconnect)
            );
            page.indented(&parts, 4, FAINT);
        }
        for remark in &one.remarks {
            page.indented(remark, 4, FAINT);
        }
    }
}

fn checks(page: &mut Page<'_>, record: &DrillRecord) {
    if record.checks.is_empty() {
        return;
    }
    page.heading("Checks", "");
    for check in &record.checks {
        if check.verdict == Verdict::Pass && !page.verbose() && record.checks.len() > 24 {
            continue;
        }
        let (mark, style) = sign(check.verdict);
        let mark = page.paint(&page.safe(mark), style);
        let name = fill(&page.cut(&check.check, NAME), NAME);
        let room = page.columns().saturating_sub(NAME + 6);
        let mut lines = crate::text::wrap(&page.safe(&check.detail), room).into_iter();
        page.line(&format!("  {mark} {name}  {}", lines.next().unwrap_or_default()));
        for line in lines {
            page.line(&format!("{}{line}", " ".repeat(NAME + 6)));
        }
    }
}

/// The table fault × detected.
pub(super) fn controls(page: &mut Page<'_>, controls: &[Control]) {
    if controls.is_empty() {
        return;
    }
    let tried = controls.iter().filter(|control| control.detected.is_some()).count();
    let caught = controls.iter().filter(|control| control.detected == Some(true)).count();
    page.heading("Planted faults", &format!("{caught} of {tried} noticed; each must turn the drill red"));
    for control in controls {
        let (word, style) = match control.detected {
            Some(true) => ("noticed", GREEN),
            Some(false) => ("MISSED", RED),
            None => ("untried", YELLOW),
        };
        let word = page.paint(&fill(word, 8), style);
        let fault = fill(&page.cut(&control.fault, 34), 34);
        let room = page.columns().saturating_sub(47);
        let detail = page.cut(&control.detail, room);
        page.line(&format!("  {word} {fault}  {detail}"));
    }
}

fn words(page: &mut Page<'_>, record: &DrillRecord) {
    for (title, texts, style) in
        [("Differences", &record.differences, RED), ("Not checked", &record.undecided, YELLOW), ("Remarks", &record.remarks, Style::new())]
    {
        if texts.is_empty() {
            continue;
        }
        page.heading(title, "");
        let shown = if page.verbose() { texts.len() } else { 12 };
        for text in texts.iter().take(shown) {
            page.indented(text, 2, style);
        }
        if texts.len() > shown {
            page.indented(&format!("and {} more", texts.len() - shown), 2, FAINT);
        }
    }
}

/// Seconds for people: `0.34 s`, `12.1 s`, `3 min 20 s`.
pub(super) fn seconds_text(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.0 => format!("{:.0} ms", seconds * 1000.0),
        seconds if seconds < 10.0 => format!("{seconds:.2} s"),
        seconds if seconds < 120.0 => format!("{seconds:.1} s"),
        seconds => format!("{} min {:.0} s", (seconds / 60.0).floor(), seconds % 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(from_seconds: f64, seconds: f64) -> Phase {
        Phase { phase: "restore".into(), from_seconds, seconds, recovery: true, ..Phase::default() }
    }

    #[test]
    fn a_bar_stands_where_its_phase_ran() {
        assert_eq!(bar(&phase(5.0, 5.0), 10.0, 10, false), "     =====");
        assert_eq!(bar(&phase(9.999, 0.0), 10.0, 10, false), "         =", "a short one is still seen");
        assert_eq!(bar(&phase(0.0, 10.0), 10.0, 10, false), "==========");
    }

    #[test]
    fn a_missed_fault_is_loud_and_hostile_text_is_tame() {
        let control = |fault: &str, detected| Control { fault: fault.into(), detected, detail: "\u{1b}[2Jrows".into() };
        let shown = record(
            &DrillRecord {
                drill: "restore".into(),
                controls: vec![
                    control("a row changed", Some(true)),
                    control("a row removed", Some(false)),
                    control("a byte flipped", None),
                ],
                differences: vec!["sale\u{202e}: 3 rows less".into()],
                ..DrillRecord::default()
            },
            &Options::default(),
        );
        assert!(shown.contains("1 of 2 noticed") && shown.contains("MISSED") && shown.contains("untried"), "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
    }
}
