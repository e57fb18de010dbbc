//! Another version of the programme: what of running periods it keeps, carries over, or begins anew.
//!
//! What a version does not have lies aside meanwhile (`names`).

use programme::model::{Goal, GoalOf, Mission, OnChange, Programme, Window};
use types::Timestamp;

use super::life::{Counted, Life};
use super::start::is_run;

/// A mission as a version has it.
pub(super) type Rules<'a> = (&'a Programme, &'a Mission);

/// A period that goes by an earlier version.
pub(super) struct Kept<'a> {
    pub(super) mission: usize,
    period: String,
    rules: Rules<'a>,
}

impl<'a> Life<'a> {
    /// By what a mission's period goes.
    pub(super) fn rules(&self, mission: usize, period: &str) -> Rules<'a> {
        let mut kept = self.kept_of(mission);
        kept.find(|(of, _)| *of == period)
            .map_or_else(|| self.mission_of(mission), |(_, rules)| rules)
    }

    /// The periods of a mission that go by earlier versions.
    pub(super) fn kept_of(&self, mission: usize) -> impl Iterator<Item = (&str, Rules<'a>)> {
        let of_it = self.kept.iter().filter(move |kept| kept.mission == mission);
        of_it.map(|kept| (kept.period.as_str(), kept.rules))
    }

    /// Time has passed, without a record of the player.
    pub(super) fn reach(&mut self, now: Timestamp) {
        self.recorded = self.recorded.max(now);
    }

    /// Another version counts from now on.
    pub(super) fn change(&mut self, programme: &'a Programme) {
        if self.programme.version == programme.version {
            // The same once more changes nothing.
            self.programme = programme;
            return;
        }
        self.miss(programme);
        for (mission, own) in self.missions_in(programme) {
            for period in self.periods_of(mission) {
                self.change_period(mission, period, (programme, own));
            }
        }
        self.renumber(programme);
        self.programme = programme;
        self.start_unlocked();
    }

    // Every period in which something counted or was completed; of a rolling window, the runs that stand and the one that counts.
    fn periods_of(&self, mission: usize) -> Vec<String> {
        let facts = self.counted.iter().filter(|fact| fact.mission == mission);
        let facts = facts.map(|fact| match self.rules(mission, &fact.period).1.window {
            Window::Rolling { .. } => self.next_run(mission).to_string(),
            _ => fact.period.clone(),
        });
        let done = self
            .completions
            .iter()
            .filter(|done| done.mission == mission);
        let mut periods: Vec<String> = facts.chain(done.map(|done| done.period.clone())).collect();
        periods.sort();
        periods.dedup();
        periods
    }

    fn change_period(&mut self, mission: usize, period: String, own: Rules<'a>) {
        let from = self.rules(mission, &period);
        let kept_before = |kept: &Kept<'_>| kept.mission == mission && kept.period == period;
        let at = self.kept.iter().position(kept_before);
        if is_same(from, own) {
            at.map(|at| self.kept.remove(at));
            return;
        }
        let now = self.recorded;
        let stands = self.standing(mission).any(|done| done.period == period);
        let instants: Vec<Timestamp> = self
            .deeds
            .iter()
            .flat_map(|deed| [deed.occurred, deed.recorded])
            .collect();
        let end = match from.1.window {
            Window::Rolling { .. } => i64::MAX,
            _ => self.window_end(mission, &period, &instants),
        };
        let closed = i128::from(end) + i128::from(own.0.lateness_ns) <= i128::from(now.nanos());
        let over = stands || (end != i64::MAX && closed);
        let events: Vec<&Counted> = match is_traced(from.1) {
            true => self.facts(mission, &period, now),
            false => self
                .counted
                .iter()
                .filter(|fact| fact.mission == mission && fact.period == period)
                .collect(),
        };
        if over || (own.1.on_change == OnChange::Keep && !events.is_empty()) {
            if at.is_none() {
                self.kept.push(Kept {
                    mission,
                    period,
                    rules: from,
                });
            }
            return;
        }
        let living: Vec<(usize, Vec<usize>)> = events
            .iter()
            .map(|fact| (fact.deed, fact.leaf.clone()))
            .collect();
        at.map(|at| self.kept.remove(at));
        let used = |fact: &Counted| {
            self.standing(mission)
                .any(|done| done.used.contains(&fact.deed))
        };
        let rolls = matches!(from.1.window, Window::Rolling { .. });
        let of_it: Vec<bool> = self
            .counted
            .iter()
            .map(|fact| {
                let run = is_run(&fact.period) && !used(fact);
                fact.mission == mission && if rolls { run } else { fact.period == period }
            })
            .collect();
        let carries = own.1.on_change == OnChange::Rebase
            && fits(from.1.window, own.1.window)
            && (is_traced(from.1) || !is_traced(own.1));
        let leaves = matched(from, own);
        let mut of_it = of_it.into_iter();
        self.counted.retain_mut(|fact| {
            if of_it.next() != Some(true) {
                return true;
            }
            let lives = living
                .iter()
                .any(|(deed, leaf)| *deed == fact.deed && *leaf == fact.leaf);
            let mut all = leaves.iter();
            let becomes = all
                .find(|(old, _)| *old == fact.leaf)
                .map(|(_, new)| new.clone());
            match becomes.filter(|_| carries && lives) {
                Some(leaf) => {
                    fact.leaf = leaf;
                    true
                }
                None => false,
            }
        });
    }
}

