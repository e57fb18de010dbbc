//! What players share, counted naively: each stock's records in the order of its log, and what the players have in the end.

use std::collections::{BTreeMap, BTreeSet};

use engine::EngineHandle;
use serde_json::Value;
use types::{Body, BrandId, Event, EventId, PlayerId, Position, Timestamp, Value as Attribute};

use super::world::{World, brand};

/// How often something happened that the simulation is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) given: usize,
    pub(crate) refused: usize,
    pub(crate) returned: usize,
    /// Records that said again what had been said.
    pub(crate) repeated: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.given += other.given;
        self.refused += other.refused;
        self.returned += other.returned;
        self.repeated += other.repeated;
    }
}

/// A stock: what is out, and what has been said of each question.
#[derive(Default)]
struct Stock {
    out: BTreeSet<EventId>,
    answers: BTreeMap<EventId, bool>,
    returned: BTreeSet<EventId>,
}

impl Stock {
    fn hear(&mut self, event: &Event, size: usize, counts: &mut Counts) {
        let Some(ask) = event.refers_to.clone() else {
            if self.answers.contains_key(&event.id) {
                counts.repeated += 1;
            } else if !self.returned.contains(&event.id) {
                let given = self.out.len() < size;
                if given {
                    self.out.insert(event.id.clone());
                }
                self.answers.insert(event.id.clone(), given);
                match given {
                    true => counts.given += 1,
                    false => counts.refused += 1,
                }
            }
            return;
        };
        if !self.returned.insert(ask.clone()) {
            counts.repeated += 1;
            return;
        }
        counts.returned += 1;
        self.out.remove(&ask);
    }
}

/// Compares everything that was said of stocks, and what the players have, with a count by hand.
pub(crate) async fn check(world: &World, engine: &EngineHandle) -> Result<Counts, String> {
    let programme = world.first();
    let size = |name: &str| {
        let (kind, id) = name.split_once('/')?;
        match kind {
            "total" => {
                programme
                    .missions
                    .iter()
                    .find(|it| *it.id == *id)?
                    .limit
                    .total
            }
            _ => programme.rewards.iter().find(|it| *it.id == *id)?.stock,
        }
    };
    let mut counts = Counts::default();
    let mut stocks: BTreeMap<String, Stock> = BTreeMap::new();
    let mut heard: Vec<(PlayerId, EventId, bool)> = Vec::new();
    for event in told(world, &brand()) {
        match event.player.shared_name() {
            Some(name) => {
                let most = size(name).ok_or_else(|| format!("no stock {name}"))?;
                let stock = stocks.entry(name.to_owned()).or_default();
                stock.hear(&event, most as usize, &mut counts);
                if stock.out.len() as u64 > most {
                    return Err(format!("{name} has {} of {most} out", stock.out.len()));
                }
            }
            None => {
                let given = event.attributes.get("given") == Some(&Attribute::Bool(true));
                let ask = event.refers_to.ok_or("an answer to nothing")?;
                heard.push((event.player, ask, given));
            }
        }
    }
    let said: BTreeMap<_, _> = stocks.values().flat_map(|stock| &stock.answers).collect();
    for (player, ask, given) in &heard {
        if said.get(ask) != Some(&given) {
            return Err(format!(
                "{player} heard {given} of {ask}, said was {:?}",
                said.get(ask)
            ));
        }
    }
    let heard: BTreeSet<_> = heard.iter().map(|(_, ask, _)| ask).collect();
    if let Some((ask, _)) = said.iter().find(|(ask, _)| !heard.contains(*ask)) {
        return Err(format!("the answer to {ask} was not heard"));
    }
    let held = held(world, engine).await?;
    for (name, stock) in &stocks {
        let has = held.get(name).copied().unwrap_or_default();
        if has != stock.out.len() as i64 {
            return Err(format!(
                "{} of {name} are out, players have {has}",
                stock.out.len()
            ));
        }
    }
    Ok(counts)
}

/// Every tell in the logs, partition by partition: stocks before who they answer, as far as one can.
fn told(world: &World, of: &BrandId) -> Vec<Event> {
    let mut told = Vec::new();
    for partition in world.partitions() {
        for read in world.log.records(partition) {
            let record = events::record::decode(Position::START, Timestamp::MIN, &read.body);
            if let Ok(Body::Event { brand, event, .. }) = record.map(|record| record.body)
                && brand == *of
                && event.source.as_str() == "questline"
            {
                told.push(*event);
            }
        }
    }
    told
}

/// What players have of each stock: completions that stand, grants that were not revoked.
async fn held(world: &World, engine: &EngineHandle) -> Result<BTreeMap<String, i64>, String> {
    let mut held: BTreeMap<String, i64> = BTreeMap::new();
    for entity in &world.entities {
        let found = engine.player(entity).await;
        let found = found.map_err(|error| error.to_string())?;
        for mission in found.iter().flat_map(|found| &found.view.missions) {
            if mission.awaited {
                return Err(format!("{entity:?} waits for {}", mission.mission));
            }
            let completed = i64::try_from(mission.completed).unwrap_or(i64::MAX);
            *held
                .entry(format!("total/{}", mission.mission))
                .or_default() += completed;
        }
    }
    let mut seen = BTreeSet::new();
    // The first sink takes all types.
    for received in world.sinks[0].received() {
        let line: Value =
            serde_json::from_slice(&received.outgoing.body).map_err(|error| error.to_string())?;
        let change = match line["type"].as_str() {
            Some("grant_offered") => 1,
            Some("grant_revoked") => -1,
            _ => 0,
        };
        if let (Some(grant), true) = (line["grant"].as_str(), seen.insert(received.outgoing.id)) {
            *held.entry(format!("stock/{grant}")).or_default() += change;
        }
    }
    Ok(held)
}
