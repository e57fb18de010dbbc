//! The fold itself, players side by side on all cores where they share nothing.

use std::borrow::Cow;
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::mpsc;
use std::thread;

use programme::model::Programme;
use progression::{Catalogue, Decision, History, State, Subject, due, journal, try_apply, view};
use types::{PlayerId, Record, Timestamp};

use super::Records;
use super::together::fold_together;
use crate::exit::Failure;

/// Which outputs are asked for beside the players.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) emissions: bool,
    pub(crate) journal: bool,
}

/// What came of the file: lines of JSON without their line ends.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// Players with an accepted event, by their bytes.
    pub(crate) players: Vec<Vec<u8>>,
    /// Emissions by (at, record, order within the step).
    pub(crate) emissions: Vec<Vec<u8>>,
    /// Journal entries by player, oldest first.
    pub(crate) journal: Vec<Vec<u8>>,
}

/// What came of some of the players.
#[derive(Default)]
pub(super) struct Part<'a> {
    players: Vec<Vec<u8>>,
    emissions: Vec<(Place<'a>, Vec<u8>)>,
    journal: Vec<Vec<u8>>,
}

/// Where an emission stands among all: by its time; timers' before records'.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    at: Timestamp,
    of: Of<'a>,
    /// How many were said before: those of one timer or record keep their order.
    n: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Of<'a> {
    /// Timers of one instant go by the player's bytes.
    Timer(&'a PlayerId),
    /// Records go by their place in the log.
    Record(u64),
}

/// How many players a thread folds before it says how far it is.
const PLAYERS_A_REPORT: u64 = 64;
/// `wants` is asked at most so often for one record: each answer is of segments that it has not seen.
const ROUNDS_MAX: usize = 64;

/// Folds every player. `folded` is told of players that are done.
pub(crate) fn fold(
    programme: &Programme,
    records: &Records,
    wanted: Wanted,
    folded: &mut dyn FnMut(u64),
) -> Result<Folded, Failure> {
    let Some(end) = records.end else {
        return Ok(Folded::default());
    };
    if programme.is_shared() {
        let part = fold_together(programme, records, end, wanted)?;
        folded(records.players.len() as u64);
        return Ok(together(vec![part]));
    }
    let players: Vec<(&PlayerId, &[Record])> = records
        .players
        .iter()
        .map(|(player, records)| (player, records.as_slice()))
        .collect();
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let share = players.len().div_ceil(threads).max(1);
    let (done, reports) = mpsc::channel();
    let parts = thread::scope(|scope| {
        let work: Vec<_> = players
            .chunks(share)
            .map(|players| {
                let done = done.clone();
                scope.spawn(move || part(programme, players, end, wanted, &done))
            })
            .collect();
        drop(done);
        reports.iter().for_each(folded);
        work.into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| Err(Failure::failed("a thread of the fold ended early")))
            })
            .collect::<Result<Vec<Part<'_>>, Failure>>()
    })?;
    Ok(together(parts))
}

fn together(parts: Vec<Part<'_>>) -> Folded {
    let (mut all, mut emissions) = (Folded::default(), Vec::new());
    for part in parts {
        all.players.extend(part.players);
        all.journal.extend(part.journal);
        emissions.extend(part.emissions);
    }
    emissions.sort_by_key(|(place, _)| *place);
    all.emissions = emissions.into_iter().map(|(_, line)| line).collect();
    all
}

fn part<'a>(
    programme: &'a Programme,
    players: &[(&'a PlayerId, &[Record])],
    end: Timestamp,
    wanted: Wanted,
    done: &mpsc::Sender<u64>,
) -> Result<Part<'a>, Failure> {
    let mut part = Part::default();
    let mut unsaid = 0;
    for (player, records) in players {
        let subject = Subject {
            brand: &programme.brand,
            player,
        };
        one(programme, subject, records, end, wanted, &mut part)
            .map_err(|why| Failure::failed(format!("player {player}: {why}")))?;
        unsaid += 1;
        if unsaid == PLAYERS_A_REPORT {
            // Nobody listens only when the fold is over.
            done.send(std::mem::take(&mut unsaid)).unwrap_or_default();
        }
    }
    done.send(unsaid).unwrap_or_default();
    Ok(part)
}

