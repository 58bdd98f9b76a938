//! Rules on how far the rest can be trusted: statistics that are missing, young, evicted or cut. They never judge a
//! scratch server.

use crate::rule::Rule;

mod error_replies;
mod statements_evicted;
mod statistics_missing;
mod statistics_reset;
mod text_truncated;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] =
    &[&error_replies::RULE, &statements_evicted::RULE, &statistics_missing::RULE, &statistics_reset::RULE, &text_truncated::RULE];
