//! Bytes for the target `predicate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("predicate", bytes);
});
