//! Closed periods leave memory: the entry that drops one archives it, and a late reversal finds the newest version there.

use std::sync::Arc;

use programme::model::{MissionIx, OnReversal, PointsIx, Programme, Window};
use types::{MicroPoints, Timestamp};

use crate::fact::Fact;
use crate::journal::{Archived, Entry, Key, Search};
use crate::period::Period;
use crate::slot::{Given, Slot};
use crate::state::{MissionState, Moves, State};
use crate::zone::closed;

/// A period from the archive.
pub(crate) struct Cold {
    pub(crate) mission: MissionIx,
    pub(crate) slot: Slot,
    /// Changed by this step, so its new version must be archived.
    pub(crate) touched: bool,
}

/// What has expired of points that a completion gave, by the n of their credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExpiredReward {
    points: PointsIx,
    n: u64,
    amount: MicroPoints,
}

/// Archived periods for which earlier events counted and which are not in memory.
pub(crate) fn archived_of<'e>(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    originals: impl Iterator<Item = &'e Entry>,
) -> Vec<Cold> {
    let mut found = Vec::new();
    for (ix, period) in counted_for(programme, state, originals) {
        let name = &programme.missions[usize::from(ix.0)].first_id;
        look(programme, state, search, (ix, name), period, &mut found);
    }
    found
}

/// The missions and periods for which earlier events counted.
fn counted_for<'e>(
    programme: &Programme,
    state: &State,
    originals: impl Iterator<Item = &'e Entry>,
) -> Vec<(MissionIx, Period)> {
    let mut found = Vec::new();
    for original in originals {
        for contribution in &original.counted {
            let name = original.names.first_mission(contribution.mission);
            let mut all = (0..).map(MissionIx).zip(&programme.missions);
            if let Some((ix, _)) = all.find(|(_, it)| *it.first_id == *name) {
                found.push((ix, super::landed(state, ix, contribution.period)));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

/// What has expired of the rewards that are taken back where those events are: nothing of them is taken a second time.
pub(crate) fn expired_of<'e>(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    originals: impl Iterator<Item = &'e Entry>,
    cold: &[Cold],
) -> Vec<ExpiredReward> {
    let mut found = Vec::new();
    for (ix, period) in counted_for(programme, state, originals) {
        if programme.missions[usize::from(ix.0)].on_reversal != OnReversal::TakeBack {
            continue;
        }
        let hot = state
            .missions
            .whole(ix)
            .into_iter()
            .flat_map(|kept| &kept.slots);
        let cold = cold.iter().filter(|cold| cold.mission == ix);
        let mut slots = hot.chain(cold.map(|cold| &cold.slot));
        let fate = slots
            .find(|slot| slot.period == period)
            .and_then(|slot| slot.fate.as_ref());
        for given in fate.iter().flat_map(|fate| &fate.given) {
            if let Given::Points(points, _, n) = *given
                && n > 0
            {
                let amount = search.expired(state.names.first_points(points), n);
                found.push(ExpiredReward { points, n, amount });
            }
        }
    }
    found
}

/// How much of a credit has expired.
pub(super) fn expired(all: &[ExpiredReward], points: PointsIx, n: u64) -> MicroPoints {
    let mut found = all.iter();
    found
        .find(|it| it.points == points && it.n == n)
        .map_or(MicroPoints::ZERO, |it| it.amount)
}

/// Archived periods for which this event will count: only where labels of the past may come again.
pub(crate) fn archived_for(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    fact: &Fact<'_>,
) -> Vec<Cold> {
    let mut found = Vec::new();
    let repeats = state.repeats || state.zones.repeats();
    if !repeats && fact.occurred_at == fact.recorded_at {
        return found;
    }
    for ix in &programme.missions_by_type[usize::from(fact.kind.0)] {
        let mission = &programme.missions[usize::from(ix.0)];
        let Window::Calendar(kind) = mission.window else {
            continue;
        };
        for at in [fact.occurred_at, fact.recorded_at] {
            let current = state.zones.look(programme, kind, at);
            if repeats || current.end <= fact.recorded_at {
                let of = (*ix, &*mission.first_id);
                look(programme, state, search, of, current.period, &mut found);
            }
        }
    }
    found
}

fn look(
    programme: &Programme,
    state: &State,
    search: &mut Search<'_>,
    (ix, name): (MissionIx, &str),
    period: Period,
    found: &mut Vec<Cold>,
) {
    let kept = state.mission(ix);
    let hot = kept.is_some_and(|kept| kept.place(period).is_some());
    let known = found
        .iter()
        .any(|cold| cold.mission == ix && cold.slot.period == period);
    if hot || known {
        return;
    }
    let ours = |entry: &Entry, archived: &Archived| {
        archived.slot.period == period && entry.names.first_mission(archived.mission) == name
    };
    let versions = search.all(Key::mission(name, period), |entry| {
        entry.archived.iter().any(|it| ours(entry, it))
    });
    let Some(newest) = versions.into_iter().next_back() else {
        return;
    };
    let archived = newest.archived.iter().rfind(|it| ours(&newest, it));
    if let Some(archived) = archived {
        let mut slot = archived.slot.clone();
        if !Arc::ptr_eq(&newest.names, &state.names) && newest.names != state.names {
            Moves::between(&newest.names, &state.names).slot(&mut slot);
            super::change::keep(programme, ix, &mut slot, newest.programme_version());
        }
        found.push(Cold {
            mission: ix,
            slot,
            touched: false,
        });
    }
}

/// A period that lies in the archive, to be changed there.
pub(super) fn touch(cold: &mut [Cold], ix: MissionIx, period: Period) -> Option<&mut Slot> {
    let found = cold
        .iter_mut()
        .find(|cold| cold.mission == ix && cold.slot.period == period)?;
    found.touched = true;
    Some(&mut found.slot)
}

/// A period that comes back into memory.
pub(super) fn back(cold: &mut Vec<Cold>, ix: MissionIx, period: Period) -> Option<Slot> {
    let mut all = cold.iter();
    let at = all.position(|cold| cold.mission == ix && cold.slot.period == period)?;
    Some(cold.swap_remove(at).slot)
}

/// Takes the closed periods of a mission out of memory, but for those that fell in this step and are still to be judged.
pub(super) fn drop_closed(
    state: &mut MissionState,
    programme: &Programme,
    now: Timestamp,
    mission: MissionIx,
    fell: &[(MissionIx, Period)],
) -> Vec<Archived> {
    let mut dropped = Vec::new();
    let own = &programme.missions[usize::from(mission.0)];
    state.slots.retain(|slot| {
        let (_, rules) = slot.rules(programme, own);
        let end = slot
            .end
            .saturating_add_nanos(super::streak::margin_ns(rules));
        // The one that runs from the start comes again with its label, if a version brings its window back.
        let over = !matches!(slot.period, Period::Start(_))
            && closed(end, programme, now)
            && !slot.is_offered()
            && !slot.is_awaited()
            && !fell.contains(&(mission, slot.period));
        if over {
            dropped.push(Archived {
                mission,
                slot: slot.clone(),
            });
        }
        !over
    });
    dropped
}
