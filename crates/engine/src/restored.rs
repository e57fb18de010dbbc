//! A log that was restored to an older copy: found at a takeover, and what becomes of the players.
//!
//! The head keeps a ladder of older cursors with the checksum of the record at each. Where the newest is not in the log, the log is
//! another: the fold goes on from the newest rung that is. What the players' states have from beyond it was accepted, durable and acted
//! on, so it stays; a record that stands in both logs is known by its identity. Every player's state is put right before the first
//! record is folded: it takes records from the rung on again, and the emissions of its entries from lost positions are offered again,
//! since no record will ever bring them.

use std::sync::Arc;

use ports::{Entity, EventLog, Head, Key, ReadError, Row, Stamp, is_same_log};
use types::{Partition, Position, Timestamp};

use crate::checkpoint;
use crate::context::Tenure;
use crate::error::EngineError;
use crate::fold::State;
use crate::head::{Fold, Restored, Rung};
use crate::load::{self, Decoded, Found};
use crate::logic::Rules;
use crate::pump::Mark;
use crate::quarantine::Aside;
use crate::row::Emitted;
use crate::snapshot;

/// Players read and written at once.
const PAGE: usize = 256;
/// Records that are compared at a time.
const READ_AT_ONCE: usize = 1_024;

/// Where a head's cursor stands in a log.
pub(crate) enum Standing {
    /// It is the log that was folded. The checksum of the record at the cursor.
    Same(u32),
    /// It is not: up to this rung it is.
    Other { kept: Rung, why: String },
    /// It is none that can be told apart from a wrong one.
    Foreign { why: String },
}

/// Compares the ladder with the log.
pub(crate) async fn standing(
    partition: Partition,
    log: &dyn EventLog,
    fold: &Fold,
    cursor: Position,
) -> Result<Standing, ReadError> {
    let other_log = fold.incarnation != log.incarnation();
    let (end, _) = log.end(partition).await?;
    let Some(newest) = fold.ladder.last().filter(|rung| rung.cursor == cursor) else {
        // Nothing was folded, or the head stands where a restored log was found.
        return Ok(match is_same_log(fold.incarnation, log.incarnation()) {
            true => Standing::Same(0),
            false => Standing::Foreign {
                why: incarnations(fold, log),
            },
        });
    };
    let why = match compare(partition, log, &fold.ladder, end).await? {
        // What follows the cursor is gone too.
        Compared::Forgotten { first } if first > cursor => {
            return Err(ReadError::Truncated { first });
        }
        Compared::Same | Compared::Forgotten { .. } if !other_log => {
            return Ok(Standing::Same(newest.checksum));
        }
        Compared::Other => format!("another record stands at {cursor}"),
        Compared::Beyond => format!("it ends at {end}, before {cursor}"),
        Compared::Same | Compared::Forgotten { .. } => incarnations(fold, log),
    };
    let mut ladder = fold.ladder.as_slice();
    while let Some((rung, below)) = ladder.split_last() {
        if matches!(compare(partition, log, ladder, end).await?, Compared::Same) {
            return Ok(Standing::Other { kept: *rung, why });
        }
        ladder = below;
    }
    if !is_same_log(fold.incarnation, log.incarnation()) {
        return Ok(Standing::Foreign { why });
    }
    let kept = Rung {
        cursor: first(partition, log).await?,
        checksum: 0,
        stretch: None,
    };
    Ok(Standing::Other { kept, why })
}

fn incarnations(fold: &Fold, log: &dyn EventLog) -> String {
    format!(
        "it is incarnation {}, not {}",
        log.incarnation(),
        fold.incarnation
    )
}

/// The position before the first record that the log keeps.
pub(crate) async fn first(partition: Partition, log: &dyn EventLog) -> Result<Position, ReadError> {
    match log.read(partition, Position::START).await {
        Ok(_) => Ok(Position::START),
        Err(ReadError::Truncated { first }) => Ok(first),
        Err(error) => Err(error),
    }
}

enum Compared {
    Same,
    Other,
    /// The log ends before it.
    Beyond,
    /// Older than the log keeps, which is what follows `first`: nothing to compare with.
    Forgotten {
        first: Position,
    },
}

