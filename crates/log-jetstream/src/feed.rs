//! Messages of one partition, as one consumer gives them: our own pull loop.
//!
//! The consumer is ephemeral, in memory, without acknowledgements, one for each reader, and thrown away whenever anything is unclear: it
//! costs milliseconds to make, and the cursor is the reader's. A pull ends after a second, and while nothing comes the server says every
//! 0.4 s that it is there. Silence of a second means that the consumer, its server or the connection is gone; all that takes three times as
//! long where no message has come for five seconds. The library's own batches
//! lose a wake-up after such a heartbeat and its ordered consumer takes half a minute to notice a dead server; neither is used.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Config, DeliverPolicy, ReplayPolicy};
use async_nats::{Message, Subscriber, datetime, jetstream};
use bytes::Bytes;
use futures::StreamExt as _;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use types::{Partition, Timestamp};

use crate::api::{Api, ApiError};
use crate::behind::Behind;
use crate::frame;
use crate::layout::Layout;

/// Messages of one pull.
const PULL_MESSAGES: usize = 256;
/// Bytes of one pull: more than the largest message, and the most that waits in memory for one reader.
const PULL_BYTES: usize = 2 * frame::BYTES_MAX;
/// While records come.
const BRISK: Rhythm = Rhythm {
    expires: Duration::from_secs(1),
    heartbeat: Duration::from_millis(400),
    watchdog: Duration::from_secs(1),
};
/// Where none has come for a while: many partitions that have nothing to do should cost next to nothing.
const CALM: Rhythm = Rhythm {
    expires: Duration::from_secs(5),
    heartbeat: Duration::from_millis(1_200),
    watchdog: Duration::from_secs(3),
};
/// The while.
const CALM_AFTER: Duration = Duration::from_secs(5);
/// For a reader that did not look for longer than that: what has come meanwhile needs a moment to get from the socket to it.
const GRACE: Duration = Duration::from_millis(200);
/// A consumer that nobody pulls from is forgotten by the server after this.
const INACTIVE: Duration = Duration::from_secs(10);

/// The times of a pull.
#[derive(Clone, Copy, Debug)]
struct Rhythm {
    /// How long it stands.
    expires: Duration,
    /// How often the server says that it does.
    heartbeat: Duration,
    /// Silence that means that it does not.
    watchdog: Duration,
}

/// Where a feed begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    /// At this sequence of the stream, or the next of the partition behind it.
    Sequence(u64),
    /// At the first message of this time or later.
    Time(Timestamp),
}

/// What a feed gives.
pub(crate) enum Event {
    Message(Delivered),
    /// It gives nothing any more.
    Lost(Lost),
}

/// Why a feed ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// Nothing came for too long.
    Silent,
    /// The server ended it.
    Status,
    /// A message was left out or came twice.
    Order,
    /// What the stream has does not come.
    Behind,
    /// The connection was closed for good.
    Closed,
}

impl Lost {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Status => "status",
            Self::Order => "order",
            Self::Behind => "behind",
            Self::Closed => "closed",
        }
    }
}

/// A message of the partition.
pub(crate) struct Delivered {
    pub(crate) sequence: u64,
    /// The server's stamp.
    pub(crate) time: Timestamp,
    pub(crate) body: Bytes,
}

pub(crate) struct Feed {
    api: Api,
    messages: Subscriber,
    inbox: String,
    pull_subject: String,
    /// What the pull under way may still bring; none is under way at 0.
    wanted: usize,
    /// Messages of the pull under way.
    brought: usize,
    consumer_sequence: u64,
    sequence: u64,
    /// Of the pull under way.
    rhythm: Rhythm,
    /// When the last message came.
    heard: Instant,
    alive_until: Instant,
    graced: bool,
    behind: Behind,
    /// Anything has come: the consumer works.
    pub(crate) proved: bool,
}

impl Feed {
    /// Makes a consumer.
    pub(crate) async fn open(
        api: &Api,
        layout: &Layout,
        partition: Partition,
        start: Start,
    ) -> Result<Self, ApiError> {
        let stream = layout.stream_of(partition);
        let filter = layout.subject(partition);
        let inbox = api.client().new_inbox();
        let unique = inbox.rsplit('.').next().unwrap_or_default();
        let name = format!("p{partition}-{unique}");
        let config = Config {
            name: Some(name.clone()),
            deliver_policy: policy(start)?,
            ack_policy: AckPolicy::None,
            replay_policy: ReplayPolicy::Instant,
            filter_subject: filter.clone(),
            memory_storage: true,
            num_replicas: 1,
            inactive_threshold: INACTIVE,
            ..Config::default()
        };
        let asked = json!({ "stream_name": stream, "config": config, "action": "create" });
        let subject = format!("CONSUMER.CREATE.{stream}.{name}.{filter}");
        let messages = api
            .client()
            .subscribe(inbox.clone())
            .await
            .map_err(|error| ApiError::Unavailable(error.to_string()))?;
        api.ask::<IgnoredAny>(subject, &asked).await?;
        Ok(Self {
            api: api.clone(),
            messages,
            inbox,
            pull_subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{name}"),
            wanted: 0,
            brought: 0,
            consumer_sequence: 0,
            sequence: match start {
                Start::Sequence(sequence) => sequence.saturating_sub(1),
                Start::Time(_) => 0,
            },
            rhythm: BRISK,
            heard: Instant::now(),
            alive_until: Instant::now() + BRISK.watchdog,
            graced: false,
            behind: Behind::new(stream, filter, start),
            proved: false,
        })
    }

