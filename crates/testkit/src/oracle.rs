//! The oracle: the semantics a second time, naively.
//!
//! A player is a list of what was recorded of him and what came of it ([`life::Life`]); balances, the room under caps, progress and
//! levels are summed up from the whole list each time they are asked for. Nothing is cached, evicted, sealed or encoded, so whatever
//! the core gets wrong by doing those is a difference here; only whose timer comes first is kept between two records, so that there
//! may be thousands of players. Written from the rules and the hand-worked scenarios alone.
//!
//! It covers what the language carries out today. What players share is taken and put back in the step that does it: no time passes
//! between a question and its answer.

mod bet;
mod calendar;
mod claim;
mod command;
mod earn;
mod emission;
mod fraction;
mod goal;
mod grants;
mod life;
mod mission;
mod names;
mod profile;
mod purse;
mod restriction;
mod reversal;
mod reward;
mod rolling;
mod share;
mod start;
mod step;
mod streak;
mod tier;
mod timer;
mod version;
mod view;

use std::collections::BTreeMap;

use programme::model::Programme;
use serde_json::Value;
use types::{Body, BrandId, PlayerId, Record, Timestamp};

use life::Life;
use timer::Timers;

/// What the log says in the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The players' lines, by the bytes of their ids.
    pub players: Vec<Value>,
    /// For each player, in the players' order, the newest grants: id and status.
    pub grants: Vec<Vec<(String, String)>>,
    /// The emissions' lines with their ids, in order.
    pub emissions: Vec<Value>,
    /// What became of each record that was read, in log order.
    pub answers: Vec<Answer>,
    /// For each player, in the players' order, every movement of points: which points, and how many millionths.
    pub movements: Vec<Vec<(Box<str>, i128)>>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The first with its identity.
    Applied,
    /// A command that could not be carried out, by its code.
    Refused(&'static str),
    /// The same again.
    Replayed,
    /// The same identity, another body.
    Conflict,
    /// Only time passed, or it is another brand's.
    Nothing,
}

/// Folds records, in log order, up to and including the time `until`.
pub fn fold(
    programme: &Programme,
    brand: &BrandId,
    records: &[Record],
    until: Option<Timestamp>,
) -> Outcome {
    fold_versions(&[(0, programme)], brand, records, until)
}

/// The same while the programme changes: each version takes effect before the record of its place among those that are read, the first
/// before all. Where that record itself says that the programme or the logic changes, what fell due by then fires first, under the version before.
///
/// Versions have the same points and rewards in the same order; missions, rules and tier sets may come, go, change and be called otherwise.
pub fn fold_versions(
    versions: &[(usize, &Programme)],
    brand: &BrandId,
    records: &[Record],
    until: Option<Timestamp>,
) -> Outcome {
    let mut programme = versions[0].1;
    let read: Vec<&Record> = records
        .iter()
        .filter(|record| until.is_none_or(|end| record.recorded_at <= end))
        .collect();
    let mut lives: BTreeMap<PlayerId, Life<'_>> = BTreeMap::new();
    let mut timers = Timers::default();
    let (mut emissions, mut answers) = (Vec::new(), Vec::new());
    let out = share::Out::default();
    for (at, record) in read.iter().enumerate() {
        for (_, version) in versions[1..].iter().filter(|(from, _)| *from == at) {
            if matches!(record.body, Body::Programme(_) | Body::Logic(_)) {
                fire_all(&mut lives, &mut timers, record.recorded_at, &mut emissions);
                lives
                    .values_mut()
                    .for_each(|life| life.reach(record.recorded_at));
            }
            programme = version;
            lives.values_mut().for_each(|life| life.change(version));
            lives.values().for_each(|life| timers.ask(life));
        }
        fire_all(&mut lives, &mut timers, record.recorded_at, &mut emissions);
        let Body::Event {
            brand: whose,
            event,
            ..
        } = &record.body
        else {
            answers.push(Answer::Nothing);
            continue;
        };
        if whose != brand {
            answers.push(Answer::Nothing);
            continue;
        }
        let life = lives
            .entry(event.player.clone())
            .or_insert_with(|| Life::new(programme, brand, &event.player, &out));
        let said = life.said.len();
        answers.push(life.record(event, record.recorded_at));
        timers.ask(life);
        emissions.extend(life.said_since(said));
    }
    let end = until.or_else(|| read.last().map(|record| record.recorded_at));
    let now = end.unwrap_or(Timestamp::MIN);
    fire_all(&mut lives, &mut timers, now, &mut emissions);
    Outcome {
        players: lives.values().map(|life| life.line(now)).collect(),
        grants: lives.values().map(Life::grants).collect(),
        emissions,
        answers,
        movements: lives.values().map(Life::movements).collect(),
    }
}

/// Fires every player's timers that are due by then, one after the other.
fn fire_all(
    lives: &mut BTreeMap<PlayerId, Life<'_>>,
    timers: &mut Timers,
    until: Timestamp,
    emissions: &mut Vec<Value>,
) {
    while let Some((due, player, timer)) = timers.take(until) {
        if let Some(life) = lives.get_mut(&player) {
            let said = life.said.len();
            life.fire(due, timer);
            timers.ask(life);
            emissions.extend(life.said_since(said));
        }
    }
}
