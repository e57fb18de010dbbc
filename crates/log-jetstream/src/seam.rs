//! Where one consumer follows another: is the log still the one that the cursor came from?

use ports::ReadError;
use types::{Partition, Position};

use crate::feed::{Feed, Start};
use crate::floor;
use crate::shared::{Shared, unavailable};

/// A reader's cursor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seam {
    pub(crate) partition: Partition,
    /// What the position came from.
    pub(crate) incarnation: u64,
    pub(crate) after: Position,
}

impl Seam {
    /// The cursor is a record: its message has to be there, and is asked for once more.
    pub(crate) fn is_anchored(&self) -> bool {
        self.after != Position::START && self.after.index != u32::MAX
    }

    /// A consumer of what follows the cursor, from the cursor's own message on where it is a record.
    pub(crate) async fn consumer(self, shared: &Shared) -> Result<Feed, ReadError> {
        let from = self.after.sequence + u64::from(!self.is_anchored());
        // First of all: a server that is cut off from the others cannot make one, so that what follows is not its old word.
        let feed = Feed::open(
            &shared.api,
            &shared.layout,
            self.partition,
            Start::Sequence(from),
        )
        .await
        .map_err(|error| unavailable(&error))?;
        if shared.refresh().await? != self.incarnation {
            return Err(ReadError::OtherIncarnation);
        }
        self.check_floor(shared).await?;
        if self.after != Position::START {
            let last = shared.last(self.partition).await?;
            if last.is_none_or(|last| last.position.sequence < self.after.sequence) {
                return Err(ReadError::OtherIncarnation);
            }
        }
        Ok(feed)
    }

    /// Everything that follows the cursor is kept.
    pub(crate) async fn check_floor(&self, shared: &Shared) -> Result<(), ReadError> {
        let first = floor::read(&shared.api, &shared.layout, self.partition)
            .await
            .map_err(|error| unavailable(&error))?
            .kept_after();
        match self.after < first {
            true => Err(ReadError::Truncated { first }),
            false => Ok(()),
        }
    }
}
