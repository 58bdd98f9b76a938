//! Rules on the design of tables: keys, references, types, shapes.

use crate::rule::Rule;

mod fk_cycle;
mod fk_duplicate;
mod fk_to_non_unique;
mod fk_type_mismatch;
mod fk_without_index;
mod key_type_too_small;
mod missing_primary_key;
mod no_unique_key;
mod undeclared_fk;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &fk_cycle::RULE,
    &fk_duplicate::RULE,
    &fk_to_non_unique::RULE,
    &fk_type_mismatch::RULE,
    &fk_without_index::RULE,
    &key_type_too_small::RULE,
    &missing_primary_key::RULE,
    &no_unique_key::RULE,
    &undeclared_fk::RULE,
];
