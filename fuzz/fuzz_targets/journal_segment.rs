//! Bytes for the target `journal_segment`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("journal_segment", bytes);
});
