//! Which normal form a table is in, and which dependencies keep it from the next.
//!
//! Never judges: a violation is a fact about dependencies; whether it is a fault depends on what the data are for.

use serde::{Deserialize, Serialize};

use super::closure::{Closure, minimal_cover};
use super::keys::{Keys, candidate_keys};
use crate::attributes::AttributeSet;
use crate::fd::Fd;

/// Normal forms in ascending order; each includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum NormalForm {
    /// Values are atomic, which is taken for granted here.
    #[serde(rename = "1NF")]
    First,
    /// No column outside the keys depends on a part of a key.
    #[serde(rename = "2NF")]
    Second,
    /// No column outside the keys depends on anything but keys.
    #[serde(rename = "3NF")]
    Third,
    /// Nothing depends on anything but keys.
    #[serde(rename = "BCNF")]
    BoyceCodd,
    /// Neither do multi-valued dependencies.
    #[serde(rename = "4NF")]
    Fourth,
}

impl NormalForm {
    /// The usual abbreviation.
    pub fn name(self) -> &'static str {
        match self {
            Self::First => "1NF",
            Self::Second => "2NF",
            Self::Third => "3NF",
            Self::BoyceCodd => "BCNF",
            Self::Fourth => "4NF",
        }
    }
}

/// Columns that depend on something that is not a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What they depend on.
    pub left: AttributeSet,
    /// The columns.
    pub right: AttributeSet,
    /// The lowest normal form that this breaks.
    pub breaks: NormalForm,
}

/// The normal form of a table under some dependencies.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// The highest normal form up to BCNF; 4NF needs [`super::discover_mvds`].
    pub highest: NormalForm,
    /// Candidate keys.
    pub keys: Keys,
    /// The lowest form broken first, then by left side.
    pub violations: Vec<Violation>,
}

/// Determines keys and the highest normal form. With more than `key_limit` keys, columns of the unknown ones count as outside
/// keys; `keys.complete` says so.
pub fn assess(fds: &[Fd], universe: &AttributeSet, key_limit: usize) -> Assessment {
    let cover = minimal_cover(fds);
    let closure = Closure::new(&cover);
    let keys = candidate_keys(&closure, universe, key_limit);
    let prime = keys.prime();
    let mut violations = partial_dependencies(&closure, universe, &keys);
    for (left, right) in closure.rules() {
        if universe.is_subset(&closure.of(left)) {
            continue;
        }
        for (columns, breaks) in [(right.minus(&prime), NormalForm::Third), (*right & prime, NormalForm::BoyceCodd)] {
            let partial = violations.iter().filter(|known| known.left == *left && known.breaks == NormalForm::Second);
            let columns = partial.fold(columns, |columns, known| columns.minus(&known.right));
            if !columns.is_empty() {
                violations.push(Violation { left: *left, right: columns, breaks });
            }
        }
    }
    violations.sort_by_key(|violation| (violation.breaks, violation.left));
    let highest = match violations.first().map(|violation| violation.breaks) {
        None => NormalForm::BoyceCodd,
        Some(NormalForm::Second) => NormalForm::First,
        Some(NormalForm::Third) => NormalForm::Second,
        Some(_) => NormalForm::Third,
    };
    Assessment { highest, keys, violations }
}

/// Columns outside all keys that depend on a part of a key, each with the smallest such part.
fn partial_dependencies(closure: &Closure, universe: &AttributeSet, keys: &Keys) -> Vec<Violation> {
    let outside = universe.minus(&keys.prime());
    let mut found: Vec<Violation> = Vec::new();
    for key in &keys.keys {
        for left_out in key {
            let part = key.without(left_out);
            for column in &(closure.of(&part) & outside) {
                let left = smallest_part(closure, part, column);
                match found.iter_mut().find(|known| known.left == left) {
                    Some(known) => known.right.insert(column),
                    None => found.push(Violation { left, right: AttributeSet::single(column), breaks: NormalForm::Second }),
                }
            }
        }
    }
    found
}

fn smallest_part(closure: &Closure, mut part: AttributeSet, column: usize) -> AttributeSet {
    for member in &part {
        let smaller = part.without(member);
        if closure.of(&smaller).contains(column) {
            part = smaller;
        }
    }
    part
}
