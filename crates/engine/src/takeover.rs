//! Taking a partition over: one compare-and-set that names this process and adds 1 to the epoch.

use std::cell::RefCell;

use ports::{Cas, Entity, EventLog, Head, OwnerId, Stamp, StateStore, StoreError};
use progression::Catalogue;
use types::{Epoch, Partition, Position};

use crate::config::{EngineConfig, Programmes};
use crate::context::{Ports, Tenure};
use crate::error::EngineError;
use crate::head::Fold;
use crate::measure::Measures;
use crate::pump::Mark;
use crate::retry::Backoff;

/// How far a takeover lifts the stamps above all that the predecessor can have used, in microseconds.
const LIFT: i64 = 10_000_000;

/// What the predecessor left.
pub(crate) struct Taken {
    pub(crate) tenure: Tenure,
    pub(crate) epoch_stamp: Stamp,
    pub(crate) fold: Fold,
    pub(crate) cursor: Mark,
    pub(crate) quarantined: Vec<(Entity, String)>,
}

/// Takes the partition over, for as long as the store needs to answer.
pub(crate) async fn take(
    partition: Partition,
    config: &EngineConfig,
    ports: &Ports,
) -> Result<Taken, EngineError> {
    let mut backoff = Backoff::default();
    loop {
        match attempt(partition, config, ports).await {
            Ok(Some(taken)) => return Ok(taken),
            Ok(None) => {}
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Store(error)) => {
                tracing::warn!(%partition, %error, "the partition is not taken over yet");
            }
        }
        backoff.wait().await;
    }
}

enum Trouble {
    /// Try again.
    Store(StoreError),
    Final(EngineError),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// `None` where another took it over in between.
async fn attempt(
    partition: Partition,
    config: &EngineConfig,
    ports: &Ports,
) -> Result<Option<Taken>, Trouble> {
    let before = ports.store.head(partition).await?;
    let mut fold = match &before {
        None => Fold {
            incarnation: ports.log.incarnation(),
            ..Fold::default()
        },
        Some(head) => Fold::decode(&head.fold).ok_or_else(|| {
            Trouble::Final(EngineError::Store {
                partition,
                why: "the head was written by another version".to_owned(),
            })
        })?,
    };
    let cursor = before.as_ref().map_or(Position::START, |head| head.cursor);
    same_programmes(partition, &mut fold, &ports.programmes).map_err(Trouble::Final)?;
    let checksum = same_log(partition, ports.log.as_ref(), &fold, cursor).await?;
    let head = next_head(config, before.as_ref(), &fold, cursor);
    let expected = before.as_ref().map(|head| head.epoch);
    if !set(ports.store.as_ref(), partition, expected, &head).await? {
        return Ok(None);
    }
    let quarantined = quarantined(ports.store.as_ref(), partition).await?;
    tracing::info!(%partition, epoch = %head.epoch, %cursor, "partition taken over");
    let mark = Mark {
        position: cursor,
        clock: fold.clock,
        checksum,
    };
    Ok(Some(Taken {
        epoch_stamp: head.epoch_stamp,
        tenure: Tenure {
            partition,
            epoch: head.epoch,
            taken: cursor,
            swept: fold.swept,
            config: config.clone(),
            ports: ports.clone(),
            catalogue: RefCell::new(catalogue(&ports.programmes)),
            measures: Measures::new(partition, &ports.sinks),
        },
        fold,
        cursor: mark,
        quarantined,
    }))
}

fn catalogue(programmes: &Programmes) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for programme in programmes.0.values() {
        catalogue.learn(programme);
    }
    catalogue
}

fn next_head(config: &EngineConfig, before: Option<&Head>, fold: &Fold, cursor: Position) -> Head {
    let now_us = (config.now)().nanos() / 1_000;
    let stamp = match before {
        // The stamp a predecessor began with counts too: it may have written rows without ever completing a checkpoint.
        Some(head) if config.rules.stamps_rise => {
            Stamp(now_us.max(head.last_stamp.max(head.epoch_stamp).0 + LIFT))
        }
        Some(head) => head.last_stamp,
        None => Stamp(now_us),
    };
    Head {
        owner: config.owner,
        epoch: Epoch(before.map_or(0, |head| head.epoch.0) + 1),
        epoch_stamp: stamp,
        last_stamp: stamp,
        cursor,
        fold: fold.encode(),
    }
}

