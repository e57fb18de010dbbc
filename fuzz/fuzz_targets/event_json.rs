//! Bytes for the target `event_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("event_json", bytes);
});
