//! Players that are set aside, repaired.

use std::time::Duration;

use engine::EngineHandle;

use super::finish::drain;
use super::world::World;

/// Repairs that may come to nothing: the damage may be there still, or the life may end.
pub(super) async fn repair_some(world: &World, engine: &EngineHandle) {
    let asked = engine.set_aside();
    let Ok(Ok(aside)) = tokio::time::timeout(Duration::from_secs(5), asked).await else {
        return;
    };
    for one in aside {
        if world.dice.chance(600) {
            let repair = engine.repair(&one.entity, world.dice.chance(300));
            let repaired = tokio::time::timeout(Duration::from_secs(60), repair).await;
            world.count_repaired(matches!(repaired, Ok(Ok(_))));
        }
    }
}

/// Nothing is damaged any more: every repair succeeds, and more records come meanwhile.
pub(super) async fn repair_all(world: &World, engine: &EngineHandle) -> Result<(), String> {
    drain(world, engine).await?;
    let aside = engine
        .set_aside()
        .await
        .map_err(|error| error.to_string())?;
    for one in aside {
        let whole = world.dice.chance(300);
        let repaired = engine.repair(&one.entity, whole).await;
        repaired.map_err(|error| format!("{:?}: {error}", one.entity))?;
        world.count_repaired(true);
    }
    let left = engine
        .set_aside()
        .await
        .map_err(|error| error.to_string())?;
    match left.is_empty() {
        true => Ok(()),
        false => Err(format!("repaired and still set aside: {left:?}")),
    }
}
