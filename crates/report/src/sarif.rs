//! The findings as SARIF 2.1.0. A project's findings have file and line; a live database's have logical locations. It
//! never drops a result silently.

use std::collections::BTreeMap;

use dbwright_model::finding::EvidenceValue;
use dbwright_model::report::Report;
use dbwright_model::{Evidence, Finding, Reading, Severity};
use serde::Serialize;
use serde_json::{Value, json};

use crate::sanitise::{block, line};
use crate::{Catalogue, RulePage};

/// Most results that code scanning takes of one run.
const MOST_RESULTS: usize = 25_000;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    automation_details: Value,
    invocations: Vec<Value>,
    #[serde(rename = "originalUriBaseIds")]
    bases: Value,
    results: Vec<SarifResult<'a>>,
    column_kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Value,
    locations: Vec<Value>,
    partial_fingerprints: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    baseline_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Value>,
    properties: Value,
}

/// Renders.
#[must_use]
pub fn render(report: &Report, catalogue: &Catalogue) -> String {
    let mut rules: Vec<&str> = report.findings.iter().map(|finding| finding.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    let compared = report.findings.iter().any(|finding| finding.in_baseline);
    let results = report.findings.iter().take(MOST_RESULTS).map(|finding| result(finding, &rules, compared)).collect();
    let descriptors: Vec<Value> = rules.iter().map(|id| descriptor(id, catalogue.page(id))).collect();
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: json!({"driver": {"name": "dbwright", "version": report.tool.version, "semanticVersion": report.tool.version,
                "informationUri": "https://github.com/dbwright/dbwright", "rules": descriptors}}),
            automation_details: json!({"id": format!("dbwright/{}/", uri_part(&report.target.name))}),
            invocations: vec![invocation(report)],
            bases: json!({"SRCROOT": {"description": {"text": "The project directory."}}}),
            results,
            column_kind: "unicodeCodePoints",
        }],
    };
    crate::json::pretty(&log)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn descriptor(id: &str, page: Option<&RulePage>) -> Value {
    let Some(page) = page else { return json!({"id": id}) };
    let docs = page.docs.trim();
    let first = docs.split("\n## ").next().unwrap_or(docs).trim_start_matches("## Finds").trim();
    let full = first.split("\n```").next().unwrap_or(first).trim();
    json!({
        "id": id,
        "name": id.split('/').flat_map(|part| part.split('-')).map(capital).collect::<String>(),
        "shortDescription": {"text": page.title},
        "fullDescription": {"text": if full.is_empty() { page.title.as_str() } else { full }},
        "help": {"text": docs, "markdown": docs},
        "defaultConfiguration": {"level": level(page.severity)},
        "properties": {"tags": [id.split('/').next().unwrap_or(id)]},
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn result<'a>(finding: &'a Finding, rules: &[&str], compared: bool) -> SarifResult<'a> {
    let mut fingerprints = BTreeMap::new();
    fingerprints.insert("dbwright/v1", finding.fingerprint.as_str());
    let suppressions =
        finding.waived.iter().map(|waiver| json!({"kind": "external", "status": "accepted", "justification": line(&waiver.reason)}));
    SarifResult {
        rule_id: &finding.rule,
        rule_index: rules.binary_search(&finding.rule.as_str()).unwrap_or(0),
        level: level(finding.severity),
        message: json!({"text": message(finding)}),
        locations: vec![location(finding)],
        partial_fingerprints: fingerprints,
        baseline_state: compared.then_some(if finding.in_baseline { "unchanged" } else { "new" }),
        suppressions: suppressions.collect(),
        properties: json!({"grade": finding.grade, "impact": finding.impact, "evidence": evidence(finding), "object": line(&finding.object)}),
    }
}

/// Texts among the evidence are cut to a line: a log has a limit, and a witness can be a megabyte.
fn evidence(finding: &Finding) -> Vec<Evidence> {
    let short = |item: &Evidence| match &item.value {
        EvidenceValue::Text(text) => Evidence { value: EvidenceValue::Text(line(text)), ..item.clone() },
        EvidenceValue::Number(value) if !value.is_finite() => {
            Evidence { value: EvidenceValue::Text("not a number".to_owned()), ..item.clone() }
        }
        EvidenceValue::Number(_) => item.clone(),
    };
    finding.evidence.iter().map(short).collect()
}

fn message(finding: &Finding) -> String {
    let mut text = line(&finding.message);
    if let Some(change) = &finding.change {
        let statements: Vec<String> = change.apply.iter().map(|statement| format!("{}{}", block(statement), change.end())).collect();
        text.push_str(&format!("\n\n{}:\n{}", line(&change.summary), statements.join("\n")));
    }
    text
}

fn location(finding: &Finding) -> Value {
    let logical = json!([{"fullyQualifiedName": line(&finding.object), "kind": "object"}]);
    match &finding.origin {
        Some(origin) => json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(&origin.file), "uriBaseId": "SRCROOT"},
                "region": {"startLine": origin.line.max(1)},
            },
            "logicalLocations": logical,
        }),
        None => json!({"logicalLocations": logical}),
    }
}

fn invocation(report: &Report) -> Value {
    let gaps = report.coverage.iter().filter(|gap| matches!(gap.state, Reading::Missing | Reading::Partial));
    let mut notices: Vec<Value> = gaps
        .map(|gap| {
            let hint = gap.hint.as_deref().unwrap_or_default();
            json!({"level": "warning", "descriptor": {"id": format!("coverage/{}", gap.fact.id())},
                "message": {"text": line(&format!("Not fully checked: {}. {} {hint}", gap.fact.id(), gap.detail))}})
        })
        .collect();
    notices.extend(report.notes.iter().map(|note| json!({"level": "note", "message": {"text": line(note)}})));
    if report.findings.len() > MOST_RESULTS {
        let text =
            format!("{} findings were left out: a run holds {MOST_RESULTS} results at the most.", report.findings.len() - MOST_RESULTS);
        notices.push(json!({"level": "error", "message": {"text": text}}));
    }
    json!({"executionSuccessful": true, "endTimeUtc": report.taken_at, "toolExecutionNotifications": notices})
}

/// A relative path as a URI: what RFC 3986 does not allow in a path is percent-encoded.
fn uri(path: &str) -> String {
    path.split('/').map(uri_part).collect::<Vec<_>>().join("/")
}

fn uri_part(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
