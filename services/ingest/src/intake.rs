//! Takes events that were read: rate, records, append, results. The same for HTTP and gRPC.
//!
//! What is answered when the log does not take everything:
//! - nothing of the request became durable: the request is refused as a whole (503), and may be sent again as it is;
//! - some of it did (its events lie in several partitions): the rest is answered event by event as `rejected` with code
//!   `unavailable`, and is to be sent again. A refusal of the whole would deny what is durable.
//!
//! Whether a batch whose append ended as *unknown* is in the log does not matter to the sender: sent again, it is a replay.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::Bytes;
use events::{Clock, Code, Context, Incoming, Rejection, Sources, partition_of, record};
use futures::stream::{self, StreamExt};
use people::{People, SEALED, has_personal, seal_event};
use ports::{AppendError, Entity, Entry, EventLog, Key};
use programme::model::Programme;
use tokio::sync::Semaphore;
use types::{Event, EventId, Partition, PlayerId, Position, Timestamp};

use crate::appender::{Appender, Outcome};
use crate::budget::{Budget, Share};
use crate::config::Config;
use crate::keys::{Caller, Scope};
use crate::metrics;
use crate::problem::{Kind, Problem};
use crate::programmes::Programmes;
use crate::queries::{Applied, Queries};
use crate::rate::Rates;
use crate::refusal;
use crate::results::{EventResult, Place, Status};

/// The most bytes of a record in the log.
const RECORD_BYTES_MAX: usize = 128 * 1024;
/// Room kept for each record of a request: nearly all fit.
const RECORD_BYTES: usize = 256;
/// Answers of the engine that one request waits for at once.
const WAITS_AT_ONCE: usize = 64;

/// An event as it was read, or why it was not.
pub(crate) type Read = Result<Incoming, Rejection>;

/// What takes events.
pub(crate) struct Intake {
    pub(crate) config: Config,
    pub(crate) log: Arc<dyn EventLog>,
    pub(crate) people: Arc<People>,
    pub(crate) programmes: Arc<dyn Programmes>,
    pub(crate) queries: Arc<dyn Queries>,
    pub(crate) appender: Appender,
    pub(crate) budget: Budget,
    pub(crate) rates: Rates,
    /// One preview at a time.
    pub(crate) previewing: Semaphore,
}

/// How a request wants its events taken.
pub(crate) struct Request<'a> {
    pub(crate) caller: &'a Caller,
    /// The programme that the events were read against.
    pub(crate) programme: &'a Programme,
    /// W3C trace context to be kept with the records.
    pub(crate) traceparent: Option<String>,
    /// Answer after the events are folded.
    pub(crate) wait: bool,
}

/// An event on its way to the log: where its record stands among those of its request.
struct Sent {
    id: EventId,
    player: PlayerId,
    batch: usize,
    index: u32,
}

/// The records of a request, by partition; and of each of its events where its record is, or why it has none.
#[derive(Default)]
struct Records {
    batches: Vec<(Partition, Vec<Entry>)>,
    sent: Vec<Result<Sent, Rejection>>,
}

impl Records {
    /// Adds a record; which batch it is in, and where.
    fn push(&mut self, partition: Partition, entry: Entry) -> (usize, u32) {
        let known = self.batches.iter().position(|(it, _)| *it == partition);
        let batch = known.unwrap_or_else(|| {
            self.batches.push((partition, Vec::new()));
            self.batches.len() - 1
        });
        let entries = &mut self.batches[batch].1;
        entries.push(entry);
        // A request has at most some thousand events.
        (batch, entries.len() as u32 - 1)
    }
}

impl Intake {
    /// The programme of the caller's brand.
    pub(crate) fn programme(&self, caller: &Caller) -> Result<Arc<Programme>, Problem> {
        self.programmes.current(&caller.brand).ok_or_else(|| {
            Problem::new(
                Kind::Forbidden,
                format!(
                    "brand `{}` has no programme on this server: `PUT /v1/programme`, then `POST /v1/programme:publish`",
                    caller.brand
                ),
            )
        })
    }

    /// The player of the caller's brand, as far as there can be one.
    pub(crate) fn entity(&self, caller: &Caller, player: &str) -> Option<Entity> {
        self.programmes.current(&caller.brand)?;
        Some(Entity {
            brand: caller.brand.clone(),
            player: PlayerId::new(player).ok()?,
        })
    }

    /// What the caller's events are read against.
    pub(crate) fn context<'a>(&self, caller: &'a Caller, programme: &'a Programme) -> Context<'a> {
        Context {
            programme,
            sources: caller.source.as_ref().map_or(Sources::Named, Sources::Only),
            clock: self.config.clock,
            adjusts: caller.scopes.contains(&Scope::Adjust),
        }
    }