/// Compares the highest rung.
async fn compare(
    partition: Partition,
    log: &dyn EventLog,
    ladder: &[Rung],
    end: Position,
) -> Result<Compared, ReadError> {
    let Some((rung, below)) = ladder.split_last() else {
        return Ok(Compared::Other);
    };
    let cursor = rung.cursor;
    if end < cursor {
        return Ok(Compared::Beyond);
    }
    let before = match cursor.index.checked_sub(1) {
        Some(index) => Position { index, ..cursor },
        None => Position {
            sequence: cursor.sequence.saturating_sub(1),
            index: u32::MAX,
        },
    };
    let incarnation = log.incarnation();
    let read = match log.read(partition, before).await {
        Ok(mut reader) => reader.next(1).await,
        Err(error) => Err(error),
    };
    let read = match read {
        Ok(read) => read,
        Err(ReadError::Truncated { first }) => return Ok(Compared::Forgotten { first }),
        // What stood before the rung is not there. Where the log has moved on meanwhile, it is looked at anew.
        Err(ReadError::OtherIncarnation) if log.incarnation() == incarnation => {
            return Ok(Compared::Other);
        }
        Err(error) => return Err(error),
    };
    let there = read.first().filter(|record| record.position == cursor);
    let same = there.is_some_and(|record| crc32c::crc32c(&record.body) == rung.checksum);
    if !same {
        return Ok(Compared::Other);
    }
    match is_same_before(partition, log, rung, below.last()).await {
        Ok(true) => Ok(Compared::Same),
        Ok(false) => Ok(Compared::Other),
        // What is not kept any more cannot be compared, and was folded.
        Err(ReadError::Truncated { .. }) => Ok(Compared::Same),
        Err(ReadError::OtherIncarnation) if log.incarnation() == incarnation => Ok(Compared::Other),
        Err(error) => Err(error),
    }
}

/// Whether the records before a rung are those that were folded, back to the rung below it of the same tenure: one that is sent again may
/// come to stand where it stood, behind others.
async fn is_same_before(
    partition: Partition,
    log: &dyn EventLog,
    rung: &Rung,
    below: Option<&Rung>,
) -> Result<bool, ReadError> {
    let Some(stretch) = rung.stretch else {
        return Ok(true);
    };
    let nearer = below.and_then(|below| Some((below.cursor, below.stretch?)));
    let nearer = nearer.filter(|(_, it)| it.from == stretch.from);
    let (position, checksum) =
        nearer.map_or((stretch.from, 0), |(cursor, it)| (cursor, it.checksum));
    let mut at = Mark {
        position,
        stretch: checksum,
        ..Mark::default()
    };
    if at.position < rung.cursor {
        let mut reader = log.read(partition, at.position).await?;
        while at.position < rung.cursor {
            let read = reader.next(READ_AT_ONCE).await?;
            at = read.iter().fold(at, |at, record| {
                let beyond = record.position > rung.cursor;
                if beyond { at } else { at.after(record) }
            });
            if read.last().is_some_and(|last| last.position >= rung.cursor) {
                break;
            }
        }
    }
    Ok(at.position == rung.cursor && at.stretch == stretch.checksum)
}

/// The incarnation under which a restored log is folded on: the one after that of the head, or where the log has left that behind, the
/// log's.
pub(crate) async fn next_incarnation(log: &dyn EventLog, ended: u64) -> Result<u64, ReadError> {
    match log.begin_incarnation(ended).await {
        Err(ReadError::OtherIncarnation) => Ok(log.incarnation()),
        begun => begun,
    }
}

/// The fold state from which a restored log is folded on.
pub(crate) fn go_back(
    fold: &mut Fold,
    kept: Rung,
    folded: Position,
    incarnation: u64,
    at: Timestamp,
) {
    fold.ladder.retain(|rung| rung.cursor <= kept.cursor);
    fold.timeline.keep(kept.cursor);
    let before = fold.restored.take();
    // Where the last time has not been put right yet, neither is what it had lost.
    let pending = before.filter(|restored| restored.pending);
    fold.restored = Some(Restored {
        times: before
            .map_or(0, |restored| restored.times)
            .saturating_add(1),
        kept: pending.map_or(kept.cursor, |restored| restored.kept.min(kept.cursor)),
        folded: pending.map_or(folded, |restored| restored.folded.max(folded)),
        at,
        pending: true,
    });
    fold.incarnation = incarnation;
}

/// What putting all players right came to.
#[derive(Default)]
struct Done {
    players: u64,
    offered: u64,
}

