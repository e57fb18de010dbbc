//! What follows from a programme alone and is worked out once for all its players.

use std::borrow::Cow;
use std::sync::Arc;

use programme::model::{EventTypeIx, Mission, MissionIx, PeriodKind, Programme, Start, Window};
use types::{Attributes, Timestamp};

use crate::calendar::Calendar;
use crate::candidates::{self, Candidates, Index};
use crate::journal::Ground;
use crate::mission::Nature;
use crate::names::Names;
use crate::period::{Span, span_at};
use crate::timer::Timed;

#[derive(Debug)]
struct Derived {
    names: Arc<Names>,
    /// The periods of the programme's zone.
    calendar: Calendar,
    /// By event type.
    indexes: Box<[Index]>,
    /// By event type.
    grounds: Box<[Ground]>,
    timed: Timed,
    /// By mission.
    natures: Box<[Nature]>,
    /// Missions whose window runs from the player's first record.
    by_first_record: Vec<MissionIx>,
}

fn derived(programme: &Programme) -> Option<&Derived> {
    programme.kept.get(|| Derived {
        names: Names::of(programme),
        calendar: Calendar::new(programme.timezone.clone()),
        indexes: candidates::indexes(programme),
        grounds: grounds_of(programme),
        timed: Timed::of(programme),
        natures: natures_of(programme),
        by_first_record: begun_by_records(programme),
    })
}

fn grounds_of(programme: &Programme) -> Box<[Ground]> {
    let types = programme
        .rules_by_type
        .iter()
        .zip(&programme.missions_by_type);
    types
        .map(|(rules, missions)| Ground::of(rules, missions))
        .collect()
}

fn natures_of(programme: &Programme) -> Box<[Nature]> {
    let all = (0..).map(MissionIx).zip(&programme.missions);
    all.map(|(ix, mission)| Nature::of(programme, ix, mission))
        .collect()
}

fn begun_by_records(programme: &Programme) -> Vec<MissionIx> {
    let by_record = |mission: &Mission| {
        matches!(mission.window, Window::AfterStart { .. })
            && mission.start == Start::Automatic
            && mission.after.is_empty()
    };
    let all = (0..).map(MissionIx).zip(&programme.missions);
    all.filter(|(_, mission)| by_record(mission))
        .map(|(ix, _)| ix)
        .collect()
}

/// Missions whose window runs from the player's first record.
pub(crate) fn by_first_record(programme: &Programme) -> &[MissionIx] {
    derived(programme).map_or(&[], |derived| &derived.by_first_record)
}

/// What of each mission decides how it is counted.
pub(crate) fn natures(programme: &Programme) -> Cow<'_, [Nature]> {
    match derived(programme) {
        Some(derived) => Cow::Borrowed(&derived.natures),
        None => Cow::Owned(natures_of(programme).into()),
    }
}

/// The names of the programme's version, one table for every state and entry that speaks of it.
pub(crate) fn names(programme: &Programme) -> Arc<Names> {
    derived(programme).map_or_else(
        || Names::of(programme),
        |derived| Arc::clone(&derived.names),
    )
}

/// Whether a table is the shared one.
pub(crate) fn shares(programme: &Programme, names: &Arc<Names>) -> bool {
    derived(programme).is_some_and(|derived| Arc::ptr_eq(&derived.names, names))
}

/// What has timers.
pub(crate) fn timed(programme: &Programme) -> Option<&Timed> {
    derived(programme).map(|derived| &derived.timed)
}

/// The period that holds an instant in the programme's zone.
pub(crate) fn span(programme: &Programme, kind: PeriodKind, at: Timestamp) -> Span {
    match derived(programme) {
        Some(derived) => derived.calendar.span(kind, at),
        None => span_at(kind, &programme.timezone, at),
    }
}

/// What is said of an event before any rule or mission on its type is asked.
pub(crate) fn ground(programme: &Programme, kind: EventTypeIx) -> Cow<'_, Ground> {
    let kind = usize::from(kind.0);
    match derived(programme).and_then(|derived| derived.grounds.get(kind)) {
        Some(ground) => Cow::Borrowed(ground),
        None => Cow::Owned(Ground::of(
            &programme.rules_by_type[kind],
            &programme.missions_by_type[kind],
        )),
    }
}

/// The rules and missions that an event may count for: all on its type where nothing was worked out.
pub(crate) fn candidates<'p>(
    programme: &'p Programme,
    kind: EventTypeIx,
    attributes: &Attributes,
) -> Cow<'p, Candidates> {
    let kind = usize::from(kind.0);
    let index = derived(programme).and_then(|derived| derived.indexes.get(kind));
    match index {
        Some(index) => index.of(attributes),
        None => Cow::Owned(Candidates::all(
            programme.rules_by_type[kind].len() + programme.missions_by_type[kind].len(),
        )),
    }
}
