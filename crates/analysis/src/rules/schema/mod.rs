//! Rules on the design of tables: keys, references, types, shapes.

use crate::rule::Rule;

mod missing_primary_key;

/// The family's rules, sorted by id.
pub const RULES: &[&Rule] = &[&missing_primary_key::RULE];
