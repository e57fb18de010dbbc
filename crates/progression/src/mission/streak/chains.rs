//! The chains of a period's streaks: how long they are, and when they break.

use programme::model::{Duration, Goal, Mission, PeriodKind, Programme, Window};
use types::Timestamp;

use super::trace;
use crate::goal::{self, Chain, Progress, Units};
use crate::journal::Gain;
use crate::slot::Slot;
use crate::zone::Zones;

/// Streaks from this length on are told when they break.
const TOLD_FROM: u32 = 2;

/// What chains are measured by.
#[derive(Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) programme: &'a Programme,
    pub(crate) zones: &'a Zones,
}

/// Which units a streak counts, and what it forgives.
#[derive(Clone, Copy)]
pub(super) struct Rules {
    pub(super) unit: PeriodKind,
    freezes: u32,
}

impl Rules {
    pub(super) fn of(goal: &Goal) -> Option<Self> {
        match goal {
            Goal::Streak { unit, freezes, .. } => Some(Self {
                unit: *unit,
                freezes: *freezes,
            }),
            _ => None,
        }
    }
}

/// The leaves of a goal that are streaks.
pub(super) fn streaks(goal: &Goal) -> impl Iterator<Item = (usize, Rules)> {
    let all = goal::leaves(goal).enumerate();
    all.filter_map(|(part, leaf)| Some((part, Rules::of(leaf.goal)?)))
}

/// Works out how long the chains of a leaf are, where it is a streak.
pub(in crate::mission) fn lengths(look: Look<'_>) -> impl Fn(&Goal, &mut Progress) {
    move |goal, part| {
        if let (Some(rules), Progress::Streak(units)) = (Rules::of(goal), part) {
            units.measure(&look.chains(rules, units));
        }
    }
}

impl Look<'_> {
    /// When a window of a length that begins then is over.
    pub(in crate::mission) fn over(self, begins: Timestamp, length: Duration) -> Timestamp {
        self.zones.over(self.programme, begins, length)
    }

    pub(super) fn chains(self, rules: Rules, units: &Units) -> Vec<Chain> {
        let exists = |unit| self.zones.unit(self.programme, rules.unit, unit).is_some();
        match self.zones.repeats() {
            true => units.chains(rules.freezes, exists),
            false => units.chains(rules.freezes, |_| true),
        }
    }

    /// When a chain breaks: never where the window is over first.
    pub(super) fn breaks_at(
        self,
        rules: Rules,
        chain: Chain,
        window_end: Timestamp,
    ) -> Option<Timestamp> {
        let unit = self
            .zones
            .unit(self.programme, rules.unit, chain.broken_by)?;
        let closed = unit.end.saturating_add_nanos(self.programme.lateness_ns);
        (unit.start < window_end && closed < Timestamp::MAX).then_some(closed)
    }
}

/// Works out the chains of a period, and when the next ones break that have not been told by `watched`.
pub(super) fn measure(look: Look<'_>, mission: &Mission, slot: &mut Slot, watched: Timestamp) {
    for (part, rules) in streaks(&mission.goal) {
        if let Some(Progress::Streak(units)) = slot.parts.get_mut(part) {
            units.measure(&look.chains(rules, units));
            (units.watched, units.breaks_at) = (watched, None);
        }
    }
    let breaks = match mission.window {
        Window::Rolling { length } => rolling_breaks(look, mission, length, slot, watched),
        _ => breaks(look, mission, &slot.parts, slot.end, |at| at > watched),
    };
    for (part, at) in breaks {
        if let Some(Progress::Streak(units)) = slot.parts.get_mut(part) {
            units.breaks_at = Some(at);
        }
    }
}

/// Of each open streak, the first chain worth telling that breaks within some time.
fn breaks(
    look: Look<'_>,
    mission: &Mission,
    parts: &[Progress],
    end: Timestamp,
    within: impl Fn(Timestamp) -> bool,
) -> Vec<(usize, Timestamp)> {
    let open = goal::open(&mission.goal, parts);
    let all = streaks(&mission.goal).filter(|(part, _)| open.contains(part));
    all.filter_map(|(part, rules)| {
        let Some(Progress::Streak(units)) = parts.get(part) else {
            return None;
        };
        let chains = look.chains(rules, units).into_iter();
        let told = chains.filter(|chain| chain.length >= TOLD_FROM);
        let at = told.filter_map(|chain| look.breaks_at(rules, chain, end));
        Some((part, at.filter(|at| within(*at)).min()?))
    })
    .collect()
}

/// The same in a window that rolls: a chain that breaks is what lives of it then, so each stretch in which nothing dies is looked at.
fn rolling_breaks(
    look: Look<'_>,
    mission: &Mission,
    length: Duration,
    slot: &Slot,
    watched: Timestamp,
) -> Vec<(usize, Timestamp)> {
    let Some(latest) = latest_break(look, mission, slot) else {
        return Vec::new();
    };
    let marks = slot.trail.iter().flat_map(|trail| &trail.0);
    let mut deaths: Vec<Timestamp> = marks
        .map(|mark| look.over(mark.occurred_at, length))
        .filter(|at| *at > watched && *at <= latest)
        .collect();
    deaths.push(Timestamp::MAX);
    deaths.sort_unstable();
    deaths.dedup();
    let mut begins = watched;
    for ends in deaths {
        let parts = trace::living(look, mission, length, slot, begins);
        let within = |at| watched < at && begins <= at && at < ends;
        let found = breaks(look, mission, &parts, Timestamp::MAX, within);
        if !found.is_empty() {
            return found;
        }
        begins = ends;
    }
    Vec::new()
}

/// When the last chain breaks at the latest, with all its freezes left; `None` where no chain is worth telling.
fn latest_break(look: Look<'_>, mission: &Mission, slot: &Slot) -> Option<Timestamp> {
    let marks = || slot.trail.iter().flat_map(|trail| &trail.0);
    let latest = streaks(&mission.goal).filter_map(|(part, rules)| {
        let units = marks().filter_map(|mark| match mark.gain {
            Gain::Unit(unit) if usize::from(mark.part) == part => Some(unit),
            _ => None,
        });
        let (first, last) = (units.clone().min()?, units.max()?);
        let chain = look.chains(rules, &Units::of_one(last)).pop()?;
        // A chain of one unit is not told.
        (first < last).then(|| look.breaks_at(rules, chain, Timestamp::MAX))?
    });
    latest.max()
}

/// The lengths of the chains of these leaves that break now.
pub(super) fn breaking(
    look: Look<'_>,
    mission: &Mission,
    slot: &Slot,
    due: &[usize],
    now: Timestamp,
) -> Vec<u32> {
    let mut lengths = Vec::new();
    for (part, rules) in streaks(&mission.goal).filter(|(part, _)| due.contains(part)) {
        let Some(Progress::Streak(units)) = slot.parts.get(part) else {
            continue;
        };
        let chains = look.chains(rules, units).into_iter();
        let told = chains.filter(|chain| chain.length >= TOLD_FROM);
        let breaks = told.filter(|chain| look.breaks_at(rules, *chain, slot.end) == Some(now));
        lengths.extend(breaks.map(|chain| chain.length));
    }
    lengths
}
