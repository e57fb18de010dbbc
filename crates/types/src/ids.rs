//! Identifiers that come from outside: bounded, without control characters, cheap to clone.

use std::borrow::Borrow;
use std::fmt;

use thiserror::Error;

use crate::text::Text;

/// Why a text is not an identifier.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum IdError {
    /// No bytes at all.
    #[error("empty")]
    Empty,
    /// Longer than the identifier may be, in bytes.
    #[error("longer than {max} bytes")]
    TooLong {
        /// The most bytes it may have.
        max: usize,
    },
    /// A control character, or one outside the identifier's alphabet.
    #[error("a character that is not allowed")]
    BadCharacter,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, max $max:literal, $allowed:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text);

        impl $name {
            /// The most bytes it may have.
            pub const BYTES_MAX: usize = $max;

            /// The identifier that the text says.
            pub fn new(text: &str) -> Result<Self, IdError> {
                match text.len() {
                    0 => Err(IdError::Empty),
                    length if length > $max => Err(IdError::TooLong { max: $max }),
                    _ if $allowed(text) => Ok(Self(text.into())),
                    _ => Err(IdError::BadCharacter),
                }
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| NAME[usize::from(byte)])
}

/// Whether a byte may stand in a name. A table, since two names are read with each record.
const NAME: [bool; 256] = {
    let mut name = [false; 256];
    let mut byte = 0u8;
    while byte < 0x80 {
        name[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        byte += 1;
    }
    name
};

fn has_no_controls(text: &str) -> bool {
    // Nearly all ids are plain ASCII, for which a look at the bytes is enough.
    is_printable(text.as_bytes()) || !text.contains(char::is_control)
}

/// Whether every byte is one of ` ` to `~`. Looks at eight at a time: ids are read with each record.
fn is_printable(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let (eights, rest) = bytes.as_chunks::<8>();
    // A byte below the blank borrows, one above the tilde carries: both set its high bit, as that of a byte beyond ASCII is.
    let odd = eights.iter().fold(0, |odd, eight| {
        let word = u64::from_le_bytes(*eight);
        odd | word | word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES)
    });
    odd & (ONES * 0x80) == 0 && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

id!(
    /// A brand (tenant): 1 to 64 of `A-Z a-z 0-9 . _ -`.
    BrandId, max 64, is_name
);
id!(
    /// Where events come from: 1 to 64 of `A-Z a-z 0-9 . _ -`. [`SourceId::QUESTLINE`] is our own.
    SourceId, max 64, is_name
);
id!(
    /// A player of a brand: 1 to 256 bytes without control characters.
    PlayerId, max 256, has_no_controls
);
id!(
    /// An event of a player and a source: 1 to 256 bytes without control characters.
    EventId, max 256, has_no_controls
);

impl PlayerId {
    /// What the ids of things that players share begin with. No player's does: it is a control character.
    const SHARED: char = '\u{1}';

    /// The id of something that players share, by its name; `None` where the name is too long or has control characters.
    pub fn shared(name: &str) -> Option<Self> {
        let fits = !name.is_empty() && name.len() < Self::BYTES_MAX && has_no_controls(name);
        fits.then(|| Self(format!("{}{name}", Self::SHARED).as_str().into()))
    }

    /// The name of what players share, where this is the id of such.
    pub fn shared_name(&self) -> Option<&str> {
        self.0.strip_prefix(Self::SHARED)
    }

    /// Reads an id of our own records and rows: a player's, or one of [`PlayerId::shared`], which nobody outside can say.
    pub fn stored(text: &str) -> Result<Self, IdError> {
        match text.strip_prefix(Self::SHARED) {
            Some(name) => Self::shared(name).ok_or(IdError::BadCharacter),
            None => Self::new(text),
        }
    }
}

impl SourceId {
    /// The source of what Questline itself appends; refused from outside.
    pub const QUESTLINE: &str = "questline";

    /// [`SourceId::QUESTLINE`].
    pub fn questline() -> Self {
        Self(Self::QUESTLINE.into())
    }
}

impl EventId {
    /// The id of something of our own: 32 hex digits.
    pub fn of_hash(hash: u128) -> Self {
        Self(format!("{hash:032x}").as_str().into())
    }
}

#[cfg(test)]
mod tests {
    use super::{EventId, IdError, PlayerId, SourceId, is_printable};

    #[test]
    fn what_is_shared_has_an_id_that_nobody_can_say() {
        let shared = PlayerId::shared("stock/voucher").unwrap();
        assert_eq!(shared.shared_name(), Some("stock/voucher"));
        assert_eq!(PlayerId::new(shared.as_str()), Err(IdError::BadCharacter));
        assert_eq!(PlayerId::stored(shared.as_str()), Ok(shared));
        assert_eq!(PlayerId::stored("p"), PlayerId::new("p"));
        assert_eq!(PlayerId::new("p").unwrap().shared_name(), None);
        for name in ["", "a\u{1}b", &"x".repeat(256)] {
            assert_eq!(PlayerId::shared(name), None, "{name:?}");
            let text = format!("\u{1}{name}");
            assert!(PlayerId::stored(&text).is_err(), "{name:?}");
        }
    }

    #[test]
    fn identifiers_are_bounded() {
        let long = "x".repeat(257);
        let table: &[(&str, Result<(), IdError>)] = &[
            ("536365", Ok(())),
            ("é/ü 1", Ok(())),
            ("", Err(IdError::Empty)),
            (&long, Err(IdError::TooLong { max: 256 })),
            ("a\0b", Err(IdError::BadCharacter)),
            ("a\u{85}b", Err(IdError::BadCharacter)),
        ];
        for (text, expected) in table {
            assert_eq!(EventId::new(text).map(|_| ()), *expected, "{text:?}");
        }
        assert_eq!(SourceId::new("a b").map(|_| ()), Err(IdError::BadCharacter));
        assert_eq!(
            SourceId::new("pam.eu-1_x").map(|id| id.to_string()),
            Ok("pam.eu-1_x".to_owned())
        );
    }

    #[test]
    fn a_byte_that_is_not_printable_is_found_at_any_place() {
        for odd in 0..=u8::MAX {
            for at in 0..19 {
                for others in [b' ', b'~'] {
                    let mut bytes = [others; 19];
                    bytes[at] = odd;
                    assert_eq!(
                        is_printable(&bytes),
                        matches!(odd, b' '..=b'~'),
                        "{odd} at {at}"
                    );
                }
            }
        }
    }
}
