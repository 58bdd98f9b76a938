//! Rules on limits that the database runs towards.

use crate::rule::Rule;

mod connection_exhaustion;
mod disk_exhaustion;
mod growth_outpaces_hardware;
mod key_exhaustion;
mod scaling_limit;
mod skewed_partition;
mod transaction_id_wraparound;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &connection_exhaustion::RULE,
    &disk_exhaustion::RULE,
    &growth_outpaces_hardware::RULE,
    &key_exhaustion::RULE,
    &scaling_limit::RULE,
    &skewed_partition::RULE,
    &transaction_id_wraparound::RULE,
];
