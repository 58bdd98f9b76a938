//! Findings: a rule's statement about an object, with evidence. Sentences for people are made in the report crate
//! from these fields and from `message`, which states the fact in plain text without markup.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::grade::Grade;
use crate::quantity::{Exactness, Quantity, Unit};
use crate::workload::Origin;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Will cost something.
    Warning,
    /// Data, availability or security are at stake.
    Error,
}

impl Severity {
    /// The word in JSON and on screen.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A rule's statement about an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Rule id, `family/name`.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// Whether the rule chose the severity for this finding; else the registry puts the rule's own.
    #[serde(skip)]
    pub severity_chosen: bool,
    /// The object, spelled as DESIGN's contract says: `schema.table(column, …)`, index, role, setting, `server`, ….
    pub object: String,
    /// What is the case, in one or two sentences of plain text.
    pub message: String,
    /// How we know.
    pub grade: Grade,
    /// The numbers behind it.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// What it costs; decides the order of findings.
    #[serde(default)]
    pub impact: Impact,
    /// The change that mends it, where one is safe to write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What happened when the change was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Proof>,
    /// Where the object is defined, in a project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Stable identity of rule and object, 16 hexadecimal digits: same finding, same fingerprint, whatever the numbers.
    #[serde(default)]
    pub fingerprint: String,
    /// Set when an ignore of the policy covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<Waiver>,
    /// Whether it stood in the baseline already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_baseline: bool,
}

impl Finding {
    /// A finding without evidence yet; its rule id and severity are set by the registry.
    #[must_use]
    pub fn new(object: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule: String::new(),
            severity: Severity::Info,
            severity_chosen: false,
            object: object.into(),
            message: message.into(),
            grade: Grade::Observed,
            evidence: Vec::new(),
            impact: Impact::default(),
            change: None,
            proof: None,
            origin: None,
            fingerprint: String::new(),
            waived: None,
            in_baseline: false,
        }
    }

    /// Sets how it is known.
    #[must_use]
    pub fn graded(mut self, grade: Grade) -> Self {
        self.grade = grade;
        self
    }

    /// Lowers or raises the rule's default severity for this finding.
    #[must_use]
    pub fn severe(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self.severity_chosen = true;
        self
    }

    /// Adds a number.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }

    /// Proposes a change.
    #[must_use]
    pub fn change(mut self, change: Change) -> Self {
        self.change = Some(change);
        self
    }

    /// Proposes a change where there is one.
    #[must_use]
    pub fn change_if(mut self, change: Option<Change>) -> Self {
        self.change = change;
        self
    }

    /// Says what share of database time it costs, 0 to 1.
    #[must_use]
    pub fn costs_time(mut self, share: f64) -> Self {
        self.impact.db_time_share = Some(share);
        self
    }

    /// Says how many bytes it costs.
    #[must_use]
    pub fn costs_bytes(mut self, bytes: f64) -> Self {
        self.impact.bytes = Some(bytes);
        self
    }

    /// Says how great the risk is, 0 (cosmetic) to 1 (data are being lost).
    #[must_use]
    pub fn risks(mut self, risk: f64) -> Self {
        self.impact.risk = Some(risk);
        self
    }
}

/// A number, or a witness text, behind a finding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is, e.g. `rows`.
    pub name: String,
    /// The value.
    pub value: EvidenceValue,
    /// Its unit.
    pub unit: Unit,
    /// Measured or estimated.
    pub exactness: Exactness,
    /// Where it comes from.
    pub source: String,
}

impl Evidence {
    /// From a quantity of the facts.
    #[must_use]
    pub fn of(name: impl Into<String>, quantity: &Quantity, unit: Unit) -> Self {
        Self {
            name: name.into(),
            value: EvidenceValue::Number(quantity.value),
            unit,
            exactness: quantity.exactness,
            source: quantity.source.clone(),
        }
    }

    /// A measured number.
    #[must_use]
    pub fn measured(name: impl Into<String>, value: f64, unit: Unit, source: impl Into<String>) -> Self {
        Self { name: name.into(), value: EvidenceValue::Number(value), unit, exactness: Exactness::Measured, source: source.into() }
    }

    /// An estimated number.
    #[must_use]
    pub fn estimated(name: impl Into<String>, value: f64, unit: Unit, source: impl Into<String>) -> Self {
        Self { exactness: Exactness::Estimated, ..Self::measured(name, value, unit, source) }
    }

    /// A text: a definition, a setting's value, a witness.
    #[must_use]
    pub fn text(name: impl Into<String>, text: impl Into<String>, source: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: EvidenceValue::Text(text.into()),
            unit: Unit::Count,
            exactness: Exactness::Measured,
            source: source.into(),
        }
    }
}

/// A number or a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EvidenceValue {
    /// A number in the evidence's unit.
    Number(f64),
    /// A text.
    Text(String),
}

/// What a finding costs. Findings are ranked by it, within their severity.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Impact {
    /// Share of database time, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub db_time_share: Option<f64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<f64>,
    /// Risk, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<f64>,
}

impl Impact {
    /// One number to rank by: time first, then risk, then bytes on a logarithmic scale (1 TB counts as 0.5).
    #[must_use]
    pub fn score(&self) -> f64 {
        let time = self.db_time_share.unwrap_or(0.0).clamp(0.0, 1.0);
        let risk = self.risk.unwrap_or(0.0).clamp(0.0, 1.0);
        let bytes = (self.bytes.unwrap_or(0.0).max(1.0).log10() / 12.0).clamp(0.0, 1.0);
        time * 2.0 + risk + bytes * 0.5
    }
}

/// What happened when a change was tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Proof {
    /// How strong it is.
    pub grade: Grade,
    /// Numbers before, by name with unit.
    pub before: BTreeMap<String, f64>,
    /// Numbers after, same names.
    pub after: BTreeMap<String, f64>,
    /// Whether the workload's results stayed equal, where it was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results_equal: Option<bool>,
    /// How it was tried.
    pub method: String,
}

/// A recorded decision to accept a finding for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Why.
    pub reason: String,
    /// Who decided, where said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Until when, `YYYY-MM-DD`, where limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}
