//! Players set aside: what the row in the store says of one, and setting one aside.
//!
//! The row is in the next cut, so that it is durable before the cursor passes the player's records. They wait in the log: the row says
//! from where on, and [`repair`](crate::repair) folds them from there. Rows are never deleted; one that says so is lifted.

use std::rc::Rc;

use bytes::Bytes;
use ports::Entity;
use types::{Position, Timestamp};

use crate::codec::{Fields, Put};
use crate::error::QueryError;
use crate::partition::Partition;
use crate::pump::Mark;
use crate::query::SetAside;
use crate::slots::SlotId;

const VERSION: u8 = 2;
/// The whole row of a player that was repaired.
const LIFTED: &[u8] = &[0];

/// Why a player is set aside, and from where its records wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    /// The record at which an invariant did not hold.
    pub(crate) position: Position,
    /// Everything up to here is in the player's snapshot in the store, or further on in it.
    pub(crate) from: Mark,
    /// Every timer due by then has fired, and what it emitted was acknowledged or has an outbox row.
    pub(crate) swept: Timestamp,
    pub(crate) why: String,
}

impl Aside {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = vec![VERSION];
        for position in [self.position, self.from.position] {
            out.put_u64(position.sequence);
            out.put_u32(position.index);
        }
        out.put_i64(self.from.clock.nanos());
        out.put_i64(self.swept.nanos());
        out.put_bytes(self.why.as_bytes());
        out.into()
    }

    /// `None` where the player was repaired. A row that cannot be read sets the player aside from the log's beginning: what its
    /// snapshot has is passed over then.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes == LIFTED {
            return None;
        }
        Some(read(bytes).unwrap_or_else(|| Self {
            position: Position::START,
            from: Mark::default(),
            swept: Timestamp::MIN,
            why: "the row that says why cannot be read".to_owned(),
        }))
    }

    pub(crate) fn lifted() -> Bytes {
        Bytes::from_static(LIFTED)
    }
}

fn read(bytes: &[u8]) -> Option<Aside> {
    let mut fields = Fields(bytes);
    if fields.u8()? != VERSION {
        return None;
    }
    let mut position = || {
        Some(Position {
            sequence: fields.u64()?,
            index: fields.u32()?,
        })
    };
    let (position, from) = (position()?, position()?);
    Some(Aside {
        position,
        from: Mark {
            position: from,
            clock: Timestamp::from_nanos(fields.i64()?)?,
            checksum: 0,
            stretch: 0,
        },
        swept: Timestamp::from_nanos(fields.i64()?)?,
        why: fields.text()?.to_owned(),
    })
}

impl Partition {
    /// Sets a player aside: its records are passed from now on, and the row that says so is in the next cut.
    pub(crate) fn quarantine(&mut self, id: SlotId, position: Position, why: String) {
        let partition = self.tenure.partition;
        let (cursor, swept) = (self.checkpoints.cursor, self.checkpoints.fold.swept);
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        tracing::error!(%partition, %position, why, "player quarantined");
        // A repair that did not come to its end leaves the records waiting from where they did before.
        let (from, swept) = match slot.repair.take() {
            Some(repair) => (repair.aside.from, repair.aside.swept),
            None => (cursor, swept),
        };
        let aside = Rc::new(Aside {
            position,
            from,
            swept,
            why,
        });
        let actor = slot.actor().cloned();
        let waiting = slot.queue.len();
        slot.queue.clear();
        let ticks = std::mem::take(&mut slot.ticks);
        for question in slot.questions.drain(..) {
            question.fail(QueryError::Quarantined(aside.why.clone()));
        }
        let entity = slot.entity.clone();
        self.slots.set_aside(id, actor, &aside);
        self.quarantine_rows.insert(entity, aside.encode());
        self.outstanding = self.outstanding.saturating_sub(waiting);
        self.sweeps.answered(ticks);
        self.slots.set_due(id, None);
        self.tenure.measures.quarantined();
        self.fail_repair(id, &aside.why);
    }

    /// Who is set aside here, in order.
    pub(crate) fn set_aside(&self) -> Vec<SetAside> {
        let all = self.slots.all_aside().map(|(slot, aside)| SetAside {
            entity: slot.entity.clone(),
            partition: self.tenure.partition,
            position: aside.position,
            why: aside.why.clone(),
        });
        let mut all: Vec<SetAside> = all.collect();
        all.sort_unstable_by(|a, b| a.entity.cmp(&b.entity));
        all
    }

    /// The rows for a cut.
    pub(crate) fn take_quarantine_rows(&mut self) -> impl Iterator<Item = ports::Row> + use<> {
        let rows = std::mem::take(&mut self.quarantine_rows);
        rows.into_iter()
            .map(|(entity, bytes): (Entity, Bytes)| ports::Row::Quarantine { entity, bytes })
    }
}

#[cfg(test)]
mod tests {
    use types::{Position, Timestamp};

    use super::Aside;
    use crate::pump::Mark;

    fn aside() -> Aside {
        let at = |sequence| Position { sequence, index: 2 };
        Aside {
            position: at(9),
            from: Mark {
                position: at(7),
                clock: Timestamp::from_nanos(70).unwrap(),
                checksum: 0,
                stretch: 0,
            },
            swept: Timestamp::from_nanos(60).unwrap(),
            why: "segment 3 is not in the store".to_owned(),
        }
    }

    #[test]
    fn a_row_gives_back_what_it_was_made_of() {
        assert_eq!(Aside::decode(&aside().encode()), Some(aside()));
        assert_eq!(Aside::decode(&Aside::lifted()), None);
    }

    #[test]
    fn a_row_that_cannot_be_read_makes_all_records_wait() {
        let row = aside().encode();
        for bytes in [&row[..row.len() - 1], b"", b"\x01older"] {
            let read = Aside::decode(bytes).unwrap();
            assert_eq!(read.from, Mark::default(), "{bytes:?}");
        }
    }
}
