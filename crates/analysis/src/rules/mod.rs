//! The catalogue: one folder a family, one file a rule. Nothing registers itself.

use crate::rule::Rule;

pub mod config;
mod numbers;
pub mod query;
pub mod schema;
mod shared;
pub mod topology;
pub mod workload;

/// Every rule, by family and then by name.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    [
        config::RULES,
        query::RULES,
        schema::RULES,
        topology::RULES,
        workload::RULES,
    ]
    .concat()
}

/// The rule of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Rule> {
    all().into_iter().find(|rule| rule.id == id)
}
