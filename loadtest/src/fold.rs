//! The fold alone: decode, apply, journal, encode, one fdatasync for each 1,024 events; no actors, no network.
//!
//! By default every event is tried by 20 earn rules and 20 missions with predicates; it meets about three of each. Journal segments are written as
//! they seal, states at checkpoints; generating the events is left out of the figure.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use bytes::Bytes;
use programme::model::Programme;
use progression::{Catalogue, History, State, apply, try_apply};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde::Serialize;
use types::{BrandId, Currency, Decimal, Event, PlayerId, Position, SourceId, Timestamp, Value};

use crate::cpu;
use crate::population::{Population, Shape};

/// Events that share one fdatasync.
pub const GROUP: usize = 1_024;
/// Events that are made at once.
pub(crate) const BLOCK: usize = 64 * GROUP;
const CATEGORIES: usize = 7;

/// When the states of the players touched since the last time are encoded and written; always at the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// After each group: more often than any server would.
    EachGroup,
    /// As the embedded server does by default: once folding again what came since would take five seconds.
    ReplayBudget,
}

const REPLAY_BUDGET: Duration = Duration::from_secs(5);

/// One run's figures.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fold {
    /// Players.
    pub players: u32,
    /// How often each plays.
    pub shape: Shape,
    /// When states are written.
    pub pace: Pace,
    /// How often they were.
    pub checkpoints: u32,
    /// Events folded.
    pub events: u64,
    /// CPU time for each, all of the thread's work counted.
    pub cpu_ns_per_event: f64,
    /// The same on the clock.
    pub wall_ns_per_event: f64,
    /// Mean bytes of an encoded state.
    pub state_bytes: f64,
    /// Resident memory that each player's state takes, when the run is over.
    pub resident_bytes_per_player: f64,
    /// Emissions decided.
    pub emissions: u64,
}

/// The programme of the benchmark: so many rules and so many missions, of which the events can touch the first 20.
///
/// The others wait for categories that no event has, or for deposits, which do not come.
pub fn programme(things: usize) -> Result<Programme> {
    let mut text = String::from(
        "programme: bench\nbrand: bench\ncurrency: GBP\npoints: {xp: {kind: status}}\nrewards: [{id: prize, kind: bonus, template: P}]\nearn:\n",
    );
    for rule in 0..things {
        let (on, category, least) = (on(rule), category(rule), rule * 5);
        text.push_str(&format!(
            "  - {{id: r{rule}, on: {on}, when: 'event.attributes.category == \"{category}\" && event.amount >= {least}', give: {{points: xp, rate: {}, per: \"1.00\", of: amount}}}}\n",
            rule + 1
        ));
    }
    text.push_str("missions:\n");
    for mission in 0..things {
        let (on, category, window) = (
            on(mission),
            category(mission),
            ["day", "week", "month", "once"][mission % 4],
        );
        let goal = match mission % 2 {
            0 => format!(
                "{{count: {on}, target: {}, when: 'event.attributes.category == \"{category}\"'}}",
                10 + mission
            ),
            _ => format!(
                "{{sum: amount, of: {on}, target: {}, when: 'event.attributes.category == \"{category}\"'}}",
                1_000 * mission
            ),
        };
        text.push_str(&format!(
            "  - {{id: m{mission}, goal: {goal}, window: {window}, reward: [{{grant: prize}}]}}\n"
        ));
    }
    text.push_str("tiers:\n  - {id: loyalty, by: xp, levels: [{id: bronze, at: 0}, {id: silver, at: 10000}, {id: gold, at: 1000000}]}\n");
    programme::compile("bench.yaml", &text)
        .map_err(|errors| anyhow!("the benchmark's programme: {errors}"))
}

/// Things of a programme that the events can touch.
const TOUCHED: usize = 20;

fn on(thing: usize) -> &'static str {
    if thing < TOUCHED || thing.is_multiple_of(2) {
        "order"
    } else {
        "deposit"
    }
}

fn category(thing: usize) -> String {
    if thing < TOUCHED {
        format!("c{}", thing % CATEGORIES)
    } else {
        format!("x{thing}")
    }
}

/// What is folded.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Players.
    pub players: u32,
    /// How often each plays.
    pub shape: Shape,
    /// When states are written.
    pub pace: Pace,
    /// Rules, and missions.
    pub things: usize,
    /// Events.
    pub events: usize,
}

