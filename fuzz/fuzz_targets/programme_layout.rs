//! Bytes for the target `programme_layout`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("programme_layout", bytes);
});
