//! dbwright: a database engineer in one binary.
fn main() {}
