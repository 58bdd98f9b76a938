//! Rules on indexes: missing, superfluous, broken.

use crate::rule::Rule;

mod bloated;
mod duplicate;
mod invalid;
mod low_selectivity;
mod missing;
mod redundant_prefix;
mod same;
mod too_many;
mod unused;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &bloated::RULE,
    &duplicate::RULE,
    &invalid::RULE,
    &low_selectivity::RULE,
    &missing::RULE,
    &redundant_prefix::RULE,
    &too_many::RULE,
    &unused::RULE,
];
