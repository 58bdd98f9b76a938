//! The report in a terminal: a summary of one screen, worst first; everything with `verbose`. Meaning never hangs on colour.

use anstyle::{AnsiColor, Effects, Style};
use dbwright_model::finding::EvidenceValue;
use dbwright_model::gate::Criterion;
use dbwright_model::report::{Metric, Report};
use dbwright_model::{Finding, GateVerdict, Reading, Severity, Verdict};

use crate::text::{cut, fill, paint, plural, width, wrap};
use crate::{Options, number, sanitise};

const STRONG: Style = Style::new().effects(Effects::BOLD);
const FAINT: Style = Style::new().effects(Effects::DIMMED);
const RED: Style = AnsiColor::Red.on_default().effects(Effects::BOLD);
const YELLOW: Style = AnsiColor::Yellow.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();

/// Findings of the summary.
const SHOWN: usize = 5;
/// Lines of a message in the summary.
const MESSAGE_LINES: usize = 2;

/// Renders a review.
#[must_use]
pub fn render(report: &Report, options: &Options) -> String {
    let mut page = Page { out: String::new(), options };
    page.header(report);
    page.gates(report);
    page.metrics(&report.metrics);
    page.findings(report);
    page.not_checked(report);
    page.out
}

/// Renders the gates alone, for CI: a line a criterion that is not passed, then the verdicts.
#[must_use]
pub fn gates(report: &Report, options: &Options) -> String {
    let mut page = Page { out: String::new(), options };
    for gate in &report.gates {
        page.gate_line(gate);
        for criterion in gate.criteria.iter().filter(|criterion| !matches!(criterion.verdict, Verdict::Pass | Verdict::NotApplicable)) {
            page.criterion(criterion);
        }
    }
    page.out
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

struct Page<'a> {
    out: String,
    options: &'a Options,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.out.push_str(text.trim_end());
        self.out.push('\n');
    }

    fn paint(&self, text: &str, style: Style) -> String {
        paint(text, style, self.options.color)
    }

    fn heading(&mut self, title: &str, rest: &str) {
        let title = self.paint(title, STRONG);
        let rest = self.paint(rest, FAINT);
        self.out.push('\n');
        self.line(&format!("{title}  {rest}"));
    }

    fn header(&mut self, report: &Report) {
        let target = &report.target;
        let name = self.paint(&sanitise::line(&target.name), STRONG);
        let built = if target.scratch { ", built from a project" } else { "" };
        let when = report.taken_at.to_string().replace('T', " ");
        let rest = format!("{} {}{built}, {}", target.engine.title(), sanitise::line(&target.version), when.get(..16).unwrap_or(&when));
        let rest = self.paint(&format!("{rest} UTC"), FAINT);
        self.line(&format!("{name}  {rest}"));
    }

    fn gates(&mut self, report: &Report) {
        self.heading("Gates", "");
        for gate in &report.gates {
            self.gate_line(gate);
            if self.options.verbose {
                for criterion in &gate.criteria {
                    self.criterion(criterion);
                }
            }
        }
    }

    fn gate_line(&mut self, gate: &GateVerdict) {
        let (sign, style) = sign(gate.verdict);
        let verdict = self.paint(&format!("{sign} {}", fill(gate.verdict.id(), 14)), style);
        let reason = reason(gate);
        let room = self.options.width.saturating_sub(41);
        self.line(&format!("  {} {verdict} {}", fill(gate.gate.title(), 20), cut(&sanitise::line(&reason), room)));
    }

    fn criterion(&mut self, criterion: &Criterion) {
        let (sign, style) = sign(criterion.verdict);
        let sign = self.paint(sign, style);
        let grade = self.paint(&format!("[{}]", criterion.grade.id()), FAINT);
        self.line(&format!("    {sign} {} {grade}", sanitise::line(&criterion.criterion)));
        for line in wrap(&sanitise::line(&criterion.detail), self.options.width - 6) {
            self.line(&format!("      {line}"));
        }
        if let Some(waiver) = &criterion.waiver {
            self.line(&format!("      waived: {}", sanitise::line(&waiver.reason)));
        }
    }

    fn metrics(&mut self, metrics: &[Metric]) {
        if metrics.is_empty() {
            return;
        }
        self.heading("Standards", "");
        let column = self.options.width.saturating_sub(2) / 2;
        let cells: Vec<(String, Option<bool>)> = metrics.iter().map(|metric| (metric_text(metric), metric.met)).collect();
        for pair in cells.chunks(2) {
            let mut line = String::from("  ");
            for (text, met) in pair {
                let (sign, style) = match met {
                    Some(true) => ("✓", GREEN),
                    Some(false) => ("✗", RED),
                    None => ("?", YELLOW),
                };
                line.push_str(&format!("{} {} ", self.paint(sign, style), fill(text, column.saturating_sub(3))));
            }
            self.line(&line);
        }
        if self.options.verbose {
            for metric in metrics {
                self.indented(&format!("{}: {}", metric.metric.replace('_', " "), metric.detail), 4, FAINT);
            }
        }
    }

    fn findings(&mut self, report: &Report) {
        let open: Vec<&Finding> = report.findings.iter().filter(|finding| finding.waived.is_none()).collect();
        let count = |severity| open.iter().filter(|finding| finding.severity == severity).count();
        let waived = report.findings.len() - open.len();
        let mut counts = vec![
            plural(count(Severity::Error), "error"),
            plural(count(Severity::Warning), "warning"),
            format!("{} info", count(Severity::Info)),
        ];
        if waived > 0 {
            counts.push(format!("{waived} waived"));
        }
        self.heading("Findings", &format!("{} from {} rules, worst first", counts.join(", "), report.rules_judged));
        if open.is_empty() {
            self.line("  None.");
        }
        let shown = if self.options.verbose { report.findings.len() } else { SHOWN };
        let listed: Vec<&Finding> = if self.options.verbose { report.findings.iter().collect() } else { open };
        for finding in listed.iter().take(shown) {
            self.finding(finding);
        }
        if listed.len() > shown {
            let more = self.paint(&format!("  … {} more: --verbose, or see the HTML report", listed.len() - shown), FAINT);
            self.line(&more);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let word = match finding.severity {
            Severity::Error => "error  ",
            Severity::Warning => "warning",
            Severity::Info => "info   ",
        };
        let word = self.paint(word, severity_style(finding.severity));
        let message = sanitise::line(&finding.message);
        let room = self.options.width.saturating_sub(10);
        let mut lines = wrap(&message, room);
        if !self.options.verbose && lines.len() > MESSAGE_LINES {
            lines.truncate(MESSAGE_LINES);
            lines[MESSAGE_LINES - 1] = cut(&format!("{} …", lines[MESSAGE_LINES - 1]), room);
        }
        for (at, line) in lines.iter().enumerate() {
            let lead = if at == 0 { word.clone() } else { " ".repeat(7) };
            self.line(&format!("  {lead} {line}"));
        }
        let second = cut(&about(finding), room);
        let second = self.paint(&second, FAINT);
        self.line(&format!("          {second}"));
        if self.options.verbose {
            self.details(finding);
        }
    }

    fn details(&mut self, finding: &Finding) {
        if let Some(origin) = &finding.origin {
            self.indented(&format!("at {}:{}", origin.file, origin.line), 10, FAINT);
        }
        for evidence in &finding.evidence {
            let source = if matches!(evidence.value, EvidenceValue::Text(_)) {
                String::new()
            } else {
                format!("  ({})", sanitise::line(&evidence.source))
            };
            let name = fill(&sanitise::line(&evidence.name), 24);
            self.indented(&format!("{name} {}{source}", number::evidence(evidence)), 10, Style::new());
        }
        if let Some(waiver) = &finding.waived {
            let until = waiver.until.as_deref().map(|until| format!(", until {until}")).unwrap_or_default();
            self.indented(&format!("waived: {}{until}", waiver.reason), 10, MAGENTA);
        }
        if let Some(change) = &finding.change {
            self.change(change);
        }
        if let Some(proof) = &finding.proof {
            self.indented(&format!("tried: {} ({})", proof.method, proof.grade.id()), 10, GREEN);
        }
        self.out.push('\n');
    }

    fn change(&mut self, change: &dbwright_model::change::Change) {
        self.indented(&format!("change: {}", change.summary), 10, STRONG);
        for statement in &change.apply {
            self.code(&format!("{statement};"), GREEN);
        }
        for lock in &change.locks {
            self.indented(&format!("lock: {lock}"), 10, FAINT);
        }
        if change.rewrites {
            self.indented("rewrites the table", 10, YELLOW);
        }
        for statement in &change.revert {
            self.code(&format!("-- undo: {statement};"), FAINT);
        }
    }

    /// Statements are not wrapped, so that they can be copied.
    fn code(&mut self, text: &str, style: Style) {
        for line in sanitise::block(text).lines() {
            let line = self.paint(line, style);
            self.line(&format!("            {line}"));
        }
    }

    fn indented(&mut self, text: &str, indent: usize, style: Style) {
        for line in wrap(&sanitise::line(text), self.options.width.saturating_sub(indent)) {
            let line = self.paint(&line, style);
            self.line(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    fn not_checked(&mut self, report: &Report) {
        let gaps: Vec<_> = report.coverage.iter().filter(|gap| matches!(gap.state, Reading::Missing | Reading::Partial)).collect();
        if gaps.is_empty() && report.undecided_rules.is_empty() && report.notes.is_empty() {
            return;
        }
        let names: Vec<&str> = gaps.iter().map(|gap| gap.fact.id()).collect();
        let rules = match report.undecided_rules.len() {
            0 => String::new(),
            count => format!("; {} undecided", plural(count, "rule")),
        };
        let title = self.paint("Not checked", STRONG);
        self.out.push('\n');
        let summary = format!("{}{rules}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") });
        let room = self.options.width.saturating_sub(13);
        let summary = if self.options.verbose { summary } else { cut(&summary, room) };
        self.line(&format!("{title}  {summary}"));
        if self.options.verbose {
            for gap in gaps {
                self.indented(&format!("{}: {}", gap.fact.id(), gap.detail), 2, Style::new());
                if let Some(hint) = &gap.hint {
                    self.indented(hint, 4, CYAN);
                }
            }
        }
        for note in &report.notes {
            self.indented(note, 2, FAINT);
        }
    }
}

/// One line on why a gate stands as it does.
pub(crate) fn reason(gate: &GateVerdict) -> String {
    let count = |verdict| gate.criteria.iter().filter(|criterion| criterion.verdict == verdict).count();
    let decisive = gate.criteria.iter().find(|criterion| criterion.verdict == gate.verdict);
    match gate.verdict {
        Verdict::Pass => {
            let holds = count(Verdict::Pass);
            if holds == 1 { "its criterion holds".to_owned() } else { format!("all {holds} criteria hold") }
        }
        Verdict::NotApplicable | Verdict::Waived if !gate.reason.is_empty() => gate.reason.clone(),
        verdict => {
            let word = if verdict == Verdict::Fail { "fail" } else { verdict.id() };
            let of = format!("{} of {} {word}", count(verdict), gate.criteria.len());
            format!("{of}: {}", decisive.map(|criterion| criterion.criterion.as_str()).unwrap_or_default())
        }
    }
}

/// Rule, object and cost of a finding on one line.
fn about(finding: &Finding) -> String {
    let mut parts = vec![finding.rule.clone(), sanitise::line(&finding.object)];
    parts.extend(impact(finding));
    parts.push(finding.grade.id().to_owned());
    if finding.change.is_some() {
        parts.push("change ready".to_owned());
    }
    if finding.waived.is_some() {
        parts.push("waived".to_owned());
    }
    if finding.in_baseline {
        parts.push("known before".to_owned());
    }
    parts.join(" · ")
}

/// What a finding costs, in words.
pub(crate) fn impact(finding: &Finding) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(share) = finding.impact.db_time_share.filter(|share| *share >= 0.001) {
        parts.push(format!("{} % of database time", number::short(share * 100.0)));
    }
    if let Some(bytes) = finding.impact.bytes.filter(|bytes| *bytes > 0.0) {
        parts.push(number::bytes(bytes));
    }
    parts
}

/// `query p95 679 ms (goal < 100 ms)`.
pub(crate) fn metric_text(metric: &Metric) -> String {
    let name = metric.metric.replace('_', " ");
    match metric.value {
        Some(value) => format!("{name} {} (goal {})", metric_value(metric, value), goal(metric)),
        None => format!("{name} not measured"),
    }
}

/// A metric's value with its unit.
pub(crate) fn metric_value(metric: &Metric, value: f64) -> String {
    match metric.unit.as_str() {
        "ms" => number::milliseconds(value),
        "s" => number::milliseconds(value * 1000.0),
        "share" => percent(value),
        unit => format!("{} {unit}", number::grouped(value)),
    }
}

/// A metric's goal with its direction.
pub(crate) fn goal(metric: &Metric) -> String {
    let value = metric_value(metric, metric.goal);
    match metric.metric.as_str() {
        "query_p95" | "recovery_time" => format!("< {value}"),
        "availability" | "storage_saving" => format!("≥ {value}"),
        _ => value,
    }
}

fn percent(share: f64) -> String {
    let text = format!("{:.3}", share * 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Width check for tests and other renderers.
#[must_use]
pub fn widest(text: &str) -> usize {
    text.lines().map(width).max().unwrap_or(0)
}
