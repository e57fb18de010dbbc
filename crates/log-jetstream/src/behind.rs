//! Whether a consumer that answers gives what there is.
//!
//! A consumer lives on one server and reads that server's copy of the stream. Where the copy does not grow any more, since the server's disk
//! is full, the consumer goes on to say that it is there. So a feed that has been quiet for a while asks the stream's leader for the
//! partition's last message: one that has not come by the next sign of life is not on that copy.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::api::Api;
use crate::feed::Start;

/// How long a feed is quiet before the leader is asked; then twice as long, and so on: most that are quiet have nothing to give.
const QUIET: Duration = Duration::from_secs(2);
const QUIET_MAX: Duration = Duration::from_secs(64);
/// How long the leader may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

pub(crate) struct Behind {
    stream: String,
    subject: String,
    /// It gives everything from its beginning on: what is not there yet comes. One that begins at a time may have nothing to give.
    gives_all: bool,
    /// When the last message came, or the leader was asked.
    since: Instant,
    quiet: Duration,
    /// The leader has this one, which had not come.
    owed: Option<u64>,
}

impl Behind {
    pub(crate) fn new(stream: String, subject: String, start: Start) -> Self {
        Self {
            stream,
            subject,
            gives_all: matches!(start, Start::Sequence(_)),
            since: Instant::now(),
            quiet: QUIET,
            owed: None,
        }
    }

    /// A message came.
    pub(crate) fn heard(&mut self) {
        (self.since, self.quiet, self.owed) = (Instant::now(), QUIET, None);
    }

    /// Whether something is there that does not come; `sequence` is the last that did. Asked at each sign of life without a message.
    pub(crate) async fn is(&mut self, api: &Api, sequence: u64) -> bool {
        if self.owed.take().is_some_and(|owed| owed > sequence) {
            return true;
        }
        if !self.gives_all || self.since.elapsed() < self.quiet {
            return false;
        }
        (self.since, self.quiet) = (Instant::now(), (self.quiet * 2).min(QUIET_MAX));
        let last = timeout(ANSWERS_WITHIN, api.last(&self.stream, &self.subject)).await;
        // A leader that does not answer says nothing about the consumer.
        if let Ok(Ok(Some(last))) = last {
            self.owed = (last.sequence > sequence).then_some(last.sequence);
        }
        false
    }
}
