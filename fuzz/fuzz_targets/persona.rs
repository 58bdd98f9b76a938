//! Fuzzes `entries::persona`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dbwright_fuzz::persona(bytes));
