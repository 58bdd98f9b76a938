//! Fuzzes `entries::policy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::policy(bytes));
