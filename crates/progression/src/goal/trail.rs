//! Events behind a goal's progress, one by one: where steps have an order, and where a window rolls.
//!
//! In a goal with steps an event counts in the one step that is open when it comes, so progress is what a walk over the events in log
//! order gives; after a return the walk is done again. In a rolling window an event counts as long as it lives. At most [`EVENTS_MAX`]
//! are kept in a period; what comes after those is not counted and the journal says so.

use programme::model::Goal;
use smallvec::SmallVec;
use types::Timestamp;

use super::{Progress, leaf_count, reached};
use crate::codec::{DecodeError, Reader, Writer};
use crate::journal::Gain;

/// The most events that are kept for one period.
pub(crate) const EVENTS_MAX: usize = 1_000;

/// Events in log order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trail(pub(crate) Vec<Mark>);

/// What an event is still worth to one leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Where it stands in log order.
    pub(crate) order: u64,
    pub(crate) occurred_at: Timestamp,
    /// Which leaf.
    pub(crate) part: u8,
    pub(crate) gain: Gain,
}

/// Whether a goal has steps in it.
pub(crate) fn has_steps(goal: &Goal) -> bool {
    match goal {
        Goal::Steps(_) => true,
        Goal::All(parts) | Goal::Any(parts) => parts.iter().any(has_steps),
        _ => false,
    }
}

/// Works out what follows from a leaf's events: of a streak, its longest chain.
pub(crate) type Lengths<'a> = dyn Fn(&Goal, &mut Progress) + 'a;

/// The leaves that an event can still count for: of steps, those of the open one.
pub(crate) fn open(goal: &Goal, parts: &[Progress]) -> SmallVec<[usize; 4]> {
    let mut found = SmallVec::new();
    find_open(goal, 0, parts, &mut found);
    found
}

fn find_open(goal: &Goal, first: usize, parts: &[Progress], found: &mut SmallVec<[usize; 4]>) {
    match goal {
        Goal::All(inner) | Goal::Any(inner) => {
            let mut at = first;
            for part in inner {
                find_open(part, at, parts, found);
                at += leaf_count(part);
            }
        }
        Goal::Steps(inner) => {
            if let Some((step, at)) = open_step(inner, first, parts) {
                find_open(step, at, parts, found);
            }
        }
        _ => found.push(first),
    }
}

/// The first step that is not reached, and where its leaves begin.
fn open_step<'g>(steps: &'g [Goal], first: usize, parts: &[Progress]) -> Option<(&'g Goal, usize)> {
    let mut at = first;
    for step in steps {
        let next = at + leaf_count(step);
        if !reached(step, parts.get(at..next)?) {
            return Some((step, at));
        }
        at = next;
    }
    None
}

/// Progress from the events that count, in log order.
pub(crate) fn retrace<'m>(
    goal: &Goal,
    parts: &mut [Progress],
    marks: impl Iterator<Item = &'m Mark>,
    lengths: &Lengths<'_>,
) {
    parts.iter_mut().for_each(|part| *part = Progress::None);
    let mut marks = marks.peekable();
    let mut event = Vec::new();
    while let Some(first) = marks.next() {
        event.clear();
        event.push(*first);
        while let Some(next) = marks.next_if(|mark| mark.order == first.order) {
            event.push(*next);
        }
        follow(goal, parts, &event, lengths);
    }
}

/// Adds one event; whether it counted for anything.
pub(crate) fn follow(
    goal: &Goal,
    parts: &mut [Progress],
    event: &[Mark],
    lengths: &Lengths<'_>,
) -> bool {
    walk(goal, 0, parts, event, lengths)
}

fn walk(
    goal: &Goal,
    first: usize,
    parts: &mut [Progress],
    event: &[Mark],
    lengths: &Lengths<'_>,
) -> bool {
    match goal {
        Goal::All(inner) | Goal::Any(inner) => {
            let (mut at, mut counted) = (first, false);
            for part in inner {
                counted |= walk(part, at, parts, event, lengths);
                at += leaf_count(part);
            }
            counted
        }
        Goal::Steps(inner) => match open_step(inner, first, parts) {
            Some((step, at)) => walk(step, at, parts, event, lengths),
            None => false,
        },
        _ => {
            let own = event.iter().find(|mark| usize::from(mark.part) == first);
            match (own, parts.get_mut(first)) {
                (Some(mark), Some(part)) => {
                    part.add(mark.gain);
                    lengths(goal, part);
                    true
                }
                _ => false,
            }
        }
    }
}

impl Trail {
    /// What of an event is left for a leaf, after a return.
    pub(crate) fn shrink(&mut self, order: u64, part: u8, left: Option<Gain>) -> bool {
        let known = |mark: &Mark| mark.order == order && mark.part == part;
        let Some(at) = self.0.iter().position(known) else {
            return false;
        };
        match left {
            Some(gain) => self.0[at].gain = gain,
            None => {
                self.0.remove(at);
            }
        }
        true
    }

    pub(crate) fn bytes(&self) -> usize {
        self.0.capacity() * size_of::<Mark>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.0.len());
        let (mut order, mut nanos) = (0, 0);
        for mark in &self.0 {
            // Neighbours are near each other.
            writer.number(mark.order.wrapping_sub(order));
            writer.signed(mark.occurred_at.nanos() - nanos);
            writer.byte(mark.part);
            mark.gain.encode(writer);
            (order, nanos) = (mark.order, mark.occurred_at.nanos());
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mut order, mut nanos) = (0u64, 0i64);
        let mut mark = |reader: &mut Reader<'_>| {
            order = order.wrapping_add(reader.number()?);
            nanos = nanos.wrapping_add(reader.signed()?);
            Ok(Mark {
                order,
                occurred_at: Timestamp::from_nanos(nanos).ok_or(DecodeError::Invalid("a time"))?,
                part: reader.byte()?,
                gain: Gain::decode(reader)?,
            })
        };
        let marks = (0..reader.length()?)
            .map(|_| mark(reader))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self(marks))
    }
}
