//! A worker: folds each of its players under both programmes.
//!
//! Where players share nothing their order among each other does not matter: records are gathered, and each player's folded one behind the
//! other. Both of his states lie in the caches then, and not in those of a hundred thousand others' way.

use std::collections::HashMap;

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

/// Records that are gathered before they are folded: some 75 MB.
const GATHERED: usize = 1 << 17;

/// Players of some partitions, or of all of them.
pub(super) struct Worker<'p> {
    brand: &'p BrandId,
    /// From when on the draft counts, and anything is counted; `None`: from the beginning.
    since: Option<Timestamp>,
    sides: [Side<'p>; 2],
    places: HashMap<PlayerId, usize>,
    players: Vec<(PlayerId, Player)>,
    /// Each with the place of its player.
    gathered: Vec<(usize, Record)>,
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
            places: HashMap::new(),
            players: Vec::new(),
            gathered: Vec::new(),
            rows: Rows::new().context("no file for what does not stay in memory")?,
            forked: false,
            events: 0,
        })
    }

    /// Takes a record of the log, where it is an event of one of the brand's players.
    pub(super) fn take(&mut self, record: &LogRecord) -> anyhow::Result<()> {
        let read = events::record::decode(record.position, record.recorded_at, &record.body);
        let mut record = read.with_context(|| format!("the record at {}", record.position))?;
        let Body::Event { brand, event, .. } = &mut record.body else {
            return Ok(());
        };
        if brand != self.brand || is_tell(event) {
            return Ok(());
        }
        // Both sides ask for it, and it costs more than to keep it.
        event.sealed = Some(Box::new(event.digest()));
        let place = self.place(&event.player, record.recorded_at);
        if self.sides[TODAY].town.is_some() {
            return self.event(place, &record);
        }
        self.gathered.push((place, record));
        match self.gathered.len() < GATHERED {
            true => Ok(()),
            false => self.fold_gathered(),
        }
    }

    fn place(&mut self, id: &PlayerId, at: Timestamp) -> usize {
        if let Some(place) = self.places.get(id) {
            return *place;
        }
        let place = self.players.len();
        let both = self.is_since(at);
        let player = Player {
            today: Half::default(),
            draft: both.then(Half::default),
        };
        self.players.push((id.clone(), player));
        self.places.insert(id.clone(), place);
        place
    }

    /// Whether the draft counts for a record of then.
    fn is_since(&self, at: Timestamp) -> bool {
        self.forked || self.since.is_none_or(|since| at >= since)
    }

    fn fold_gathered(&mut self) -> anyhow::Result<()> {
        let mut gathered = std::mem::take(&mut self.gathered);
        // Stable: a player's records stay in order.
        gathered.sort_by_key(|(place, _)| *place);
        for (place, record) in gathered.drain(..) {
            self.event(place, &record)?;
        }
        self.gathered = gathered;
        Ok(())
    }

    fn event(&mut self, place: usize, record: &Record) -> anyhow::Result<()> {
        let at = record.recorded_at;
        let both = self.is_since(at);
        if self.sides[TODAY].town.is_some() {
            if both && !self.forked {
                self.fork_together()?;
            }
            self.fire_until(at)?;
        }
        let (sides, rows) = (&mut self.sides, &mut self.rows);
        let (id, player) = &mut self.players[place];
        let folded = (|| {
            if let Some(since) = self.since.filter(|_| both && player.draft.is_none()) {
                player.draft = Some(fork(sides, id, &mut player.today, since, rows)?);
            }
            let [today, draft] = sides;
            today.fold(id, &mut player.today, record, rows, both)?;
            if let Some(half) = &mut player.draft {
                draft.fold(id, half, record, rows, true)?;
                self.events += 1;
            }
            anyhow::Ok(())
        })();
        folded.with_context(|| format!("player {id}"))
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
        let all = self.players.iter_mut().map(|(id, player)| (&*id, player));
        let mut rest: Vec<(&PlayerId, &mut Player)> =
            all.filter(|(_, player)| player.draft.is_none()).collect();
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
                let Some(place) = self.places.get(&id) else {
                    continue;
                };
                let (_, player) = &mut self.players[*place];
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
        self.fold_gathered()?;
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