/// Whether the head is ours now; where the store's answer is lost, the head says.
async fn set(
    store: &dyn StateStore,
    partition: Partition,
    expected: Option<Epoch>,
    head: &Head,
) -> Result<bool, StoreError> {
    match store
        .set_head(partition, expected, None::<OwnerId>, head.clone())
        .await
    {
        Ok(Cas::Applied) => Ok(true),
        Ok(Cas::Refused(there)) => Ok(there.as_ref() == Some(head)),
        Err(StoreError::Unknown(_)) => Ok(store.head(partition).await?.as_ref() == Some(head)),
        Err(error) => Err(error),
    }
}

/// The head's programmes must be this server's: folding on under others would give what no replay gives.
fn same_programmes(
    partition: Partition,
    fold: &mut Fold,
    programmes: &Programmes,
) -> Result<(), EngineError> {
    for (brand, folded) in &fold.active {
        let here = programmes.get(brand).map(|programme| &programme.version.0);
        if here != Some(folded) {
            return Err(EngineError::OtherProgramme {
                partition,
                brand: brand.clone(),
                folded: folded.clone(),
                here: here.map_or_else(|| "none".into(), Clone::clone),
            });
        }
    }
    for (brand, programme) in &programmes.0 {
        fold.active
            .insert(brand.clone(), programme.version.0.clone());
    }
    Ok(())
}

/// The log must reach the cursor, and the record there must be the one that was folded. Gives its checksum.
async fn same_log(
    partition: Partition,
    log: &dyn EventLog,
    fold: &Fold,
    cursor: Position,
) -> Result<u32, Trouble> {
    let other = |why: String| Trouble::Final(EngineError::OtherLog { partition, why });
    if fold.incarnation != log.incarnation() {
        return Err(other(format!(
            "it is incarnation {}, not {}",
            log.incarnation(),
            fold.incarnation
        )));
    }
    let Some(rung) = fold.ladder.last().filter(|rung| rung.cursor == cursor) else {
        return Ok(0);
    };
    let unavailable =
        |error: ports::ReadError| Trouble::Store(StoreError::Unavailable(error.to_string()));
    let (end, _) = log.end(partition).await.map_err(unavailable)?;
    if end < cursor {
        return Err(other(format!("it ends at {end}, before {cursor}")));
    }
    let before = match cursor.index.checked_sub(1) {
        Some(index) => Position { index, ..cursor },
        None => Position {
            sequence: cursor.sequence.saturating_sub(1),
            index: u32::MAX,
        },
    };
    match log.read(partition, before).await {
        Ok(mut reader) => {
            let read = reader.next(1).await.map_err(unavailable)?;
            let there = read.first().filter(|record| record.position == cursor);
            if there.is_none_or(|record| crc32c::crc32c(&record.body) != rung.checksum) {
                return Err(other(format!("another record stands at {cursor}")));
            }
        }
        // Older than the log keeps: nothing to compare with.
        Err(ports::ReadError::Truncated { .. }) => {}
        Err(error) => return Err(unavailable(error)),
    }
    Ok(rung.checksum)
}

async fn quarantined(
    store: &dyn StateStore,
    partition: Partition,
) -> Result<Vec<(Entity, String)>, StoreError> {
    let rows = store.quarantined(partition).await?;
    let why = |bytes: &[u8]| {
        let mut fields = crate::codec::Fields(bytes);
        let _version = fields.u8()?;
        let _position = (fields.u64()?, fields.u32()?);
        fields.text().map(str::to_owned)
    };
    Ok(rows
        .into_iter()
        .map(|(entity, bytes)| (entity, why(&bytes).unwrap_or_default()))
        .collect())
}
