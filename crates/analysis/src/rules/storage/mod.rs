//! Rules on the room that data take.

use crate::rule::Rule;

mod cold_data;
mod column_padding;
mod dead_space;
mod duplicated_data;
mod low_cardinality_text;
mod oversized_type;
mod uncompressed;
mod unpartitioned_large;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &cold_data::RULE,
    &column_padding::RULE,
    &dead_space::RULE,
    &duplicated_data::RULE,
    &low_cardinality_text::RULE,
    &oversized_type::RULE,
    &uncompressed::RULE,
    &unpartitioned_large::RULE,
];