/// Folds so many events, in files below `folder`.
pub fn run(job: Job, folder: &Path) -> Result<Fold> {
    let Job {
        players,
        shape,
        pace,
        things,
        events,
    } = job;
    let programme = programme(things)?;
    let mut source = Source::new(players, shape)?;
    let resident = cpu::resident_bytes(std::process::id())?;
    let mut folder = Files::new(folder)?;
    let mut states: Vec<State> = (0..players).map(|_| State::new()).collect();
    let mut fold = Tally::default();
    let mut dirty = Dirty::new(players);
    // Of players with more events than their states keep, at hand as if they had been read.
    let mut cells = HashMap::new();
    let mut since = Duration::ZERO;
    // Players are hot before the clock starts: what their first event costs is the kernel's making of empty pages.
    for group in source.greeting(players)?.chunks(GROUP) {
        group_of(
            &programme,
            group,
            &mut states,
            &mut cells,
            &mut folder,
            &mut dirty,
            &mut Tally::default(),
        )?;
    }
    checkpoint(&states, &mut dirty, &mut folder, &mut Tally::default())?;
    while fold.events < events as u64 {
        let block = source.block()?;
        let (cpu, wall) = (cpu::of_this_thread()?, Instant::now());
        for group in block.chunks(GROUP) {
            group_of(
                &programme,
                group,
                &mut states,
                &mut cells,
                &mut folder,
                &mut dirty,
                &mut fold,
            )?;
            if pace == Pace::EachGroup {
                checkpoint(&states, &mut dirty, &mut folder, &mut fold)?;
            }
        }
        since += cpu::of_this_thread()?.saturating_sub(cpu);
        if since >= REPLAY_BUDGET || fold.events >= events as u64 {
            checkpoint(&states, &mut dirty, &mut folder, &mut fold)?;
            since = Duration::ZERO;
        }
        fold.cpu += cpu::of_this_thread()?.saturating_sub(cpu);
        fold.wall += wall.elapsed();
    }
    let resident = cpu::resident_bytes(std::process::id())?.saturating_sub(resident);
    Ok(Fold {
        players,
        shape,
        pace,
        checkpoints: fold.checkpoints,
        events: fold.events,
        cpu_ns_per_event: fold.cpu.as_nanos() as f64 / fold.events as f64,
        wall_ns_per_event: fold.wall.as_nanos() as f64 / fold.events as f64,
        state_bytes: fold.state_bytes as f64 / fold.states.max(1) as f64,
        resident_bytes_per_player: resident as f64 / f64::from(players),
        emissions: fold.emissions,
    })
}

#[derive(Default)]
struct Tally {
    events: u64,
    states: u64,
    state_bytes: u64,
    emissions: u64,
    checkpoints: u32,
    cpu: Duration,
    wall: Duration,
}

/// A record as it stands in the log.
pub(crate) struct Encoded {
    pub(crate) player: u32,
    pub(crate) position: Position,
    pub(crate) recorded_at: Timestamp,
    pub(crate) bytes: Bytes,
}

struct Files {
    log: File,
    state: File,
    buffer: Vec<u8>,
}

impl Files {
    fn new(folder: &Path) -> Result<Self> {
        Ok(Self {
            log: File::create(folder.join("fold.log"))?,
            state: File::create(folder.join("fold.state"))?,
            buffer: Vec::new(),
        })
    }
}

fn group_of(
    programme: &Programme,
    group: &[Encoded],
    states: &mut [State],
    cells: &mut HashMap<u32, History>,
    files: &mut Files,
    dirty: &mut Dirty,
    fold: &mut Tally,
) -> Result<()> {
    files.buffer.clear();
    group
        .iter()
        .for_each(|record| files.buffer.extend_from_slice(&record.bytes));
    files.log.write_all(&files.buffer)?;
    files.log.sync_data()?;
    files.buffer.clear();
    let none = History::new();
    for encoded in group {
        let record = events::record::decode(encoded.position, encoded.recorded_at, &encoded.bytes)?;
        let state = &mut states[encoded.player as usize];
        let history = cells.get(&encoded.player).unwrap_or(&none);
        // No id comes twice here: what the filter takes for a repetition by chance costs a look-up in a server, nothing here.
        let decision = try_apply(programme, state, history, &record)
            .unwrap_or_else(|_| apply(programme, state, history, &record));
        fold.emissions += decision.emissions().count() as u64;
        decision
            .sealed
            .iter()
            .for_each(|(_, segment)| files.buffer.extend_from_slice(segment));
        for (number, cell) in &decision.cells {
            files.buffer.extend_from_slice(cell);
            let history = cells.entry(encoded.player).or_default();
            history.insert(*number, cell, &Catalogue::default())?;
        }
        dirty.add(encoded.player);
    }
    files.state.write_all(&files.buffer)?;
    fold.events += group.len() as u64;
    Ok(())
}

