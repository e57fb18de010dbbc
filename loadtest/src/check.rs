//! Whether what came out is what had to come out: every accepted event is folded again by the core, in this process.
//!
//! Players are looked at in passes, so that the events of some of them alone lie in memory; the streams are made again from their seeds.

mod compare;
mod expect;
mod recorded;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use anyhow::{Context as _, Result};
use progression::Subject;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use types::{PlayerId, Position, SourceId};

use crate::client::Fate;
use crate::deliveries::{Delivered, Deliveries, player_hash};
use crate::ledger::RequestFate;
use crate::scenario::{Clock, Scenario};
use crate::stream::{Run, Stream};

pub use compare::{Expected, Judged, compare};
use expect::{Accepted, expected};
use recorded::Recorded;

/// Events whose bodies lie in memory at once.
const EVENTS_A_PASS: u64 = 250_000;
/// Examples that are shown.
const EXAMPLES_MAX: usize = 20;

/// What came of the comparison: counts of emissions, but for the players.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// That had to come.
    pub expected: u64,
    /// That came, those that came again included.
    pub delivered: u64,
    /// That had to come and did not.
    pub lost: u64,
    /// That came again.
    pub doubled: u64,
    /// That came after one of the same player that they had to come before.
    pub reordered: u64,
    /// That say something else than they had to.
    pub wrong: u64,
    /// That nothing accounts for.
    pub unexpected: u64,
    /// Players whose emissions were compared.
    pub players: u64,
    /// Players of whom it cannot be said what had to come: an event's fate is unknown, or it was recorded so near a quarter of an hour
    /// that the period is not certain.
    pub undecided_players: u64,
    /// Some of what was found.
    pub examples: Vec<Example>,
}

/// One of the things that were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Example {
    /// What is wrong with it: `lost`, `doubled`, `reordered`, `wrong`, `unexpected`.
    pub what: String,
    /// The player.
    pub player: String,
    /// What had to come.
    pub expected: Option<String>,
    /// What came.
    pub delivered: Option<String>,
}

/// What a run left behind.
#[derive(Debug)]
pub struct Traces<'a> {
    /// What was run.
    pub scenario: &'a Scenario,
    /// Which run.
    pub run: Run,
    /// The source that the keys speak for.
    pub source: &'a str,
    /// What became of each stream's requests.
    pub requests: &'a mut [Vec<RequestFate>],
    /// When the last emissions were waited for no more, from the start of the run.
    pub drained: Duration,
}

/// One player's accepted events.
#[derive(Default)]
struct Player {
    accepted: Vec<Accepted>,
    undecided: bool,
}

/// Compares.
pub fn check(traces: &mut Traces<'_>, deliveries: &mut Deliveries) -> Result<Findings> {
    let mut events = 0u64;
    for requests in traces.requests.iter_mut() {
        requests.sort_unstable_by_key(|request| request.number);
        let counts = requests.iter().map(|request| request.fates.len() as u64);
        events += counts.sum::<u64>();
    }
    let recorded = Recorded::new(traces)?;
    let passes = events.div_ceil(EVENTS_A_PASS).max(1);
    let mut findings = Findings {
        delivered: deliveries.all().len() as u64,
        ..Findings::default()
    };
    for pass in 0..passes {
        let of_pass = |hash: u64| hash % passes == pass;
        let players = players(traces, &recorded, of_pass)?;
        let came = came(deliveries, of_pass)?;
        judge(traces, &recorded, players, came, &mut findings)?;
    }
    Ok(findings)
}

/// Accepted events of the players of a pass, by brand and number.
fn players(
    traces: &Traces<'_>,
    recorded: &Recorded,
    of_pass: impl Fn(u64) -> bool,
) -> Result<HashMap<(usize, u32), Player>> {
    let (scenario, mut players) = (traces.scenario, HashMap::new());
    for (index, requests) in traces.requests.iter().enumerate() {
        let brand = scenario.brand_of(&scenario.text.streams[index])?;
        let name = scenario.programmes[brand].brand.as_str();
        let stream = Stream::new(scenario, index, traces.run, traces.source)?;
        let naming = stream.naming.clone();
        let mut fates = requests.iter().peekable();
        for request in stream {
            let Some(fate) = fates.next_if(|fate| fate.number == request.number) else {
                // Skipped; or none of the later ones was sent.
                if fates.peek().is_none() {
                    break;
                }
                continue;
            };
            let at = request.occurred_at.to_string();
            for (made, event_fate) in request.events.iter().zip(&fate.fates) {
                if !of_pass(player_hash(name, &naming.player(made.player))) {
                    continue;
                }
                let player: &mut Player = players.entry((brand, made.player)).or_default();
                match *event_fate {
                    Fate::Refused => {}
                    Fate::Unknown => player.undecided = true,
                    Fate::Accepted(partition, position) => {
                        let mut json = String::new();
                        made.write_json(&mut json, &naming, &at);
                        let recorded_at = recorded.of(partition, position, fate);
                        player.undecided |= recorded_at.is_none();
                        player.accepted.push(Accepted {
                            partition,
                            position,
                            recorded_at: recorded_at.unwrap_or_default(),
                            json,
                        });
                    }
                }
            }
        }
    }
    Ok(players)
}

