//! Baselines: the findings that stood when a database adopted dbwright, so that only new ones count. It never keeps more
//! than rule, object and fingerprint.

use dbwright_model::report::Report;
use dbwright_model::{Finding, Timestamp};
use serde::{Deserialize, Serialize};

use super::error::{PolicyError, Problem};

/// The `schema` member of a baseline.
pub const BASELINE_SCHEMA: &str = "dbwright.baseline/1";

#[derive(Serialize, Deserialize)]
struct Baseline {
    schema: String,
    target: String,
    taken_at: Timestamp,
    findings: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    rule: String,
    object: String,
    fingerprint: String,
}

/// The baseline of a report: every finding, waived ones too, since their waivers may end. Sorted, so that it diffs well.
#[must_use]
pub fn write(report: &Report) -> String {
    let entry = |one: &Finding| Entry { rule: one.rule.clone(), object: one.object.clone(), fingerprint: one.fingerprint.clone() };
    let mut findings: Vec<Entry> = report.findings.iter().map(entry).collect();
    findings.sort_by(|a, b| (&a.rule, &a.object, &a.fingerprint).cmp(&(&b.rule, &b.object, &b.fingerprint)));
    let baseline = Baseline { schema: BASELINE_SCHEMA.to_owned(), target: report.target.name.clone(), taken_at: report.taken_at, findings };
    serde_json::to_string_pretty(&baseline).map(|text| text + "\n").unwrap_or_default()
}

/// The fingerprints of a baseline.
///
/// # Errors
/// When the text is no baseline of this version.
pub fn read(text: &str) -> Result<Vec<String>, PolicyError> {
    let remedy = "write it anew with `dbwright review --write-baseline FILE`";
    let baseline: Baseline = serde_json::from_str(text).map_err(|error| PolicyError {
        line: error.line(),
        column: error.column(),
        problem: format!("this is no baseline: {error}"),
        hint: remedy.to_owned(),
    })?;
    if baseline.schema != BASELINE_SCHEMA {
        return Err(PolicyError::at(text, 0, Problem::new(format!("its form is {:?}, not {BASELINE_SCHEMA:?}", baseline.schema), remedy)));
    }
    Ok(baseline.findings.into_iter().map(|entry| entry.fingerprint).collect())
}
