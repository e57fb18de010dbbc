//! Another version has its things at other places: everything that is written down goes by the place of its thing, and moves with it.
//!
//! Things are what they were first called. What a version does not have lies aside, at a place behind all others, until one has it again.

use programme::model::{Mission, Programme, TierSet};

use super::life::{Life, Why};
use super::tier::What;
use super::version::Rules;

/// From here on places are those of what lies aside.
pub(super) const ASIDE: usize = 1_000_000;

/// A thing that a version took out: its kind and first id, and the last version that had it.
pub(super) struct Aside<'a> {
    kind: Kind,
    first_id: String,
    last: &'a Programme,
}

/// What may come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rule,
    Mission,
    Set,
    Level,
}

impl<'a> Life<'a> {
    /// A mission as the version has it, or the last one that had it.
    pub(super) fn mission_of(&self, mission: usize) -> Rules<'a> {
        let had = self.version_of(mission);
        let name = self.first_id(Kind::Mission, mission);
        let mut missions = had.missions.iter();
        let found = missions.find(|it| *it.first_id == *name);
        (had, found.expect("the last version that had it"))
    }

    fn set_of(&self, set: usize) -> &'a TierSet {
        let name = self.first_id(Kind::Set, set);
        let found = set_called(self.version_of(set), &name);
        found.expect("the last version that had it")
    }

    /// The places of the missions of another version that there are or were, each with what that version says of it.
    pub(super) fn missions_in(&self, next: &'a Programme) -> Vec<(usize, &'a Mission)> {
        let aside = ASIDE..ASIDE + self.aside.len();
        let aside = aside.filter(|place| self.aside[place - ASIDE].kind == Kind::Mission);
        let places = (0..self.programme.missions.len()).chain(aside);
        let in_it = |place: usize| {
            let name = self.first_id(Kind::Mission, place);
            let mission = next.missions.iter().find(|it| *it.first_id == *name)?;
            Some((place, mission))
        };
        places.filter_map(in_it).collect()
    }

    fn version_of(&self, place: usize) -> &'a Programme {
        match place.checked_sub(ASIDE) {
            Some(aside) => self.aside[aside].last,
            None => self.programme,
        }
    }

    fn first_id(&self, kind: Kind, place: usize) -> String {
        if let Some(aside) = place.checked_sub(ASIDE) {
            return self.aside[aside].first_id.clone();
        }
        let programme = self.programme;
        let id = match kind {
            Kind::Rule => &programme.rules[place].first_id,
            Kind::Mission => &programme.missions[place].first_id,
            Kind::Set => &programme.tiers[place].first_id,
            Kind::Level => unreachable!("levels go by their sets"),
        };
        id.to_string()
    }

    // Where another version has a thing.
    fn place(&mut self, kind: Kind, place: usize, next: &'a Programme) -> usize {
        let first_id = self.first_id(kind, place);
        let is = |it: &str| *it == *first_id;
        let found = match kind {
            Kind::Rule => next.rules.iter().position(|it| is(&it.first_id)),
            Kind::Mission => next.missions.iter().position(|it| is(&it.first_id)),
            Kind::Set => next.tiers.iter().position(|it| is(&it.first_id)),
            Kind::Level => unreachable!("levels go by their sets"),
        };
        let last = self.version_of(place);
        found.unwrap_or_else(|| self.put_aside(kind, first_id, last))
    }

    fn put_aside(&mut self, kind: Kind, first_id: String, last: &'a Programme) -> usize {
        let known = |it: &Aside<'_>| it.kind == kind && it.first_id == first_id;
        let at = self.aside.iter().position(known);
        let at = at.unwrap_or(self.aside.len());
        let aside = Aside {
            kind,
            first_id,
            last,
        };
        match self.aside.get_mut(at) {
            Some(known) => *known = aside,
            None => self.aside.push(aside),
        }
        ASIDE + at
    }

    // Where another version has a level. Of a set that it does not have, levels stay as the last version with it had them.
    fn level_place(&mut self, set: usize, level: usize, next: &'a Programme) -> usize {
        let old = self.set_of(set);
        let Some(new) = set_called(next, &old.first_id) else {
            return level;
        };
        let name = match level.checked_sub(ASIDE) {
            Some(aside) => self.aside[aside].first_id.clone(),
            None => format!("{}/{}", old.first_id, old.levels[level].first_id),
        };
        let is = |it: &str| format!("{}/{it}", new.first_id) == name;
        let found = new.levels.iter().position(|it| is(&it.first_id));
        let last = self.version_of(set);
        found.unwrap_or_else(|| self.put_aside(Kind::Level, name, last))
    }

    // The level that another version makes of one: it, or the next below that there still is.
    fn level_left(&self, set: usize, level: usize, next: &Programme) -> usize {
        let old = self.set_of(set);
        let Some(new) = set_called(next, &old.first_id) else {
            return level;
        };
        let below = old.levels[..=level].iter().rev();
        let mut left = below.filter_map(|it| {
            let mut levels = new.levels.iter();
            levels.position(|other| other.first_id == it.first_id)
        });
        left.next().unwrap_or(0)
    }

    /// Facts of missions that go, and of those that come back: what is returned in between takes nothing of them.
    pub(super) fn miss(&mut self, next: &'a Programme) {
        let there: Vec<usize> = self
            .missions_in(next)
            .into_iter()
            .map(|(place, _)| place)
            .collect();
        for at in 0..self.counted.len() {
            let fact = &self.counted[at];
            let (worth, is_left) = (self.net(fact), self.is_left(fact));
            let comes = there.contains(&fact.mission);
            let missed = &mut self.counted[at].missed;
            if !comes && missed.since.is_none() {
                missed.since = is_left.then_some(worth);
            } else if comes && let Some(since) = missed.since.take() {
                missed.micro += since - worth;
                missed.whole |= !is_left;
            }
        }
    }

    /// Moves everything to where another version has it.
    pub(super) fn renumber(&mut self, next: &'a Programme) {
        let old = self.programme;
        let whys: Vec<Why> = self.moves.iter().map(|step| step.why.clone()).collect();
        for (at, why) in whys.into_iter().enumerate() {
            self.moves[at].why = match why {
                Why::Rule(rule) => Why::Rule(self.place(Kind::Rule, rule, next)),
                Why::Mission(mission, period) => {
                    Why::Mission(self.place(Kind::Mission, mission, next), period)
                }
                Why::Level(set, level) => {
                    let level = self.level_place(set, level, next);
                    Why::Level(self.place(Kind::Set, set, next), level)
                }
                other => other,
            };
        }
        macro_rules! move_all {
            ($list:ident, $kind:expr, $($of:tt)+) => {
                let places: Vec<usize> = self.$list.iter().map(|it| it.$($of)+).collect();
                for (at, place) in places.into_iter().enumerate() {
                    self.$list[at].$($of)+ = self.place($kind, place, next);
                }
            };
        }
        move_all!(counted, Kind::Mission, mission);
        move_all!(kept, Kind::Mission, mission);
        move_all!(completions, Kind::Mission, mission);
        move_all!(joined, Kind::Mission, 0);
        move_all!(started, Kind::Mission, 0);
        move_all!(broken, Kind::Mission, 0);
        for at in 0..self.turns.len() {
            let (set, what) = (self.turns[at].set, self.turns[at].what);
            let left = |level| self.level_left(set, level, next);
            self.turns[at].what = match what {
                What::Level(level) => What::Level(left(level)),
                What::Floor(level) => What::Floor(left(level)),
                What::Raise(level) => What::Raise(left(level)),
            };
        }
        for at in 0..self.rewarded.len() {
            let (set, level) = self.rewarded[at];
            self.rewarded[at].1 = self.level_place(set, level, next);
        }
        move_all!(turns, Kind::Set, set);
        move_all!(rewarded, Kind::Set, 0);
        move_all!(climbed, Kind::Set, 0);
        move_all!(reviews, Kind::Set, 0);
        move_all!(fading, Kind::Set, 0);
        // What a set does not see it does not count: what came before it, or while there was none.
        let seen = self.moves.len();
        for set in 0..old.tiers.len() {
            if self.place(Kind::Set, set, next) >= ASIDE {
                self.unseen.push((set, seen..usize::MAX));
            }
        }
        move_all!(unseen, Kind::Set, 0);
        for (set, unseen) in &mut self.unseen {
            if *set < ASIDE && unseen.end == usize::MAX {
                unseen.end = seen;
            }
        }
        for (place, set) in next.tiers.iter().enumerate() {
            let was_here = |it: &Aside<'_>| it.kind == Kind::Set && it.first_id == *set.first_id;
            let new = set_called(old, &set.first_id).is_none() && !self.aside.iter().any(was_here);
            if new {
                self.unseen.push((place, 0..seen));
            }
        }
    }

    /// Whether a set counts a movement: one that it was there for.
    pub(super) fn sees(&self, set: usize, step: usize) -> bool {
        let mut unseen = self.unseen.iter();
        !unseen.any(|(of, steps)| *of == set && steps.contains(&step))
    }
}

fn set_called<'p>(programme: &'p Programme, first_id: &str) -> Option<&'p TierSet> {
    let mut sets = programme.tiers.iter();
    sets.find(|it| *it.first_id == *first_id)
}
