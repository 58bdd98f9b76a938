//! When to stop: a flag that anybody may set, and a budget of memory.
//!
//! Never looks at a clock: whoever has a deadline sets the flag when it comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A flag to stop a running search from another thread; what was proved until then is still given.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that nobody else holds.
    pub fn never() -> Self {
        Self::default()
    }

    /// Asks every search that holds this flag to stop soon.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number of results that may still be kept; shared by the threads of one search.
#[derive(Debug)]
pub(crate) struct Budget {
    taken: AtomicUsize,
    limit: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { taken: AtomicUsize::new(0), limit }
    }

    /// Takes one; false if there was none left.
    pub(crate) fn take(&self) -> bool {
        self.limit == usize::MAX || self.taken.fetch_add(1, Ordering::Relaxed) < self.limit
    }

    /// Whether somebody was refused.
    pub(crate) fn is_spent(&self) -> bool {
        self.taken.load(Ordering::Relaxed) > self.limit
    }
}
