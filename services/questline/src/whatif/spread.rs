//! How what players gain is spread over them, and who gains and loses most.

use programme::model::Programme;
use types::{MicroPoints, PlayerId};

use super::player::Half;
use super::ranges::Ranges;
use super::tally::Gain;

/// The most players of a list.
const SHOWN: usize = 10;

/// What is compared player by player.
pub(super) struct Plan {
    pub(super) measures: Vec<Measure>,
    /// For each tier set of both programmes its places in them, and for each of today's levels the place of the draft's of that name.
    tiers: Vec<(usize, usize, Vec<Option<u16>>)>,
    pub(super) sets: Vec<Box<str>>,
}

/// One number of each player, under both programmes.
pub(super) struct Measure {
    pub(super) name: Box<str>,
    of: Of,
}

enum Of {
    /// Points: their places in the two programmes.
    Points([Option<usize>; 2]),
    Completions,
    Cost,
}

impl Plan {
    pub(super) fn new(today: &Programme, draft: &Programme, costs: bool) -> Self {
        let place = |programme: &Programme, id: &str| {
            let mut points = programme.points.iter();
            points.position(|it| *it.first_id == *id)
        };
        let both = both(&today.points, &draft.points, |it| (&it.first_id, &it.id));
        let mut measures: Vec<Measure> = both
            .into_iter()
            .map(|(first, id)| Measure {
                name: id.into(),
                of: Of::Points([place(today, first), place(draft, first)]),
            })
            .collect();
        measures.push(Measure {
            name: "completions".into(),
            of: Of::Completions,
        });
        if costs {
            measures.push(Measure {
                name: "cost".into(),
                of: Of::Cost,
            });
        }
        let (mut tiers, mut sets) = (Vec::new(), Vec::new());
        for (was, set) in today.tiers.iter().enumerate() {
            let Some(is) = draft
                .tiers
                .iter()
                .position(|it| it.first_id == set.first_id)
            else {
                continue;
            };
            let level = |first: &str| {
                let mut levels = draft.tiers[is].levels.iter();
                levels.position(|it| *it.first_id == *first)
            };
            let levels = set.levels.iter();
            let levels = levels.map(|it| level(&it.first_id).and_then(|at| u16::try_from(at).ok()));
            tiers.push((was, is, levels.collect()));
            sets.push(set.first_id.clone());
        }
        Self {
            measures,
            tiers,
            sets,
        }
    }
}

/// Of what either programme has: the first id, by which both know it, and what it is called, in the draft if it is there.
pub(super) fn both<'p, T>(
    today: &'p [T],
    draft: &'p [T],
    ids: impl Fn(&'p T) -> (&'p str, &'p str),
) -> Vec<(&'p str, &'p str)> {
    let mut all: Vec<(&str, &str)> = today.iter().map(&ids).collect();
    for (first, id) in draft.iter().map(ids) {
        match all.iter_mut().find(|(it, _)| *it == first) {
            Some((_, called)) => *called = id,
            None => all.push((first, id)),
        }
    }
    all
}

impl Of {
    fn value(&self, gain: &Gain, which: usize) -> MicroPoints {
        match self {
            Self::Points(places) => places[which].map_or(MicroPoints::ZERO, |at| gain.points(at)),
            Self::Completions => MicroPoints(i128::from(gain.completions) * 1_000_000),
            Self::Cost => MicroPoints(gain.cost),
        }
    }
}

/// Everything that is compared player by player, over some of them.
pub(super) struct Spreads {
    pub(super) measures: Vec<Spread>,
    /// For each tier set of both: players who stand higher, and lower, under the draft.
    pub(super) tiers: Vec<[u64; 2]>,
}

/// One measure over players.
#[derive(Clone, Default)]
pub(super) struct Spread {
    pub(super) today: Ranges,
    pub(super) draft: Ranges,
    pub(super) change: Ranges,
    /// Players with more, and with less, under the draft.
    pub(super) more: u64,
    pub(super) less: u64,
    pub(super) winners: Vec<Gained>,
    pub(super) losers: Vec<Gained>,
}

/// What a player has under both programmes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Gained {
    pub(super) player: PlayerId,
    pub(super) today: MicroPoints,
    pub(super) draft: MicroPoints,
}