    /// The next message, or that there will be none. Dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Event {
        self.grant_grace();
        loop {
            if self.wanted == 0
                && let Err(lost) = self.pull().await
            {
                return Event::Lost(lost);
            }
            let message = match timeout_at(self.alive_until, self.messages.next()).await {
                Err(_) => return Event::Lost(Lost::Silent),
                Ok(None) => return Event::Lost(Lost::Closed),
                Ok(Some(message)) => message,
            };
            let Some(status) = message.status else {
                return self.delivered(message);
            };
            match (status.as_u16(), message.description.as_deref()) {
                (100, _) => {
                    self.is_alive();
                    if self.behind.is(&self.api, self.sequence).await {
                        return Event::Lost(Lost::Behind);
                    }
                }
                (408, _) => {
                    self.is_alive();
                    self.wanted = 0;
                }
                // Bytes ran out before messages. One that never fits would come for ever.
                (409, Some("Batch Completed" | "Message Size Exceeds MaxBytes"))
                    if self.brought > 0 =>
                {
                    self.is_alive();
                    self.wanted = 0;
                }
                (code, description) => {
                    tracing::debug!(code, description, "a consumer ended");
                    return Event::Lost(Lost::Status);
                }
            }
        }
    }

    async fn pull(&mut self) -> Result<(), Lost> {
        self.rhythm = match self.heard.elapsed() > CALM_AFTER {
            true => CALM,
            false => BRISK,
        };
        let asked = json!({
            "batch": PULL_MESSAGES,
            "max_bytes": PULL_BYTES,
            "expires": self.rhythm.expires.as_nanos() as u64,
            "idle_heartbeat": self.rhythm.heartbeat.as_nanos() as u64,
        });
        self.api
            .client()
            .publish_with_reply(
                self.pull_subject.clone(),
                self.inbox.clone(),
                asked.to_string().into(),
            )
            .await
            .map_err(|_| Lost::Closed)?;
        (self.wanted, self.brought) = (PULL_MESSAGES, 0);
        self.alive_until = Instant::now() + self.rhythm.watchdog;
        Ok(())
    }

    /// Takes a message, if it is the consumer's next one.
    fn delivered(&mut self, message: Message) -> Event {
        let message = jetstream::Message {
            message,
            context: self.api.context().clone(),
        };
        let place = message.info().ok().and_then(|info| {
            let nanos = i64::try_from(info.published.unix_timestamp_nanos()).ok()?;
            let time = Timestamp::from_nanos(nanos)?;
            Some((info.consumer_sequence, info.stream_sequence, time))
        });
        let next = self.consumer_sequence + 1;
        let Some((_, sequence, time)) =
            place.filter(|(consumer, stream, _)| *consumer == next && *stream > self.sequence)
        else {
            return Event::Lost(Lost::Order);
        };
        self.is_alive();
        self.heard = Instant::now();
        self.behind.heard();
        (self.consumer_sequence, self.sequence) = (next, sequence);
        self.wanted = self.wanted.saturating_sub(1);
        self.brought += 1;
        Event::Message(Delivered {
            sequence,
            time,
            body: message.message.payload,
        })
    }

    fn is_alive(&mut self) {
        self.alive_until = Instant::now() + self.rhythm.watchdog;
        self.graced = false;
        self.proved = true;
    }

    fn grant_grace(&mut self) {
        let now = Instant::now();
        if self.alive_until < now && !self.graced {
            self.alive_until = now + GRACE;
            self.graced = true;
        }
    }
}

fn policy(start: Start) -> Result<DeliverPolicy, ApiError> {
    Ok(match start {
        Start::Sequence(sequence) => DeliverPolicy::ByStartSequence {
            start_sequence: sequence.max(1),
        },
        Start::Time(time) => DeliverPolicy::ByStartTime {
            start_time: datetime::from_nanos(i128::from(time.nanos()))
                .map_err(|error| ApiError::Unavailable(error.to_string()))?,
        },
    })
}
