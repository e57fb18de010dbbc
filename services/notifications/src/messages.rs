//! The fold: which messages a player has, which of them were read, and how many.

use inbox::{Error, Projection, Reader, Record, Table, Tables, Tx};
use serde::{Deserialize, Serialize};

/// The tables of all in-app inboxes.
pub(crate) struct Messages {
    /// Player and record, the newest first -> whether it was read.
    messages: Table,
    /// Player -> counts.
    counts: Table,
    /// What happened to all emissions.
    outcomes: Table,
    /// Players who were erased: they have no messages, whatever comes.
    erased: Table,
}

/// How many messages a player has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Counts {
    /// All of them.
    pub total: u64,
    /// Those not read yet.
    pub unread: u64,
}

/// What happened to all emissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Outcomes {
    /// Shown to their player.
    pub(crate) acted_on: u64,
    /// Recorded only: the player is restricted.
    pub(crate) suppressed: u64,
}

/// The gateway's only fact of its own: a message was read.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct WasRead {
    pub(crate) brand: String,
    pub(crate) player: String,
    pub(crate) record: u64,
}

/// The part of an emission's body that matters here.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    suppressed: bool,
}

const ALL: &str = "all";
/// The emission that a player was erased.
const ERASED: &str = "player_erased";

impl Projection for Messages {
    const VERSION: u32 = 2;

    fn open(tables: &Tables) -> Result<Self, Error> {
        Ok(Self {
            messages: tables.table("messages")?,
            counts: tables.table("counts")?,
            outcomes: tables.table("outcomes")?,
            erased: tables.table("erased")?,
        })
    }

    fn fold(&self, tx: &mut Tx<'_>, number: u64, record: Record<'_>) -> Result<(), Error> {
        match record {
            Record::Emission(emission) if emission.r#type == ERASED => {
                self.erase(tx, &player_key(&emission.brand, &emission.player))
            }
            Record::Emission(emission) => {
                let mut outcomes: Outcomes = decode(tx.get(&self.outcomes, ALL)?)?;
                // A body that can't be read is not shown: what it says about suppression is not known.
                let body = serde_json::from_slice(&emission.body);
                if body.unwrap_or(Body { suppressed: true }).suppressed {
                    outcomes.suppressed += 1;
                } else {
                    outcomes.acted_on += 1;
                    self.show(tx, &player_key(&emission.brand, &emission.player), number)?;
                }
                tx.put(&self.outcomes, ALL, encode(&outcomes)?);
                Ok(())
            }
            Record::Note(note) => {
                let read: WasRead =
                    serde_json::from_slice(note).map_err(|_| Error::Unreadable("note"))?;
                self.mark(tx, &player_key(&read.brand, &read.player), read.record)
            }
        }
    }
}

impl Messages {
    fn erase(&self, tx: &mut Tx<'_>, player: &[u8]) -> Result<(), Error> {
        for (key, _) in tx.rows(&self.messages, player)?.rows {
            tx.remove(&self.messages, key);
        }
        tx.remove(&self.counts, player);
        tx.put(&self.erased, player, []);
        Ok(())
    }

    fn show(&self, tx: &mut Tx<'_>, player: &[u8], number: u64) -> Result<(), Error> {
        if tx.get(&self.erased, player)?.is_some() {
            return Ok(());
        }
        let mut counts: Counts = decode(tx.get(&self.counts, player)?)?;
        counts.total += 1;
        counts.unread += 1;
        tx.put(&self.counts, player, encode(&counts)?);
        tx.put(&self.messages, message_key(player, number), [0]);
        Ok(())
    }

    fn mark(&self, tx: &mut Tx<'_>, player: &[u8], number: u64) -> Result<(), Error> {
        let key = message_key(player, number);
        if tx.get(&self.messages, &key)? != Some(vec![0]) {
            return Ok(());
        }
        let mut counts: Counts = decode(tx.get(&self.counts, player)?)?;
        counts.unread = counts.unread.saturating_sub(1);
        tx.put(&self.counts, player, encode(&counts)?);
        tx.put(&self.messages, key, [1]);
        Ok(())
    }

    pub(crate) fn counts(&self, reader: &Reader, player: &[u8]) -> Result<Counts, Error> {
        decode(reader.get(&self.counts, player)?)
    }

    pub(crate) fn outcomes(&self, reader: &Reader) -> Result<Outcomes, Error> {
        decode(reader.get(&self.outcomes, ALL)?)
    }

    /// Whether the record is a message of the player.
    pub(crate) fn has(&self, reader: &Reader, player: &[u8], number: u64) -> Result<bool, Error> {
        let row = reader.get(&self.messages, message_key(player, number))?;
        Ok(row.is_some())
    }

    /// Records of the player's messages older than `after`, the newest first, each with whether it was read; and whether there are
    /// more.
    pub(crate) fn newest(
        &self,
        reader: &Reader,
        player: &[u8],
        after: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<(u64, bool)>, bool), Error> {
        let after = after.map(|number| message_key(player, number));
        let page = reader.page(&self.messages, player, after.as_deref(), limit)?;
        let decoded: Result<_, Error> = page
            .rows
            .iter()
            .map(|(key, row)| {
                let number = key.last_chunk().ok_or(Error::Unreadable("message"))?;
                Ok((!u64::from_be_bytes(*number), row.as_slice() == [1]))
            })
            .collect();
        Ok((decoded?, page.more))
    }
}

/// Brand and player, each behind its length, so that no two pairs share a key or a prefix.
pub(crate) fn player_key(brand: &str, player: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(brand.len() + player.len() + 8);
    for part in [brand, player] {
        key.extend_from_slice(&(part.len() as u32).to_be_bytes());
        key.extend_from_slice(part.as_bytes());
    }
    key
}

fn message_key(player: &[u8], number: u64) -> Vec<u8> {
    [player, &(!number).to_be_bytes()].concat()
}

fn encode<T: Serialize>(row: &T) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(row).map_err(|_| Error::Unreadable("row"))
}

fn decode<T: Default + for<'de> Deserialize<'de>>(row: Option<Vec<u8>>) -> Result<T, Error> {
    row.map_or_else(
        || Ok(T::default()),
        |row| serde_json::from_slice(&row).map_err(|_| Error::Unreadable("row")),
    )
}
