//! What follows from a programme alone and is worked out once for all its players.

use std::sync::Arc;

use programme::model::{PeriodKind, Programme};
use types::Timestamp;

use crate::calendar::Calendar;
use crate::names::Names;
use crate::period::{Span, span_at};
use crate::timer::Timed;

#[derive(Debug)]
struct Derived {
    names: Arc<Names>,
    /// The periods of the programme's zone.
    calendar: Calendar,
    timed: Timed,
}

fn derived(programme: &Programme) -> Option<&Derived> {
    programme.kept.get(|| Derived {
        names: Names::of(programme),
        calendar: Calendar::new(programme.timezone.clone()),
        timed: Timed::of(programme),
    })
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
