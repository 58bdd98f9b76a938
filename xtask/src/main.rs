//! Development tasks: generated documents, tidy checks, benches.
fn main() {}
