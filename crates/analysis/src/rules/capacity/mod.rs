//! Rules on limits that the database runs towards.

use crate::rule::Rule;

mod connection_exhaustion;
mod disk_exhaustion;
mod fork_stall;
mod growth_outpaces_hardware;
mod hot_key;
mod key_exhaustion;
mod memory_exhaustion;
mod memory_swapped;
mod scaling_limit;
mod skewed_partition;
mod transaction_id_wraparound;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &connection_exhaustion::RULE,
    &disk_exhaustion::RULE,
    &fork_stall::RULE,
    &growth_outpaces_hardware::RULE,
    &hot_key::RULE,
    &key_exhaustion::RULE,
    &memory_exhaustion::RULE,
    &memory_swapped::RULE,
    &scaling_limit::RULE,
    &skewed_partition::RULE,
    &transaction_id_wraparound::RULE,
];
