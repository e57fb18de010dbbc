//! Bytes for the target `state_rows`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("state_rows", bytes);
});
