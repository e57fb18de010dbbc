//! What the draft would have given, beside what the programme in effect gives: everything that a report says.

use programme::model::Programme;
use serde::Serialize;
use types::{MicroPoints, PlayerId, Timestamp};

use super::ranges::{Ranges, label};
use super::spread::{Gained, Plan, Spread, Spreads, both};
use super::tally::{Flow, Moves, Net, Tally};

/// The whole of it.
#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(super) history: Span,
    pub(super) today: Version,
    pub(super) draft: Version,
    pub(super) missions: Vec<Given>,
    pub(super) points: Vec<Points>,
    pub(super) rewards: Vec<Given>,
    /// In the programmes' currency, where costs were said.
    pub(super) cost: Option<Cost>,
    pub(super) tiers: Vec<Tier>,
    pub(super) refused: Vec<Refused>,
    pub(super) measures: Vec<Compared>,
}

/// What was folded.
#[derive(Debug, Serialize)]
pub(crate) struct Span {
    /// Events that count.
    pub(super) events: u64,
    pub(super) players: u64,
    /// The first and the last recorded time.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// From when on the draft counts; `null`: from the beginning.
    pub(super) since: Option<Timestamp>,
    /// Whether everything that was ever recorded is there.
    pub(super) complete: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct Version {
    pub(super) programme: Box<str>,
    pub(super) version: Box<str>,
}

/// Something under both programmes; `null`: the programme does not have it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Pair<T> {
    pub(super) today: Option<T>,
    pub(super) draft: Option<T>,
    /// The draft's less today's.
    pub(super) difference: T,
}

