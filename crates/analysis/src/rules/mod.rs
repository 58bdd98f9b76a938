//! The catalogue: one folder a family, one file a rule. Nothing registers itself.

use crate::rule::Rule;

mod breaches;
pub mod capacity;
pub mod config;
pub mod index;
pub mod integrity;
pub(crate) mod keyspace;
mod numbers;
pub mod query;
pub mod recovery;
pub mod schema;
pub mod security;
pub(crate) mod shared;
pub mod storage;
pub mod topology;
pub mod workload;

/// Every rule, by family and then by name.
#[must_use]
pub fn all() -> Vec<&'static Rule> {
    [
        capacity::RULES,
        config::RULES,
        index::RULES,
        integrity::RULES,
        query::RULES,
        recovery::RULES,
        schema::RULES,
        security::RULES,
        storage::RULES,
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

/// The known id that is nearest to a mistyped one.
#[must_use]
pub fn nearest(id: &str) -> Option<&'static str> {
    crate::policy::nearest(id, all().into_iter().map(|rule| rule.id))
}
