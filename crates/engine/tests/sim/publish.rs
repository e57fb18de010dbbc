//! Programmes published in the middle of everything.

use std::time::Duration;

use engine::{Edit, EngineHandle};
use types::Timestamp;

use super::world::{self, World};

/// What became of programmes in a world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Versions that took effect behind the first.
    pub(crate) published: usize,
    /// Steps of publications that the logs say more than once.
    pub(crate) repeated: usize,
    /// Histories whose logs came to the second logic version.
    pub(crate) moved: usize,
    /// Processes that do not have it and met it.
    pub(crate) lacking: usize,
}

/// Publishes the next versions, or tries to: the store may not answer, and the life may end at any step.
pub(super) async fn publish_some(world: &World, engine: &EngineHandle) {
    for _ in 0..world.dice.below(3) {
        let number = engine.versions().newest_publication(&world::brand()).await;
        let Ok(Some(newest)) = number else { return };
        let Some(source) = world.sources.get(newest.number as usize) else {
            return;
        };
        let edit = Edit {
            base: Some(newest.version),
            source: source.as_str().into(),
            author: "ann".into(),
            note: "".into(),
            at: Timestamp::MIN,
        };
        drop(engine.versions().publish(&world::brand(), edit).await);
        world.append_some(false).await;
    }
}

/// Has every partition come to the second logic version.
pub(super) async fn move_on(world: &World, engine: &EngineHandle) -> Result<(), String> {
    engine.move_to_logic(2);
    loop {
        let status = engine.partition_status().await;
        let status = status.map_err(|error| error.to_string())?;
        let there = status.iter().filter(|one| one.logic == 2);
        if there.count() == world.partitions().count() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until every partition's head shows every publication.
pub(super) async fn in_effect(world: &World, engine: &EngineHandle) -> Result<(), String> {
    let newest = world.published() as u64;
    loop {
        let status = engine.partition_status().await;
        let status = status.map_err(|error| error.to_string())?;
        let mut shown = status.iter().flat_map(|one| &one.shown);
        if shown.all(|(_, number)| *number == newest) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
