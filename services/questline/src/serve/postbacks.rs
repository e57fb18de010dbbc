//! The operator's reports, straight into the log of this process.

use std::sync::Arc;

use async_trait::async_trait;
use bonus_engine_service::{NotAppended, Postback, Postbacks, SOURCE};
use engine::Versions;
use events::{Clock, Context, Sources, parse_json, partition_of, record};
use ports::{Entry, EventLog};
use types::{BrandId, SourceId};

/// The log, and what events are read against.
pub(super) struct ToLog {
    pub(super) log: Arc<dyn EventLog>,
    pub(super) versions: Arc<Versions>,
}

impl ToLog {
    /// The same validation as at ingest, so that what stands in the log was read one way.
    fn entry(&self, postback: &Postback) -> Result<(BrandId, types::PlayerId, Entry), String> {
        let brand = BrandId::new(&postback.brand).map_err(|error| error.to_string())?;
        let programme = self.versions.current(&brand);
        let programme = programme.ok_or("the brand has no programme here")?;
        let source = SourceId::new(SOURCE).map_err(|error| error.to_string())?;
        let context = Context {
            programme: &programme,
            sources: Sources::Only(&source),
            clock: Clock::Log,
            adjusts: false,
        };
        let json = postback.event.to_string();
        let event = parse_json(json.as_bytes(), &context).map_err(|error| error.to_string())?;
        let event = event.event;
        let entry = Entry {
            // On event time: the partition's last. A report says nothing about that time.
            recorded_at: None,
            body: record::encode(&brand, event.occurred_at, &event, None),
        };
        Ok((brand, event.player, entry))
    }
}

#[async_trait]
impl Postbacks for ToLog {
    async fn append(&self, postback: &Postback) -> Result<(), NotAppended> {
        let (brand, player, entry) = self.entry(postback).map_err(NotAppended::Refused)?;
        let partition = partition_of(&brand, &player, self.log.partitions());
        let appended = self.log.append(partition, vec![entry]).await;
        appended
            .map(drop)
            .map_err(|error| NotAppended::Unavailable(error.to_string()))
    }
}
