//! Which log this is: one record in the control stream, changed by compare-and-set.
//!
//! The record says what is fixed for ever (cluster, partitions, streams, the log's own number) and the incarnation, which starts as the
//! log's number. A log that is made anew draws another number; a stream that carries another log's number is refused. What the record
//! cannot tell is that the streams were restored from an older state: positions are then given a second time under the same incarnation.
//! The reader sees it at its own cursor, the engine at the ladder in the head; whoever does begins the next incarnation.

use std::hash::{BuildHasher as _, RandomState};

use serde::{Deserialize, Serialize};

use crate::api::{Api, ApiError};
use crate::error::OpenError;
use crate::layout::Layout;
use crate::settings::{Clock, Settings};

/// The layout of streams, subjects and frames that this code reads and writes.
const FORMAT: u32 = 2;

/// The record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    format: u32,
    cluster: String,
    partitions: u16,
    streams: u16,
    clock: Clock,
    /// Drawn when the log was made: what the streams' metadata and the frames' checksums say.
    pub(crate) log: u64,
    /// Which meaning positions have.
    pub(crate) incarnation: u64,
    /// All streams were made: from then on a missing one is a loss.
    pub(crate) made: bool,
}

impl Record {
    /// A new log's.
    pub(crate) fn new(settings: &Settings) -> Self {
        let log = RandomState::new().hash_one(&settings.prefix);
        Self {
            format: FORMAT,
            cluster: settings.cluster.clone(),
            partitions: settings.partitions,
            streams: settings.streams,
            clock: settings.clock,
            log,
            incarnation: log,
            made: false,
        }
    }

    /// The same, after all streams were made.
    pub(crate) fn made(&self) -> Self {
        Self {
            made: true,
            ..self.clone()
        }
    }

    /// The same log's next incarnation.
    pub(crate) fn next(&self) -> Self {
        Self {
            incarnation: self.incarnation.wrapping_add(1),
            ..self.clone()
        }
    }

    /// Refuses settings that the log was not made with.
    pub(crate) fn check(&self, settings: &Settings, layout: &Layout) -> Result<(), OpenError> {
        if self.format != FORMAT {
            return Err(OpenError::Identity {
                stream: layout.control_stream(),
                why: format!(
                    "format {} is not known to this version, which reads format {FORMAT}",
                    self.format
                ),
            });
        }
        if self.cluster != settings.cluster {
            return Err(OpenError::OtherCluster {
                prefix: layout.prefix.clone(),
                owner: self.cluster.clone(),
                asked: settings.cluster.clone(),
            });
        }
        let clock = |clock| format!("{clock:?}").to_lowercase();
        let fixed = [
            (
                "partitions",
                self.partitions.to_string(),
                settings.partitions.to_string(),
            ),
            (
                "streams",
                self.streams.to_string(),
                settings.streams.to_string(),
            ),
            ("clock", clock(self.clock), clock(settings.clock)),
        ];
        for (field, made, asked) in fixed {
            if made != asked {
                return Err(OpenError::Fixed {
                    prefix: layout.prefix.clone(),
                    field,
                    made,
                    asked,
                });
            }
        }
        Ok(())
    }
}

/// The record as it stands, to be compared when it is replaced.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) record: Record,
    sequence: u64,
}

/// What can be wrong with reading the record.
#[derive(Debug)]
pub(crate) enum Trouble {
    Api(ApiError),
    Unreadable(String),
}

impl From<ApiError> for Trouble {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl Trouble {
    /// In words.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Api(error) => error.to_string(),
            Self::Unreadable(why) => why,
        }
    }
}

/// The record; `None` where there is none yet.
pub(crate) async fn read(api: &Api, layout: &Layout) -> Result<Option<Standing>, Trouble> {
    let stored = api
        .last(&layout.control_stream(), &layout.control_subject())
        .await?;
    let Some(stored) = stored else {
        return Ok(None);
    };
    let record = serde_json::from_slice(&stored.body)
        .map_err(|error| Trouble::Unreadable(format!("its record is not readable: {error}")))?;
    Ok(Some(Standing {
        record,
        sequence: stored.sequence,
    }))
}

/// Puts a record in the place of the one that stands. False if another stands there by now.
pub(crate) async fn replace(
    api: &Api,
    layout: &Layout,
    standing: Option<&Standing>,
    record: &Record,
) -> Result<bool, ApiError> {
    let expected = standing.map_or(0, |standing| standing.sequence);
    let body = serde_json::to_vec(record)
        .map_err(|error| ApiError::Unavailable(format!("the record: {error}")))?;
    api.replace(layout.control_subject(), expected, body.into())
        .await
}
