//! Reads a partition's records in chunks, and groups a chunk's records by player.
//!
//! Runs one chunk ahead of the partition, which takes the next one only while it has credits. A record that cannot be decoded is
//! counted, told and passed: nobody's record blocks the others.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use people::Opened;
use ports::{Entity, Key, LogRecord, ReadError};
use tokio::sync::mpsc;
use types::{Body, BrandId, Change, Event, Position, Record, Timestamp};

use crate::context::Tenure;
use crate::error::EngineError;
use crate::follow::Follow;
use crate::load;
use crate::logic::Rules;
use crate::timeline::Timeline;

/// A place in the partition with what a head says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) position: Position,
    /// Running maximum of recorded time up to it.
    pub(crate) clock: Timestamp,
    /// CRC-32C of the record there.
    pub(crate) checksum: u32,
    /// CRC-32C over the checksums of all records of the tenure up to it.
    pub(crate) stretch: u32,
}

impl Mark {
    /// The place of a record that stands next.
    pub(crate) fn after(self, read: &LogRecord) -> Self {
        let checksum = crc32c::crc32c(&read.body);
        Self {
            position: read.position,
            clock: self.clock.max(read.recorded_at),
            checksum,
            stretch: crc32c::crc32c_append(self.stretch, &checksum.to_le_bytes()),
        }
    }
}

/// A record of a player, and the place before it: where the cursor stays while the record waits.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) before: Mark,
    /// What it is folded under.
    pub(crate) rules: Rules,
    pub(crate) record: Record,
    /// The player's key, where something of the record was sealed.
    pub(crate) key: Option<Arc<Key>>,
}

/// Consecutive records, by player.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) groups: Vec<(Entity, Vec<Queued>)>,
    /// What its records say of programmes, and of logic versions.
    pub(crate) changes: Vec<Heard>,
    pub(crate) end: Mark,
}

impl Chunk {
    /// How many records it has for players.
    pub(crate) fn records(&self) -> usize {
        self.groups.iter().map(|(_, records)| records.len()).sum()
    }
}

/// What a record said of what is folded behind it, and where.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) news: News,
    pub(crate) at: Mark,
}

/// What there is to hear.
#[derive(Clone, Debug)]
pub(crate) enum News {
    /// Of a programme.
    Programme(Change),
    /// Another logic version.
    Logic(u32),
}

