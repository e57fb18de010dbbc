//! The log folded by the oracle, which shares no line with the core: what the players and the gateways must come to.

use std::collections::{BTreeMap, HashSet};

use engine::EngineHandle;
use ports::Entity;
use programme::Programme;
use serde_json::Value;
use testkit::faulty::FaultySink;
use testkit::oracle;
use types::{Body, BrandId, Record, Stage, Timestamp};

use super::straight::Published;
use super::world::World;

/// What the oracle makes of all partitions.
#[derive(Default)]
pub(crate) struct Expected {
    players: BTreeMap<Entity, Value>,
    /// By player, in order, ids included.
    emissions: BTreeMap<String, Vec<Value>>,
}

pub(crate) fn fold(
    world: &World,
    published: &Published,
    brand: &BrandId,
) -> Result<Expected, String> {
    let mut expected = Expected::default();
    for partition in world.partitions() {
        let mut clock = Timestamp::MIN;
        let mut records: Vec<Record> = Vec::new();
        for read in world.log.history(partition) {
            clock = clock.max(read.recorded_at);
            records.extend(events::record::decode(read.position, clock, &read.body));
        }
        let versions = versions(published, &records);
        let outcome = oracle::fold_versions(&versions, brand, &records, Some(clock));
        for line in outcome.players {
            let player = text(&line, "player")?;
            let entity = Entity {
                brand: brand.clone(),
                player: player.parse().map_err(|_| "a player")?,
            };
            expected.players.insert(entity, line);
        }
        for line in outcome.emissions {
            let player = text(&line, "player")?;
            expected.emissions.entry(player).or_default().push(line);
        }
    }
    Ok(expected)
}

/// Which version counts from which record on: each takes effect the first time that a record says so, none after a later one.
fn versions<'p>(published: &'p Published, records: &[Record]) -> Vec<(usize, &'p Programme)> {
    let (mut number, mut logic) = (1, 1);
    let mut versions = vec![(0, published.get((number, logic)))];
    for (at, record) in records.iter().enumerate() {
        let before = (number, logic);
        match &record.body {
            Body::Programme(change) if change.stage == Stage::Active => {
                number = number.max(change.number);
            }
            Body::Logic(version) => logic = logic.max(*version),
            _ => {}
        }
        if (number, logic) != before {
            versions.push((at, published.get((number, logic))));
        }
    }
    versions
}

impl Expected {
    /// How many players there are.
    pub(crate) fn players(&self) -> usize {
        self.players.len()
    }

    /// Every player's line, as the engine answers it.
    pub(crate) async fn compare_players(&self, engine: &EngineHandle) -> Result<(), String> {
        for (entity, expected) in &self.players {
            let found = engine.player(entity).await;
            let found = found
                .map_err(|error| error.to_string())?
                .map(|found| serde_json::to_value(found.view.line()))
                .transpose()
                .map_err(|error| error.to_string())?;
            if found.as_ref() != Some(expected) {
                return Err(format!(
                    "oracle: a player is\n {expected}, the engine\n {found:?}"
                ));
            }
        }
        Ok(())
    }

    /// Every emission of a sink that takes all types, by id, in each player's order.
    pub(crate) fn compare_emissions(&self, sink: &FaultySink) -> Result<(), String> {
        let mut seen = HashSet::new();
        let mut got: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for received in sink.received() {
            let outgoing = received.outgoing;
            if seen.insert(outgoing.id.clone()) {
                let line: Value =
                    serde_json::from_slice(&outgoing.body).map_err(|error| error.to_string())?;
                if text(&line, "id")? != *outgoing.id {
                    return Err(format!("{} is not the id of {line}", outgoing.id));
                }
                got.entry(text(&line, "player")?).or_default().push(line);
            }
        }
        if got == self.emissions {
            return Ok(());
        }
        Err(format!(
            "oracle: the emissions are\n {:?}, the gateway\n {got:?}",
            self.emissions
        ))
    }
}

fn text(line: &Value, key: &str) -> Result<String, String> {
    let value = line.get(key).and_then(Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| format!("no {key} in {line}"))
}
