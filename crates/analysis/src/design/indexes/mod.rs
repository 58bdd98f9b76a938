//! Index selection: which indexes, existing and new, serve the whole workload best for their bytes and their upkeep.
//!
//! Candidates come from the statements' shapes ([`candidates`]), the planner's answers are kept with what follows from
//! them ([`knowledge`]), and sets are searched for all budgets at once ([`selection`], [`search`]). It never talks to a
//! database: the lab carries questions and answers.

pub mod bound;
pub mod candidates;
pub mod interest;
pub mod knowledge;
pub mod mask;
pub mod problem;
pub mod relevance;
pub mod search;
pub mod selection;
pub mod size;

/// A name as conditions in candidates write it: plain where it is a plain lower-case word, else in double quotes.
#[must_use]
pub fn quoted(name: &str) -> String {
    let plain = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    if plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
