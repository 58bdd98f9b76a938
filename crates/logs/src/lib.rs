//! Reading what servers log: statements, durations, plans, errors and events, at the speed of the disk.
//!
//! It never judges, and it never keeps more of a file than a bounded window of it.
