//! Fuzzes `entries::workload`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::workload(bytes));
