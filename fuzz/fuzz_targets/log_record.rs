//! Bytes for the target `log_record`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run("log_record", bytes);
});
