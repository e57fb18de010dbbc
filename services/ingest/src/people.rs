//! Erasing a player, and telling the log of erasures.
//!
//! Three steps, each harmless again: the key is destroyed and the player listed, for good; a record in the log of its partition says so
//! to whoever folds it, now and on every replay; the list is told that it does. A crash in between leaves the player erased, and the
//! record to whoever runs next: as it does with a folder that was restored from a backup and erased the later ones again.

use std::sync::Arc;
use std::time::Duration;

use events::{Clock, erasure, partition_of, record};
use people::People;
use ports::{Entity, Entry, Erasure, StoreError};
use serde::Serialize;
use types::{Event, Partition, Position, Timestamp};

use crate::appender::Appender;
use crate::budget::Budget;
use crate::intake::{Intake, now};
use crate::problem::{Kind, Problem};

/// How often what was erased elsewhere is heard of, and what is not in the log is told.
const HEAR_EVERY: Duration = Duration::from_secs(30);

/// What came of asking to erase a player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Erased {
    /// The player.
    pub(crate) player: String,
    /// Since when.
    pub(crate) erased_at: Timestamp,
    /// It was erased before.
    pub(crate) already: bool,
    /// What is left of it is folded so too.
    pub(crate) applied: bool,
}

/// Erases a player, and waits until that is folded.
pub(crate) async fn erase(intake: &Intake, entity: &Entity) -> Result<Erased, Problem> {
    let people = &intake.people;
    let before = people.erasure(entity).await?;
    if before.is_none() && intake.queries.player(entity).await?.is_none() {
        return Err(Problem::new(
            Kind::NotFound,
            "the brand has no such player: nothing is held about it",
        ));
    }
    let erasure = people.erase(entity, now()).await?;
    let telling = Telling {
        people: people.clone(),
        appender: intake.appender.clone(),
        budget: intake.budget.clone(),
        clock: intake.config.clock,
    };
    let (_, position) = telling.tell(entity, erasure).await?;
    let outcome = intake.queries.outcome(entity, position);
    let applied = tokio::time::timeout(intake.config.wait_timeout, outcome).await;
    Ok(Erased {
        player: entity.player.to_string(),
        erased_at: erasure.at,
        already: before.is_some(),
        applied: matches!(applied, Ok(Ok(_))),
    })
}

/// Brings erasures to the log.
pub(crate) struct Telling {
    pub(crate) people: Arc<People>,
    pub(crate) appender: Appender,
    pub(crate) budget: Budget,
    pub(crate) clock: Clock,
}

impl Telling {
    /// Appends the record, and has the list know that it stands. Where it stands already, it stands again: the fold knows it.
    async fn tell(
        &self,
        player: &Entity,
        erasure_of: Erasure,
    ) -> Result<(Partition, Position), Problem> {
        let event: Event = erasure(&player.player, erasure_of.at);
        let entry = Entry {
            // On event time it has none of its own: it must not make what comes after it late.
            recorded_at: match self.clock {
                Clock::Event => Some(Timestamp::MIN),
                Clock::Log => None,
            },
            body: record::encode(&player.brand, erasure_of.at, &event, None),
        };
        let partition = partition_of(&player.brand, &player.player, self.appender.partitions());
        let mut share = self.budget.share();
        share.grow(entry.body.len())?;
        let mut outcomes = self
            .appender
            .append(vec![(partition, vec![entry])], share)
            .await;
        let position = match outcomes.pop() {
            Some(Ok(position)) => position,
            Some(Err(error)) => return Err(Problem::from(&*error)),
            None => return Err(Problem::new(Kind::Internal, "the batch was lost")),
        };
        self.people.told(player).await?;
        Ok((partition, position))
    }

    /// For as long as the service runs: hears of what was erased elsewhere, and tells what is not in the log.
    pub(crate) async fn run(self) {
        loop {
            match self.people.hear().await {
                Ok(untold) => {
                    for (player, erasure) in untold {
                        if let Err(problem) = self.tell(&player, erasure).await {
                            tracing::warn!(%problem, "an erasure is told to the log later");
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "who was erased is not known now"),
            }
            tokio::time::sleep(HEAR_EVERY).await;
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::later(Kind::Unavailable, error.to_string(), Duration::from_secs(1))
    }
}
