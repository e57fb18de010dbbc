//! What the operator reports of a grant, on its way to the log: an event `grant_updated` of the player.
//!
//! A report is durable here first. It goes to the log until that has taken it, in the order of the reports, always as the same event:
//! sent twice it is known there.

use std::sync::Arc;

use async_trait::async_trait;
use inbox::{Error, Inbox};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use telemetry::names;
use thiserror::Error as Failure;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::grants::{Grants, Note};

/// The source of the events, which a key to the log must speak for.
pub const SOURCE: &str = "bonus-engine";

/// Reports read from the table at a time.
const PAGE: usize = 100;

/// A report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postback {
    /// The player's brand.
    pub brand: String,
    /// The player.
    pub player: String,
    /// The event, as JSON.
    pub event: Value,
}

/// Why a report is not in the log.
#[derive(Debug, Failure)]
pub enum NotAppended {
    /// It never will be.
    #[error("refused: {0}")]
    Refused(String),
    /// Not now, or not known: again.
    #[error("{0}")]
    Unavailable(String),
}

/// Where reports go.
#[async_trait]
pub trait Postbacks: Send + Sync {
    /// Returns once the event is durable in the log.
    async fn append(&self, postback: &Postback) -> Result<(), NotAppended>;
}

impl Postback {
    /// The report that stands at a record of the gateway's journal. One without a time is of a version that told nobody.
    pub(crate) fn of(record: u64, note: &Note) -> Option<Self> {
        let Note::Reported {
            brand,
            player,
            grant_id,
            status,
            reason,
            at,
        } = note
        else {
            return None;
        };
        if at.is_empty() {
            return None;
        }
        let mut attributes = json!({"status": status});
        if !reason.is_empty() {
            attributes["reason"] = json!(reason);
        }
        // The journal's number alone would come again after the gateway's folder was lost.
        let mut hash = Sha256::new();
        for part in [brand, player, grant_id, status, reason, at] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        let digest: String = hash.finalize()[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Some(Self {
            brand: brand.clone(),
            player: player.clone(),
            event: json!({
                "id": format!("postback-{record}-{digest}"), "source": SOURCE, "type": "grant_updated", "player": player,
                "occurred_at": at, "refers_to": grant_id, "attributes": attributes,
            }),
        })
    }
}

/// Brings reports to the log.
pub(crate) struct Reporter {
    pub(crate) inbox: Inbox<Grants>,
    pub(crate) to: Arc<dyn Postbacks>,
    pub(crate) backoff: Backoff,
    pub(crate) shutdown: CancellationToken,
}

impl Reporter {
    /// Runs until shut down, or until the inbox stops.
    pub(crate) async fn run(self) {
        let reported = Arc::clone(&self.inbox.projection().reported);
        let mut attempt = 0;
        loop {
            let wait = match self.page().await {
                Ok(Progress::All) => {
                    attempt = 0;
                    tokio::select! {
                        () = self.shutdown.cancelled() => return,
                        () = reported.notified() => continue,
                    }
                }
                Ok(Progress::Some) => {
                    attempt = 0;
                    continue;
                }
                Ok(Progress::None(record)) => self.backoff.delay(record, attempt),
                Err(error) => return tracing::error!(%error, "no more postbacks reach the log"),
            };
            attempt += 1;
            tokio::select! {
                () = self.shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn page(&self) -> Result<Progress, Error> {
        let page = self
            .inbox
            .read(|grants, reader| grants.postbacks(reader, PAGE));
        let page = page.await?;
        if page.is_empty() {
            return Ok(Progress::All);
        }
        for (record, note) in page {
            if let Some(postback) = Postback::of(record, &note) {
                let outcome = match self.to.append(&postback).await {
                    Ok(()) => "appended",
                    Err(NotAppended::Refused(why)) => {
                        tracing::error!(
                            record,
                            why,
                            "a postback is refused by the log, and left out of it"
                        );
                        "refused"
                    }
                    Err(NotAppended::Unavailable(why)) => {
                        tracing::warn!(record, why, "a postback is not in the log yet");
                        return Ok(Progress::None(record));
                    }
                };
                metrics::counter!(names::BONUS_POSTBACKS, "outcome" => outcome).increment(1);
            }
            let note = Note::Told { record };
            let note = serde_json::to_vec(&note).map_err(|_| Error::Unreadable("note"))?;
            self.inbox.note(note).await?;
        }
        Ok(Progress::Some)
    }
}

enum Progress {
    /// Nothing waits.
    All,
    Some,
    /// The log does not take this one now.
    None(u64),
}

#[cfg(test)]
mod tests {
    use super::{Note, Postback};

    fn reported(status: &str, at: &str) -> Note {
        Note::Reported {
            brand: "acme".to_owned(),
            player: "p".to_owned(),
            grant_id: "g/m/once/1".to_owned(),
            status: status.to_owned(),
            reason: String::new(),
            at: at.to_owned(),
        }
    }

    #[test]
    fn a_report_is_always_the_same_event_and_another_is_another() {
        let of = |record, status| Postback::of(record, &reported(status, "2026-01-01T00:00:00Z"));
        let first = of(1, "credited").unwrap();
        assert_eq!(Some(&first), of(1, "credited").as_ref());
        assert_eq!(first.event["refers_to"], "g/m/once/1");
        for other in [of(2, "credited"), of(1, "failed")] {
            assert_ne!(other.unwrap().event["id"], first.event["id"]);
        }
        assert_eq!(Postback::of(1, &reported("credited", "")), None);
    }
}
