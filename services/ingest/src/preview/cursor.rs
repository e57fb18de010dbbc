//! How far a preview has come: some partitions at a time, each as far as it is.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use types::PlayerId;

/// Partitions that are looked at side by side: those next to each other lie on different threads of an engine.
const SIDE_BY_SIDE: u16 = 2;

/// The partitions from `first` on; all before it are done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    first: u16,
    /// Of those that are looked at, in order; the rest is at its beginning.
    at: Vec<At>,
}

/// How far a partition is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum At {
    #[default]
    Beginning,
    Behind(#[serde(with = "as_text")] PlayerId),
    Done,
}

impl Cursor {
    /// The cursor that a token says; the beginning for an empty one.
    pub(crate) fn read(token: &str) -> Option<Self> {
        if token.is_empty() {
            return Some(Self::default());
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let cursor: Self = serde_json::from_slice(&bytes).ok()?;
        (cursor.at.len() <= usize::from(SIDE_BY_SIDE)).then_some(cursor)
    }

    /// The token.
    pub(crate) fn token(&self) -> String {
        // Names and numbers are always JSON.
        serde_json::to_vec(self).map_or_else(|_| String::new(), |it| URL_SAFE_NO_PAD.encode(it))
    }

    /// Partitions to look at next, and behind whom; `None` where all are done.
    pub(crate) fn next(&mut self, partitions: u16) -> Option<Vec<(u16, Option<PlayerId>)>> {
        while self.first < partitions {
            self.at.resize_with(usize::from(SIDE_BY_SIDE), At::default);
            let numbered = (self.first..partitions).zip(&self.at);
            let open: Vec<_> = numbered
                .filter_map(|(partition, at)| match at {
                    At::Beginning => Some((partition, None)),
                    At::Behind(player) => Some((partition, Some(player.clone()))),
                    At::Done => None,
                })
                .collect();
            if !open.is_empty() {
                return Some(open);
            }
            self.first = self.first.saturating_add(SIDE_BY_SIDE);
            self.at.clear();
        }
        None
    }

    /// A partition has come as far as this.
    pub(crate) fn reached(&mut self, partition: u16, at: At) {
        let place = partition.checked_sub(self.first).map(usize::from);
        if let Some(place) = place.and_then(|place| self.at.get_mut(place)) {
            *place = at;
        }
    }
}

mod as_text {
    use serde::de::{Deserialize as _, Deserializer, Error as _};
    use serde::ser::Serializer;
    use types::PlayerId;

    pub(super) fn serialize<S: Serializer>(
        it: &PlayerId,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(it.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<PlayerId, D::Error> {
        let text = String::deserialize(from)?;
        PlayerId::new(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use types::PlayerId;

    use super::{At, Cursor};

    #[test]
    fn a_cursor_goes_over_all_partitions_and_its_token_reads_back() {
        let mut cursor = Cursor::default();
        let mut asked = Vec::new();
        for turn in 0..20 {
            let Some(next) = cursor.next(3) else { break };
            for (partition, after) in next {
                asked.push((partition, after.map(|player| player.to_string())));
                let at = match turn % 2 {
                    0 => At::Behind(PlayerId::new(&format!("p{partition}")).unwrap()),
                    _ => At::Done,
                };
                cursor.reached(partition, at);
            }
            cursor = Cursor::read(&cursor.token()).unwrap();
        }
        let behind = |partition: u16| (partition, Some(format!("p{partition}")));
        let expected = [
            (0, None),
            (1, None),
            behind(0),
            behind(1),
            (2, None),
            behind(2),
        ];
        assert_eq!(asked, expected);
        assert_eq!(cursor.next(3), None);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for token in ["?", "bm8", "eyJmaXJzdCI6MH0"] {
            assert_eq!(Cursor::read(token), None, "{token}");
        }
    }
}