impl Gained {
    pub(super) fn difference(&self) -> MicroPoints {
        self.draft - self.today
    }
}

impl Spreads {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            measures: vec![Spread::default(); plan.measures.len()],
            tiers: vec![[0; 2]; plan.tiers.len()],
        }
    }

    /// Counts a player, who stands under both programmes.
    pub(super) fn count(&mut self, plan: &Plan, player: &PlayerId, halves: [&Half; 2]) {
        for (measure, spread) in plan.measures.iter().zip(&mut self.measures) {
            let value = |which: usize| measure.of.value(&halves[which].gain, which);
            spread.count(Gained {
                player: player.clone(),
                today: value(0),
                draft: value(1),
            });
        }
        let level = |which: usize, set: usize| halves[which].state.levels().nth(set).unwrap_or(0);
        for ((was, is, same), [higher, lower]) in plan.tiers.iter().zip(&mut self.tiers) {
            let (today, draft) = (level(0, *was), level(1, *is));
            // A level that the draft does not have counts by its place.
            let today = same.get(usize::from(today)).copied().flatten();
            let today = today.unwrap_or_else(|| level(0, *was));
            *higher += u64::from(draft > today);
            *lower += u64::from(draft < today);
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        for (spread, more) in self.measures.iter_mut().zip(other.measures) {
            spread.add(more);
        }
        for (moved, more) in self.tiers.iter_mut().zip(other.tiers) {
            moved[0] += more[0];
            moved[1] += more[1];
        }
    }
}

impl Spread {
    fn count(&mut self, gained: Gained) {
        let change = gained.difference();
        self.today.count(gained.today);
        self.draft.count(gained.draft);
        self.change.count(change);
        if change > MicroPoints::ZERO {
            self.more += 1;
            insert(&mut self.winners, gained, |it| it.difference());
        } else if change < MicroPoints::ZERO {
            self.less += 1;
            insert(&mut self.losers, gained, |it| -it.difference());
        }
    }

    fn add(&mut self, other: Self) {
        self.today.add(&other.today);
        self.draft.add(&other.draft);
        self.change.add(&other.change);
        self.more += other.more;
        self.less += other.less;
        for gained in other.winners {
            insert(&mut self.winners, gained, |it| it.difference());
        }
        for gained in other.losers {
            insert(&mut self.losers, gained, |it| -it.difference());
        }
    }
}

/// Keeps the first of a list: most first, equals by the player's bytes.
fn insert(list: &mut Vec<Gained>, gained: Gained, by: impl Fn(&Gained) -> MicroPoints) {
    let before = |it: &Gained| (by(&gained), &it.player) < (by(it), &gained.player);
    let at = list.partition_point(before);
    if at < SHOWN {
        list.insert(at, gained);
        list.truncate(SHOWN);
    }
}

#[cfg(test)]
mod tests {
    use types::{MicroPoints, PlayerId};

    use super::{Gained, SHOWN, Spread};

    #[test]
    fn winners_and_losers_are_the_furthest_and_equals_go_by_name() {
        let gained = |number: u32, today: i128, draft: i128| Gained {
            player: PlayerId::new(&format!("p{number:02}")).unwrap(),
            today: MicroPoints(today),
            draft: MicroPoints(draft),
        };
        let (mut one, mut other) = (Spread::default(), Spread::default());
        for number in 0..30 {
            let into = if number % 2 == 0 {
                &mut one
            } else {
                &mut other
            };
            // p00 to p19 win 0, 0, 1, 1, ...; the rest lose.
            match number {
                0..20 => into.count(gained(number, 5, 5 + i128::from(number / 2))),
                _ => into.count(gained(number, i128::from(number), 0)),
            }
        }
        one.add(other);
        let names = |list: &[Gained]| {
            let names = list.iter().map(|it| it.player.to_string());
            names.collect::<Vec<_>>().join(" ")
        };
        assert_eq!((one.more, one.less), (18, 10));
        assert_eq!(one.winners.len(), SHOWN);
        assert_eq!(
            names(&one.winners),
            "p18 p19 p16 p17 p14 p15 p12 p13 p10 p11"
        );
        assert_eq!(
            names(&one.losers),
            "p29 p28 p27 p26 p25 p24 p23 p22 p21 p20"
        );
    }
}
