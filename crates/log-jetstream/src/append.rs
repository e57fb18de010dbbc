//! Publishes batches: one at a time in each partition, again while it is not known whether it stands.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::{Request, RequestErrorKind};
use bytes::Bytes;
use ports::{AppendError, Appended};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};
use types::Position;

use crate::api::{Acknowledgement, Api, ApiError, read_acknowledgement};
use crate::metrics;

/// How long one try waits for its acknowledgement.
const TRY_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest pause after a try that certainly appended nothing.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// A batch on its way.
pub(crate) struct Publish<'a> {
    pub(crate) api: &'a Api,
    /// Whether the connection is up.
    pub(crate) up: watch::Receiver<bool>,
    pub(crate) stream: String,
    pub(crate) subject: String,
    pub(crate) frame: Bytes,
    pub(crate) timeout: Duration,
}

/// Why one try did not end in an acknowledgement.
enum Miss {
    /// Nothing was appended.
    Nothing(String),
    /// Perhaps it was.
    Perhaps(String),
    /// Trying again is of no use, and nothing was appended.
    Full,
    /// The message went to a stream that is not the log's.
    Elsewhere(String),
}

impl Publish<'_> {
    /// Publishes until it is acknowledged, certainly refused, or the time is over. What one try left open stays open, whatever the next
    /// one says: the first copy may still arrive.
    pub(crate) async fn run(mut self) -> Result<Appended, AppendError> {
        let deadline = Instant::now() + self.timeout;
        let mut perhaps = false;
        let mut pause = Duration::from_millis(25);
        loop {
            let why = match self.attempt(deadline).await {
                Ok(Acknowledgement { sequence, .. }) => {
                    let first = Position { sequence, index: 0 };
                    return Ok(Appended { first });
                }
                Err(Miss::Full) if !perhaps => return Err(AppendError::Full),
                Err(Miss::Full) => "the log is full".to_owned(),
                Err(Miss::Elsewhere(why)) => return Err(AppendError::Unknown(why)),
                Err(Miss::Nothing(why)) => why,
                Err(Miss::Perhaps(why)) => {
                    perhaps = true;
                    why
                }
            };
            if Instant::now() + pause >= deadline {
                return Err(match perhaps {
                    true => AppendError::Unknown(why),
                    false => AppendError::Unavailable(why),
                });
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            metrics::published_again();
        }
    }

    async fn attempt(&mut self, deadline: Instant) -> Result<Acknowledgement, Miss> {
        // What is handed to a connection that is down goes out when it is up again: its outcome would be open for nothing.
        if timeout_at(deadline, self.up.wait_for(|up| *up))
            .await
            .is_err()
        {
            return Err(Miss::Nothing("no connection to NATS".to_owned()));
        }
        let request = Request::new()
            .payload(self.frame.clone())
            .timeout(Some(TRY_TIMEOUT));
        let client = self.api.client();
        let answer = client.send_request(self.subject.clone(), request).await;
        let answer = answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => {
                Miss::Nothing(format!("stream {} has no leader", self.stream))
            }
            RequestErrorKind::MaxPayloadExceeded | RequestErrorKind::InvalidSubject => {
                Miss::Nothing(error.to_string())
            }
            _ => Miss::Perhaps(error.to_string()),
        })?;
        let acknowledgement = read_acknowledgement(&answer.payload).map_err(missed)?;
        if acknowledgement.stream == self.stream {
            return Ok(acknowledgement);
        }
        Err(Miss::Elsewhere(format!(
            "stream {} took a message of {}",
            acknowledgement.stream, self.stream
        )))
    }
}

/// What a stream's refusal means.
fn missed(error: ApiError) -> Miss {
    let ApiError::Refused { code, text } = error else {
        return Miss::Perhaps(error.to_string());
    };
    match code {
        ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::INSUFFICIENT_RESOURCES => Miss::Full,
        // The limit is looked at before the message goes to the replicas; any other failure to store comes after.
        ErrorCode::STREAM_STORE_FAILED if text.contains("maximum bytes exceeded") => Miss::Full,
        ErrorCode::STREAM_TOO_MANY_REQUESTS => Miss::Nothing(text),
        _ => Miss::Perhaps(text),
    }
}
