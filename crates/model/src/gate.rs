//! Verdicts of the five gates. What could not be checked is undecided, never a pass.

use serde::{Deserialize, Serialize};

use crate::finding::Waiver;
use crate::grade::Grade;

/// The five gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate {
    /// Schema design review.
    Schema,
    /// Query performance.
    Performance,
    /// Data integrity.
    Integrity,
    /// Backup and recovery.
    Recovery,
    /// Security compliance.
    Security,
}

impl Gate {
    /// All five, in order.
    pub const ALL: [Self; 5] = [Self::Schema, Self::Performance, Self::Integrity, Self::Recovery, Self::Security];

    /// Identifier in JSON and options.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Performance => "performance",
            Self::Integrity => "integrity",
            Self::Recovery => "recovery",
            Self::Security => "security",
        }
    }

    /// Title for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Schema => "Schema design",
            Self::Performance => "Query performance",
            Self::Integrity => "Data integrity",
            Self::Recovery => "Backup and recovery",
            Self::Security => "Security compliance",
        }
    }

    /// The gate with this identifier.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|gate| gate.id() == id)
    }
}

/// Whether a gate may block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Enforcement {
    /// A failure blocks.
    Blocking,
    /// Blocks when its condition holds (sensitive data, or reachable from elsewhere).
    Conditional,
    /// Reported, never blocks.
    Advisory,
}

impl Enforcement {
    /// The word in JSON and configuration.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Blocking => "blocking",
            Self::Conditional => "conditional",
            Self::Advisory => "advisory",
        }
    }
}

/// An outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Checked, and holds.
    Pass,
    /// Does not apply: a recorded decision.
    NotApplicable,
    /// Fails, and somebody accepted that for a time.
    Waived,
    /// Evidence is missing.
    Undecided,
    /// Checked, and does not hold.
    Fail,
}

impl Verdict {
    /// The word in JSON and on screen.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotApplicable => "not-applicable",
            Self::Waived => "waived",
            Self::Undecided => "undecided",
            Self::Fail => "fail",
        }
    }
}

/// The verdict of one gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateVerdict {
    /// Which gate.
    pub gate: Gate,
    /// Whether it may block here.
    pub enforcement: Enforcement,
    /// The outcome: the worst of its required criteria.
    pub verdict: Verdict,
    /// Why a conditional gate applies or not, and other remarks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// The criteria.
    pub criteria: Vec<Criterion>,
}

/// One criterion of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// What is asked, as a short statement.
    pub criterion: String,
    /// The outcome.
    pub verdict: Verdict,
    /// How we know; for an undecided one, the strongest grade at hand.
    pub grade: Grade,
    /// What was seen, or what is missing and how to supply it.
    pub detail: String,
    /// Fingerprints of the findings that decide it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
    /// Of a waived one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Waiver>,
}
