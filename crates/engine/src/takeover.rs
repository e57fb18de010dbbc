//! Taking a partition over: one compare-and-set that names this process and adds 1 to the epoch.

use std::cell::RefCell;

use ports::{Cas, Entity, Head, Over, ReadError, Stamp, StateStore, StoreError};
use progression::Catalogue;
use types::{Epoch, Partition, Position};

use crate::config::EngineConfig;
use crate::context::{Ports, Tenure};
use crate::error::EngineError;
use crate::head::Fold;
use crate::kin;
use crate::measure::Measures;
use crate::pump::Mark;
use crate::quarantine::Aside;
use crate::restored::{self, Standing};
use crate::retry::Backoff;
use crate::versions::Versions;

/// How far a takeover lifts the stamps above all that the predecessor can have used, in microseconds.
const LIFT: i64 = 10_000_000;

/// What the predecessor left.
pub(crate) struct Taken {
    pub(crate) tenure: Tenure,
    pub(crate) epoch_stamp: Stamp,
    pub(crate) fold: Fold,
    pub(crate) cursor: Mark,
    pub(crate) quarantined: Vec<(Entity, Aside)>,
}

/// Takes the partition over, for as long as the store needs to answer. `foreign`: a record past this position was found to be another
/// than the one applied there, though the newest rungs did not show it.
pub(crate) async fn take(
    partition: Partition,
    config: &EngineConfig,
    ports: &Ports,
    foreign: Option<Position>,
) -> Result<Taken, EngineError> {
    let mut backoff = Backoff::default();
    loop {
        match attempt(partition, config, ports, foreign).await {
            Ok(Some(taken)) => return Ok(taken),
            Ok(None) => {}
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Store(error)) => {
                tracing::warn!(%partition, %error, "the partition is not taken over yet");
            }
            Err(Trouble::Log(why)) => {
                tracing::warn!(%partition, why, "the log does not let the partition be taken over yet");
            }
        }
        backoff.wait().await;
    }
}

enum Trouble {
    /// Try again.
    Store(StoreError),
    /// Try again.
    Log(String),
    Final(EngineError),
}

