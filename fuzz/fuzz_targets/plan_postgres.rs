//! Fuzzes `entries::plan_postgres`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::plan_postgres(bytes));
