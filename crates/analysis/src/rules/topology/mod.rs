//! Rules on copies of the data: replicas, slots, quorums. They never judge a scratch server.

use crate::rule::Rule;

mod backlog_too_small;
mod cluster_degraded;
mod quorum_too_small;
mod replica_lag;
mod replica_writable;
mod shard_skew;
mod single_copy;
mod slot_retaining;
mod synchronous_not_enforced;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &backlog_too_small::RULE,
    &cluster_degraded::RULE,
    &quorum_too_small::RULE,
    &replica_lag::RULE,
    &replica_writable::RULE,
    &shard_skew::RULE,
    &single_copy::RULE,
    &slot_retaining::RULE,
    &synchronous_not_enforced::RULE,
];
