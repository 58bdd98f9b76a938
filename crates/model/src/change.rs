//! Changes: what to do, how to undo it, what it costs while it runs. It never executes anything.

use serde::{Deserialize, Serialize};

/// A proposed change in the engine's own language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Change {
    /// One sentence: what it does.
    pub summary: String,
    /// Statements in order; each stands alone and ends without semicolon.
    pub apply: Vec<String>,
    /// Statements that undo it, in order.
    pub revert: Vec<String>,
    /// Locks it takes, in the engine's words, with what they block.
    pub locks: Vec<String>,
    /// Whether it rewrites the table.
    pub rewrites: bool,
    /// Whether the statements are commands of which each ends with its line (Redis): a semicolon would belong to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub by_lines: bool,
}

impl Change {
    /// A change of these statements.
    #[must_use]
    pub fn new(summary: impl Into<String>) -> Self {
        Self { summary: summary.into(), ..Self::default() }
    }

    /// Adds a statement and the one that undoes it; undoing runs backwards.
    #[must_use]
    pub fn step(mut self, apply: impl Into<String>, revert: impl Into<String>) -> Self {
        self.apply.push(apply.into());
        let revert = revert.into();
        if !revert.is_empty() {
            self.revert.insert(0, revert);
        }
        self
    }

    /// Names a lock that it takes.
    #[must_use]
    pub fn locking(mut self, lock: impl Into<String>) -> Self {
        self.locks.push(lock.into());
        self
    }

    /// Says that each statement is a command that ends with its line.
    #[must_use]
    pub fn by_lines(mut self) -> Self {
        self.by_lines = true;
        self
    }

    /// What ends a statement where several are written below one another.
    #[must_use]
    pub const fn end(&self) -> &'static str {
        if self.by_lines { "" } else { ";" }
    }

    /// Says that it rewrites the table.
    #[must_use]
    pub fn rewriting(mut self) -> Self {
        self.rewrites = true;
        self
    }
}
