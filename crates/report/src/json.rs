//! The report as data: the model's own serialisation, in the form that docs/schema/report.json describes. It never writes a
//! number that JSON has no form for, nor a raw character that a terminal would obey.

mod canonical;

use std::borrow::Cow;

use dbwright_model::Finding;
use dbwright_model::finding::EvidenceValue;
use dbwright_model::report::Report;

pub(crate) use canonical::pretty;

/// Renders; one trailing line break.
#[must_use]
pub fn render(report: &Report) -> String {
    pretty(finite(report).as_ref())
}

/// The report with values that are no number (a division by nothing somewhere) said in words or left out.
fn finite(report: &Report) -> Cow<'_, Report> {
    let odd_metric = report.metrics.iter().any(|metric| metric.value.is_some_and(|value| !value.is_finite()));
    if !odd_metric && report.findings.iter().all(is_finite) {
        return Cow::Borrowed(report);
    }
    let mut report = Report { facts: None, ..report.clone() };
    for metric in &mut report.metrics {
        metric.value = metric.value.filter(|value| value.is_finite());
    }
    report.findings.iter_mut().for_each(make_finite);
    Cow::Owned(report)
}

fn is_finite(finding: &Finding) -> bool {
    let impact = &finding.impact;
    let costs = [impact.db_time_share, impact.bytes, impact.risk];
    costs.iter().flatten().all(|value| value.is_finite())
        && finding.evidence.iter().all(|evidence| !matches!(evidence.value, EvidenceValue::Number(value) if !value.is_finite()))
        && finding.proof.iter().all(|proof| proof.before.values().chain(proof.after.values()).all(|value| value.is_finite()))
}

fn make_finite(finding: &mut Finding) {
    let impact = &mut finding.impact;
    for value in [&mut impact.db_time_share, &mut impact.bytes, &mut impact.risk] {
        *value = value.filter(|value| value.is_finite());
    }
    for evidence in &mut finding.evidence {
        if matches!(evidence.value, EvidenceValue::Number(value) if !value.is_finite()) {
            evidence.value = EvidenceValue::Text("not a number".to_owned());
        }
    }
    if let Some(proof) = &mut finding.proof {
        proof.before.retain(|_, value| value.is_finite());
        proof.after.retain(|_, value| value.is_finite());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{HOSTILE, hostile, sample};

    #[test]
    fn reads_back_as_the_same_report() {
        for report in [sample(), hostile()] {
            let text = render(&report);
            let mut back: Report = serde_json::from_str(&text).unwrap();
            back.facts.clone_from(&report.facts);
            for finding in &mut back.findings {
                finding.severity_chosen = true;
            }
            let mut report = report;
            for finding in &mut report.findings {
                finding.severity_chosen = true;
            }
            assert_eq!(back, report);
        }
    }

    #[test]
    fn hostile_characters_stay_data_and_are_not_obeyed() {
        let text = render(&hostile());
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
        assert!(!text.contains('\u{202e}') && text.contains("\\u202e"));
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert!(back["target"]["name"].as_str().is_some_and(|name| HOSTILE.iter().all(|part| name.contains(part))));
    }

    #[test]
    fn keeps_the_contract_of_the_first_members() {
        let text = render(&sample());
        assert!(text.starts_with("{\n  \"schema\": \"dbwright.report/1\",\n  \"tool\": {\n    \"name\": \"dbwright\""));
        assert!(text.contains("\"value\": 2000000,"), "whole numbers carry no fraction");
    }
}