    /// Makes the events durable and says, in order, what became of each.
    pub(crate) async fn take(
        &self,
        request: Request<'_>,
        events: Vec<Read>,
        mut share: Share,
    ) -> Result<Vec<EventResult>, Problem> {
        if events.is_empty() {
            return Err(Problem::new(
                Kind::EmptyBatch,
                "there is no event in the request",
            ));
        }
        self.rates
            .take(request.caller, events.len(), Instant::now())?;
        let keys = self.keys(&request, &events).await?;
        let Records { batches, sent } = self.records(&request, &keys, events);
        let bodies = batches.iter().flat_map(|(_, entries)| entries);
        share.grow(bodies.map(|entry| entry.body.len()).sum())?;
        metrics::events("rejected", sent.iter().filter(|sent| sent.is_err()).count());
        let partitions: Vec<Partition> = batches.iter().map(|(partition, _)| *partition).collect();
        let outcomes = self.appender.append(batches, share).await;
        refuse_if_nothing_is_durable(&outcomes)?;
        let (mut accepted, mut failed) = (0, 0);
        let results = sent.iter().map(|sent| match sent {
            Ok(sent) => match &outcomes[sent.batch] {
                Ok(first) => {
                    accepted += 1;
                    let place = Place(partitions[sent.batch], after(*first, sent.index));
                    EventResult::accepted(&sent.id, place)
                }
                Err(error) => {
                    failed += 1;
                    EventResult::failed(&sent.id, error.to_string())
                }
            },
            Err(rejection) => EventResult::rejected(rejection),
        });
        let mut results: Vec<EventResult> = results.collect();
        metrics::events("accepted", accepted);
        metrics::events("failed", failed);
        if request.wait {
            self.wait(request.caller, &sent, &mut results).await;
        }
        Ok(results)
    }

    /// The events' records, all of them in one piece of memory.
    fn records(
        &self,
        request: &Request<'_>,
        keys: &HashMap<PlayerId, Key>,
        events: Vec<Read>,
    ) -> Records {
        let (brand, accepted_at) = (&request.caller.brand, now());
        let mut bytes = Vec::with_capacity(events.len() * RECORD_BYTES);
        let encoded = events.into_iter().map(|read| {
            let incoming = read?;
            let body = self.encode(request, keys, accepted_at, &incoming.event, &mut bytes)?;
            Ok((incoming, body))
        });
        let encoded: Vec<Result<_, Rejection>> = encoded.collect();
        let (bytes, mut records) = (Bytes::from(bytes), Records::default());
        for encoded in encoded {
            let sent = encoded.map(|(Incoming { event, recorded_at }, body)| {
                let entry = Entry {
                    recorded_at: match self.config.clock {
                        Clock::Log => None,
                        Clock::Event => Some(recorded_at.unwrap_or(event.occurred_at)),
                    },
                    body: bytes.slice(body),
                };
                let partition = partition_of(brand, &event.player, self.appender.partitions());
                let (batch, index) = records.push(partition, entry);
                Sent {
                    id: event.id,
                    player: event.player,
                    batch,
                    index,
                }
            });
            if let Err(rejection) = &sent {
                metrics::rejected(rejection.code.as_str());
            }
            records.sent.push(sent);
        }
        records
    }

    /// The keys of players of whom something personal comes; those who were erased have none.
    async fn keys(
        &self,
        Request {
            caller, programme, ..
        }: &Request<'_>,
        events: &[Read],
    ) -> Result<HashMap<PlayerId, Key>, Problem> {
        let personal = events.iter().flatten();
        let personal = personal.filter(|incoming| {
            let event = &incoming.event;
            has_personal(event, declared(programme, event))
        });
        let mut players: Vec<PlayerId> = personal.map(|it| it.event.player.clone()).collect();
        if players.is_empty() {
            return Ok(HashMap::new());
        }
        players.sort_unstable();
        players.dedup();
        let entity = |player: &PlayerId| Entity {
            brand: caller.brand.clone(),
            player: player.clone(),
        };
        let keys = self.people.keys(players.iter().map(entity).collect());
        let keys = players.iter().cloned().zip(keys.await?);
        Ok(keys
            .filter_map(|(player, key)| Some((player, key?)))
            .collect())
    }

    /// The event as the log takes it: what is personal is sealed.
    fn stored(
        &self,
        Request {
            caller, programme, ..
        }: &Request<'_>,
        keys: &HashMap<PlayerId, Key>,
        event: &Event,
    ) -> Result<Option<Event>, Rejection> {
        let rejected = |code: Code, detail: String| Rejection {
            code,
            detail,
            id: Some(event.id.to_string()),
        };
        let erased = || rejected(Code::PlayerErased, "the player was erased".to_owned());
        if self.people.is_erased(&caller.brand, &event.player) {
            return Err(erased());
        }
        if event.attributes.contains_key(SEALED) {
            let detail = format!("`{SEALED}` is reserved");
            return Err(rejected(Code::BadAttribute, detail));
        }
        let declared = declared(programme, event);
        if !has_personal(event, declared) {
            return Ok(None);
        }
        let key = keys.get(&event.player).ok_or_else(erased)?;
        let sealed = seal_event(key, &caller.brand, event, declared);
        let detail = "what is personal of it cannot be sealed".to_owned();
        sealed
            .map(Some)
            .ok_or_else(|| rejected(Code::BadAttribute, detail))
    }

