//! Pages: opaque tokens, capped sizes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use types::PlayerId;

use crate::problem::{Kind, Problem};

const SIZE: usize = 100;
const SIZE_MAX: usize = 1_000;

/// Which page is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// `next_page_token` of the page before; absent or empty: the first.
    #[serde(default)]
    pub(crate) page_token: String,
    /// Absent or 0: 100. More than 1,000 is 1,000.
    #[serde(default)]
    pub(crate) page_size: usize,
}

impl Page {
    /// How many entries the page has at most.
    pub(crate) fn size(&self) -> usize {
        match self.page_size {
            0 => SIZE,
            size => size.min(SIZE_MAX),
        }
    }

    /// The player after whom it begins.
    pub(crate) fn after_player(&self) -> Result<Option<PlayerId>, Problem> {
        self.value(|bytes| PlayerId::new(std::str::from_utf8(&bytes).ok()?).ok())
    }

    /// The number below which its entries lie.
    pub(crate) fn before(&self) -> Result<Option<u64>, Problem> {
        self.value(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)))
    }

    fn value<T>(&self, read: impl Fn(Vec<u8>) -> Option<T>) -> Result<Option<T>, Problem> {
        if self.page_token.is_empty() {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(&self.page_token).ok();
        match bytes.and_then(read) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::new(
                Kind::Malformed,
                "`page_token` is not one that was given out",
            )),
        }
    }
}

/// The token of the page after this player; empty for none.
pub(crate) fn after_player(player: Option<&PlayerId>) -> String {
    player.map_or_else(String::new, |player| {
        URL_SAFE_NO_PAD.encode(player.as_str())
    })
}

/// The token of the page below this number; empty for none.
pub(crate) fn before(number: Option<u64>) -> String {
    number.map_or_else(String::new, |number| {
        URL_SAFE_NO_PAD.encode(number.to_be_bytes())
    })
}