/// Players touched since the last checkpoint, each once.
struct Dirty {
    is: Vec<bool>,
    all: Vec<u32>,
}

impl Dirty {
    fn new(players: u32) -> Self {
        Self {
            is: vec![false; players as usize],
            all: Vec::new(),
        }
    }

    fn add(&mut self, player: u32) {
        if !std::mem::replace(&mut self.is[player as usize], true) {
            self.all.push(player);
        }
    }
}

/// Writes the states of all dirty players, in pieces as a store would take them.
fn checkpoint(
    states: &[State],
    dirty: &mut Dirty,
    files: &mut Files,
    fold: &mut Tally,
) -> Result<()> {
    for players in dirty.all.chunks(GROUP) {
        files.buffer.clear();
        for player in players {
            states[*player as usize].encode(&mut files.buffer);
            dirty.is[*player as usize] = false;
        }
        fold.state_bytes += files.buffer.len() as u64;
        files.state.write_all(&files.buffer)?;
    }
    fold.states += dirty.all.len() as u64;
    fold.checkpoints += 1;
    dirty.all.clear();
    Ok(())
}

/// Makes encoded records, block by block.
pub(crate) struct Source {
    rng: StdRng,
    population: Population,
    brand: BrandId,
    source: SourceId,
    currency: Currency,
    next: u64,
}

impl Source {
    const START_NS: i64 = 1_767_225_600_000_000_000;
    const STEP_NS: i64 = 1_000_000;

    pub(crate) fn new(players: u32, shape: Shape) -> Result<Self> {
        Ok(Self {
            rng: StdRng::seed_from_u64(7),
            population: Population::new(players, shape)?,
            brand: "bench".parse()?,
            source: "shop".parse()?,
            currency: "GBP".parse()?,
            next: 0,
        })
    }

    pub(crate) fn block(&mut self) -> Result<Vec<Encoded>> {
        (0..BLOCK).map(|_| self.record()).collect()
    }

    /// One event of every player.
    fn greeting(&mut self, players: u32) -> Result<Vec<Encoded>> {
        (0..players).map(|player| self.record_of(player)).collect()
    }

    fn record(&mut self) -> Result<Encoded> {
        let player = self.population.draw(&mut self.rng);
        self.record_of(player)
    }

    fn record_of(&mut self, player: u32) -> Result<Encoded> {
        let number = self.next;
        self.next += 1;
        let at =
            Timestamp::MIN.saturating_add_nanos(Self::START_NS + number as i64 * Self::STEP_NS);
        let pence: i128 = self.rng.random_range(100..20_000);
        let category = format!("c{}", self.rng.random_range(0..CATEGORIES));
        let event = Event {
            id: format!("order-2026-{number:010}").parse()?,
            source: self.source.clone(),
            kind: "order".into(),
            player: PlayerId::new(&format!("player-{player:08}"))?,
            occurred_at: at,
            amount: Decimal::new(pence, 2),
            currency: Some(self.currency),
            refers_to: None,
            rate: None,
            attributes: [
                ("category".into(), Value::Text(category.into())),
                ("country".into(), Value::Text("United Kingdom".into())),
                ("items".into(), Value::Number(3.into())),
            ]
            .into(),
            sealed: None,
        };
        let position = Position {
            sequence: number / GROUP as u64 + 1,
            index: (number % GROUP as u64) as u32,
        };
        Ok(Encoded {
            player,
            position,
            recorded_at: at,
            bytes: events::record::encode(&self.brand, at, &event, None),
        })
    }
}
