//! The policy: dbwright.toml, persona documents, baselines, ignores. It never opens a file: texts come in as arguments.

pub mod ignores;
