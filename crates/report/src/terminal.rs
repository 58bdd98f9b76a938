//! The report in a terminal: a summary of one screen, worst first; everything with `verbose`. Meaning never hangs on colour.

mod finding;
pub(crate) mod page;

use anstyle::{AnsiColor, Effects, Style};
use dbwright_model::gate::Criterion;
use dbwright_model::report::{Metric, Report};
use dbwright_model::{Coverage, GateVerdict, Reading, Severity, Verdict};

use crate::sentences::{self, Counts, goal, metric_value, reason};
use crate::text::{fill, plural, width};
use crate::{Options, number};
use page::Page;

pub(crate) const STRONG: Style = Style::new().effects(Effects::BOLD);
pub(crate) const FAINT: Style = Style::new().effects(Effects::DIMMED);
pub(crate) const RED: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
pub(crate) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(crate) const GREEN: Style = AnsiColor::Green.on_default();
pub(crate) const CODE: Style = AnsiColor::Cyan.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();

/// Lines of the summary: what a terminal shows beside the command and the next prompt.
const SCREEN: usize = 30;
/// Findings of the summary, at the least and at the most.
const SHOWN: std::ops::RangeInclusive<usize> = 2..=8;
/// Lines of a message in the summary.
const MESSAGE_LINES: usize = 2;

/// Renders a review.
#[must_use]
pub fn render(report: &Report, options: &Options) -> String {
    let mut page = Page::new(options);
    page.header(report);
    page.gates(report);
    page.metrics(&report.metrics);
    let mut after = Page::new(options);
    after.not_checked(report);
    after.next(report);
    page.findings(report, SCREEN.saturating_sub(after.lines()));
    page.append(after);
    page.finish()
}

/// Renders the gates alone, for CI: a line a gate, and one for each criterion that is not passed.
#[must_use]
pub fn gates(report: &Report, options: &Options) -> String {
    let mut page = Page::new(options);
    for gate in &report.gates {
        page.gate_line(gate);
        for criterion in gate.criteria.iter().filter(|criterion| !matches!(criterion.verdict, Verdict::Pass | Verdict::NotApplicable)) {
            page.criterion(criterion);
        }
    }
    page.finish()
}

/// Sign and style of a verdict.
pub(crate) fn sign(verdict: Verdict) -> (&'static str, Style) {
    match verdict {
        Verdict::Pass => ("✓", GREEN),
        Verdict::Fail => ("✗", RED),
        Verdict::Undecided => ("?", YELLOW),
        Verdict::Waived => ("~", MAGENTA),
        Verdict::NotApplicable => ("–", FAINT),
    }
}

/// Style of a severity.
pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => CYAN,
    }
}

