//! The fold: every grant, in order of arrival, and the calls whose outcome is not known.

use inbox::{Emission, Error, Paging, Problem, Projection, Reader, Record, Table, Tables, Tx};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::Notify;

use crate::grant::{Call, Grant, Outcome, Said};

/// The tables.
pub(crate) struct Grants {
    /// Brand, player and grant id -> grant.
    grants: Table,
    /// The record that made a grant known -> its key.
    order: Table,
    /// The record that asked for a call -> the grant's key.
    calls: Table,
    /// The record of a report that is not in the log yet -> the note.
    postbacks: Table,
    /// Players who were erased: nobody is called for them, whatever comes.
    erased: Table,
    /// Told after every commit: there may be reports to bring to the log.
    pub(crate) reported: Arc<Notify>,
    /// Told after every commit: there may be calls to make.
    pub(crate) changed: Arc<Notify>,
}

/// The emission that a player was erased.
const ERASED: &str = "player_erased";

/// The gateway's own facts.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Note {
    /// The operator answered a call.
    Answered {
        brand: String,
        player: String,
        grant_id: String,
        call: Call,
        outcome: Outcome,
    },
    /// The operator reported by itself.
    Reported {
        brand: String,
        player: String,
        grant_id: String,
        status: String,
        reason: String,
        /// When, RFC 3339.
        #[serde(default)]
        at: String,
    },
    /// The report at that record is in the log.
    Told { record: u64 },
}

impl Projection for Grants {
    const VERSION: u32 = 3;

    fn open(tables: &Tables) -> Result<Self, Error> {
        Ok(Self {
            grants: tables.table("grants")?,
            order: tables.table("order")?,
            calls: tables.table("calls")?,
            postbacks: tables.table("postbacks")?,
            erased: tables.table("erased")?,
            reported: Arc::default(),
            changed: Arc::default(),
        })
    }

    fn fold(&self, tx: &mut Tx<'_>, number: u64, record: Record<'_>) -> Result<(), Error> {
        match record {
            Record::Emission(emission) => self.emission(tx, number, emission),
            Record::Note(note) => {
                let note = serde_json::from_slice(note).map_err(|_| Error::Unreadable("note"))?;
                self.note(tx, number, note)
            }
        }
    }

    fn committed(&self) {
        self.changed.notify_one();
        self.reported.notify_one();
    }
}

impl Grants {
    fn emission(&self, tx: &mut Tx<'_>, number: u64, emission: &Emission) -> Result<(), Error> {
        let player = key_of([&emission.brand, &emission.player]);
        if emission.r#type == ERASED {
            return self.erase(tx, &player);
        }
        if tx.get(&self.erased, &player)?.is_some() {
            return Ok(());
        }
        // What can't be read, or is not about a grant, stays in the list of emissions and asks nothing of the operator.
        let Ok(body) = serde_json::from_slice::<Value>(&emission.body) else {
            return Ok(());
        };
        // Points on offer are Questline's own: nobody has to be asked for them.
        if body.get("grant").is_none() {
            return Ok(());
        }
        let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        let said = match emission.r#type.as_str() {
            "grant_offered" => Said::Offered {
                requested: text("status") == "requested",
            },
            "grant_claimed" => Said::Claimed,
            "grant_revoked" => Said::Revoked {
                reason: text("reason").to_owned(),
            },
            _ => return Ok(()),
        };
        let grant_id = text("grant_id").to_owned();
        let suppressed = body.get("suppressed").and_then(Value::as_bool) == Some(true);
        let key = grant_key(&emission.brand, &emission.player, &grant_id);
        let known = tx.get(&self.grants, &key)?;
        let mut grant = match known {
            Some(row) => decode(&row)?,
            None => {
                tx.put(&self.order, number.to_be_bytes(), &key);
                let mut grant = Grant::known_by(&emission.brand, &emission.player, &grant_id, body);
                emission.traceparent.clone_into(&mut grant.traceparent);
                grant
            }
        };
        self.change(tx, &key, &mut grant, |grant| {
            grant.said(said, suppressed, &emission.id, number);
        })
    }

    /// What was to be asked of the operator for the player is asked no more.
    fn erase(&self, tx: &mut Tx<'_>, player: &[u8]) -> Result<(), Error> {
        tx.put(&self.erased, player, []);
        for (key, row) in tx.rows(&self.grants, player)?.rows {
            self.change(tx, &key, &mut decode(&row)?, Grant::dropped)?;
        }
        Ok(())
    }

    fn note(&self, tx: &mut Tx<'_>, number: u64, note: Note) -> Result<(), Error> {
        match &note {
            Note::Told { record } => {
                tx.remove(&self.postbacks, record.to_be_bytes());
                return Ok(());
            }
            Note::Reported { .. } => {
                let row = serde_json::to_vec(&note).map_err(|_| Error::Unreadable("note"))?;
                tx.put(&self.postbacks, number.to_be_bytes(), row);
            }
            Note::Answered { .. } => {}
        }
        let (Note::Answered {
            brand,
            player,
            grant_id,
            ..
        }
        | Note::Reported {
            brand,
            player,
            grant_id,
            ..
        }) = &note
        else {
            return Ok(());
        };
        let key = grant_key(brand, player, grant_id);
        let Some(row) = tx.get(&self.grants, &key)? else {
            return Ok(());
        };
        self.change(tx, &key, &mut decode(&row)?, |grant| match &note {
            Note::Answered { call, outcome, .. } => grant.answered(call, outcome, number),
            Note::Reported { status, reason, .. } => grant.reported(status, reason, number),
            Note::Told { .. } => {}
        })
    }

    /// Changes a grant, and keeps the table of calls in step with it.
    fn change(
        &self,
        tx: &mut Tx<'_>,
        key: &[u8],
        grant: &mut Grant,
        change: impl FnOnce(&mut Grant),
    ) -> Result<(), Error> {
        if let Some(call) = &grant.call {
            tx.remove(&self.calls, call.record.to_be_bytes());
        }
        change(grant);
        if let Some(call) = &grant.call {
            tx.put(&self.calls, call.record.to_be_bytes(), key);
        }
        let row = serde_json::to_vec(grant).map_err(|_| Error::Unreadable("grant"))?;
        tx.put(&self.grants, key, row);
        Ok(())
    }

    /// The grant that a call is for; `None` where the outcome is known by now.
    pub(crate) fn of_call(&self, reader: &Reader, record: u64) -> Result<Option<Grant>, Error> {
        let Some(key) = reader.get(&self.calls, record.to_be_bytes())? else {
            return Ok(None);
        };
        let row = reader.get(&self.grants, key)?;
        row.map(|row| decode(&row)).transpose()
    }

    /// Calls after record `after` whose outcome is not known, the oldest first; and whether there are more.
    pub(crate) fn calls(
        &self,
        reader: &Reader,
        after: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<u64>, bool), Error> {
        let after = after.map(u64::to_be_bytes);
        let after = after.as_ref().map(<[u8; 8]>::as_slice);
        let page = reader.page(&self.calls, b"", after, limit)?;
        let records: Result<_, Error> = page.rows.iter().map(|(key, _)| number(key)).collect();
        Ok((records?, page.more))
    }

    /// Reports that are not in the log yet, the oldest first.
    pub(crate) fn postbacks(
        &self,
        reader: &Reader,
        limit: usize,
    ) -> Result<Vec<(u64, Note)>, Error> {
        let page = reader.page(&self.postbacks, b"", None, limit)?;
        let rows = page.rows.iter().map(|(key, row)| {
            let note = serde_json::from_slice(row).map_err(|_| Error::Unreadable("note"))?;
            Ok((number(key)?, note))
        });
        rows.collect()
    }

    pub(crate) fn get(
        &self,
        reader: &Reader,
        brand: &str,
        player: &str,
        grant_id: &str,
    ) -> Result<Option<Grant>, Error> {
        let row = reader.get(&self.grants, grant_key(brand, player, grant_id))?;
        row.map(|row| decode(&row)).transpose()
    }
}

