//! Streaks: every day or week from the first active one on is looked at, one after the other.

use programme::model::{Goal, LateEvents, PeriodKind, Window};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Counted, Life, Worth};
use super::step::Happened;

/// Units in a row, missing ones forgiven.
pub(super) struct Chain {
    /// Active units.
    pub(super) length: usize,
    /// When it breaks; never where the window is over first.
    pub(super) breaks: Option<i64>,
}

const DAY_NS: i64 = 86_400 * 1_000_000_000;

impl Life<'_> {
    /// The unit that an event makes active; `None` where it is recorded only.
    pub(super) fn unit(&self, unit: PeriodKind, happened: &Happened<'_>) -> Option<Worth> {
        let open = self.open_period(unit, happened.occurred, happened.recorded);
        match (open, self.programme.late_events) {
            (Some(label), _) => Some(Worth::Unit {
                label,
                at: happened.occurred,
                late: false,
            }),
            (None, LateEvents::RecordOnly) => None,
            (None, LateEvents::CountNow) => Some(Worth::Unit {
                label: self.zones.period(unit, happened.recorded).0,
                at: happened.recorded,
                late: true,
            }),
        }
    }

    /// When a mission's period ends.
    pub(super) fn window_end(&self, mission: usize, period: &str, within: &[Timestamp]) -> i64 {
        match self.rules(mission, period).1.window {
            Window::Once | Window::Rolling { .. } => i64::MAX,
            Window::AfterStart { length } => {
                let start = self.start_of(mission);
                start.map_or(i64::MAX, |start| self.over(start, length))
            }
            Window::Calendar(kind) => {
                let spans = within.iter().map(|at| self.zones.period(kind, *at));
                let ends = spans.filter(|(label, _)| label == period);
                ends.map(|(_, end)| end).max().unwrap_or(i64::MAX)
            }
        }
    }

    /// The chains of a streak in a period, oldest first.
    pub(super) fn chains(
        &self,
        unit: PeriodKind,
        freezes: u32,
        all: &[&Counted],
        leaf: &[usize],
    ) -> Vec<Chain> {
        let mut active: Vec<(&str, Timestamp)> = Vec::new();
        for fact in all.iter().filter(|fact| fact.leaf == leaf) {
            if let Worth::Unit { label, at, .. } = &fact.worth {
                active.push((label, *at));
            }
        }
        let (Some(first), Some(last)) = (active.iter().min(), active.iter().max()) else {
            return Vec::new();
        };
        let within: Vec<Timestamp> = all
            .iter()
            .flat_map(|fact| {
                let deed = &self.deeds[fact.deed];
                [deed.occurred, deed.recorded]
            })
            .collect();
        let end = self.window_end(all[0].mission, &all[0].period, &within);
        let earliest = active.iter().map(|(_, at)| *at).min().unwrap_or_default();
        // A unit may have begun, and ended, in the zone before.
        let mut at = earliest.saturating_add_nanos(-16 * DAY_NS).nanos();
        let mut units: Vec<(String, i64, i64)> = Vec::new();
        while units
            .iter()
            .filter(|(label, ..)| label.as_str() > last.0)
            .count()
            < freezes as usize + 3
        {
            let instant = Timestamp::from_nanos(at).expect("the years 1970 to 2100");
            let (label, ends) = self.zones.period(unit, instant);
            if let Some(known) = units.iter_mut().find(|(known, ..)| *known == label) {
                known.2 = ends;
            } else if units.last().is_none_or(|(last, ..)| *last < label) {
                units.push((label, at, ends));
            }
            at = ends;
        }
        let mut chains: Vec<Chain> = Vec::new();
        let (mut length, mut left) = (0, freezes);
        for (label, start, ends) in units.iter().filter(|(label, ..)| label.as_str() >= first.0) {
            if active.iter().any(|(unit, _)| unit == label) {
                length += 1;
            } else if length > 0 && left > 0 {
                left -= 1;
            } else if length > 0 {
                let breaks = (*start < end).then_some(ends + self.programme.lateness_ns);
                chains.push(Chain { length, breaks });
                (length, left) = (0, freezes);
            }
        }
        chains
    }

    /// What is shown of a mission whose goal is a streak.
    pub(super) fn latest_chain(
        &self,
        mission: usize,
        period: &str,
        now: Timestamp,
    ) -> Option<usize> {
        let (_, rules) = self.rules(mission, period);
        let Goal::Streak { unit, freezes, .. } = &rules.goal else {
            return None;
        };
        let facts = self.facts(mission, period, now);
        let chains = self.chains(*unit, *freezes, &facts, &[]);
        let stands = self.standing(mission).any(|done| done.period == period);
        Some(chains.last().map_or(0, |chain| {
            let broken = chain.breaks.is_some_and(|at| at <= now.nanos());
            if broken && !stands { 0 } else { chain.length }
        }))
    }

    /// When the next chain of a mission breaks that has not been told.
    pub(super) fn next_break(&self, mission: usize) -> Option<Timestamp> {
        let told = |due: i64| {
            self.broken
                .iter()
                .any(|(of, at)| *of == mission && at.nanos() == due)
        };
        let breaks = self.breaks(mission);
        let due = breaks.iter().map(|(_, _, due)| *due);
        let due = due.filter(|due| *due > self.recorded.nanos() && !told(*due));
        due.min().and_then(Timestamp::from_nanos)
    }

    /// Chains of a mission break.
    pub(super) fn break_chains(&mut self, mission: usize, due: Timestamp, cause: Cause<'_>) {
        for (period, length, at) in self.breaks(mission) {
            if at == due.nanos() {
                self.say_broken(mission, &period, length, cause);
            }
        }
        self.broken.push((mission, due));
    }

    // Every chain that breaks and is worth telling, with its period.
    fn breaks(&self, mission: usize) -> Vec<(String, usize, i64)> {
        let mut found = Vec::new();
        for (period, instants) in self.watched(mission) {
            let ends = instants[1..].iter().map(|at| at.nanos()).chain([i64::MAX]);
            for (from, until) in instants.iter().zip(ends) {
                let facts = self.facts(mission, &period, *from);
                let (_, rules) = self.rules(mission, &period);
                let mut chains = Vec::new();
                self.open_chains(&rules.goal, &mut Vec::new(), &facts, &mut chains);
                for chain in chains.iter().filter(|chain| chain.length >= 2) {
                    // Before anything dies a chain is what it was; later it is what lives of it when it breaks.
                    let early = |due: i64| due < from.nanos() && *from > instants[0];
                    let due = chain.breaks.filter(|due| *due < until && !early(*due));
                    found.extend(due.map(|due| (period.clone(), chain.length, due)));
                }
            }
        }
        found
    }

    // The periods whose chains can break, each with the instants from which on other facts live.
    fn watched(&self, mission: usize) -> Vec<(String, Vec<Timestamp>)> {
        let facts = || self.counted.iter().filter(|fact| fact.mission == mission);
        let rolls = |period: &str| match self.rules(mission, period).1.window {
            Window::Rolling { length } => Some(length),
            _ => None,
        };
        let run = self.next_run(mission).to_string();
        let mut periods: Vec<String> = facts()
            .map(|fact| match rolls(&fact.period) {
                Some(_) => run.clone(),
                None => fact.period.clone(),
            })
            .collect();
        periods.retain(|period| !self.standing(mission).any(|done| done.period == *period));
        periods.sort();
        periods.dedup();
        let one = |period: String| {
            let mut instants = vec![self.recorded];
            if let Some(length) = rolls(&period) {
                let dies = |fact: &Counted| self.over(self.deeds[fact.deed].occurred, length);
                let dies = facts().map(dies).filter(|at| *at > self.recorded.nanos());
                instants.extend(dies.filter_map(Timestamp::from_nanos));
            }
            instants.sort_unstable();
            instants.dedup();
            (period, instants)
        };
        periods.into_iter().map(one).collect()
    }

    // The chains of the streaks that an event can still count for: of steps, those of the open one.
    fn open_chains(
        &self,
        goal: &Goal,
        leaf: &mut Vec<usize>,
        all: &[&Counted],
        found: &mut Vec<Chain>,
    ) {
        match goal {
            Goal::Streak { unit, freezes, .. } => {
                found.extend(self.chains(*unit, *freezes, all, leaf));
            }
            Goal::All(parts) | Goal::Any(parts) => {
                for (ix, part) in parts.iter().enumerate() {
                    leaf.push(ix);
                    self.open_chains(part, leaf, all, found);
                    leaf.pop();
                }
            }
            Goal::Steps(parts) => {
                let (done, taken) = self.steps(parts, leaf, all);
                if let Some(open) = parts.get(done) {
                    leaf.push(done);
                    self.open_chains(open, leaf, &taken, found);
                    leaf.pop();
                }
            }
            _ => {}
        }
    }
}
