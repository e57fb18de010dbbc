//! What a draft would mean for all players of its brand: sums that add up, and how far a caller has come.

mod cursor;
mod sums;

use std::time::Duration;

use futures::future::try_join_all;
use tokio::time::Instant;
use types::{BrandId, Partition};

pub use sums::{Amount, Fall, Gives, Group, MissionPreview, Moved, Preview, TierPreview};

use crate::intake::Intake;
use crate::problem::Problem;
use crate::queries::{Draft, PreviewAnswer};
use cursor::At;
pub(crate) use cursor::Cursor;

/// Players that a partition looks at for one question.
const LIMIT: usize = 500;
/// A page ends when it has taken this long.
const PAGE: Duration = Duration::from_secs(2);

/// A page: what it would mean for the players from the cursor on, and where to go on.
pub(crate) async fn page(
    intake: &Intake,
    brand: &BrandId,
    source: &str,
    mut cursor: Cursor,
) -> Result<(Preview, Option<Cursor>), Problem> {
    // It takes its share of the engine's threads: two would take two.
    let Ok(_alone) = intake.previewing.try_acquire() else {
        return Err(Problem::overloaded("another preview is under way"));
    };
    let (until, mut sums) = (Instant::now() + PAGE, Preview::default());
    let draft = Draft { brand, source };
    let partitions = intake.appender.partitions();
    while let Some(asked) = cursor.next(partitions) {
        let slices = asked.iter().map(|(partition, after)| {
            let queries = &intake.queries;
            queries.preview(Partition(*partition), draft, after.as_ref(), LIMIT)
        });
        let slices: Vec<PreviewAnswer> = try_join_all(slices).await?;
        for ((partition, _), slice) in asked.into_iter().zip(slices) {
            sums.add(slice.sums);
            cursor.reached(partition, slice.next.map_or(At::Done, At::Behind));
        }
        if Instant::now() >= until {
            return Ok((sums, Some(cursor)));
        }
    }
    Ok((sums, None))
}
