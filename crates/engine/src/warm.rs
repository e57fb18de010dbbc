//! Before a planned takeover: what the successor can know before it owns anything.
//!
//! It reads the head, has the programmes that it names, reads on in the log from its cursor for who is active, and has the store read
//! their snapshots once. It keeps none of these: the owner goes on to write them. With the takeover those players are read in together,
//! before their records come one by one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use ports::{Entity, LogRecord, ReadError, StoreError};
use tokio::time::Instant;
use types::{Body, Partition as PartitionId, Position, Timestamp};

use crate::context::Ports;
use crate::error::EngineError;
use crate::head::Fold;
use crate::partition::Partition;

/// Records read ahead, at most.
const RECORDS: usize = 65_536;
/// Records read at once.
const CHUNK: usize = 1_024;
/// Players kept, at most.
const PLAYERS: usize = 4_096;
/// What was read is not read again within this time: the successor warms up by itself, and is asked to.
const FRESH: Duration = Duration::from_secs(3);
/// Players read at once.
const PAGE: usize = 256;

/// Who was active in a partition.
#[derive(Debug)]
pub(crate) struct Warm {
    players: Vec<Entity>,
    read: Instant,
}

impl Warm {
    pub(crate) fn players(&self) -> usize {
        self.players.len()
    }

    /// How many there are, if it was read a moment ago.
    pub(crate) fn players_if_fresh(&self) -> Option<usize> {
        (self.read.elapsed() < FRESH).then(|| self.players())
    }
}

/// Warms a partition up. What the ports do not answer ends it: it is an aid, and nothing waits for it long.
pub(crate) async fn up(partition: PartitionId, ports: &Ports) -> Result<Warm, EngineError> {
    let store_error = |error: StoreError| EngineError::Store {
        partition,
        why: error.to_string(),
    };
    let head = ports.store.head(partition).await.map_err(store_error)?;
    let fold = head.as_ref().and_then(|head| Fold::decode(&head.fold));
    if let Some(fold) = &fold {
        for brand in fold.active.keys() {
            // With those before it.
            let newest = fold.timeline.known(brand);
            ports.versions.learn(brand, newest).await?;
        }
    }
    let cursor = head.map_or(Position::START, |head| head.cursor);
    let active = active(partition, ports, cursor)
        .await
        .map_err(|error| EngineError::Log {
            partition,
            why: error.to_string(),
        })?;
    for page in active.chunks(PAGE) {
        let read = ports.store.snapshots(partition, page).await;
        read.map_err(store_error)?;
    }
    Ok(Warm {
        players: active,
        read: Instant::now(),
    })
}

/// Who has records after the cursor, up to where the log ends now.
async fn active(
    partition: PartitionId,
    ports: &Ports,
    cursor: Position,
) -> Result<Vec<Entity>, ReadError> {
    let (end, _) = ports.log.end(partition).await?;
    let (mut found, mut seen, mut read) = (Vec::new(), HashSet::new(), 0);
    let mut at = cursor;
    let mut reader = match end > cursor {
        true => ports.log.read(partition, cursor).await?,
        false => return Ok(found),
    };
    while at < end && read < RECORDS && found.len() < PLAYERS {
        let records = reader.next(CHUNK).await?;
        for record in &records {
            at = record.position;
            found.extend(of(record).filter(|entity| seen.insert(entity.clone())));
        }
        read += records.len();
    }
    found.truncate(PLAYERS);
    Ok(found)
}

fn of(record: &LogRecord) -> Option<Entity> {
    let decoded = events::record::decode(record.position, Timestamp::MIN, &record.body).ok()?;
    match decoded.body {
        Body::Event { brand, event, .. } => Some(Entity {
            brand,
            player: event.player,
        }),
        Body::Programme(_) | Body::Tick(_) | Body::Logic(_) => None,
    }
}

impl Partition {
    /// Reads in who is expected, as long as there is room.
    pub(crate) fn expect(&mut self, warm: Option<Warm>) {
        let known = warm.map_or_else(Vec::new, |warm| warm.players);
        let versions = Arc::clone(&self.tenure.ports.versions);
        let known: Vec<Entity> = known
            .into_iter()
            .filter(|entity| versions.knows(&entity.brand) && self.slots.find(entity).is_none())
            .collect();
        for page in known.chunks(PAGE) {
            let missing = page
                .iter()
                .map(|entity| (self.slots.add(entity.clone()), entity.clone()));
            let missing = missing.collect();
            self.load(missing);
        }
    }
}
