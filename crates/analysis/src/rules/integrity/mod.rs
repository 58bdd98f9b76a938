//! Rules on the data themselves: rows against what is declared, pages, generators. They never read rows: the facts hold the counts.

use crate::rule::Rule;

mod check_violated;
mod collation_version_mismatch;
mod constraint_not_enforced;
mod corrupt_index;
mod corrupt_page;
mod duplicate_key_rows;
mod invalid_encoding;
mod null_in_required;
mod orphan_rows;
mod rule_violated;
mod sequence_behind;
mod unvalidated_constraint;
mod zero_date;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &check_violated::RULE,
    &collation_version_mismatch::RULE,
    &constraint_not_enforced::RULE,
    &corrupt_index::RULE,
    &corrupt_page::RULE,
    &duplicate_key_rows::RULE,
    &invalid_encoding::RULE,
    &null_in_required::RULE,
    &orphan_rows::RULE,
    &rule_violated::RULE,
    &sequence_behind::RULE,
    &unvalidated_constraint::RULE,
    &zero_date::RULE,
];
