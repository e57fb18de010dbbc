//! Bytes for the target `programme_text`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("programme_text", bytes);
});