/// Puts every player right, then says so in the head. Gives the stamp from which this epoch counts on. A crash on the way leaves all
/// of it to be done again, to the same end.
pub(crate) async fn put_right(
    tenure: &Tenure,
    mut head: Head,
    fold: &mut Fold,
    asides: &mut [(Entity, Aside)],
) -> Result<Stamp, EngineError> {
    let Some(restored) = fold.restored.filter(|restored| restored.pending) else {
        return Ok(head.epoch_stamp);
    };
    let stamp = Stamp(head.epoch_stamp.0 + 1);
    // What waits in a log that is lost waits no more; what stands there now does.
    for (_, aside) in asides.iter_mut() {
        if aside.from.position > restored.kept {
            aside.from = waits(restored.kept, fold);
        }
    }
    let rows = asides.iter().map(|(entity, aside)| Row::Quarantine {
        entity: entity.clone(),
        bytes: aside.encode(),
    });
    checkpoint::write_all(tenure, stamp, rows.collect()).await?;
    for sink in &tenure.ports.sinks {
        // What is offered again is for every sink, also for one that no head has counted yet.
        fold.from.entry(sink.name().into()).or_insert(fold.to);
    }
    let mut done = Done::default();
    let mut after: Option<Entity> = None;
    loop {
        let page = load::entities(tenure, after.as_ref(), PAGE).await?;
        let Some(last) = page.last().cloned() else {
            break;
        };
        put_page_right(tenure, stamp, fold, page, &mut done).await?;
        after = Some(last);
    }
    fold.restored = Some(Restored {
        pending: false,
        ..restored
    });
    (head.epoch_stamp, head.last_stamp, head.fold) = (stamp, stamp, fold.encode());
    checkpoint::set_head(tenure, head).await?;
    tracing::error!(
        partition = %tenure.partition, kept = %restored.kept, folded = %restored.folded,
        players = done.players, emissions_offered_again = done.offered,
        "the log is older than the state: folded on from where they part; what the players have from the lost part stays"
    );
    tenure.measures.restored();
    Ok(stamp)
}

fn waits(kept: Position, fold: &Fold) -> Mark {
    Mark {
        position: kept,
        clock: fold.clock,
        checksum: 0,
        stretch: 0,
    }
}

async fn put_page_right(
    tenure: &Tenure,
    stamp: Stamp,
    fold: &mut Fold,
    page: Vec<Entity>,
    done: &mut Done,
) -> Result<(), EngineError> {
    let kept = tenure.taken;
    let (mut before, mut snapshots) = (Vec::new(), Vec::new());
    for (row, entity) in load::rows(tenure, &page).await.into_iter().zip(page) {
        let right = match row {
            Ok(None) => continue,
            Ok(Some(bytes)) => right(tenure, &entity, &bytes).await,
            Err(why) => Err(Found::Broken(why)),
        };
        let right = match right {
            Ok(right) => right,
            Err(Found::Broken(why)) => {
                tracing::error!(partition = %tenure.partition, why, "player quarantined");
                let aside = Aside {
                    position: kept,
                    from: waits(kept, fold),
                    swept: tenure.swept,
                    why,
                };
                before.push(Row::Quarantine {
                    entity,
                    bytes: aside.encode(),
                });
                continue;
            }
            Err(Found::Lacking(version)) => return Err(tenure.lacks(version)),
            Err(_) => return Err(tenure.fenced()),
        };
        done.players += u64::from(right.state.is_some());
        done.offered += right.again.len() as u64;
        // The fold's time does not run back behind what a player has seen.
        fold.clock = fold.clock.max(right.clock);
        for emitted in right.again {
            before.push(Row::Outbox {
                number: fold.to,
                bytes: emitted.encode(),
            });
            fold.to += 1;
        }
        let (epoch, rules, key) = (tenure.epoch, right.rules, right.key);
        snapshots.extend(right.state.map(|mut state| Row::Snapshot {
            bytes: snapshot::of_player(epoch, rules, &entity, &mut state, key.as_deref()),
            entity,
        }));
    }
    checkpoint::write_all(tenure, stamp, before).await?;
    checkpoint::write_all(tenure, stamp, snapshots).await
}

/// One player, put right.
struct Right {
    rules: Rules,
    /// Where it had records from beyond what is kept.
    state: Option<Box<State>>,
    clock: Timestamp,
    again: Vec<Emitted>,
    key: Option<Arc<Key>>,
}

async fn right(tenure: &Tenure, entity: &Entity, bytes: &[u8]) -> Result<Right, Found> {
    let Decoded {
        rules,
        mut state,
        key,
        ..
    } = load::decode(tenure, entity, bytes).await?;
    let past = load::past(tenure, entity, &state, tenure.taken, tenure.swept)
        .await
        .map_err(Found::Broken)?;
    let ahead = state.applied() > tenure.taken;
    let clock = state.clock();
    state.rewind(tenure.taken);
    Ok(Right {
        rules,
        state: ahead.then_some(state),
        clock,
        again: load::again(tenure, entity, &past),
        key,
    })
}
