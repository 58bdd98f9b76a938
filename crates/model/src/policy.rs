//! The policy that findings and gates are judged by: standards, enforcement, ignores. Reading it from files is
//! analysis' work; defaults here are the standards of the contract.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::finding::{Severity, Waiver};
use crate::gate::{Enforcement, Gate};

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Policy {
    /// Goals.
    pub standards: Standards,
    /// Enforcement of each gate.
    pub enforcement: BTreeMap<Gate, Enforcement>,
    /// Declared sensitivity of the data; none lets it be computed.
    pub sensitive_data: Option<Declared>,
    /// Declared reach of the server from elsewhere; none lets it be computed.
    pub reachable: Option<Declared>,
    /// Accepted findings.
    pub ignores: Vec<Ignore>,
    /// Accepted gates: gate and the decision.
    pub waivers: BTreeMap<Gate, Waiver>,
    /// Severities that differ from the rule's own.
    pub severities: BTreeMap<String, Severity>,
    /// SLA per statement name or fingerprint, p95 in ms.
    pub statement_sla_ms: BTreeMap<String, f64>,
    /// Architecture approval in force: who, and the hash of the schema approved.
    pub approval: Option<Approval>,
    /// Findings known before: fingerprints.
    pub baseline: Option<Vec<String>>,
    /// What somebody vouches for that a connection can't show (`at-rest`, `transit`, `audit`, `backups`), with the reason given.
    pub attested: BTreeMap<String, Declared>,
    /// How a project directory is built and run.
    pub project: ProjectOptions,
    /// What the policy's sources said that could not be used, in words.
    pub unused: Vec<String>,
}

/// How a project directory is built and run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectOptions {
    /// Dialect of its SQL; none lets it be recognised from the text.
    pub dialect: Option<Engine>,
    /// Arrivals of workload statements per second, open loop; none measures in a closed loop.
    pub rate_per_second: Option<f64>,
}

impl Default for Policy {
    fn default() -> Self {
        let mut enforcement: BTreeMap<Gate, Enforcement> = Gate::ALL.into_iter().map(|gate| (gate, Enforcement::Blocking)).collect();
        enforcement.insert(Gate::Security, Enforcement::Conditional);
        Self {
            standards: Standards::default(),
            enforcement,
            sensitive_data: None,
            reachable: None,
            ignores: Vec::new(),
            waivers: BTreeMap::new(),
            severities: BTreeMap::new(),
            statement_sla_ms: BTreeMap::new(),
            approval: None,
            baseline: None,
            attested: BTreeMap::new(),
            project: ProjectOptions::default(),
            unused: Vec::new(),
        }
    }
}

/// Goals that databases are held to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Standards {
    /// 95th percentile of query latency, ms; must stay below.
    pub query_p95_ms: f64,
    /// Share of time available, 0 to 1.
    pub availability: f64,
    /// Acknowledged writes that may be lost.
    pub lost_writes: u64,
    /// Time to recover, seconds; must stay below.
    pub recovery_seconds: f64,
    /// Share of storage to be saved where it can be.
    pub storage_saving: f64,
    /// Age at which a backup is too old, days.
    pub backup_age_days: f64,
    /// Age at which a drill is stale, days.
    pub drill_age_days: f64,
}

impl Default for Standards {
    fn default() -> Self {
        Self {
            query_p95_ms: 100.0,
            availability: 0.9999,
            lost_writes: 0,
            recovery_seconds: 3600.0,
            storage_saving: 0.5,
            backup_age_days: 1.0,
            drill_age_days: 30.0,
        }
    }
}

/// A value declared in the policy, with the reason given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declared {
    /// The value.
    pub value: bool,
    /// Why.
    pub reason: String,
}

/// Findings accepted for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ignore {
    /// Rule id; must be known.
    pub rule: String,
    /// Glob over the finding's object.
    pub object: String,
    /// The decision.
    pub waiver: Waiver,
}

/// An architecture approval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Approval {
    /// The architect.
    pub by: String,
    /// Date, `YYYY-MM-DD`.
    pub on: String,
    /// Hash of the schema approved.
    pub schema_hash: String,
    /// Whether a signature was verified.
    pub signed: bool,
    /// Fingerprint of the key that signed it, `SHA256:…`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// Why it was approved, in the approver's words.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Why an approval that is there does not count; empty when it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub problem: String,
    /// The schema approved, in canonical records, where they were kept: to say what changed since.
    #[serde(skip)]
    pub schema: Vec<Vec<String>>,
}
