//! Missions: for whom they are open, what they count, when they complete.

use std::collections::BTreeSet;

use programme::model::{Predicate, Start, Verdict, Window};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Completion, Counted, Life, Missed, Offer, Why, Worth};
use super::share::Thing;
use super::step::Happened;
use super::version::Rules;

impl<'a> Life<'a> {
    /// The missions that are open to the player just before an event, as of when it occurred.
    pub(super) fn eligible(&self, happened: &Happened<'_>) -> Vec<usize> {
        let open = |ix: &usize| {
            let mission = &self.programme.missions[*ix];
            let unlocked = mission.after.iter().all(|before| {
                self.unlock(usize::from(before.0))
                    .is_some_and(|unlock| happened.occurred >= unlock)
            });
            let mut joined = self.joined.iter().filter(|(of, _)| of == ix);
            let joined = mission.start == Start::Automatic
                || joined.any(|(_, since)| *since <= happened.occurred);
            unlocked
                && joined
                && self.is_available(*ix, happened.occurred)
                && self.holds(mission.audience.as_ref(), happened)
        };
        (0..self.programme.missions.len()).filter(open).collect()
    }

    /// Writes down what an event counts for.
    pub(super) fn count_for_missions(&mut self, happened: &Happened<'_>, eligible: &[usize]) {
        let restricted =
            self.is_restricted(happened.occurred) || self.is_restricted(happened.recorded);
        if restricted || happened.weight.is_zero() {
            return;
        }
        for &mission in eligible {
            let Some((period, rules)) = self.in_force(mission, happened) else {
                continue;
            };
            let mut leaves = Vec::new();
            self.worths(rules, &rules.1.goal, &mut Vec::new(), happened, &mut leaves);
            let end = self.window_end(mission, &period, &[happened.occurred, happened.recorded]);
            for (leaf, worth) in leaves {
                if matches!(worth, Worth::Unit { late: true, .. })
                    && end <= happened.recorded.nanos()
                {
                    continue;
                }
                self.counted.push(Counted {
                    mission,
                    period: period.clone(),
                    leaf,
                    deed: happened.deed,
                    worth,
                    missed: Missed::default(),
                });
            }
        }
    }

    // For which period an event counts, and by what that goes: a running one that goes by an earlier version comes first.
    fn in_force(&self, mission: usize, happened: &Happened<'_>) -> Option<(String, Rules<'a>)> {
        for (period, rules) in self.kept_of(mission) {
            let stands = self.standing(mission).any(|done| done.period == period);
            let counts = self.counting_period(mission, rules.1.window, happened);
            if !stands && counts.as_deref() == Some(period) {
                return Some((period.to_owned(), rules));
            }
        }
        let window = self.programme.missions[mission].window;
        let period = self.counting_period(mission, window, happened)?;
        let rules = self.rules(mission, &period);
        // One that goes by an earlier version takes what its own window takes.
        let takes = self.counting_period(mission, rules.1.window, happened);
        (takes.as_deref() == Some(&*period)).then_some((period, rules))
    }

    /// Completes what events brought to its goal; the first is the one that was recorded.
    pub(super) fn complete(&mut self, deeds: &[usize], cause: Cause<'_>) {
        for mission in 0..self.programme.missions.len() {
            let here = |fact: &&Counted| fact.mission == mission && deeds.contains(&fact.deed);
            let grew = self.counted.iter().filter(here);
            let period = |fact: &Counted| match self.rules(mission, &fact.period).1.window {
                Window::Rolling { .. } => self.next_run(mission).to_string(),
                _ => fact.period.clone(),
            };
            let periods: BTreeSet<String> = grew.map(period).collect();
            for period in periods {
                self.complete_one(mission, period, deeds[0], cause);
            }
        }
        self.start_unlocked();
    }

