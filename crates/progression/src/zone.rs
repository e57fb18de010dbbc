//! Which zone counts when, and the periods that follow from it.
//!
//! A change of zone counts, for each kind of period, from the end of the period in which it was recorded, in the old zone; before
//! anything was earned or counted for the player, at once.

use jiff::tz::TimeZone;
use programme::model::{Duration, LateEvents, PeriodKind, Programme};
use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};
use crate::derived;
use crate::period::{Period, Span, kind_index, span_at, span_of};

/// Changes that are remembered, for late events: the newest of each kind.
const CHANGES_MAX: usize = 8;
const KINDS: [PeriodKind; 5] = [
    PeriodKind::Day,
    PeriodKind::Week,
    PeriodKind::Month,
    PeriodKind::Quarter,
    PeriodKind::Year,
];

/// A player's zones over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Zones {
    /// `None` while the programme's zone is all there is: most players have no other.
    own: Option<Box<Own>>,
}

#[derive(Clone, Debug, Default)]
struct Own {
    /// For each kind of period, from when which zone counts, by time; before the first the programme's.
    changes: [Vec<Change>; 5],
    /// The last span looked at, of each kind. Not state: recomputed at will.
    seen: [Option<Span>; 5],
}

#[derive(Clone, Debug)]
struct Change {
    from: Timestamp,
    name: Box<str>,
    zone: TimeZone,
}

/// A calendar period and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    pub(crate) period: Period,
    pub(crate) end: Timestamp,
}

impl Current {
    fn of(kind: PeriodKind, span: Span) -> Self {
        let ordinal = span.ordinal;
        Self {
            period: Period::Calendar { kind, ordinal },
            end: span.end,
        }
    }

    /// Whether the period takes no late events any more.
    pub(crate) fn is_closed(&self, programme: &Programme, now: Timestamp) -> bool {
        closed(self.end, programme, now)
    }
}

/// Whether what ended then takes no late events any more.
pub(crate) fn closed(end: Timestamp, programme: &Programme, now: Timestamp) -> bool {
    end != Timestamp::MAX && now >= end.saturating_add_nanos(programme.lateness_ns)
}

impl Zones {
    /// The period of this kind that holds an instant.
    pub(crate) fn period(
        &mut self,
        programme: &Programme,
        kind: PeriodKind,
        at: Timestamp,
    ) -> Current {
        let span = self.find(programme, kind, at);
        if let Some(own) = &mut self.own {
            own.seen[kind_index(kind)] = Some(span);
        }
        Current::of(kind, span)
    }

    /// As [`Zones::period`], without remembering.
    pub(crate) fn look(&self, programme: &Programme, kind: PeriodKind, at: Timestamp) -> Current {
        Current::of(kind, self.find(programme, kind, at))
    }

    fn find(&self, programme: &Programme, kind: PeriodKind, at: Timestamp) -> Span {
        let Some(own) = &self.own else {
            return derived::span(programme, kind, at);
        };
        let seen = own.seen[kind_index(kind)].filter(|span| span.holds(at));
        seen.unwrap_or_else(|| self.span(programme, kind, at))
    }

    fn changes(&self, kind: PeriodKind) -> &[Change] {
        let own = self.own.as_ref();
        own.map_or(&[], |own| &own.changes[kind_index(kind)])
    }

    /// The period that takes an event: the one in which it occurred; where that was closed when it was recorded, what the
    /// programme says of late events. `None` where it is recorded only.
    pub(crate) fn taking(
        &self,
        programme: &Programme,
        kind: PeriodKind,
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    ) -> Option<Current> {
        let occurred = self.look(programme, kind, occurred_at);
        match programme.late_events {
            _ if !occurred.is_closed(programme, recorded_at) => Some(occurred),
            LateEvents::CountNow => Some(self.look(programme, kind, recorded_at)),
            LateEvents::RecordOnly => None,
        }
    }

    /// The instant so much later; months by the zone that counts for periods of this kind.
    pub(crate) fn later(
        &self,
        programme: &Programme,
        kind: PeriodKind,
        at: Timestamp,
        by: Duration,
    ) -> Timestamp {
        let changes = self.changes(kind);
        let counts = changes.iter().rfind(|change| change.from <= at);
        by.after(
            at,
            counts.map_or(&programme.timezone, |change| &change.zone),
        )
    }

    /// When a window of a length that begins then is over; months by the zone of the player's days.
    pub(crate) fn over(
        &self,
        programme: &Programme,
        begins: Timestamp,
        length: Duration,
    ) -> Timestamp {
        match length {
            Duration::Elapsed { ns } => begins.saturating_add_nanos(ns),
            Duration::Months(_) => self.later(programme, PeriodKind::Day, begins, length),
        }
    }

