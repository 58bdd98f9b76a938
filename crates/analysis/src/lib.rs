//! Pure judgement: rules, designs and gates over facts. No I/O, no clock, no environment, no failure.

pub mod context;
pub mod rule;
pub mod rules;

pub use context::Context;
pub use rule::Rule;