    fn complete_one(&mut self, mission: usize, period: String, deed: usize, cause: Cause<'_>) {
        let already = self.standing(mission).any(|done| done.period == period);
        let full = self.programme.missions[mission]
            .limit
            .per_player
            .is_some_and(|most| self.standing(mission).count() as u64 >= most);
        let waiting = self
            .completions
            .iter()
            .filter(|done| done.mission == mission && matches!(done.offer, Offer::Open(_)));
        let full = full || waiting.count() >= 366;
        let now = cause.at();
        if already || full || !self.is_reached(mission, &period, now) {
            return;
        }
        let limit = Thing::Completion(self.programme.missions[mission].first_id.clone());
        if !self.take_one(limit.clone()) {
            return;
        }
        let (reward, mut units) = self.in_stock(&self.programme.missions[mission].reward);
        units.push(limit);
        self.say_mission("mission_completed", mission, &period, cause);
        let why = Why::Mission(mission, period.clone());
        let claim = self.programme.missions[mission].claim;
        let given = match claim {
            Some(_) => self.offer(&reward, &why, cause),
            None => self.give(&reward, &why, deed, cause),
        };
        let offer = match claim {
            Some(claim) if !given.is_empty() => {
                Offer::Open(claim.within.map(|within| self.lapses(now, within)))
            }
            _ => Offer::None,
        };
        let used = self.counted.iter().filter(|fact| fact.mission == mission);
        let used = used.filter(|fact| self.is_of(fact, &period, now));
        let used = used.map(|fact| fact.deed).collect();
        self.completions.push(Completion {
            mission,
            period,
            deed,
            occurred: self.deeds[deed].occurred,
            used,
            given,
            units,
            offer,
            stands: true,
        });
    }

    /// The completions of a mission that stand.
    pub(super) fn standing(&self, mission: usize) -> impl Iterator<Item = &Completion> {
        let of_it = self
            .completions
            .iter()
            .filter(move |done| done.mission == mission);
        of_it.filter(|done| done.stands)
    }

    /// The period of a window that is current at an instant.
    pub(super) fn current_period(&self, mission: usize, now: Timestamp) -> Option<String> {
        let mut kept = self
            .kept_of(mission)
            .filter(|(period, _)| !self.standing(mission).any(|done| done.period == *period));
        let runs = kept.find(|(period, rules)| {
            let over = match rules.1.window {
                Window::AfterStart { length } => {
                    let start = self.start_of(mission);
                    start.is_some_and(|start| self.over(start, length) <= now.nanos())
                }
                _ => false,
            };
            !over && self.current_of(mission, rules.1.window, now).as_deref() == Some(*period)
        });
        match runs {
            Some((period, _)) => Some(period.to_owned()),
            None => self.current_of(mission, self.programme.missions[mission].window, now),
        }
    }

    fn current_of(&self, mission: usize, window: Window, now: Timestamp) -> Option<String> {
        Some(match window {
            Window::Once => "once".to_owned(),
            Window::Calendar(kind) => self.zones.period(kind, now).0,
            Window::AfterStart { .. } => self.start_of(mission)?.to_string(),
            Window::Rolling { .. } => self.next_run(mission).to_string(),
        })
    }

    // The period for which an event counts; `None` where it is recorded only.
    fn counting_period(
        &self,
        mission: usize,
        window: Window,
        happened: &Happened<'_>,
    ) -> Option<String> {
        let kind = match window {
            Window::Calendar(kind) => kind,
            Window::AfterStart { length } => {
                let start = self.start_of(mission)?;
                let (end, occurred) = (self.over(start, length), happened.occurred);
                let open = happened.recorded.nanos() < end + self.programme.lateness_ns;
                let inside = start <= occurred && occurred.nanos() < end;
                return (open && inside).then(|| start.to_string());
            }
            Window::Rolling { length } => {
                let lives = happened.recorded.nanos() < self.over(happened.occurred, length);
                return lives.then(|| self.next_run(mission).to_string());
            }
            Window::Once => return Some("once".to_owned()),
        };
        self.counting_in(kind, happened.occurred, happened.recorded)
    }

    /// Whether a predicate is true of an event; a missing one is.
    pub(super) fn holds(&self, predicate: Option<&Predicate>, happened: &Happened<'_>) -> bool {
        predicate.is_none_or(|holds| holds.eval(&happened.facts(self)) == Verdict::True)
    }
}
