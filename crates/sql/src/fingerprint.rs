//! One name for all the texts of a statement: whatever its spacing, case, comments, literals, parameter style or list
//! lengths. It never looks at a catalog, so it names what is written, and it never merges different tables, columns or
//! operators.
//!
//! # What is folded
//! - White space, comments and optimizer hints, trailing semicolons; `/*! … */` counts as its content in MySQL.
//! - Case of keywords and unquoted identifiers. Quoted identifiers fold as their dialect compares them: not at all in
//!   PostgreSQL, where `"name"` is still the same as `name`; letter case in SQLite and MySQL. (A MySQL server with
//!   `lower_case_table_names = 0` can hold two tables that differ in case only; they share a fingerprint.)
//! - Literals in all notations, with their sign, and placeholders in all styles: `?`.
//! - `NULL`, `TRUE` and `FALSE` where they are values: `?`. Where they are structure (`IS NULL`, `IS NOT TRUE`,
//!   `NOT NULL` and `SET NULL` of a definition) they stay.
//! - The elements of `IN (…)`, `ARRAY[…]` and the rows of `VALUES …` that read alike: one is kept, with `…`.
//! - `!=` is `<>`; SQLite's `==` is `=`.
//!
//! # What is not
//! - Positions in `ORDER BY 2` and `GROUP BY 1`: they are columns.
//! - Aliases, `AS`, the order of conditions, redundant parentheses, casts: they are other texts of maybe the same query.

//!
//! # How it compares
//! Over the statements of the `corpus` module PostgreSQL 15 gives the same texts the same query id, but for: a sign `+`, which it
//! keeps as an operator; `N'…'`, which it casts; and the lengths of lists. It gives `= ANY (ARRAY[…])` and `IN (…)` one id,
//! and a `CASE` without `ELSE` that of one with a constant there; here they are two.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use xxhash_rust::xxh3::xxh3_128;

use crate::lexer::Options;

mod canonical;
mod pretty;
mod reduce;

use reduce::Reducer;

/// A statement's name: 128 bits, shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:032x}", self.0)
    }
}

/// The text is no fingerprint: it is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint is 32 hexadecimal digits")]
pub struct InvalidFingerprint;

impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidFingerprint);
        }
        u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidFingerprint)
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A fingerprint, and whether it is of a whole statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// The fingerprint of what is there.
    pub fingerprint: Fingerprint,
    /// The text ends within a string, comment, quoted identifier or parenthesis, or in `...`: a server or log cut it,
    /// and the fingerprint is that of a part.
    pub truncated: bool,
}

/// Takes the fingerprints of many statements with one set of buffers: no allocation for a statement once they have
/// grown.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::Fingerprinter;
///
/// let mut fingerprinter = Fingerprinter::new(Engine::Postgresql);
/// let first = fingerprinter.digest("SELECT * FROM t WHERE a IN (1, 2, 3)");
/// let second = fingerprinter.digest("select * from T where a in ($1) -- again");
/// assert_eq!(first, second);
/// assert!(!first.truncated);
/// assert!(fingerprinter.digest("SELECT 'abc").truncated);
/// ```
#[derive(Debug)]
pub struct Fingerprinter {
    reducer: Reducer,
}

impl Fingerprinter {
    /// For statements of one dialect.
    #[must_use]
    pub fn new(options: impl Into<Options>) -> Self {
        Self { reducer: Reducer::new(options.into()) }
    }

    /// The fingerprint of a statement.
    pub fn digest<T: AsRef<[u8]> + ?Sized>(&mut self, text: &T) -> Digest {
        let truncated = self.reducer.reduce(text.as_ref());
        Digest { fingerprint: Fingerprint(xxh3_128(self.reducer.canonical())), truncated }
    }

    /// The text that all statements of a fingerprint have in common, for people.
    pub fn normalize<T: AsRef<[u8]> + ?Sized>(&mut self, text: &T) -> String {
        self.reducer.reduce(text.as_ref());
        pretty::print(self.reducer.canonical(), self.reducer.options())
    }
}

/// The fingerprint of a statement; [`Fingerprinter`] is faster for many.
///
/// ```
/// use dbwright_model::engine::Engine::{Mysql, Postgresql};
/// use dbwright_sql::fingerprint;
///
/// let one = fingerprint("SELECT name FROM users WHERE id = 42", Postgresql);
/// assert_eq!(one, fingerprint("select name from \"users\" where id = $1;", Postgresql));
/// assert_eq!(one, fingerprint("select name from `users` where id = -7 # x", Mysql));
/// assert_ne!(one, fingerprint("SELECT name FROM users WHERE age = 42", Postgresql));
/// assert_eq!(one.to_string().len(), 32);
/// ```
#[must_use]
pub fn fingerprint<T: AsRef<[u8]> + ?Sized>(text: &T, options: impl Into<Options>) -> Fingerprint {
    digest(text, options).fingerprint
}

/// The fingerprint of a statement and whether the text is cut; [`Fingerprinter`] is faster for many.
#[must_use]
pub fn digest<T: AsRef<[u8]> + ?Sized>(text: &T, options: impl Into<Options>) -> Digest {
    Fingerprinter::new(options).digest(text)
}

/// The statement with `?` for its literals and one element for its lists, in one layout: the same text for the same
/// fingerprint, and another one for another.
///
/// ```
/// use dbwright_model::engine::Engine;
/// use dbwright_sql::normalize;
///
/// assert_eq!(
///     normalize("select a,b from t where c in (1,2,3) and d='it''s' -- x", Engine::Sqlite),
///     "SELECT a, b FROM t WHERE c IN (?, …) AND d = ?"
/// );
/// assert_eq!(
///     normalize("insert into t(a,b) values (1,'x'),(2,'y')", Engine::Mysql),
///     "INSERT INTO t(a, b) VALUES (?, ?), …"
/// );
/// ```
#[must_use]
pub fn normalize<T: AsRef<[u8]> + ?Sized>(text: &T, options: impl Into<Options>) -> String {
    Fingerprinter::new(options).normalize(text)
}

#[cfg(test)]
mod tests;
