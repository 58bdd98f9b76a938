//! Rules on statements: what their text, their plans and their times show. They never run anything.

use crate::rule::Rule;

mod blocking_command;
mod cartesian_join;
mod correlated_subquery;
mod distinct_hides_fan_out;
mod implicit_conversion;
mod keys_command;
mod large_in_list;
mod leading_wildcard;
mod limit_without_order;
mod missing_where;
mod n_plus_one;
mod non_sargable;
mod nondeterministic_group_by;
mod not_in_nullable;
mod null_comparison;
mod offset_pagination;
mod or_across_columns;
mod order_by_random;
mod outer_join_nullified;
mod over_sla;
mod redundant_union_distinct;
mod row_misestimate;
mod select_star;
mod sequential_scan;
mod spill_to_disk;
mod unbounded_result;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[
    &blocking_command::RULE,
    &cartesian_join::RULE,
    &correlated_subquery::RULE,
    &distinct_hides_fan_out::RULE,
    &implicit_conversion::RULE,
    &keys_command::RULE,
    &large_in_list::RULE,
    &leading_wildcard::RULE,
    &limit_without_order::RULE,
    &missing_where::RULE,
    &n_plus_one::RULE,
    &non_sargable::RULE,
    &nondeterministic_group_by::RULE,
    &not_in_nullable::RULE,
    &null_comparison::RULE,
    &offset_pagination::RULE,
    &or_across_columns::RULE,
    &order_by_random::RULE,
    &outer_join_nullified::RULE,
    &over_sla::RULE,
    &redundant_union_distinct::RULE,
    &row_misestimate::RULE,
    &select_star::RULE,
    &sequential_scan::RULE,
    &spill_to_disk::RULE,
    &unbounded_result::RULE,
];
