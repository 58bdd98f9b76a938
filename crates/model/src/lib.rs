//! The values that flow between the steps of dbwright: Facts → Findings → Changes → Proofs → Verdicts → Report.
//!
//! Plain serialisable data and the few functions that belong to it. This crate never does I/O, reads no clock and
//! depends on nothing but serde and thiserror.

pub mod backup;
pub mod blueprint;
pub mod catalog;
pub mod change;
pub mod drill;
pub mod engine;
pub mod facts;
pub mod finding;
pub mod gate;
pub mod grade;
pub mod health;
pub mod history;
pub mod ledger;
pub mod name;
pub mod plan;
pub mod policy;
pub mod profile;
pub mod quantity;
pub mod report;
pub mod secret;
pub mod security;
pub mod time;
pub mod topology;
pub mod workload;

pub use engine::Engine;
pub use facts::{Coverage, FactKind, Facts, Reading};
pub use finding::{Evidence, Finding, Severity};
pub use gate::{Criterion, Gate, GateVerdict, Verdict};
pub use grade::Grade;
pub use name::ObjectName;
pub use quantity::{Exactness, Quantity, Unit};
pub use time::Timestamp;