fn is_same(one: Rules<'_>, other: Rules<'_>) -> bool {
    one.1.window == other.1.window && of(one, &one.1.goal).is_same(of(other, &other.1.goal))
}

fn of<'p>((programme, _): Rules<'p>, goal: &'p Goal) -> GoalOf<'p> {
    GoalOf {
        goal,
        types: &programme.event_types,
    }
}

/// Whether its events are known one by one.
fn is_traced(mission: &Mission) -> bool {
    fn has_steps(goal: &Goal) -> bool {
        match goal {
            Goal::Steps(_) => true,
            Goal::All(parts) | Goal::Any(parts) => parts.iter().any(has_steps),
            _ => false,
        }
    }
    matches!(mission.window, Window::Rolling { .. }) || has_steps(&mission.goal)
}

fn fits(one: Window, other: Window) -> bool {
    match (one, other) {
        (Window::Once, Window::Once)
        | (Window::AfterStart { .. }, Window::AfterStart { .. })
        | (Window::Rolling { .. }, Window::Rolling { .. }) => true,
        (Window::Calendar(one), Window::Calendar(other)) => one == other,
        _ => false,
    }
}

// Each single goal, by the indexes that lead to it, and the first of the other that counts alike and is nobody else's.
fn matched(old: Rules<'_>, new: Rules<'_>) -> Vec<(Vec<usize>, Vec<usize>)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    leaves(&old.1.goal, &mut Vec::new(), &mut ours);
    leaves(&new.1.goal, &mut Vec::new(), &mut theirs);
    let mut pairs = Vec::new();
    for (path, goal) in ours {
        let alike = theirs
            .iter()
            .position(|(_, other)| of(old, goal).counts_alike(of(new, other)));
        if let Some(at) = alike {
            pairs.push((path, theirs.remove(at).0));
        }
    }
    pairs
}

fn leaves<'g>(goal: &'g Goal, path: &mut Vec<usize>, found: &mut Vec<(Vec<usize>, &'g Goal)>) {
    match goal {
        Goal::Steps(parts) | Goal::All(parts) | Goal::Any(parts) => {
            for (ix, part) in parts.iter().enumerate() {
                path.push(ix);
                leaves(part, path, found);
                path.pop();
            }
        }
        _ => found.push((path.clone(), goal)),
    }
}
