//! Bytes for the target `event_protobuf`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("event_protobuf", bytes);
});