    /// Writes an event's record to the end of `bytes`; where it stands there.
    fn encode(
        &self,
        request: &Request<'_>,
        keys: &HashMap<PlayerId, Key>,
        accepted_at: Timestamp,
        event: &Event,
        bytes: &mut Vec<u8>,
    ) -> Result<Range<usize>, Rejection> {
        let brand = &request.caller.brand;
        let traceparent = request.traceparent.as_deref();
        let stored = self.stored(request, keys, event)?;
        let start = bytes.len();
        let stored = stored.as_ref().unwrap_or(event);
        record::encode_into(bytes, brand, accepted_at, stored, traceparent);
        let length = bytes.len() - start;
        // Many tiny values take more room in the log than they do in JSON.
        if length > RECORD_BYTES_MAX {
            bytes.truncate(start);
            return Err(Rejection {
                code: Code::TooLarge,
                detail: format!(
                    "the event takes {length} bytes in the log, the most is {RECORD_BYTES_MAX}"
                ),
                id: Some(event.id.to_string()),
            });
        }
        Ok(start..bytes.len())
    }

    // What is not folded in time stays `accepted`, which is true.
    async fn wait(
        &self,
        caller: &Caller,
        sent: &[Result<Sent, Rejection>],
        results: &mut [EventResult],
    ) {
        let deadline = tokio::time::Instant::now() + self.config.wait_timeout;
        let waits = sent.iter().enumerate().filter_map(|(at, sent)| {
            let Place(_, position) = results[at].position?;
            let entity = Entity {
                brand: caller.brand.clone(),
                player: sent.as_ref().ok()?.player.clone(),
            };
            Some(async move {
                let outcome = self.queries.outcome(&entity, position);
                (at, tokio::time::timeout_at(deadline, outcome).await)
            })
        });
        let waits: Vec<_> = waits.collect();
        let mut outcomes = stream::iter(waits).buffer_unordered(WAITS_AT_ONCE);
        while let Some((at, outcome)) = outcomes.next().await {
            let result = &mut results[at];
            match outcome {
                Ok(Ok(outcome)) => {
                    result.status = Status::Folded(outcome.status);
                    result.detail = match outcome.status {
                        Applied::Conflict => Some(refusal::CONFLICT.to_owned()),
                        _ if outcome.code.is_empty() => None,
                        // Or the replay of what was refused.
                        _ => Some(refusal::sentence(&outcome.code).to_owned()),
                    };
                    result.code =
                        (!outcome.code.is_empty()).then(|| String::from(outcome.code).into());
                    result.emissions = Some(outcome.emissions);
                }
                Ok(Err(error)) => result.detail = Some(format!("not waited for: {error}")),
                Err(_) => result.detail = Some("not applied in the time allowed".to_owned()),
            }
        }
    }

    /// Appends a record to every partition that says that it is at least this late.
    pub(crate) async fn tick(&self, recorded_at: Timestamp) -> Result<Vec<Place>, Problem> {
        if self.config.clock == Clock::Log {
            return Err(Problem::new(
                Kind::LogClock,
                "time can be set only where the server runs on event time",
            ));
        }
        let entry = Entry {
            recorded_at: Some(recorded_at),
            body: record::encode_tick(),
        };
        let partitions = (0..self.appender.partitions()).map(Partition);
        let batches = partitions.clone().map(|it| (it, vec![entry.clone()]));
        let outcomes = self
            .appender
            .append(batches.collect(), self.budget.share())
            .await;
        let places = partitions.zip(outcomes).map(|(partition, outcome)| {
            let position = outcome.map_err(|error| Problem::from(&*error))?;
            Ok(Place(partition, position))
        });
        places.collect()
    }
}

/// What the programme says is personal of the event, beyond the profile.
fn declared<'a>(programme: &'a Programme, event: &Event) -> &'a [Box<str>] {
    let types = &programme.event_types;
    let kind = types.find(&event.kind).map(|ix| types.get(ix));
    kind.map_or(&[], |kind| &kind.personal)
}

fn after(first: Position, index: u32) -> Position {
    Position {
        sequence: first.sequence,
        index: first.index + index,
    }
}

fn refuse_if_nothing_is_durable(outcomes: &[Outcome]) -> Result<(), Problem> {
    let full = |error: &&Arc<AppendError>| matches!(***error, AppendError::Full);
    let errors = || outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    if outcomes.is_empty() || outcomes.iter().any(Result::is_ok) {
        return Ok(());
    }
    match errors().find(full).or_else(|| errors().next()) {
        Some(error) => Err(Problem::from(&**error)),
        None => Ok(()),
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let nanos = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(nanos).unwrap_or(Timestamp::MAX)
}
