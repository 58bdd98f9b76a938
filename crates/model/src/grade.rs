//! How a statement is known. It never decides what is required: gates do.

use serde::{Deserialize, Serialize};

/// How we know: each grade is stronger than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// From text or from a model.
    Inferred,
    /// The engine's own optimizer agrees.
    Planned,
    /// Read from the live system.
    Observed,
    /// Executed in the lab or a drill, and the effect seen.
    Proved,
}

impl Grade {
    /// The word used in JSON and on screen.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Inferred => "inferred",
            Self::Planned => "planned",
            Self::Observed => "observed",
            Self::Proved => "proved",
        }
    }
}
