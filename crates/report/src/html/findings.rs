//! The findings of the page: filters, cards with evidence and change, repeats folded, rule pages beside.
//! It never leaves a finding out.

use std::collections::{BTreeMap, BTreeSet};

use dbwright_model::change::Change;
use dbwright_model::finding::{EvidenceValue, Proof};
use dbwright_model::report::Report;
use dbwright_model::{Finding, Severity};
use maud::{Markup, PreEscaped, html};

use super::prose;
use crate::{Catalogue, number, sanitise, sentences, text};

/// Findings of one rule shown in full; further ones are listed by object and message, their changes as one script.
const FULL_PER_RULE: usize = 25;

/// The section.
pub(super) fn section(report: &Report, catalogue: &Catalogue) -> Markup {
    let (full, folded) = part(report);
    html! {
        section id="findings" aria-labelledby="findings-h" {
            h2 id="findings-h" { "Findings" }
            p.note { "From " (report.rules_judged) " rules, worst first: by severity, then by what each costs." }
            @if report.findings.is_empty() { p.note { "None." } } @else {
                (filters(report))
                ol.findings { @for finding in full { li { (card(finding, catalogue)) } } }
                @for (rule, findings) in &folded { (more(rule, findings)) }
                (pages(report, catalogue))
            }
        }
    }
}

/// The families that found something; their names are our own, so they can stand in a style sheet.
pub(super) fn families(report: &Report) -> BTreeSet<&str> {
    let plain = |family: &&str| !family.is_empty() && family.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    report.findings.iter().map(family).filter(plain).collect()
}

fn family(finding: &Finding) -> &str {
    finding.rule.split('/').next().unwrap_or_default()
}

/// A link to a finding by its object; the fingerprint alone when the report does not hold it.
pub(super) fn link(report: &Report, fingerprint: &str) -> Markup {
    match report.findings.iter().find(|finding| finding.fingerprint == fingerprint) {
        Some(finding) => {
            html! { a href={ "#" (anchor(fingerprint)) } dir="auto" { (text::cut(&sanitise::line(&sentences::object(finding)), 40)) } }
        }
        None => html! { code { (sanitise::line(fingerprint)) } },
    }
}

