//! The policy: defaults, persona documents, dbwright.toml, single keys from flags and environment, each laid over the one
//! before; and baselines. It never opens a file or reads the environment: texts come in as arguments.

pub mod baseline;
mod document;
mod error;
pub mod ignores;
pub mod keys;
pub mod persona;
mod values;

pub use document::{apply, load, load_over};
pub use error::{PolicyError, Problem, nearest};
pub use keys::{KEYS, Key, set};
