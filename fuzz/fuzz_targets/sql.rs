//! Fuzzes `entries::sql`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::sql(bytes));