fn one<'a>(
    programme: &Programme,
    subject: Subject<'a>,
    records: &[Record],
    end: Timestamp,
    wanted: Wanted,
    part: &mut Part<'a>,
) -> anyhow::Result<()> {
    let mut state = State::new();
    let mut sealed: HashMap<u32, Vec<u8>> = HashMap::new();
    let catalogue = Catalogue::of(programme);
    for record in records {
        let row = |number| kept(&sealed, number);
        let decision = fold_one(&catalogue, row, record, |history| {
            try_apply(programme, &mut state, history, record)
        })?;
        if wanted.emissions {
            part.say(subject, &decision, record.position.sequence);
        }
        sealed.extend(decision.sealed);
        sealed.extend(decision.cells);
    }
    // What falls due after the player's last record, up to the end of the run.
    let decision = due(programme, &mut state, end);
    if wanted.emissions {
        part.say(subject, &decision, 0);
    }
    sealed.extend(decision.sealed);
    in_the_end(programme, subject, &state, &sealed, end, wanted, part)
}

/// Writes down what is left of a player when all is folded.
pub(super) fn in_the_end(
    programme: &Programme,
    subject: Subject<'_>,
    state: &State,
    sealed: &HashMap<u32, Vec<u8>>,
    end: Timestamp,
    wanted: Wanted,
    part: &mut Part<'_>,
) -> anyhow::Result<()> {
    if wanted.journal {
        let catalogue = Catalogue::of(programme);
        write_journal(&catalogue, subject.player, state, sealed, &mut part.journal)?;
    }
    if state.is_known() {
        let seen = view(programme, state, subject, end);
        part.players.push(serde_json::to_vec(&seen.line())?);
    }
    Ok(())
}

impl<'a> Part<'a> {
    /// Writes emissions down, with their places: timers' by their player, others' by their record.
    pub(super) fn say(&mut self, subject: Subject<'a>, decision: &Decision, record: u64) {
        for emission in decision.emissions() {
            let of = match emission.cause().timer() {
                Some(_) => Of::Timer(subject.player),
                None => Of::Record(record),
            };
            let place = Place {
                at: emission.at(),
                of,
                n: self.emissions.len(),
            };
            let id = emission.id(subject).to_string();
            self.emissions.push((place, emission.json(subject, &id)));
        }
    }
}

/// Folds a record with the rows of the journal that it needs, and no others. `row` gives one, as the names in `catalogue` say it.
pub(crate) fn fold_one<'r>(
    catalogue: &Catalogue,
    row: impl Fn(u32) -> anyhow::Result<Cow<'r, [u8]>>,
    record: &Record,
    mut apply: impl FnMut(&History) -> Result<Decision, Vec<u32>>,
) -> anyhow::Result<Decision> {
    let mut history = History::new();
    for _ in 0..ROUNDS_MAX {
        let wanted = match apply(&history) {
            Ok(decision) => return Ok(decision),
            Err(wanted) => wanted,
        };
        for number in wanted {
            history.insert(number, &row(number)?, catalogue)?;
        }
    }
    anyhow::bail!(
        "record {} asks for journal segments without end",
        record.position
    )
}

/// A row that is kept in memory.
pub(super) fn kept(sealed: &HashMap<u32, Vec<u8>>, number: u32) -> anyhow::Result<Cow<'_, [u8]>> {
    let bytes = sealed.get(&number);
    let bytes = bytes.ok_or_else(|| anyhow::anyhow!("no journal segment {number}"))?;
    Ok(Cow::Borrowed(bytes))
}

fn write_journal(
    catalogue: &Catalogue,
    player: &PlayerId,
    state: &State,
    sealed: &HashMap<u32, Vec<u8>>,
    lines: &mut Vec<Vec<u8>>,
) -> anyhow::Result<()> {
    let numbers = sealed.keys().filter(|number| !journal::is_cell(**number));
    let mut numbers: Vec<_> = numbers.collect();
    numbers.sort_unstable();
    for number in numbers {
        for entry in journal::decode_segment(&sealed[number], catalogue)? {
            lines.push(journal::entry_line(player, &entry));
        }
    }
    for entry in journal::open_entries(state) {
        lines.push(journal::entry_line(player, &entry));
    }
    Ok(())
}