/// Completions of a mission, or grants of a reward: less what was taken back.
#[derive(Debug, Serialize)]
pub(super) struct Given {
    pub(super) id: Box<str>,
    #[serde(flatten)]
    pub(super) given: Pair<i64>,
    pub(super) taken_back: Pair<i64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Points {
    pub(super) id: Box<str>,
    /// Less what was taken back.
    #[serde(flatten)]
    pub(super) given: Pair<MicroPoints>,
    pub(super) taken_back: Pair<MicroPoints>,
    pub(super) expired: Pair<MicroPoints>,
}

#[derive(Debug, Serialize)]
pub(super) struct Cost {
    pub(super) currency: String,
    #[serde(flatten)]
    pub(super) cost: Pair<MicroPoints>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tier {
    pub(super) id: Box<str>,
    /// How often a player rose, and fell.
    pub(super) up: Pair<i64>,
    pub(super) down: Pair<i64>,
    /// Players who stand higher, and lower, under the draft in the end; `null` where only one programme has the set.
    pub(super) higher: Option<u64>,
    pub(super) lower: Option<u64>,
    /// Players on each level in the end.
    pub(super) levels: Vec<Level>,
}

#[derive(Debug, Serialize)]
pub(super) struct Level {
    pub(super) id: Box<str>,
    #[serde(flatten)]
    pub(super) players: Pair<i64>,
}

/// Events that asked for what was not done.
#[derive(Debug, Serialize)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    #[serde(flatten)]
    pub(super) events: Pair<i64>,
}

/// One number of each player: how it is spread, and who gains and loses most.
#[derive(Debug, Serialize)]
pub(super) struct Compared {
    pub(super) id: Box<str>,
    pub(super) players_with_more: u64,
    pub(super) players_with_less: u64,
    /// Players by what they have.
    pub(super) spread: Vec<Range>,
    /// Players by what they have more or less.
    pub(super) changes: Vec<Change>,
    pub(super) winners: Vec<Player>,
    pub(super) losers: Vec<Player>,
}

#[derive(Debug, Serialize)]
pub(super) struct Range {
    pub(super) range: String,
    pub(super) today: u64,
    pub(super) draft: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Change {
    pub(super) range: String,
    pub(super) players: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Player {
    pub(super) player: Box<str>,
    #[serde(flatten)]
    pub(super) has: Pair<MicroPoints>,
}

impl Difference {
    /// Of two programmes and what both gave.
    pub(super) fn new(
        history: Span,
        [today, draft]: [&Programme; 2],
        [was, would]: &[Tally; 2],
        plan: &Plan,
        spreads: &Spreads,
        costs: bool,
    ) -> Self {
        let points = both(&today.points, &draft.points, |it| (&it.first_id, &it.id));
        let tiers = both(&today.tiers, &draft.tiers, |it| (&it.first_id, &it.id));
        let mut codes: Vec<&'static str> = was.refused.keys().copied().collect();
        codes.extend(
            would
                .refused
                .keys()
                .filter(|it| !was.refused.contains_key(*it)),
        );
        let events =
            |tally: &Tally, code| Some(count(tally.refused.get(code).copied().unwrap_or(0)));
        let measures = plan.measures.iter().zip(&spreads.measures);
        Self {
            history,
            today: Version::of(today),
            draft: Version::of(draft),
            missions: given(
                &both(&today.missions, &draft.missions, |it| {
                    (&it.first_id, &it.id)
                }),
                |id| place(&today.missions, |it| *it.first_id == *id).map(|at| was.missions[at]),
                |id| place(&draft.missions, |it| *it.first_id == *id).map(|at| would.missions[at]),
            ),
            rewards: given(
                &both(&today.rewards, &draft.rewards, |it| (&it.first_id, &it.id)),
                |id| place(&today.rewards, |it| *it.first_id == *id).map(|at| was.rewards[at]),
                |id| place(&draft.rewards, |it| *it.first_id == *id).map(|at| would.rewards[at]),
            ),
            points: points
                .into_iter()
                .map(|(id, called)| {
                    let of = |programme: &Programme, tally: &Tally| {
                        let at = place(&programme.points, |it| *it.first_id == *id)?;
                        Some(tally.points[at])
                    };
                    Points::of(called, of(today, was), of(draft, would))
                })
                .collect(),
            cost: costs.then(|| Cost {
                currency: draft.currency.to_string(),
                cost: Pair::of(Some(MicroPoints(was.cost)), Some(MicroPoints(would.cost))),
            }),
            tiers: tiers
                .into_iter()
                .map(|(id, called)| {
                    let set = plan.sets.iter().position(|it| **it == *id);
                    let moved = set.map(|at| spreads.tiers[at]);
                    Tier::of((id, called), [(today, was), (draft, would)], moved)
                })
                .collect(),
            refused: codes
                .into_iter()
                .map(|code| Refused {
                    code,
                    events: Pair::of(events(was, code), events(would, code)),
                })
                .collect(),
            measures: measures
                .map(|(measure, spread)| Compared::of(&measure.name, spread))
                .collect(),
        }
    }
}

fn place<T>(all: &[T], is: impl Fn(&T) -> bool) -> Option<usize> {
    all.iter().position(is)
}

fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn given<'p>(
    ids: &[(&'p str, &'p str)],
    today: impl Fn(&'p str) -> Option<Net>,
    draft: impl Fn(&'p str) -> Option<Net>,
) -> Vec<Given> {
    let one = |(id, called): &(&'p str, &'p str)| {
        let (today, draft) = (today(id), draft(id));
        let stands = |net: Net| i64::try_from(net.stands()).unwrap_or(i64::MAX);
        let back = |net: Net| count(net.taken_back);
        Given {
            id: (*called).into(),
            given: Pair::of(today.map(stands), draft.map(stands)),
            taken_back: Pair::of(today.map(back), draft.map(back)),
        }
    };
    ids.iter().map(one).collect()
}

impl Version {
    fn of(programme: &Programme) -> Self {
        Self {
            programme: programme.id.clone(),
            version: programme.version.0.clone(),
        }
    }
}

impl<T: Default + Copy + std::ops::Sub<Output = T>> Pair<T> {
    fn of(today: Option<T>, draft: Option<T>) -> Self {
        Self {
            today,
            draft,
            difference: draft.unwrap_or_default() - today.unwrap_or_default(),
        }
    }
}

impl Points {
    fn of(id: &str, today: Option<Flow>, draft: Option<Flow>) -> Self {
        let pair = |of: fn(Flow) -> MicroPoints| Pair::of(today.map(of), draft.map(of));
        Self {
            id: id.into(),
            given: pair(|flow| flow.given - flow.taken_back),
            taken_back: pair(|flow| flow.taken_back),
            expired: pair(|flow| flow.expired),
        }
    }
}

impl Tier {
    fn of(
        (id, called): (&str, &str),
        sides: [(&Programme, &Tally); 2],
        moved: Option<[u64; 2]>,
    ) -> Self {
        let sets = sides.map(|(programme, tally)| {
            let at = place(&programme.tiers, |it| *it.first_id == *id)?;
            Some((&programme.tiers[at], &tally.tiers[at]))
        });
        let pair = |of: &dyn Fn(&Moves) -> u64| {
            let [today, draft] = sets.map(|set| set.map(|(_, moves)| count(of(moves))));
            Pair::of(today, draft)
        };
        let [was, would] = sets.map(|set| set.map_or(&[][..], |(set, _)| &set.levels));
        let levels = both(was, would, |it| (&it.first_id, &it.id))
            .into_iter()
            .map(|(level, called)| {
                let players = sets.map(|set| {
                    let (set, moves) = set?;
                    let at = place(&set.levels, |it| *it.first_id == *level)?;
                    Some(count(moves.levels[at]))
                });
                Level {
                    id: called.into(),
                    players: Pair::of(players[0], players[1]),
                }
            });
        Self {
            id: called.into(),
            up: pair(&|moves| moves.up),
            down: pair(&|moves| moves.down),
            higher: moved.map(|[higher, _]| higher),
            lower: moved.map(|[_, lower]| lower),
            levels: levels.collect(),
        }
    }
}

impl Compared {
    fn of(id: &str, spread: &Spread) -> Self {
        let player = |gained: &Gained| Player::of(&gained.player, gained);
        let have = ranges(&[&spread.today, &spread.draft]);
        let changed = ranges(&[&spread.change]);
        Self {
            id: id.into(),
            players_with_more: spread.more,
            players_with_less: spread.less,
            spread: have
                .map(|range| Range {
                    range: label(range),
                    today: spread.today.of(range),
                    draft: spread.draft.of(range),
                })
                .collect(),
            changes: changed
                .map(|range| Change {
                    range: label(range),
                    players: spread.change.of(range),
                })
                .collect(),
            winners: spread.winners.iter().map(player).collect(),
            losers: spread.losers.iter().map(player).collect(),
        }
    }
}

/// From the first to the last range with a value in one of them.
fn ranges(all: &[&Ranges]) -> std::ops::RangeInclusive<i16> {
    let ends = all.iter().filter_map(|ranges| ranges.ends());
    let (first, last) = ends
        .reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))
        .unwrap_or((0, 0));
    first..=last
}

impl Player {
    fn of(player: &PlayerId, gained: &Gained) -> Self {
        Self {
            player: player.as_str().into(),
            has: Pair::of(Some(gained.today), Some(gained.draft)),
        }
    }
}