/// Reads from `from` on, until the partition stops listening or the log cannot be read on.
pub(crate) async fn run(
    tenure: Rc<Tenure>,
    from: Mark,
    chunks: mpsc::Sender<Result<Chunk, EngineError>>,
) {
    let mut follow = Follow::after(&tenure, from.position);
    let mut at = from;
    let mut timeline = tenure.timeline.borrow().clone();
    loop {
        let chunk = match follow.next().await {
            Ok(records) => match learn(&tenure, &records).await {
                Ok(()) => match grouped(&tenure, &mut timeline, &mut at, &records).await {
                    // Nothing of it is folded: whoever has the version begins where the last head left it.
                    Ok(_) if !tenure.ports.versions.logic().has(timeline.logic.now()) => {
                        Err(tenure.lacks(timeline.logic.now()))
                    }
                    Ok(mut chunk) => {
                        for (entity, queued) in &mut chunk.groups {
                            open(&tenure, entity, queued).await;
                        }
                        Ok(chunk)
                    }
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            },
            Err(error) => Err(ended(&tenure, at.position, &error)),
        };
        let last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || last {
            return;
        }
    }
}

/// Why the log is not read on.
fn ended(tenure: &Tenure, after: Position, error: &ReadError) -> EngineError {
    let (partition, why) = (tenure.partition, error.to_string());
    match error {
        ReadError::Gap { .. } | ReadError::OtherIncarnation => EngineError::LogBroken {
            partition,
            after,
            why,
        },
        ReadError::Truncated { .. } | ReadError::Unavailable(_) => {
            EngineError::Log { partition, why }
        }
    }
}

/// Has every publication that the records speak of, before the first record is folded under it.
async fn learn(tenure: &Tenure, records: &[LogRecord]) -> Result<(), EngineError> {
    for read in records {
        if let Some(change) = events::record::change(&read.body) {
            let versions = &tenure.ports.versions;
            versions.learn(&change.brand, change.number).await?;
        }
    }
    Ok(())
}

/// Opens what is sealed of a player's records. Of an erased player it is gone, and they are folded without.
pub(crate) async fn open(tenure: &Tenure, entity: &Entity, queued: &mut [Queued]) {
    let sealed = |queued: &Queued| match &queued.record.body {
        Body::Event { event, .. } => event.attributes.contains_key(people::SEALED),
        Body::Tick(_) | Body::Programme(_) | Body::Logic(_) => false,
    };
    if !queued.iter().any(sealed) {
        return;
    }
    let (key, erased) = load::key(tenure, entity).await;
    let mut lost = 0;
    for queued in queued {
        if let Body::Event { brand, event, .. } = &mut queued.record.body {
            let opened = people::open_event(key.as_deref(), brand, event);
            if opened != Opened::Plain {
                queued.key.clone_from(&key);
            }
            lost += u64::from(opened == Opened::Lost);
        }
    }
    // Of an erased player that is as it should be.
    if lost > 0 && !erased {
        tenure.measures.unopened(lost);
        tracing::error!(
            partition = %tenure.partition,
            records = lost,
            "a player's key is not there, or another: what is sealed of its records is passed over; put people/ of a backup back"
        );
    }
}

/// What a record is folded under: what is in effect, or for a question the newer publication that the asker knew.
pub(crate) fn rules(tenure: &Tenure, timeline: &Timeline, brand: &BrandId, event: &Event) -> Rules {
    let active = timeline.rules(brand);
    let Some(version) = progression::asked_under(event) else {
        return active;
    };
    let versions = &tenure.ports.versions;
    let newer = versions.find(brand, version, active.number, timeline.known(brand));
    Rules {
        number: newer.unwrap_or(active.number),
        ..active
    }
}

/// Groups records by player. A brand that was begun elsewhere is asked for before its first record is grouped, so that none is passed.
async fn grouped(
    tenure: &Tenure,
    timeline: &mut Timeline,
    at: &mut Mark,
    records: &[LogRecord],
) -> Result<Chunk, EngineError> {
    let mut nobodys = HashSet::new();
    loop {
        let (mut heard, mut end) = (Cow::Borrowed(&*timeline), *at);
        match group(tenure, &mut heard, &mut end, records, &nobodys) {
            Ok((chunk, passed)) => {
                if let Cow::Owned(heard) = heard {
                    *timeline = heard;
                }
                *at = end;
                for (position, why) in passed {
                    tracing::error!(partition = %tenure.partition, %position, why, "poison record passed");
                    tenure.measures.poison();
                }
                return Ok(chunk);
            }
            Err(stranger) => {
                if !tenure.ports.versions.meet(&stranger).await? {
                    nobodys.insert(stranger);
                }
            }
        }
    }
}

/// The records by player, and which are passed over and why; or the first brand that is not known here. Records of `nobodys` brands are
/// passed over.
fn group(
    tenure: &Tenure,
    timeline: &mut Cow<'_, Timeline>,
    at: &mut Mark,
    records: &[LogRecord],
    nobodys: &HashSet<BrandId>,
) -> Result<(Chunk, Vec<(Position, String)>), BrandId> {
    let count = records.len();
    let _span =
        tracing::debug_span!("chunk", partition = %tenure.partition, records = count).entered();
    let mut groups: Vec<(Entity, Vec<Queued>)> = Vec::new();
    let mut place: HashMap<Entity, usize> = HashMap::new();
    let (mut changes, mut passed) = (Vec::new(), Vec::new());
    for read in records {
        let before = *at;
        *at = at.after(read);
        let record = match events::record::decode(read.position, at.clock, &read.body) {
            Ok(record) => record,
            Err(error) => {
                passed.push((read.position, error.to_string()));
                continue;
            }
        };
        let (brand, event) = match &record.body {
            Body::Event { brand, event, .. } => (brand, event),
            Body::Programme(change) => {
                timeline.to_mut().hear(change, at.position, at.clock);
                changes.push(Heard {
                    news: News::Programme(change.clone()),
                    at: *at,
                });
                continue;
            }
            Body::Logic(version) => {
                let logic = &mut timeline.to_mut().logic;
                logic.hear(*version, at.position, at.clock);
                changes.push(Heard {
                    news: News::Logic(*version),
                    at: *at,
                });
                continue;
            }
            Body::Tick(_) => continue,
        };
        if !tenure.ports.versions.knows(brand) {
            if !nobodys.contains(brand) {
                return Err(brand.clone());
            }
            passed.push((read.position, format!("brand {brand} has no programme")));
            continue;
        }
        let entity = Entity {
            brand: brand.clone(),
            player: event.player.clone(),
        };
        let queued = Queued {
            before,
            rules: rules(tenure, timeline, brand, event),
            record,
            key: None,
        };
        match place.get(&entity) {
            Some(index) => groups[*index].1.push(queued),
            None => {
                place.insert(entity.clone(), groups.len());
                groups.push((entity, vec![queued]));
            }
        }
    }
    let chunk = Chunk {
        groups,
        changes,
        end: *at,
    };
    Ok((chunk, passed))
}
