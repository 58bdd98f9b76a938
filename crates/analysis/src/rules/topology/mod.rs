//! Rules on copies of the data: replicas, slots, quorums. They never judge a scratch server.

use crate::rule::Rule;

mod quorum_too_small;
mod replica_lag;
mod single_copy;
mod slot_retaining;
mod synchronous_not_enforced;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] =
    &[&quorum_too_small::RULE, &replica_lag::RULE, &single_copy::RULE, &slot_retaining::RULE, &synchronous_not_enforced::RULE];