/// A fingerprint as an identifier of the page.
pub(super) fn anchor(fingerprint: &str) -> String {
    format!("f-{}", fingerprint.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

fn rule_anchor(id: &str) -> String {
    format!("rule-{}", id.replace('/', "-"))
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

fn filters(report: &Report) -> Markup {
    let count = |severity| report.findings.iter().filter(|finding| finding.severity == severity && finding.waived.is_none()).count();
    let waived = report.findings.iter().filter(|finding| finding.waived.is_some()).count();
    let families = families(report);
    html! {
        div.filters {
            fieldset.filter {
                legend { "Severity" }
                (choice("show", "all", "all", Some(report.findings.len()), true))
                (choice("show", "error", "errors", Some(count(Severity::Error)), false))
                (choice("show", "warning", "warnings", Some(count(Severity::Warning)), false))
                (choice("show", "info", "info", Some(count(Severity::Info)), false))
                @if waived > 0 { (choice("show", "waived", "waived", Some(waived), false)) }
            }
            @if families.len() > 1 {
                fieldset.filter {
                    legend { "Family" }
                    (choice("family", "every", "all", None, true))
                    @for family in families { (choice("family", family, family, None, false)) }
                }
            }
            label.search hidden { "Search " input type="search" id="search" autocomplete="off" placeholder="object, rule or text"; }
        }
    }
}

fn choice(group: &str, id: &str, word: &str, count: Option<usize>, checked: bool) -> Markup {
    html! { label { input type="radio" name=(group) id={ (group) "-" (id) } checked[checked]; span { (word) @if let Some(count) = count { " " b { (number::grouped(count as f64)) } } } } }
}

/// The class of a finding's state; waived outweighs severity.
fn state(finding: &Finding) -> &'static str {
    if finding.waived.is_some() { "waived" } else { finding.severity.id() }
}

fn card(finding: &Finding, catalogue: &Catalogue) -> Markup {
    let state = state(finding);
    html! {
        article class={ "finding " (state) } data-f=(family(finding)) id=(anchor(&finding.fingerprint)) {
            p.head {
                span.sev { (state) }
                span.object dir="auto" title=(sanitise::line(&finding.object)) { (sanitise::line(&sentences::object(finding))) }
                @match catalogue.page(&finding.rule) {
                    Some(page) => a.rule href={ "#" (rule_anchor(&page.id)) } { (page.id) },
                    None => span.rule { (sanitise::line(&finding.rule)) },
                }
            }
            p.message dir="auto" { (sanitise::line(&finding.message)) }
            (in_short(finding))
            @if let Some(waiver) = &finding.waived {
                p.note { "Waived: " (sanitise::line(&waiver.reason))
                    @if let Some(by) = &waiver.by { " By " (sanitise::line(by)) "." }
                    @if let Some(until) = &waiver.until { " Until " (sanitise::line(until)) "." } }
            }
            @if let Some(proof) = &finding.proof { (tried(proof)) }
            @if let Some(change) = &finding.change { (change_box(change)) }
            @if !finding.evidence.is_empty() { (evidence(finding)) }
        }
    }
}

/// Grade, cost, the first numbers, place.
fn in_short(finding: &Finding) -> Markup {
    let numbers = finding.evidence.iter().filter(|item| matches!(item.value, EvidenceValue::Number(_))).take(3);
    html! {
        p.facts {
            span.grade { (finding.grade.id()) }
            @for part in sentences::impact(finding) { b { (part) } }
            @for item in numbers { span { (sanitise::line(&item.name)) " " (number::evidence(item)) } }
            @if let Some(origin) = &finding.origin { code { (sanitise::line(&origin.file)) ":" (origin.line) } }
            @if finding.in_baseline { span { "known before" } }
        }
    }
}

fn evidence(finding: &Finding) -> Markup {
    html! {
        details { summary { "Evidence" }
            table.evidence { tbody { @for item in &finding.evidence { tr {
                th scope="row" { (sanitise::line(&item.name)) } td { (number::evidence(item)) } td.src { (sanitise::line(&item.source)) }
            } } } }
        }
    }
}

/// Numbers before and after, and whether results stayed equal.
fn tried(proof: &Proof) -> Markup {
    html! {
        div.proof {
            p { b { "Tried: " } (sanitise::line(&proof.method)) " (" (proof.grade.id()) ")."
                @if proof.results_equal == Some(true) { " Results stayed equal." }
                @if proof.results_equal == Some(false) { " Results changed." } }
            @if !proof.before.is_empty() {
                table { tbody { @for (name, before) in &proof.before { tr {
                    th scope="row" { (sanitise::line(&name.replace('_', " "))) }
                    td.r { (number::short(*before)) } td { "→" } td.r { (proof.after.get(name).map(|after| number::short(*after)).unwrap_or_default()) }
                } } } }
            }
        }
    }
}

fn change_box(change: &Change) -> Markup {
    html! {
        details.change { summary { "Change: " (sanitise::line(&change.summary)) @if change.rewrites { " " span.warn { "rewrites the table" } } }
            (code(&script(&change.apply, change.end())))
            @for lock in &change.locks { p.lock { b { "Lock " } (sanitise::line(lock)) } }
            @if !change.revert.is_empty() { p.lock { b { "To undo" } } (code(&script(&change.revert, change.end()))) }
        }
    }
}

fn script(statements: &[String], end: &str) -> String {
    let mut out = String::new();
    for statement in statements {
        out.push_str(&sanitise::block(statement));
        out.push_str(end);
        out.push('\n');
    }
    out
}

/// Text to copy.
pub(super) fn code(text: &str) -> Markup {
    html! { div.code { pre tabindex="0" { code { (text) } } button.copy type="button" hidden { "Copy" } } }
}

/// The findings of a rule beyond those shown in full, one line each.
fn more(rule: &str, findings: &[&Finding]) -> Markup {
    let family = rule.split('/').next().unwrap_or_default();
    // A hundred thousand of these lines may follow: they are written directly, through the same two functions that make text harmless.
    let mut list = String::with_capacity(findings.len() * 256);
    let mut changes = String::new();
    for finding in findings {
        list.push_str("<li class=\"finding ");
        list.push_str(state(finding));
        list.push_str("\" id=\"");
        list.push_str(&anchor(&finding.fingerprint));
        list.push_str("\"><span class=\"sev\">");
        list.push_str(state(finding));
        list.push_str("</span> <span class=\"object\">");
        sanitise::html_into(&sanitise::line(&finding.object), &mut list);
        list.push_str("</span> ");
        sanitise::html_into(&sanitise::line(&finding.message), &mut list);
        list.push_str("</li>");
        if let Some(change) = &finding.change {
            changes.push_str(&script(&change.apply, change.end()));
        }
    }
    html! {
        details.more data-f=(family) { summary { (text::plural(findings.len(), "more finding")) " of " code { (sanitise::line(rule)) } ", one line each" }
            @if !changes.is_empty() { details { summary { "Their changes as one script" } (code(&changes)) } }
            ul.plain { (PreEscaped(list)) }
        }
    }
}

/// The pages of the rules that found something.
fn pages(report: &Report, catalogue: &Catalogue) -> Markup {
    let rules: BTreeSet<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    html! {
        h3 id="rules" { "The rules that found them" }
        @for page in rules.iter().filter_map(|id| catalogue.page(id)) {
            details.page id=(rule_anchor(&page.id)) {
                summary { code { (page.id) } " " span.soft { (page.title) } }
                (prose::from_markdown(&page.docs))
            }
        }
    }
}