type Came = HashMap<u64, Vec<(u128, Vec<u8>)>>;

/// What came of the players of a pass, in order.
fn came(deliveries: &mut Deliveries, of_pass: impl Fn(u64) -> bool) -> Result<Came> {
    let all = deliveries.all().iter();
    let of_pass: Vec<Delivered> = all.filter(|one| of_pass(one.player)).copied().collect();
    let bodies = deliveries.bodies(&of_pass)?;
    let mut came = Came::new();
    for (delivered, body) in of_pass.into_iter().zip(bodies) {
        let of_player = came.entry(delivered.player).or_default();
        of_player.push((delivered.id, body));
    }
    Ok(came)
}

fn judge(
    traces: &Traces<'_>,
    recorded: &Recorded,
    players: HashMap<(usize, u32), Player>,
    mut came: Came,
    findings: &mut Findings,
) -> Result<()> {
    let (scenario, source) = (traces.scenario, SourceId::new(traces.source)?);
    let kinds: HashSet<&str> = scenario.text.emissions.iter().map(String::as_str).collect();
    let exact = scenario.text.clock == Clock::Event;
    // In the order of their names, so that the examples are the same each time.
    let mut players: Vec<_> = players.into_iter().collect();
    players.sort_unstable_by_key(|(key, _)| *key);
    for ((brand, number), mut player) in players {
        let programme = &scenario.programmes[brand];
        let name = PlayerId::new(&format!("{:x}.{number:07}", traces.run.id))?;
        let hash = player_hash(programme.brand.as_str(), name.as_str());
        let came = came.remove(&hash).unwrap_or_default();
        if player.undecided {
            findings.undecided_players += 1;
            continue;
        }
        player
            .accepted
            .sort_unstable_by_key(|accepted| accepted.position);
        let Some(partition) = player.accepted.first().map(|first| first.partition) else {
            findings.add_all(&name, compare(&[], 0, &came, exact));
            continue;
        };
        let subject = Subject {
            brand: &programme.brand,
            player: &name,
        };
        let until = recorded.end(partition, traces.drained);
        let (expected, sure) =
            expected(programme, subject, &source, &player.accepted, until, &kinds)
                .with_context(|| format!("player {name}"))?;
        findings.players += 1;
        findings.expected += sure as u64;
        findings.add_all(&name, compare(&expected, sure, &came, exact));
    }
    for (_, rest) in came {
        // Of nobody who was sent.
        for (_, body) in rest {
            let text = String::from_utf8_lossy(&body).into_owned();
            findings.add("?", Judged::Unexpected(text));
        }
    }
    Ok(())
}

impl Findings {
    fn add_all(&mut self, player: &PlayerId, judged: Vec<Judged>) {
        for one in judged {
            self.add(player.as_str(), one);
        }
    }

    fn add(&mut self, player: &str, judged: Judged) {
        let (count, what, expected, delivered) = match judged {
            Judged::Lost(expected) => (&mut self.lost, "lost", Some(expected), None),
            Judged::Doubled(came) => (&mut self.doubled, "doubled", None, Some(came)),
            Judged::Reordered(came) => (&mut self.reordered, "reordered", None, Some(came)),
            Judged::Wrong(expected, came) => (&mut self.wrong, "wrong", Some(expected), Some(came)),
            Judged::Unexpected(came) => (&mut self.unexpected, "unexpected", None, Some(came)),
        };
        *count += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(Example {
                what: what.to_owned(),
                player: player.to_owned(),
                expected,
                delivered,
            });
        }
    }
}

/// Where a record stands, by partition.
type Place = (u16, Position);

#[cfg(test)]
mod tests;
