//! Pure judgement: rules, designs and gates over facts. No I/O, no clock, no environment, no failure.

pub mod accuracy;
pub mod anonymize;
pub mod approval;
pub mod context;
pub mod ddl;
pub mod design;
pub mod drills;
pub mod evidence;
pub mod gates;
pub mod history;
pub mod ledger;
pub mod metrics;
pub mod policy;
pub mod prepare;
pub mod review;
pub mod rewrite;
pub mod rule;
pub mod rules;
pub mod schema_diff;
pub mod schema_hash;
pub mod sensitivity;
pub mod testing;

pub use anonymize::anonymize;
pub use context::Context;
pub use prepare::prepare;
pub use review::review;
pub use rule::Rule;
