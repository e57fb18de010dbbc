//! Joining, starts, runs: what of a mission is the player's for good.

use programme::model::{Facts, Start, Verdict, Window};
use types::{Event, Timestamp};

use super::Answer;
use super::life::{Counted, Life};

impl Life<'_> {
    /// The player asks to join a mission.
    pub(super) fn opt_in(
        &mut self,
        event: &Event,
        occurred: Timestamp,
        recorded: Timestamp,
    ) -> Answer {
        let name = event.attributes.get("mission");
        let Some(name) = name.and_then(types::Value::as_text) else {
            return Answer::Refused("bad_attribute");
        };
        let Some(mission) = self.programme.mission_called(name) else {
            return Answer::Refused("unknown_mission");
        };
        let mission = usize::from(mission.0);
        if self.programme.missions[mission].start != Start::OptIn {
            return Answer::Refused("not_opt_in");
        }
        if self.joined.iter().any(|(of, _)| *of == mission) {
            return Answer::Refused("already_opted_in");
        }
        if self.is_restricted(occurred) || self.is_restricted(recorded) {
            return Answer::Refused("restricted");
        }
        let until = self.programme.missions[mission].available_until;
        if until.is_some_and(|until| occurred >= until) {
            return Answer::Refused("mission_ended");
        }
        self.start_by_record(occurred, recorded);
        self.joined.push((mission, occurred));
        self.started.push((mission, occurred));
        Answer::Applied
    }

    /// What runs from the first record that could count begins with this one.
    pub(super) fn start_by_record(&mut self, occurred: Timestamp, recorded: Timestamp) {
        if self.is_restricted(occurred) || self.is_restricted(recorded) {
            return;
        }
        let by_record = |ix: &usize| {
            let mission = &self.programme.missions[*ix];
            let facts = Facts {
                event: None,
                amount: None,
                occurred_at: occurred,
                player: self,
            };
            let audience = mission.audience.as_ref();
            mission.start == Start::Automatic
                && mission.after.is_empty()
                && self.is_available(*ix, occurred)
                && audience.is_none_or(|audience| audience.eval(&facts) == Verdict::True)
        };
        let new: Vec<usize> = self.without_start().filter(by_record).collect();
        self.started
            .extend(new.into_iter().map(|ix| (ix, occurred)));
    }

    /// What runs from the last prerequisite begins where all stand.
    pub(super) fn start_unlocked(&mut self) {
        let mut new = Vec::new();
        for ix in self.without_start() {
            let mission = &self.programme.missions[ix];
            let unlocks = mission
                .after
                .iter()
                .map(|it| self.unlock(usize::from(it.0)));
            let unlocks: Option<Vec<Timestamp>> = unlocks.collect();
            if mission.start == Start::Automatic
                && let Some(last) = unlocks.and_then(|all| all.into_iter().max())
            {
                new.push((ix, last));
            }
        }
        self.started.extend(new);
    }

    fn without_start(&self) -> impl Iterator<Item = usize> {
        let missions = self.programme.missions.iter().enumerate();
        missions
            .filter(|(_, mission)| matches!(mission.window, Window::AfterStart { .. }))
            .map(|(ix, _)| ix)
            .filter(|ix| self.start_of(*ix).is_none())
    }

    /// Since when the window from the player's start runs: from opting in, which is the last there can be.
    pub(super) fn start_of(&self, mission: usize) -> Option<Timestamp> {
        let mut starts = self.started.iter().filter(|(of, _)| *of == mission);
        starts.next_back().map(|(_, at)| *at)
    }

    /// Since when a completion of a mission stands.
    pub(super) fn unlock(&self, mission: usize) -> Option<Timestamp> {
        self.standing(mission).map(|done| done.occurred).min()
    }

    /// Whether what occurs then can count.
    pub(super) fn is_available(&self, mission: usize, occurred: Timestamp) -> bool {
        let mission = &self.programme.missions[mission];
        mission.available_from.is_none_or(|from| from <= occurred)
            && mission.available_until.is_none_or(|end| occurred < end)
    }

    /// The run of a rolling window that counts.
    pub(super) fn next_run(&self, mission: usize) -> usize {
        let ever = self
            .completions
            .iter()
            .filter(|done| done.mission == mission && is_run(&done.period));
        ever.count() + 1
    }

    /// Whether a fact belongs to a period: of a rolling window, to the run that used it up, or to the one that counts, while it lives.
    pub(super) fn is_of(&self, fact: &Counted, period: &str, now: Timestamp) -> bool {
        let Window::Rolling { length } = self.rules(fact.mission, period).1.window else {
            return fact.period == period;
        };
        if !is_run(&fact.period) {
            // It counted while the window was another.
            return false;
        }
        let runs = || self.standing(fact.mission);
        if let Some(run) = runs().find(|done| done.period == period) {
            return run.used.contains(&fact.deed);
        }
        let lives = now.nanos() < self.over(self.deeds[fact.deed].occurred, length);
        lives && !runs().any(|done| done.used.contains(&fact.deed))
    }
}

/// Whether a period is a run of a rolling window, and no year: no history here has a thousand runs.
pub(super) fn is_run(period: &str) -> bool {
    period.parse::<u32>().is_ok_and(|number| number < 1_000)
}
