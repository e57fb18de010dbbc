//! The seal: AES-256-GCM-SIV under the player's key.
//!
//! The nonce follows from what is sealed *for* (an event's identity, a snapshot): the same text sealed for the same again has the same
//! bytes. That is what SIV mode is for: it shows that two texts are the same, and nothing else, even where a nonce comes twice.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ports::Key;
use sha2::{Digest as _, Sha256};

/// What sealed bytes begin with: how they were sealed.
const VERSION: u8 = 1;

fn prepared(key: &Key) -> Option<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM_SIV, &key.0).ok()?;
    Some(LessSafeKey::new(key))
}

fn nonce(of: &[&[u8]]) -> Nonce {
    let mut hash = Sha256::new();
    for part in of {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let first = digest.first_chunk::<NONCE_LEN>().copied();
    Nonce::assume_unique_for_key(first.unwrap_or_default())
}

fn about(of: &[&[u8]]) -> Vec<u8> {
    of.join(&0_u8)
}

/// Seals a text for what `of` names. `None` never happens: a key of 256 bits and a text of any event's size are what the cipher takes.
pub fn seal(key: &Key, of: &[&[u8]], text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = text.to_vec();
    let sealing = prepared(key)?;
    let about = Aad::from(about(of));
    let sealed = sealing.seal_in_place_append_tag(nonce(of), about, &mut bytes);
    sealed.ok()?;
    bytes.insert(0, VERSION);
    Some(bytes)
}

/// The text; `None` where the key is another, or the bytes or what they were sealed for are not what they were.
pub fn open(key: &Key, of: &[&[u8]], sealed: &[u8]) -> Option<Vec<u8>> {
    let (version, bytes) = sealed.split_first()?;
    if *version != VERSION {
        return None;
    }
    let mut bytes = bytes.to_vec();
    let about = Aad::from(about(of));
    let opened = prepared(key)?.open_in_place(nonce(of), about, &mut bytes);
    let length = opened.ok()?.len();
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use ports::Key;

    use super::{open, seal};

    #[test]
    fn what_is_sealed_opens_with_its_key_for_what_it_was_sealed_for_and_no_other() {
        let (one, other) = (Key([1; 32]), Key([2; 32]));
        let of: [&[u8]; 2] = [b"acme", b"ann"];
        let text = b"ann@example.org";
        let sealed = seal(&one, &of, text).unwrap();
        assert_eq!(open(&one, &of, &sealed).as_deref(), Some(&text[..]));
        assert!(!sealed.windows(3).any(|part| part == b"ann"));
        assert_eq!(
            seal(&one, &of, text),
            Some(sealed.clone()),
            "the same again"
        );
        assert_ne!(seal(&other, &of, text), Some(sealed.clone()));
        assert_eq!(open(&other, &of, &sealed), None, "another key");
        assert_eq!(
            open(&one, &[b"acme", b"bob"], &sealed),
            None,
            "another player's"
        );
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(open(&one, &of, &damaged), None, "byte {at}");
            assert_eq!(open(&one, &of, &sealed[..at]), None, "cut at {at}");
        }
    }
}
