//! Candidate keys from dependencies.
//!
//! Never gives a key that could do with a column less.

use std::collections::VecDeque;

use super::closure::Closure;
use crate::attributes::AttributeSet;

/// Candidate keys of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    /// By size, then columns. There is always one.
    pub keys: Vec<AttributeSet>,
    /// Whether these are all: a table can have exponentially many keys.
    pub complete: bool,
}

impl Keys {
    /// The columns that are part of some key, as far as keys are known.
    pub fn prime(&self) -> AttributeSet {
        self.keys.iter().fold(AttributeSet::EMPTY, |all, key| all | *key)
    }
}

/// All candidate keys, or the first `limit` (Lucchesi and Osborn, Journal of Computer and System Sciences 17, 1978: polynomial
/// in the number of keys).
pub fn candidate_keys(fds: &Closure, universe: &AttributeSet, limit: usize) -> Keys {
    let mut keys = vec![shrink_to_key(fds, universe, universe)];
    let mut queue: VecDeque<AttributeSet> = keys.iter().copied().collect();
    let mut complete = true;
    'search: while let Some(key) = queue.pop_front() {
        for (left, right) in fds.rules().iter().filter(|(left, right)| right.intersects(&key) && left.is_subset(universe)) {
            let candidate = *left | key.minus(right);
            if keys.iter().any(|known| known.is_subset(&candidate)) {
                continue;
            }
            if keys.len() >= limit {
                complete = false;
                break 'search;
            }
            let fresh = shrink_to_key(fds, universe, &candidate);
            keys.push(fresh);
            queue.push_back(fresh);
        }
    }
    keys.sort_unstable_by_key(|key| (key.len(), *key));
    Keys { keys, complete }
}

/// Takes columns out of a superkey, the last ones first, until it is a key of `universe`.
pub fn shrink_to_key(fds: &Closure, universe: &AttributeSet, superkey: &AttributeSet) -> AttributeSet {
    let mut key = *superkey;
    let columns: Vec<usize> = superkey.iter().collect();
    for column in columns.into_iter().rev() {
        let smaller = key.without(column);
        if universe.is_subset(&fds.of(&smaller)) {
            key = smaller;
        }
    }
    key
}
