//! The report: one value that every renderer shows in its own way. It never holds text laid out for one of them.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::facts::{Coverage, Facts};
use crate::finding::Finding;
use crate::gate::GateVerdict;
use crate::time::Timestamp;

/// The `schema` member of a JSON report.
pub const REPORT_SCHEMA: &str = "dbwright.report/1";

/// All that a command has to say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Always [`REPORT_SCHEMA`].
    pub schema: String,
    /// Who speaks.
    pub tool: Tool,
    /// About what.
    pub target: Target,
    /// When the facts were taken.
    pub taken_at: Timestamp,
    /// What was read and what was not.
    pub coverage: Vec<Coverage>,
    /// Findings, worst first.
    pub findings: Vec<Finding>,
    /// Verdicts of the gates, in order.
    pub gates: Vec<GateVerdict>,
    /// The standards with goal and value.
    pub metrics: Vec<Metric>,
    /// Remarks on the review itself: unused ignores, expired waivers, limits.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Rules that could not be judged for want of facts: rule id and the missing facts.
    #[serde(default)]
    pub undecided_rules: Vec<UndecidedRule>,
    /// How many rules were judged.
    #[serde(default)]
    pub rules_judged: u32,
    /// Canonical hash of the schema, hexadecimal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_hash: String,
    /// The facts themselves, for renderers that draw tables, charts and diagrams; not part of the JSON report.
    #[serde(skip)]
    pub facts: Option<Box<Facts>>,
}

/// The program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// `dbwright`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The database reported on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Engine.
    pub engine: Engine,
    /// Server version.
    pub version: String,
    /// Name.
    pub name: String,
    /// Whether it was built from a project.
    #[serde(default)]
    pub scratch: bool,
}

/// A rule that was not judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndecidedRule {
    /// Rule id.
    pub rule: String,
    /// Kinds of facts that are missing.
    pub missing: Vec<String>,
}

/// A standard with its goal and what was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// `query_p95`, `availability`, `lost_writes`, `recovery_time`, `storage_saving`.
    pub metric: String,
    /// What was measured; none when it was not.
    pub value: Option<f64>,
    /// Unit in words: `ms`, `share`, `writes`, `s`.
    pub unit: String,
    /// The goal.
    pub goal: f64,
    /// Whether the goal is met; none when not measured.
    pub met: Option<bool>,
    /// How it was measured, or how to measure it.
    pub detail: String,
}
