//! Rules on the server's settings: memory, vacuum, planner, logging, limits. They never judge a scratch server.

use crate::rule::Rule;

mod autovacuum_starved;
mod checkpoint_too_frequent;
mod idle_in_transaction;
mod logging_blind;
mod memory_oversized;
mod memory_undersized;
mod planner_costs_mismatch;
mod statement_timeout_missing;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &autovacuum_starved::RULE,
    &checkpoint_too_frequent::RULE,
    &idle_in_transaction::RULE,
    &logging_blind::RULE,
    &memory_oversized::RULE,
    &memory_undersized::RULE,
    &planner_costs_mismatch::RULE,
    &statement_timeout_missing::RULE,
];
