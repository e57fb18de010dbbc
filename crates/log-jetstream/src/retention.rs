//! Removes what nobody will read again.

use serde::Deserialize;
use serde_json::json;
use types::{Partition, Position, Timestamp};

use ports::ReadError;

use crate::feed::{Event, Feed, Start};
use crate::shared::{Shared, unavailable};
use crate::{floor, metrics};

#[derive(Deserialize)]
struct Purged {
    purged: u64,
}

/// Raises the floor, then purges below it; gives the position after which everything is kept.
pub(crate) async fn truncate(
    shared: &Shared,
    partition: Partition,
    cursor: Position,
    recorded_before: Timestamp,
) -> Result<Position, ReadError> {
    let Shared { api, layout, .. } = shared;
    if cursor == Position::START {
        let floor = floor::read(api, layout, partition).await;
        return Ok(floor.map_err(|error| unavailable(&error))?.kept_after());
    }
    let last = shared.last(partition).await?;
    let last = last
        .filter(|last| last.position >= cursor)
        .ok_or(ReadError::OtherIncarnation)?;
    // There is a message at the cursor or behind it, so neither look waits for one.
    if first(shared, partition, Start::Sequence(cursor.sequence)).await? != cursor.sequence {
        return Err(ReadError::OtherIncarnation);
    }
    let sequence = match last.stamp < recorded_before {
        true => cursor.sequence,
        false => first(shared, partition, Start::Time(recorded_before))
            .await?
            .min(cursor.sequence),
    };
    let floor = floor::read(api, layout, partition).await;
    let whole = floor.map_err(|error| unavailable(&error))?.kept_after() == Position::START;
    // A floor at the first message would say of a whole log that it was cut.
    if whole && first(shared, partition, Start::Sequence(1)).await? >= sequence {
        return Ok(Position::START);
    }
    let floor = floor::raise(api, layout, partition, sequence)
        .await
        .map_err(|error| unavailable(&error))?;
    let kept_after = floor.kept_after();
    let asked = json!({
        "filter": layout.subject(partition),
        "seq": kept_after.sequence + 1,
    });
    let subject = format!("STREAM.PURGE.{}", layout.stream_of(partition));
    let Purged { purged } = api
        .ask(subject, &asked)
        .await
        .map_err(|error| unavailable(&error))?;
    metrics::truncated(purged);
    if purged > 0 {
        tracing::info!(%partition, purged, %kept_after, "the log was truncated");
    }
    Ok(kept_after)
}

/// The sequence of the first message from `start` on.
async fn first(shared: &Shared, partition: Partition, start: Start) -> Result<u64, ReadError> {
    let mut feed = Feed::open(&shared.api, &shared.layout, partition, start)
        .await
        .map_err(|error| unavailable(&error))?;
    match feed.next().await {
        Event::Message(delivered) => Ok(delivered.sequence),
        Event::Lost(lost) => Err(ReadError::Unavailable(format!(
            "a consumer ended: {}",
            lost.label()
        ))),
    }
}
