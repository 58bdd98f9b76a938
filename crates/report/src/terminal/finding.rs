//! Findings in a terminal: a few lines each in the summary, all that is known with `verbose`. It
//! never breaks a statement that could be copied.

use std::collections::BTreeMap;

use dbwright_model::change::Change;
use dbwright_model::finding::{EvidenceValue, Proof};
use dbwright_model::report::Report;
use dbwright_model::{Finding, Severity};

use super::page::Page;
use super::{CYAN, FAINT, GREEN, MAGENTA, MESSAGE_LINES, SHOWN, STRONG, YELLOW, severity_style};
use crate::number;
use crate::sentences::{impact, object};
use crate::text::{width, wrap};

/// Column at which findings' texts begin.
const INDENT: usize = 10;

impl Page<'_> {
    /// The findings, in the summary as many as end at `screen` lines.
    pub fn findings(&mut self, report: &Report, screen: usize) {
        self.counts(report);
        if self.verbose() {
            for finding in &report.findings {
                self.finding(finding, 0);
                self.details(finding);
            }
            return;
        }
        let mut rules: Vec<(&Finding, usize)> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in report.findings.iter().filter(|finding| finding.waived.is_none()) {
            let place = *places.entry(&finding.rule).or_insert(rules.len());
            match rules.get_mut(place) {
                Some((_, count)) => *count += 1,
                None => rules.push((finding, 1)),
            }
        }
        let total: usize = rules.iter().map(|(_, count)| count).sum();
        let (mut shown, mut told) = (0, 0);
        for (finding, count) in &rules {
            let mut next = Page::new(self.options());
            next.finding(finding, count - 1);
            let full = self.lines() + next.lines() + usize::from(shown + 1 < rules.len()) > screen;
            if shown >= *SHOWN.end() || (full && shown >= *SHOWN.start()) {
                break;
            }
            self.append(next);
            shown += 1;
            told += count;
        }
        if total == 0 {
            self.line("  None.");
        } else if total > told {
            let more = format!("… {} more: --verbose, or report.html", number::grouped((total - told) as f64));
            self.indented(&more, INDENT, FAINT);
        }
    }

    /// `alike` is how many further findings of its rule it stands for.
    fn finding(&mut self, finding: &Finding, alike: usize) {
        let word = match finding.severity {
            Severity::Error => "error  ",
            Severity::Warning => "warning",
            Severity::Info => "info   ",
        };
        let word = self.paint(word, severity_style(finding.severity));
        let room = self.columns().saturating_sub(INDENT);
        let mut lines = wrap(&self.safe(&finding.message), room);
        if !self.verbose() && lines.len() > MESSAGE_LINES {
            lines.truncate(MESSAGE_LINES);
            let mark = self.safe("…");
            if let Some(last) = lines.last_mut() {
                let fits = width(last) + 1 + width(&mark) <= room;
                // Beyond the edge, so that the cut shows.
                *last = if fits { format!("{last} {mark}") } else { self.cut(&format!("{last}{}", "x".repeat(4)), room) };
            }
        }
        for (at, line) in lines.iter().enumerate() {
            let lead = if at == 0 { word.clone() } else { " ".repeat(7) };
            self.line(&format!("  {lead} {line}"));
        }
        let about = self.about(finding, alike);
        let about = if self.verbose() { self.safe(&about) } else { self.cut(&about, room) };
        let about = self.paint(&about, FAINT);
        self.line(&format!("{}{about}", " ".repeat(INDENT)));
    }

    /// Cost, rule, object and state on one line, what matters most first.
    fn about(&self, finding: &Finding, alike: usize) -> String {
        let mut parts = impact(finding);
        parts.push(finding.rule.clone());
        if alike > 0 {
            parts.push(format!("and {} more like it", number::grouped(alike as f64)));
        }
        parts.push(if self.verbose() { finding.object.clone() } else { object(finding) });
        if self.verbose() {
            parts.push(finding.grade.id().to_owned());
        }
        if finding.change.is_some() && !self.verbose() {
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

    fn details(&mut self, finding: &Finding) {
        if let Some(origin) = &finding.origin {
            self.indented(&format!("at {}:{}", origin.file, origin.line), INDENT, FAINT);
        }
        for evidence in &finding.evidence {
            let source = if matches!(evidence.value, EvidenceValue::Text(_)) { String::new() } else { format!(" ({})", evidence.source) };
            self.pair(&evidence.name, &format!("{}{source}", number::evidence(evidence)), INDENT);
        }
        if let Some(waiver) = &finding.waived {
            let by = waiver.by.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
            let until = waiver.until.as_deref().map(|until| format!(", until {until}")).unwrap_or_default();
            self.indented(&format!("waived{by}: {}{until}", waiver.reason), INDENT, MAGENTA);
        }
        if let Some(change) = &finding.change {
            self.change(change);
        }
        if let Some(proof) = &finding.proof {
            self.proof(proof);
        }
        self.blank();
    }

    fn change(&mut self, change: &Change) {
        self.indented(&format!("change: {}", change.summary), INDENT, STRONG);
        for statement in &change.apply {
            self.code(&format!("{statement}{}", change.end()), INDENT + 2, CYAN);
        }
        for lock in &change.locks {
            self.indented(&format!("lock: {lock}"), INDENT, FAINT);
        }
        if change.rewrites {
            self.indented("rewrites the table", INDENT, YELLOW);
        }
        for statement in &change.revert {
            self.code(&format!("{} undo: {statement}{}", if change.by_lines { "#" } else { "--" }, change.end()), INDENT + 2, FAINT);
        }
    }

    fn proof(&mut self, proof: &Proof) {
        let equal = match proof.results_equal {
            Some(true) => "; results stayed equal",
            Some(false) => "; results changed",
            None => "",
        };
        self.indented(&format!("tried: {} ({}){equal}", proof.method, proof.grade.id()), INDENT, GREEN);
        for (name, before) in &proof.before {
            let after = proof.after.get(name).map_or("?".to_owned(), |after| number::short(*after));
            self.pair(&name.replace('_', " "), &format!("{} → {after}", number::short(*before)), INDENT);
        }
    }
}
