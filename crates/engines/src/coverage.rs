//! What was read and what was not, a kind at a time. A kind only ever gets worse here, never better than first said.

use std::collections::BTreeMap;

use dbwright_model::{Coverage, FactKind, Reading};

use crate::error::{EngineError, ErrorKind};

/// The book of gaps.
#[derive(Debug, Default)]
pub struct Book {
    entries: BTreeMap<FactKind, Coverage>,
}

impl Book {
    /// Notes that a kind was read.
    pub fn read(&mut self, fact: FactKind, detail: &str) {
        self.set(fact, Reading::Read, detail, "");
    }

    /// Notes that a kind was read in part.
    pub fn partial(&mut self, fact: FactKind, detail: &str, hint: &str) {
        self.set(fact, Reading::Partial, detail, hint);
    }

    /// Notes that a kind was not read.
    pub fn missing(&mut self, fact: FactKind, detail: &str, hint: &str) {
        self.set(fact, Reading::Missing, detail, hint);
    }

    /// Notes a failed query for every kind that it would have told of.
    pub fn failed(&mut self, facts: &[FactKind], state: Reading, error: &EngineError) {
        for fact in facts {
            self.set(*fact, state, &error.to_string(), &error.hint);
        }
    }

    /// The entries, by kind.
    #[must_use]
    pub fn entries(self) -> Vec<Coverage> {
        self.entries.into_values().collect()
    }

    fn set(&mut self, fact: FactKind, state: Reading, detail: &str, hint: &str) {
        let new = Coverage { fact, state, detail: detail.to_owned(), hint: (!hint.is_empty()).then(|| hint.to_owned()) };
        match self.entries.get_mut(&fact) {
            Some(old) if new.state < old.state => *old = new,
            Some(old) if new.state == old.state && !old.detail.contains(detail) => {
                old.detail = format!("{}; {detail}", old.detail);
                old.hint = old.hint.take().or(new.hint);
            }
            Some(_) => {}
            None => {
                self.entries.insert(fact, new);
            }
        }
    }
}

/// A failed query's result as a gap, unless nothing can go on after it.
///
/// # Errors
/// When the connection is gone.
pub fn tolerate<T>(result: Result<T, EngineError>, book: &mut Book, facts: &[FactKind], state: Reading) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.kind, ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Interrupted) => Err(error),
        Err(error) => {
            book.failed(facts, state, &error);
            Ok(None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gets_worse() {
        let mut book = Book::default();
        book.read(FactKind::Sizes, "all");
        book.partial(FactKind::Sizes, "two tables are locked", "wait");
        book.read(FactKind::Sizes, "again");
        book.partial(FactKind::Sizes, "and another", "");
        let entries = book.entries();
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].state, Reading::Partial);
        assert_eq!(entries[0].detail, "two tables are locked; and another");
        assert_eq!(entries[0].hint.as_deref(), Some("wait"));
    }
}
