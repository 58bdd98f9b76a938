//! Rules on the room that data take.

use crate::rule::Rule;

mod cold_data;
mod column_padding;
mod compact_encoding_exceeded;
mod dead_space;
mod duplicated_data;
mod key_overhead;
mod low_cardinality_text;
mod no_expiry;
mod oversized_type;
mod oversized_value;
mod uncompressed;
mod unpartitioned_large;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &cold_data::RULE,
    &column_padding::RULE,
    &compact_encoding_exceeded::RULE,
    &dead_space::RULE,
    &duplicated_data::RULE,
    &key_overhead::RULE,
    &low_cardinality_text::RULE,
    &no_expiry::RULE,
    &oversized_type::RULE,
    &oversized_value::RULE,
    &uncompressed::RULE,
    &unpartitioned_large::RULE,
];
