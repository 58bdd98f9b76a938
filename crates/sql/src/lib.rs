//! Lexing, fingerprints, parsing and statement shapes of SQL, per dialect.
//!
//! - [`lexer`]: tokens with offsets, for everything else.
//! - [`split`]: a script's statements, each with its place and the comments before it.
//! - [`fingerprint`], [`normalize`], [`Fingerprinter`]: one name and one text for all texts of a statement.
//! - [`shape`](shape()): the tables, columns, predicates, joins and clauses of a statement.
//! - [`bind`], [`literals`], [`placeholders`], [`apply`], [`quote_identifier`], [`quote_literal`]: texts made of texts.
//!
//! Everything here is a pure function of a statement's text: no I/O, no clock, no environment. Text is foreign input, so
//! nothing here ever panics on it, whatever the bytes.
//!
//! The dialect is a [`dbwright_model::engine::Engine`]; where a server's settings change how text reads
//! (`NO_BACKSLASH_ESCAPES`, `ANSI_QUOTES`), an [`Options`] takes its place.

mod bind;
mod bytes8;
#[cfg(any(test, feature = "corpus"))]
pub mod corpus;
mod fingerprint;
mod keywords;
pub mod lexer;
#[cfg(test)]
mod properties;
mod quote;
pub mod shape;
mod split;

pub use bind::{BindError, Edit, Placeholder, apply, bind, literals, parameter_sets, placeholders};
pub use fingerprint::{Digest, Fingerprint, Fingerprinter, InvalidFingerprint, digest, fingerprint, normalize};
pub use lexer::Options;
pub use quote::{quote_identifier, quote_literal, unquote_identifier};
pub use shape::{PredicateKind, Shape, StatementKind, TableName, shape, shape_with};
pub use split::{Piece, PieceKind, split};