/// Which grants: of a brand, of a player.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) brand: String,
    pub(crate) player: String,
}

impl Filter {
    fn takes(&self, grant: &Grant) -> bool {
        (self.brand.is_empty() || self.brand == grant.brand)
            && (self.player.is_empty() || self.player == grant.player)
    }
}

/// Rows looked at for one page: a page may be short, or empty, and still have a token.
const LOOKED_AT: usize = 10_000;

/// A page of grants in order of arrival, and the token of the next.
pub(crate) async fn list(
    inbox: &inbox::Inbox<Grants>,
    filter: Filter,
    paging: Paging,
) -> Result<(Vec<Grant>, Option<String>), Problem> {
    let (mut after, limit) = (paging.after()?, paging.limit());
    let page = inbox.read(move |grants, reader| {
        let mut found = Vec::new();
        for _ in 0..LOOKED_AT {
            let from = after.map(u64::to_be_bytes);
            let from = from.as_ref().map(<[u8; 8]>::as_slice);
            let page = reader.page(&grants.order, b"", from, 1)?;
            let Some((record, key)) = page.rows.first() else {
                return Ok((found, None));
            };
            after = Some(number(record)?);
            let row = reader.get(&grants.grants, key)?;
            let grant = decode(&row.ok_or(Error::Unreadable("grant"))?)?;
            if filter.takes(&grant) {
                found.push(grant);
            }
            if !page.more {
                return Ok((found, None));
            }
            if found.len() == limit {
                break;
            }
        }
        Ok((found, after.map(Paging::token)))
    });
    Ok(page.await?)
}

fn number(key: &[u8]) -> Result<u64, Error> {
    let bytes = key.try_into().map_err(|_| Error::Unreadable("number"))?;
    Ok(u64::from_be_bytes(bytes))
}

fn decode(row: &[u8]) -> Result<Grant, Error> {
    serde_json::from_slice(row).map_err(|_| Error::Unreadable("grant"))
}

/// The three parts, each behind its length, so that no two share a key.
fn grant_key(brand: &str, player: &str, grant_id: &str) -> Vec<u8> {
    key_of([brand, player, grant_id])
}

fn key_of<const N: usize>(parts: [&str; N]) -> Vec<u8> {
    let mut key = Vec::new();
    for part in parts {
        key.extend_from_slice(&(part.len() as u32).to_be_bytes());
        key.extend_from_slice(part.as_bytes());
    }
    key
}
