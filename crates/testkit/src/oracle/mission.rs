//! Missions: for whom they are open, what they count, when they complete.

use std::collections::BTreeSet;

use programme::model::{LateEvents, Mission, Predicate, Start, Verdict, Window};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Completion, Counted, Life, Why};
use super::step::Happened;

impl Life<'_> {
    /// The missions that are open to the player just before an event, as of when it occurred.
    pub(super) fn eligible(&self, happened: &Happened<'_>) -> Vec<usize> {
        let open = |mission: &Mission| {
            assert!(
                mission.start == Start::Automatic && mission.claim.is_none(),
                "the oracle knows no opt-in and no claims"
            );
            let unlocked = mission.after.iter().all(|before| {
                let stands = self.standing(usize::from(before.0));
                let first = stands.map(|completion| completion.occurred).min();
                first.is_some_and(|unlock| happened.occurred >= unlock)
            });
            let available = mission
                .available_from
                .is_none_or(|from| from <= happened.occurred)
                && mission
                    .available_until
                    .is_none_or(|end| happened.occurred < end);
            unlocked && available && self.holds(mission.audience.as_ref(), happened)
        };
        let missions = self.programme.missions.iter().enumerate();
        missions
            .filter(|(_, mission)| open(mission))
            .map(|(ix, _)| ix)
            .collect()
    }

    /// Writes down what an event counts for.
    pub(super) fn count_for_missions(&mut self, happened: &Happened<'_>, eligible: &[usize]) {
        let restricted =
            self.is_restricted(happened.occurred) || self.is_restricted(happened.recorded);
        if restricted || happened.weight.is_zero() {
            return;
        }
        for &mission in eligible {
            let goal = &self.programme.missions[mission].goal;
            let mut leaves = Vec::new();
            self.worths(goal, &mut Vec::new(), happened, &mut leaves);
            let window = self.programme.missions[mission].window;
            let Some(period) = self.counting_period(window, happened) else {
                continue;
            };
            for (leaf, worth) in leaves {
                self.counted.push(Counted {
                    mission,
                    period: period.clone(),
                    leaf,
                    deed: happened.deed,
                    worth,
                });
            }
        }
    }

    /// Completes what events brought to its goal; the first is the one that was recorded.
    pub(super) fn complete(&mut self, deeds: &[usize], cause: Cause<'_>) {
        for mission in 0..self.programme.missions.len() {
            let here = |fact: &&Counted| fact.mission == mission && deeds.contains(&fact.deed);
            let grew = self.counted.iter().filter(here);
            let periods: BTreeSet<String> = grew.map(|fact| fact.period.clone()).collect();
            for period in periods {
                self.complete_one(mission, period, deeds[0], cause);
            }
        }
    }

    fn complete_one(&mut self, mission: usize, period: String, deed: usize, cause: Cause<'_>) {
        let already = self.standing(mission).any(|done| done.period == period);
        let full = self.programme.missions[mission]
            .limit
            .per_player
            .is_some_and(|most| self.standing(mission).count() as u64 >= most);
        if already || full || !self.is_reached(mission, &period) {
            return;
        }
        self.say_mission("mission_completed", mission, &period, cause);
        let why = Why::Mission(mission, period.clone());
        let reward = &self.programme.missions[mission].reward;
        let given = self.give(reward, &why, deed, cause);
        self.completions.push(Completion {
            mission,
            period,
            occurred: self.deeds[deed].occurred,
            given,
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
    pub(super) fn current_period(&self, window: Window, now: Timestamp) -> String {
        match window {
            Window::Once => "once".to_owned(),
            Window::Calendar(kind) => self.zones.period(kind, now).0,
            Window::AfterStart { .. } | Window::Rolling { .. } => {
                panic!("the oracle knows no windows from a start and no rolling ones")
            }
        }
    }

    // The period for which an event counts; `None` where it is recorded only.
    fn counting_period(&self, window: Window, happened: &Happened<'_>) -> Option<String> {
        let Window::Calendar(kind) = window else {
            return Some(self.current_period(window, happened.recorded));
        };
        let open = self.open_period(kind, happened.occurred, happened.recorded);
        match self.programme.late_events {
            LateEvents::RecordOnly => open,
            LateEvents::CountNow => {
                open.or_else(|| Some(self.current_period(window, happened.recorded)))
            }
        }
    }

    /// Whether a predicate is true of an event; a missing one is.
    pub(super) fn holds(&self, predicate: Option<&Predicate>, happened: &Happened<'_>) -> bool {
        predicate.is_none_or(|holds| holds.eval(&happened.facts(self)) == Verdict::True)
    }
}
