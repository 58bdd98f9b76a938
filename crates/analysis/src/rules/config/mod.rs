//! Rules on the server's settings: memory, vacuum, planner, logging, limits. They never judge a scratch server.

use crate::rule::Rule;

mod autovacuum_starved;
mod checkpoint_too_frequent;
mod eviction_ineffective;
mod idle_in_transaction;
mod lazyfree_off;
mod logging_blind;
mod memory_oversized;
mod memory_unbounded;
mod memory_undersized;
mod planner_costs_mismatch;
mod statement_timeout_missing;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &autovacuum_starved::RULE,
    &checkpoint_too_frequent::RULE,
    &eviction_ineffective::RULE,
    &idle_in_transaction::RULE,
    &lazyfree_off::RULE,
    &logging_blind::RULE,
    &memory_oversized::RULE,
    &memory_unbounded::RULE,
    &memory_undersized::RULE,
    &planner_costs_mismatch::RULE,
    &statement_timeout_missing::RULE,
];