impl Page<'_> {
    fn header(&mut self, report: &Report) {
        let target = &report.target;
        let facts = report.facts.as_ref();
        let tables = facts.map(|facts| facts.catalog.tables().count()).filter(|count| *count > 0);
        let bytes = facts.and_then(|facts| facts.catalog.database_bytes.as_ref());
        let mut rest = vec![format!("{} {}", target.engine.title(), target.version).trim_end().to_owned()];
        rest.extend(target.scratch.then(|| "built from a project".to_owned()));
        rest.extend(tables.map(|count| plural(count, "table")));
        rest.extend(bytes.map(|bytes| number::bytes(bytes.value)));
        let when = report.taken_at.to_string().replace('T', " ");
        let when = format!("{} UTC", when.get(..16).unwrap_or(&when));
        let tool = format!("dbwright {}", report.tool.version);
        let name = self.cut(&target.name, self.columns() / 2);
        let rest = self.cut(&rest.join(", "), self.columns().saturating_sub(width(&name) + width(&tool) + 4));
        self.ends(&[(&name, STRONG), ("  ", Style::new()), (&rest, Style::new())], (&tool, FAINT));
        let standing = self.cut(&sentences::standing(report), self.columns());
        self.ends(&[(&standing, Style::new())], (&when, FAINT));
    }

    fn gates(&mut self, report: &Report) {
        self.heading("Gates", "");
        let mut ordered: Vec<&GateVerdict> = report.gates.iter().collect();
        ordered.sort_by_key(|gate| std::cmp::Reverse(gate.verdict));
        for gate in ordered {
            self.gate_line(gate);
            if self.verbose() {
                if !gate.reason.is_empty() {
                    self.indented(&gate.reason, 4, FAINT);
                }
                for criterion in &gate.criteria {
                    self.criterion(criterion);
                }
            }
        }
    }

    fn gate_line(&mut self, gate: &GateVerdict) {
        let (sign, style) = sign(gate.verdict);
        let word = if gate.verdict == Verdict::NotApplicable { "n/a" } else { gate.verdict.id() };
        let verdict = self.paint(&format!("{} {}", self.safe(sign), fill(word, 9)), style);
        let title = self.paint(&fill(gate.gate.title(), 19), STRONG);
        let reason = self.cut(&reason(gate), self.columns().saturating_sub(36));
        self.line(&format!("  {verdict}  {title}  {reason}"));
    }

    fn criterion(&mut self, criterion: &Criterion) {
        let (sign, style) = sign(criterion.verdict);
        let sign = self.paint(&self.safe(sign), style);
        let word = self.paint(criterion.verdict.id(), style);
        let grade = self.paint(&format!("({})", criterion.grade.id()), FAINT);
        let text = self.safe(&criterion.criterion);
        self.line(&format!("    {sign} {text}: {word} {grade}"));
        self.indented(&criterion.detail, 6, Style::new());
        if let Some(waiver) = &criterion.waiver {
            self.indented(&format!("waived: {}", waiver.reason), 6, MAGENTA);
        }
    }

    fn metrics(&mut self, metrics: &[Metric]) {
        if metrics.is_empty() {
            return;
        }
        self.heading("Standards", "");
        let cells: Vec<String> = metrics.iter().map(|metric| self.metric(metric)).collect();
        let widest = |parity: usize| cells.iter().skip(parity).step_by(2).map(|cell| page::shown_width(cell)).max().unwrap_or(0);
        let several = 2 + widest(0) + 2 + widest(1) <= self.columns() && !self.verbose();
        for pair in cells.chunks(if several { 2 } else { 1 }) {
            let gap = " ".repeat((widest(0) + 2).saturating_sub(page::shown_width(&pair[0])));
            self.line(&format!("  {}", pair.join(&gap)));
        }
        if self.verbose() {
            for metric in metrics {
                self.indented(&format!("{}: {}", metric.metric.replace('_', " "), metric.detail), 4, FAINT);
            }
        }
    }

    /// `✗ query p95       679 ms, goal < 100 ms`.
    fn metric(&self, metric: &Metric) -> String {
        let (sign, style) = match metric.met {
            Some(true) => ("✓", GREEN),
            Some(false) => ("✗", RED),
            None => ("?", YELLOW),
        };
        let value = match metric.value {
            None => "not measured".to_owned(),
            // The goal beside it carries the unit.
            Some(value) if metric.unit == "writes" => number::grouped(value),
            Some(value) => metric_value(metric, value),
        };
        let goal = if metric.value.is_some() || self.verbose() { format!(", goal {}", goal(metric)) } else { String::new() };
        let name = fill(&self.safe(&metric.metric.replace('_', " ")), 14);
        format!("{} {name} {}", self.paint(&self.safe(sign), style), self.safe(&format!("{value}{goal}")))
    }

    fn not_checked(&mut self, report: &Report) {
        let gaps: Vec<&Coverage> = report.coverage.iter().filter(|gap| matches!(gap.state, Reading::Missing | Reading::Partial)).collect();
        if gaps.is_empty() && report.undecided_rules.is_empty() && report.notes.is_empty() {
            return;
        }
        let mut parts: Vec<String> = Vec::new();
        if !gaps.is_empty() {
            parts.push(gaps.iter().map(|gap| gap.fact.id()).collect::<Vec<_>>().join(", "));
        }
        if !report.undecided_rules.is_empty() {
            parts.push(format!("{} undecided", plural(report.undecided_rules.len(), "rule")));
        }
        if !report.notes.is_empty() {
            parts.push(plural(report.notes.len(), "remark"));
        }
        self.blank();
        self.hanging("Not checked", &[parts.join("; ")]);
        if self.verbose() {
            for gap in gaps {
                self.indented(&format!("{}: {}", gap.fact.id(), gap.detail), 2, Style::new());
                if let Some(hint) = &gap.hint {
                    self.indented(hint, 4, CYAN);
                }
            }
            for rule in &report.undecided_rules {
                self.indented(&format!("{} needs {}", rule.rule, rule.missing.join(", ")), 2, FAINT);
            }
            for note in &report.notes {
                self.indented(note, 2, FAINT);
            }
        }
    }

    fn next(&mut self, report: &Report) {
        let steps = sentences::next_steps(report, if self.verbose() { 3 } else { 2 });
        if !steps.is_empty() {
            if self.lines() == 0 || self.verbose() {
                self.blank();
            }
            let numbered: Vec<String> = steps.iter().enumerate().map(|(at, step)| format!("{} {step}", at + 1)).collect();
            self.hanging("Next", &numbered);
        }
    }

    fn counts(&mut self, report: &Report) {
        let note = format!("{} by {}", Counts::of(report).text(), plural(report.rules_judged as usize, "rule"));
        self.heading("Findings", &note);
    }
}

