//! Where a partition begins, and how its beginning moves.
//!
//! A stream removes nothing by itself. The floor is the first sequence of a partition that is kept: one message on a subject of its own
//! in the partition's stream, so that floor and messages are restored together. It is written before anything is purged, and only rises.

use bytes::Bytes;
use types::{Partition, Position};

use crate::api::{Api, ApiError};
use crate::layout::Layout;

/// The first sequence kept; 0 where nothing was ever removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Floor(u64);

impl Floor {
    /// What a reader may have read last to find everything that follows.
    pub(crate) fn kept_after(self) -> Position {
        match self.0.checked_sub(1) {
            Some(sequence) => Position {
                sequence,
                index: u32::MAX,
            },
            None => Position::START,
        }
    }
}

/// A partition's floor.
pub(crate) async fn read(
    api: &Api,
    layout: &Layout,
    partition: Partition,
) -> Result<Floor, ApiError> {
    Ok(standing(api, layout, partition).await?.0)
}

/// The floor, and where it stands.
async fn standing(
    api: &Api,
    layout: &Layout,
    partition: Partition,
) -> Result<(Floor, u64), ApiError> {
    let subject = layout.floor_subject(partition);
    let Some(stored) = api.last(&layout.stream_of(partition), &subject).await? else {
        return Ok((Floor(0), 0));
    };
    let text = std::str::from_utf8(&stored.body).unwrap_or_default();
    match text.parse() {
        Ok(sequence) => Ok((Floor(sequence), stored.sequence)),
        Err(_) => Err(ApiError::Unavailable(format!(
            "the floor of partition {partition} is {text:?}, no sequence: somebody else wrote to {subject}"
        ))),
    }
}

/// Raises the floor. A floor that stands as high already is left; another node that raises it at the same time is let win.
pub(crate) async fn raise(
    api: &Api,
    layout: &Layout,
    partition: Partition,
    sequence: u64,
) -> Result<Floor, ApiError> {
    let (floor, at) = standing(api, layout, partition).await?;
    if floor.0 >= sequence {
        return Ok(floor);
    }
    let body = Bytes::from(sequence.to_string());
    match api
        .replace(layout.floor_subject(partition), at, body)
        .await?
    {
        true => Ok(Floor(sequence)),
        false => read(api, layout, partition).await,
    }
}

#[cfg(test)]
mod tests {
    use types::Position;

    use super::Floor;

    #[test]
    fn what_is_kept_follows_the_sequence_before_the_floor() {
        assert_eq!(Floor(0).kept_after(), Position::START);
        let after = Floor(8).kept_after();
        let kept = Position {
            sequence: 8,
            index: 0,
        };
        assert!(after < kept);
        assert_eq!(after.sequence, 7);
    }
}
