//! The findings of the page: filters, cards with evidence and change, repeats folded, rule pages beside.

use std::collections::BTreeMap;

use dbwright_model::change::Change;
use dbwright_model::report::Report;
use dbwright_model::{Finding, Severity};
use maud::{Markup, html};

use super::prose;
use crate::{Catalogue, number, sanitise, terminal, text};

/// Findings of one rule shown in full; further ones are listed by object and message.
const FULL_PER_RULE: usize = 25;

/// The section.
pub(super) fn section(report: &Report, catalogue: &Catalogue) -> Markup {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity && finding.waived.is_none()).count();
    let waived = report.findings.iter().filter(|finding| finding.waived.is_some()).count();
    let (full, folded) = part(report);
    html! {
        section id="findings" aria-labelledby="findings-h" {
            h2 id="findings-h" { "Findings" }
            p.note { "From " (report.rules_judged) " rules, worst first: by severity, then by what each costs." }
            fieldset.filter {
                legend.away { "Show" }
                (choice("all", "all", report.findings.len(), true))
                (choice("error", "errors", count(Severity::Error), false))
                (choice("warning", "warnings", count(Severity::Warning), false))
                (choice("info", "info", count(Severity::Info), false))
                @if waived > 0 { (choice("waived", "waived", waived, false)) }
            }
            @if report.findings.is_empty() { p.note { "None." } }
            ol.findings { @for finding in full { li { (card(finding)) } } }
            @for (rule, findings) in folded {
                details.more { summary { (text::plural(findings.len(), "more finding")) " of " code { (rule) } }
                    ul.plain { @for finding in findings {
                        li id={ "f-" (finding.fingerprint) } { span.object { (sanitise::line(&finding.object)) } " " (sanitise::line(&finding.message)) }
                    } }
                }
            }
            (pages(report, catalogue))
        }
    }
}

/// What a link to a finding says.
pub(super) fn label(report: &Report, fingerprint: &str) -> String {
    let finding = report.findings.iter().find(|finding| finding.fingerprint == fingerprint);
    finding.map_or_else(|| fingerprint.to_owned(), |finding| text::cut(&sanitise::line(&finding.object), 40))
}

/// Findings to show in full, and the rest by rule.
fn part(report: &Report) -> (Vec<&Finding>, BTreeMap<&str, Vec<&Finding>>) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut full, mut folded) = (Vec::new(), BTreeMap::<&str, Vec<&Finding>>::new());
    for finding in &report.findings {
        let count = seen.entry(&finding.rule).or_default();
        *count += 1;
        if *count <= FULL_PER_RULE { full.push(finding) } else { folded.entry(&finding.rule).or_default().push(finding) }
    }
    (full, folded)
}

fn choice(id: &str, word: &str, count: usize, checked: bool) -> Markup {
    html! { label { input type="radio" name="show" id={ "show-" (id) } checked[checked]; span { (word) " " b { (number::grouped(count as f64)) } } } }
}

fn card(finding: &Finding) -> Markup {
    let state = if finding.waived.is_some() { "waived" } else { finding.severity.id() };
    html! {
        article class={ "finding " (state) } id={ "f-" (finding.fingerprint) } {
            p.head {
                span.sev { (state) }
                a.rule href={ "#rule-" (finding.rule.replace('/', "-")) } { (finding.rule) }
                span.object { (sanitise::line(&finding.object)) }
            }
            p.message { (sanitise::line(&finding.message)) }
            p.facts {
                span.grade { (finding.grade.id()) }
                @for part in terminal::impact(finding) { span.impact { (part) } }
                @if let Some(origin) = &finding.origin { span { (sanitise::line(&origin.file)) ":" (origin.line) } }
                @if finding.in_baseline { span { "known before" } }
            }
            @if let Some(waiver) = &finding.waived {
                p.note { "Waived: " (sanitise::line(&waiver.reason)) @if let Some(until) = &waiver.until { " Until " (until) "." } }
            }
            @if !finding.evidence.is_empty() { (evidence(finding)) }
            @if let Some(change) = &finding.change { (change_box(change)) }
            @if let Some(proof) = &finding.proof {
                p.note { "Tried: " (sanitise::line(&proof.method)) " (" (proof.grade.id()) ")."
                    @if proof.results_equal == Some(true) { " Results stayed equal." }
                    @if proof.results_equal == Some(false) { " Results changed." } }
            }
        }
    }
}

fn evidence(finding: &Finding) -> Markup {
    html! {
        details { summary { "Evidence" }
            table.evidence { tbody { @for item in &finding.evidence { tr {
                th { (sanitise::line(&item.name)) } td { (number::evidence(item)) } td.src { (sanitise::line(&item.source)) }
            } } } }
        }
    }
}

fn change_box(change: &Change) -> Markup {
    let join = |statements: &[String]| {
        statements.iter().map(|statement| format!("{};", sanitise::block(statement))).collect::<Vec<_>>().join("\n")
    };
    html! {
        details.change { summary { "Change: " (sanitise::line(&change.summary)) }
            div.code { pre tabindex="0" { code { (join(&change.apply)) } } button.copy type="button" hidden { "Copy" } }
            @for lock in &change.locks { p.lock { (sanitise::line(lock)) } }
            @if change.rewrites { p.lock { "Rewrites the table." } }
            @if !change.revert.is_empty() { p.lock { "To undo:" } div.code { pre tabindex="0" { code { (join(&change.revert)) } } button.copy type="button" hidden { "Copy" } } }
        }
    }
}

/// The pages of the rules that found something.
fn pages(report: &Report, catalogue: &Catalogue) -> Markup {
    let mut rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    html! {
        @if !rules.is_empty() { h3 { "The rules that found them" } }
        @for page in rules.iter().filter_map(|id| catalogue.page(id)) {
            details.page id={ "rule-" (page.id.replace('/', "-")) } {
                summary { code { (page.id) } " " (page.title) }
                (prose::from_markdown(&page.docs))
            }
        }
    }
}
