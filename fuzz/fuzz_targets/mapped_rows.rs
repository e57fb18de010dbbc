//! Bytes for the target `mapped_rows`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("mapped_rows", bytes);
});