impl Trouble {
    /// What a log that was at this incarnation before means by its error.
    fn of_log(ports: &Ports, partition: Partition, before: u64, error: ReadError) -> Self {
        match error {
            ReadError::Unavailable(why) => Self::Log(why),
            // It moved on while it was looked at.
            ReadError::OtherIncarnation if ports.log.incarnation() != before => {
                Self::Log(error.to_string())
            }
            ReadError::OtherIncarnation | ReadError::Gap { .. } | ReadError::Truncated { .. } => {
                Self::Final(EngineError::Log {
                    partition,
                    why: error.to_string(),
                })
            }
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// `None` where another took it over in between, or its owner went on.
async fn attempt(
    partition: Partition,
    config: &EngineConfig,
    ports: &Ports,
    foreign: Option<Position>,
) -> Result<Option<Taken>, Trouble> {
    let before = ports.store.head(partition).await?;
    let incarnation = ports.log.incarnation();
    let log_trouble = |error| Trouble::of_log(ports, partition, incarnation, error);
    let mut fold = match &before {
        None => Fold {
            incarnation: ports.log.incarnation(),
            ..Fold::default()
        },
        Some(head) => {
            Fold::decode(&head.fold).ok_or_else(|| Trouble::Final(kin::other_version(partition)))?
        }
    };
    let logic = fold.timeline.logic.now();
    if !ports.versions.logic().has(logic) {
        let lacks = kin::lacks(partition, logic, ports.versions.logic());
        return Err(Trouble::Final(lacks));
    }
    let clock = kin::check_clock(partition, ports.log.as_ref(), (config.now)());
    clock.await.map_err(log_trouble)?.map_err(Trouble::Final)?;
    if before.is_none() {
        let begins = kin::check_beginning(partition, ports.log.as_ref());
        begins.await.map_err(log_trouble)?.map_err(Trouble::Final)?;
    }
    let mut cursor = before.as_ref().map_or(Position::START, |head| head.cursor);
    same_programmes(partition, &mut fold, &ports.versions)
        .await
        .map_err(Trouble::Final)?;
    let standing = match foreign {
        Some(kept) if kept <= cursor => Standing::Other {
            kept: fold.rung(kept),
            why: "another record stands where one was applied".to_owned(),
        },
        _ => restored::standing(partition, ports.log.as_ref(), &fold, cursor)
            .await
            .map_err(log_trouble)?,
    };
    let checksum = match standing {
        Standing::Same(checksum) => {
            fold.incarnation = ports.log.incarnation();
            checksum
        }
        Standing::Foreign { why } => {
            return Err(Trouble::Final(EngineError::ForeignLog { partition, why }));
        }
        Standing::Other { kept, why } => {
            tracing::error!(%partition, %cursor, kept = %kept.cursor, why, "the log is not the one that was folded");
            let next = restored::next_incarnation(ports.log.as_ref(), fold.incarnation)
                .await
                .map_err(log_trouble)?;
            restored::go_back(&mut fold, kept, cursor, next, (config.now)());
            cursor = kept.cursor;
            kept.checksum
        }
    };
    let head = next_head(config, before.as_ref(), &fold, cursor);
    let over = Over::seen(before.as_ref());
    if !set(ports.store.as_ref(), partition, over, &head).await? {
        return Ok(None);
    }
    let tenure = Tenure {
        partition,
        epoch: head.epoch,
        taken: cursor,
        swept: fold.swept,
        config: config.clone(),
        ports: ports.clone(),
        catalogue: RefCell::new(catalogue(&fold, &ports.versions)),
        timeline: RefCell::new(fold.timeline.clone()),
        measures: Measures::new(partition, &ports.sinks),
    };
    let mut quarantined = quarantined(ports.store.as_ref(), partition).await?;
    let epoch = head.epoch;
    let put_right = restored::put_right(&tenure, head, &mut fold, &mut quarantined);
    let epoch_stamp = put_right.await.map_err(Trouble::Final)?;
    tracing::info!(%partition, %epoch, %cursor, "partition taken over");
    let mark = Mark {
        position: cursor,
        clock: fold.clock,
        checksum,
        stretch: 0,
    };
    Ok(Some(Taken {
        epoch_stamp,
        tenure,
        fold,
        cursor: mark,
        quarantined,
    }))
}

fn catalogue(fold: &Fold, versions: &Versions) -> Catalogue {
    let mut catalogue = Catalogue::default();
    for brand in fold.active.keys() {
        for number in [fold.timeline.active(brand), fold.timeline.known(brand)] {
            if let Some(programme) = versions.get(brand, number) {
                catalogue.learn(&programme);
            }
        }
    }
    catalogue
}

fn next_head(config: &EngineConfig, before: Option<&Head>, fold: &Fold, cursor: Position) -> Head {
    let now_us = (config.now)().nanos() / 1_000;
    let stamp = match before {
        // The stamp a predecessor began with counts too: it may have written rows without ever completing a checkpoint.
        Some(head) => Stamp(now_us.max(head.last_stamp.max(head.epoch_stamp).0 + LIFT)),
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
    over: Over,
    head: &Head,
) -> Result<bool, StoreError> {
    match store.set_head(partition, over, head.clone()).await {
        Ok(Cas::Applied) => Ok(true),
        Ok(Cas::Refused(there)) => Ok(there.as_ref() == Some(head)),
        Err(StoreError::Unknown(_)) => Ok(store.head(partition).await?.as_ref() == Some(head)),
        Err(error) => Err(error),
    }
}

/// The head's programmes must be those that are published: folding on under others would give what no replay gives.
async fn same_programmes(
    partition: Partition,
    fold: &mut Fold,
    versions: &Versions,
) -> Result<(), EngineError> {
    for (brand, folded) in &fold.active {
        let timeline = &fold.timeline;
        let programme = versions.learn(brand, timeline.active(brand)).await?;
        versions.learn(brand, timeline.known(brand)).await?;
        if programme.version.0 != *folded {
            return Err(EngineError::OtherProgramme {
                partition,
                brand: brand.clone(),
                folded: folded.clone(),
                here: programme.version.0.clone(),
            });
        }
    }
    fold.active = versions.active(&fold.timeline);
    Ok(())
}

async fn quarantined(
    store: &dyn StateStore,
    partition: Partition,
) -> Result<Vec<(Entity, Aside)>, StoreError> {
    let rows = store.quarantined(partition).await?.into_iter();
    Ok(rows
        .filter_map(|(entity, bytes)| Some((entity, Aside::decode(&bytes)?)))
        .collect())
}
