//! Dependencies that hold in data, and what follows from them: functional, unique and inclusion dependencies, and the theory of normal forms.
//!
//! Everything here is a function of columns and sets. This crate never opens a connection, reads no clock and decides
//! nothing about anybody's schema: it says what holds, how surely, and which rows show it.

pub mod attributes;
mod pool;
pub mod table;

pub use attributes::{AttributeSet, MAX_COLUMNS};
pub use table::{CsvOptions, NullRule, NullSemantics, Table, TableBuilder, TableError};
