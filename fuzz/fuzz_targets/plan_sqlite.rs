//! Fuzzes `entries::plan_sqlite`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::plan_sqlite(bytes));
