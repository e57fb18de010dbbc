//! The text of a key.

use std::fmt::Write;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::KeysError;

const PREFIX: &str = "ql_";

/// A new key: its id, its whole text.
pub(super) fn new() -> Result<(String, String), KeysError> {
    let (mut id, mut secret) = ([0; 6], [0; 32]);
    getrandom::fill(&mut id).map_err(KeysError::Random)?;
    getrandom::fill(&mut secret).map_err(KeysError::Random)?;
    let id = hex(&id);
    let text = format!("{PREFIX}{id}_{}", hex(&secret));
    Ok((id, text))
}

/// The id in a key's text; `None` where it is no key.
pub(super) fn id(key: &str) -> Option<&str> {
    let (id, _) = key.strip_prefix(PREFIX)?.split_once('_')?;
    Some(id)
}

/// What the file keeps of a key.
pub(super) fn hash(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Whether the text is the key with this hash, in a time that says nothing about where they differ.
pub(super) fn is(key: &str, expected: &[u8; 32]) -> bool {
    hash(key).ct_eq(expected).into()
}

/// Lower-case hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}

/// The hash that 64 hex digits say.
pub(super) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}
