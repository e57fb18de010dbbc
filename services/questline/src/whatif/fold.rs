//! A worker: folds each of its players under both programmes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Context as _;
use ports::LogRecord;
use types::{Body, BrandId, Event, PlayerId, Record, SourceId, Timestamp};

use super::player::{Half, Player, Side, fork};
use super::rows::Rows;
use super::spread::{Plan, Spreads};
use super::tally::Tally;

const TODAY: usize = 0;
const DRAFT: usize = 1;

/// What entities tell each other follows from the programme, and is told anew. That a player was erased does not.
fn is_tell(event: &Event) -> bool {
    event.source.as_str() == SourceId::QUESTLINE && *event.kind != *Event::ERASED
}

/// What came of some of the players.
pub(super) struct Part {
    pub(super) tallies: [Tally; 2],
    pub(super) spreads: Spreads,
    pub(super) players: u64,
    /// Events since the draft counts.
    pub(super) events: u64,
}

/// Players of some partitions, or of all of them.
pub(super) struct Worker<'p> {
    brand: &'p BrandId,
    /// From when on the draft counts, and anything is counted; `None`: from the beginning.
    since: Option<Timestamp>,
    sides: [Side<'p>; 2],
    players: HashMap<PlayerId, Player>,
    rows: Rows,
    /// Whether the draft counts by now, whoever's record comes: where players share something they meet it together.
    forked: bool,
    events: u64,
}

impl<'p> Worker<'p> {
    pub(super) fn new(
        brand: &'p BrandId,
        since: Option<Timestamp>,
        sides: [Side<'p>; 2],
    ) -> anyhow::Result<Self> {
        Ok(Self {
            brand,
            since,
            sides,
            players: HashMap::new(),
            rows: Rows::new().context("no file for what does not stay in memory")?,
            forked: false,
            events: 0,
        })
    }

    /// Folds a record of the log, where it is an event of one of the brand's players.
    pub(super) fn take(&mut self, record: &LogRecord) -> anyhow::Result<()> {
        let read = events::record::decode(record.position, record.recorded_at, &record.body);
        let record = read.with_context(|| format!("the record at {}", record.position))?;
        match &record.body {
            Body::Event { brand, event, .. } if brand == self.brand && !is_tell(event) => {
                let failed = || format!("player {}", event.player);
                self.event(&record, event).with_context(failed)
            }
            _ => Ok(()),
        }
    }

    fn event(&mut self, record: &Record, event: &Event) -> anyhow::Result<()> {
        let at = record.recorded_at;
        let both = self.forked || self.since.is_none_or(|since| at >= since);
        if self.sides[TODAY].town.is_some() {
            if both && !self.forked {
                self.fork_together()?;
            }
            self.fire_until(at)?;
        }
        let (sides, rows) = (&mut self.sides, &mut self.rows);
        let player = match self.players.entry(event.player.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Player {
                today: Half::default(),
                draft: both.then(Half::default),
            }),
        };
        if let Some(since) = self.since.filter(|_| both && player.draft.is_none()) {
            let half = fork(sides, &event.player, &mut player.today, since, rows)?;
            player.draft = Some(half);
        }
        let [today, draft] = sides;
        today.fold(&event.player, &mut player.today, record, rows, both)?;
        if let Some(half) = &mut player.draft {
            draft.fold(&event.player, half, record, rows, true)?;
            self.events += 1;
        }
        Ok(())
    }

    /// Everybody meets the draft, and finds of what is shared what is left.
    fn fork_together(&mut self) -> anyhow::Result<()> {
        self.forked = true;
        let Some(since) = self.since else {
            return Ok(());
        };
        self.fire_until(since)?;
        let left = self.sides[TODAY].town.as_ref();
        let left = left.map(|town| town.stocks.clone());
        if let (Some(town), Some(left)) = (&mut self.sides[DRAFT].town, left) {
            town.stocks = left;
        }
        self.fork_rest(since)
    }

    /// Whoever has not met the draft by then does.
    fn fork_rest(&mut self, since: Timestamp) -> anyhow::Result<()> {
        let mut rest: Vec<(&PlayerId, &mut Player)> = self
            .players
            .iter_mut()
            .filter(|(_, player)| player.draft.is_none())
            .collect();
        rest.sort_unstable_by_key(|(id, _)| *id);
        for (id, player) in rest {
            let half = fork(
                &mut self.sides,
                id,
                &mut player.today,
                since,
                &mut self.rows,
            )
            .with_context(|| format!("player {id}"))?;
            player.draft = Some(half);
        }
        Ok(())
    }

    /// Fires what is due by then, by time; what lapses is there for who comes next.
    fn fire_until(&mut self, now: Timestamp) -> anyhow::Result<()> {
        for which in [TODAY, DRAFT] {
            let side = &mut self.sides[which];
            while let Some((at, id)) = side.town.as_mut().and_then(|town| town.next_due(now)) {
                let Some(player) = self.players.get_mut(&id) else {
                    continue;
                };
                let counts = player.draft.is_some();
                let half = match which {
                    TODAY => Some(&mut player.today),
                    _ => player.draft.as_mut(),
                };
                if let Some(half) = half {
                    side.due(&id, half, at, &mut self.rows, counts)?;
                }
            }
        }
        Ok(())
    }

    /// What came of it, what is due by the end of the history included.
    pub(super) fn finish(mut self, plan: &Plan, end: Timestamp) -> anyhow::Result<Part> {
        match self.since {
            Some(since) if self.sides[TODAY].town.is_none() => self.fork_rest(since)?,
            Some(_) if !self.forked => self.fork_together()?,
            _ => {}
        }
        self.fire_until(end)?;
        let mut spreads = Spreads::new(plan);
        let players = self.players.len() as u64;
        let [today, draft] = &mut self.sides;
        for (id, player) in &mut self.players {
            let Player {
                today: was,
                draft: Some(would),
            } = player
            else {
                continue;
            };
            today.due(id, was, end, &mut self.rows, true)?;
            draft.due(id, would, end, &mut self.rows, true)?;
            today.tally.stands(was.state.levels());
            draft.tally.stands(would.state.levels());
            // Of somebody who was erased nothing is said by name.
            if !was.state.is_erased() {
                spreads.count(plan, id, [was, would]);
            }
        }
        let [today, draft] = self.sides;
        Ok(Part {
            tallies: [today.tally, draft.tally],
            spreads,
            players,
            events: self.events,
        })
    }
}
