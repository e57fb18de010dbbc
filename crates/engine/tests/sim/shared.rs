//! What players share, counted naively: each stock's records in the order of its log, and what the players have in the end.

use std::collections::{BTreeMap, BTreeSet};

use engine::EngineHandle;
use ports::LogRecord;
use programme::Programme;
use serde_json::Value;
use types::{Body, Event, EventId, Position, Timestamp, Value as Attribute};

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

/// Everything that was said of stocks so far, in the order in which it was appended.
#[derive(Default)]
pub(crate) struct Told {
    stocks: BTreeMap<String, Stock>,
    heard: BTreeSet<EventId>,
    counts: Counts,
    /// It says how many there are of each, in every version.
    programme: Option<Programme>,
}

impl Told {
    /// Takes in what was appended since it was last looked: what stocks were told before what they said.
    pub(crate) fn hear(&mut self, world: &World, appended: &[LogRecord]) -> Result<(), String> {
        let told = appended.iter().filter_map(tell);
        let (to_stocks, answers): (Vec<Event>, Vec<Event>) =
            told.partition(|event| event.player.shared_name().is_some());
        for event in to_stocks {
            let name = event.player.shared_name().unwrap_or_default();
            let programme = self.programme.get_or_insert_with(|| world.first());
            let most = size(programme, name).ok_or_else(|| format!("no stock {name}"))?;
            let stock = self.stocks.entry(name.to_owned()).or_default();
            stock.hear(&event, most, &mut self.counts);
        }
        for answer in answers {
            let given = answer.attributes.get("given") == Some(&Attribute::Bool(true));
            let ask = answer.refers_to.ok_or("an answer to nothing")?;
            let said = self.stocks.values().find_map(|it| it.answers.get(&ask));
            if said != Some(&given) {
                let player = answer.player;
                return Err(format!(
                    "stock: {player} hears {given} of {ask}, right is {said:?}"
                ));
            }
            self.heard.insert(ask);
        }
        Ok(())
    }

    /// At the end: every answer was heard, and players have what the stocks gave.
    pub(crate) async fn check(
        &self,
        world: &World,
        engine: &EngineHandle,
    ) -> Result<Counts, String> {
        let mut said = self.stocks.values().flat_map(|stock| stock.answers.keys());
        if let Some(ask) = said.find(|ask| !self.heard.contains(*ask)) {
            return Err(format!("stock: the answer to {ask} was not heard"));
        }
        let held = held(world, engine).await?;
        for (name, stock) in &self.stocks {
            let has = held.get(name).copied().unwrap_or_default();
            if has != stock.out.len() as i64 {
                let out = stock.out.len();
                return Err(format!(
                    "stock: {out} of {name} are out, players have {has}"
                ));
            }
        }
        Ok(self.counts)
    }
}

/// How many there are of a stock.
fn size(programme: &Programme, name: &str) -> Option<usize> {
    let (kind, id) = name.split_once('/')?;
    let missions = &programme.missions;
    let most = match kind {
        "total" => missions.iter().find(|it| *it.id == *id)?.limit.total,
        _ => programme.rewards.iter().find(|it| *it.id == *id)?.stock,
    };
    usize::try_from(most?).ok()
}

fn tell(read: &LogRecord) -> Option<Event> {
    let record = events::record::decode(Position::START, Timestamp::MIN, &read.body);
    match record.ok()?.body {
        Body::Event {
            brand: of, event, ..
        } if of == brand() => (event.source.as_str() == "questline").then_some(*event),
        _ => None,
    }
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
