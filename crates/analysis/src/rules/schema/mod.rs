//! Rules on the design of tables: keys, references, types, shapes.

use crate::rule::Rule;

mod all_columns_nullable;
mod boolean_as_text;
mod date_as_text;
mod entity_attribute_value;
mod fk_cycle;
mod fk_duplicate;
mod fk_to_non_unique;
mod fk_type_mismatch;
mod fk_without_index;
mod isolated_table;
mod json_as_text;
mod key_type_too_small;
mod legacy_charset;
mod missing_primary_key;
mod money_as_float;
mod multi_valued_column;
mod no_unique_key;
mod not_boyce_codd;
mod not_first_normal_form;
mod not_second_normal_form;
mod not_third_normal_form;
mod nullable_unique;
mod number_as_text;
mod padded_char;
mod plain_password;
mod polymorphic_association;
mod random_clustered_key;
mod repeating_columns;
mod reserved_name;
mod timestamp_without_time_zone;
mod type_inconsistent;
mod undeclared_fk;
mod uuid_as_text;
mod wide_table;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &all_columns_nullable::RULE,
    &boolean_as_text::RULE,
    &date_as_text::RULE,
    &entity_attribute_value::RULE,
    &fk_cycle::RULE,
    &fk_duplicate::RULE,
    &fk_to_non_unique::RULE,
    &fk_type_mismatch::RULE,
    &fk_without_index::RULE,
    &isolated_table::RULE,
    &json_as_text::RULE,
    &key_type_too_small::RULE,
    &legacy_charset::RULE,
    &missing_primary_key::RULE,
    &money_as_float::RULE,
    &multi_valued_column::RULE,
    &no_unique_key::RULE,
    &not_boyce_codd::RULE,
    &not_first_normal_form::RULE,
    &not_second_normal_form::RULE,
    &not_third_normal_form::RULE,
    &nullable_unique::RULE,
    &number_as_text::RULE,
    &padded_char::RULE,
    &plain_password::RULE,
    &polymorphic_association::RULE,
    &random_clustered_key::RULE,
    &repeating_columns::RULE,
    &reserved_name::RULE,
    &timestamp_without_time_zone::RULE,
    &type_inconsistent::RULE,
    &undeclared_fk::RULE,
    &uuid_as_text::RULE,
    &wide_table::RULE,
];
