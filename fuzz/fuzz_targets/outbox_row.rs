//! Bytes for the target `outbox_row`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("outbox_row", bytes);
});