/// Widest line, columns; styles do not count.
#[must_use]
pub fn widest(text: &str) -> usize {
    text.lines().map(page::shown_width).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{clean, hostile, many, sample};

    fn plain(report: &Report) -> String {
        render(report, &Options::default())
    }

    fn beyond(text: &str, columns: usize) -> Vec<&str> {
        text.lines().filter(|line| page::shown_width(line) > columns).collect()
    }

    #[test]
    fn the_summary_fits_one_screen() {
        for report in [sample(), clean(), many(5000), hostile()] {
            let text = plain(&report);
            assert!(text.lines().count() <= SCREEN, "{} lines:\n{text}", text.lines().count());
            assert_eq!(beyond(&text, 80), Vec::<&str>::new());
        }
    }

    #[test]
    fn looks_as_it_did() {
        let text = plain(&sample());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "shop  PostgreSQL 15.18, 12 tables, 3.1 GB                         dbwright 0.1.0");
        assert_eq!(lines[4], "  ✗ fail       Query performance    2 of 3 fail: Every statement meets its SLA");
        assert_eq!(lines[8], "  ✓ pass       Security compliance  its criterion holds");
        assert_eq!(lines[11], "  ✗ query p95      722 ms, goal < 100 ms  ? availability   not measured");
        assert_eq!(lines[16], "  error   orders.customer_id refers to customers and has no index; each");
        assert!(lines.last().is_some_and(|line| line.starts_with("             2 Decide backup and recovery: No repository")));
    }

    #[test]
    fn a_rule_that_finds_much_is_shown_once() {
        let text = plain(&many(5000));
        assert_eq!(text.matches("schema/fk-without-index").count(), 2, "once as finding, once as next step:\n{text}");
        assert!(text.contains("more like it"));
    }

    #[test]
    fn says_the_same_without_colour() {
        let plain = render(&sample(), &Options { verbose: true, ..Options::default() });
        let colored = render(&sample(), &Options { verbose: true, color: true, ..Options::default() });
        assert!(colored.contains('\u{1b}') && !plain.contains('\u{1b}'));
        let mut stripped = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            stripped.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        assert_eq!(stripped + rest, plain);
    }

    #[test]
    fn ascii_is_ascii_and_keeps_the_width() {
        for verbose in [false, true] {
            let text = render(&hostile(), &Options { verbose, unicode: false, ..Options::default() });
            assert!(text.is_ascii() && text.contains("x fail"));
            assert_eq!(if verbose { Vec::new() } else { beyond(&text, 80) }, Vec::<&str>::new());
        }
    }

    #[test]
    fn verbose_tells_all() {
        let text = render(&sample(), &Options { verbose: true, ..Options::default() });
        for part in [
            "CREATE INDEX CONCURRENTLY orders_customer_id_idx ON public.orders (customer_id, placed_at DESC);",
            "-- undo: DROP INDEX CONCURRENTLY public.orders_customer_id_idx;",
            "lock: SHARE UPDATE EXCLUSIVE",
            "tried: clone of 2,000,000 rows",
            "p95 ms                 451 → 1.9",
            "waived by dba@example.org: Append-only log",
            "at migrations/0004_orders.sql:17",
            "Every table has a primary key: waived (observed)",
            "CREATE EXTENSION pgstattuple;",
            "recovery/no-backup needs backups",
            "availability: Not measured",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
    }

    #[test]
    fn narrow_and_broad_screens_hold() {
        for width in [40, 60, 120] {
            let text = render(&sample(), &Options { width, ..Options::default() });
            assert_eq!(beyond(&text, width), Vec::<&str>::new(), "at {width} columns");
        }
    }

    #[test]
    fn the_gates_alone_name_what_is_not_passed() {
        let text = gates(&sample(), &Options::default());
        assert!(text.contains("No row refers to nothing: fail (observed)") && !text.contains("Pages are whole"));
    }
}
