//! Fuzzes `entries::sqlite_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::sqlite_file(bytes));