    /// The stretch around an instant in which one zone counts and one label holds; its end is where the label ends for good.
    fn span(&self, programme: &Programme, kind: PeriodKind, at: Timestamp) -> Span {
        let changes = self.changes(kind);
        let after = changes.partition_point(|change| change.from <= at);
        let zone = |index: usize| match index.checked_sub(1) {
            None => &programme.timezone,
            Some(before) => &changes[before].zone,
        };
        let mut span = match after {
            0 => derived::span(programme, kind, at),
            _ => span_at(kind, zone(after), at),
        };
        if let Some(began) = after.checked_sub(1) {
            span.start = span.start.max(changes[began].from);
        }
        // Where the next zone repeats the label, the period goes on there.
        for (index, change) in changes.iter().enumerate().skip(after) {
            if change.from > span.end {
                break;
            }
            let next = span_at(kind, zone(index + 1), change.from);
            if next.ordinal != span.ordinal {
                span.end = span.end.min(change.from);
                break;
            }
            span.end = next.end;
        }
        span
    }

    /// A unit of this kind by its label, from its first instant to its last; `None` where the player never had it.
    pub(crate) fn unit(
        &self,
        programme: &Programme,
        kind: PeriodKind,
        ordinal: i32,
    ) -> Option<Span> {
        let changes = self.changes(kind);
        let mut found: Option<Span> = None;
        for at in 0..=changes.len() {
            let (from, zone) = match at.checked_sub(1) {
                None => (Timestamp::MIN, &programme.timezone),
                Some(before) => (changes[before].from, &changes[before].zone),
            };
            let until = changes.get(at).map_or(Timestamp::MAX, |next| next.from);
            let span = span_of(kind, zone, ordinal);
            let (start, end) = (span.start.max(from), span.end.min(until));
            if start < end {
                let start = found.map_or(start, |found| found.start);
                found = Some(Span {
                    ordinal,
                    start,
                    end,
                });
            }
        }
        found
    }

    /// Takes a change that was recorded at `now`; `None` for a name that is no zone.
    pub(crate) fn change(
        &mut self,
        programme: &Programme,
        name: &str,
        now: Timestamp,
        at_once: bool,
    ) -> Option<()> {
        let zone = TimeZone::get(name).ok()?;
        self.forget();
        for kind in KINDS {
            let from = match at_once {
                true => Timestamp::MIN,
                false => self.span_of_zone(programme, kind, now),
            };
            let own = self.own.get_or_insert_default();
            let changes = &mut own.changes[kind_index(kind)];
            // One that has not begun gives way.
            changes.retain(|change| change.from < from);
            changes.push(Change {
                from,
                name: name.into(),
                zone: zone.clone(),
            });
            if changes.len() > CHANGES_MAX {
                changes.remove(0);
            }
        }
        Some(())
    }

    /// The end of the period around `now`, in the zone that counts now.
    fn span_of_zone(&self, programme: &Programme, kind: PeriodKind, now: Timestamp) -> Timestamp {
        let changes = self.changes(kind);
        let after = changes.partition_point(|change| change.from <= now);
        let zone = match after.checked_sub(1) {
            None => &programme.timezone,
            Some(before) => &changes[before].zone,
        };
        span_at(kind, zone, now).end
    }

    /// Whether labels of the past may come again.
    pub(crate) fn repeats(&self) -> bool {
        match self.changes(PeriodKind::Day) {
            [] => false,
            [only] => only.from > Timestamp::MIN,
            _ => true,
        }
    }

    /// Forgets what was remembered (another programme may have another zone).
    pub(crate) fn forget(&mut self) {
        if let Some(own) = &mut self.own {
            own.seen = Default::default();
        }
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        for kind in KINDS {
            let changes = self.changes(kind);
            writer.length(changes.len());
            for change in changes {
                writer.time(change.from);
                writer.text(&change.name);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut own = Own::default();
        for changes in &mut own.changes {
            for _ in 0..reader.length()? {
                let from = reader.time()?;
                let name = reader.text()?;
                let zone = TimeZone::get(name).map_err(|_| DecodeError::Invalid("a zone"))?;
                if changes
                    .last()
                    .is_some_and(|last: &Change| last.from >= from)
                {
                    return Err(DecodeError::Invalid("a zone"));
                }
                changes.push(Change {
                    from,
                    name: name.into(),
                    zone,
                });
            }
        }
        let any = own.changes.iter().any(|changes| !changes.is_empty());
        Ok(Self {
            own: any.then(|| Box::new(own)),
        })
    }
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.changes == other.changes
    }
}

impl PartialEq for Change {
    fn eq(&self, other: &Self) -> bool {
        (self.from, &self.name) == (other.from, &other.name)
    }
}
