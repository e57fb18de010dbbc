//! Goals: what an event adds to them, and when they are reached. One kind, one file.
//!
//! The leaves of a goal are counted one by one, in file order; `all` and `any` are judged over them.

mod best;
mod count;
mod distinct;
mod streak;
mod sum;
mod trail;

use programme::model::{EventTypeIx, Goal, Predicate};
use smallvec::SmallVec;
use types::{Decimal, MicroPoints};

use crate::codec::{DecodeError, Reader, Writer};
use crate::fact::Fact;
use crate::journal::{Gain, Reason};

pub(crate) use streak::{Chain, Units};
pub(crate) use trail::{EVENTS_MAX, Mark, Trail, follow, has_steps, retrace};

/// How far one leaf of a goal is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Nothing counted yet.
    #[default]
    None,
    /// So many events.
    Count(u64),
    /// So many millionths.
    Sum(MicroPoints),
    /// These values, each by so many events; sorted by value.
    Distinct(Vec<(u128, u32)>),
    /// The largest values.
    Best(Box<best::Values>),
    /// Active days or weeks.
    Streak(Box<Units>),
}

/// A leaf of a goal.
#[derive(Clone, Copy)]
pub(crate) struct Leaf<'p> {
    pub(crate) goal: &'p Goal,
    pub(crate) of: EventTypeIx,
    pub(crate) when: Option<&'p Predicate>,
}

/// The leaves of a goal, in file order. Kinds that are not carried out have none.
pub(crate) fn leaves(goal: &Goal) -> impl Iterator<Item = Leaf<'_>> {
    // Nearly every goal is one leaf, and every event asks for it.
    let (first, mut stack) = match alone(goal) {
        Some(leaf) => (Some(leaf), SmallVec::<[&Goal; 4]>::new()),
        None => (None, SmallVec::from_slice(&[goal])),
    };
    let below = std::iter::from_fn(move || {
        while let Some(goal) = stack.pop() {
            match goal {
                Goal::Steps(parts) | Goal::All(parts) | Goal::Any(parts) => {
                    stack.extend(parts.iter().rev());
                }
                _ => return alone(goal),
            }
        }
        None
    });
    first.into_iter().chain(below)
}

/// The one leaf of a goal that is a leaf itself.
pub(crate) fn alone(goal: &Goal) -> Option<Leaf<'_>> {
    match goal {
        Goal::Count { of, when, .. }
        | Goal::Sum { of, when, .. }
        | Goal::Best { of, when, .. }
        | Goal::Streak { of, when, .. }
        | Goal::Distinct { of, when, .. } => Some(Leaf {
            goal,
            of: *of,
            when: when.as_ref(),
        }),
        Goal::Steps(_) | Goal::All(_) | Goal::Any(_) => None,
    }
}

pub(crate) fn leaf_count(goal: &Goal) -> usize {
    match goal {
        Goal::Steps(_) | Goal::All(_) | Goal::Any(_) => leaves(goal).count(),
        _ => 1,
    }
}

/// What the event is worth to a leaf, before any return.
pub(crate) fn gain(leaf: Leaf<'_>, fact: &Fact<'_>) -> Result<Gain, Reason> {
    match leaf.goal {
        Goal::Count { .. } => Ok(Gain::One),
        Goal::Sum { amount, .. } => sum::gain(amount, fact),
        Goal::Best { amount, .. } => sum::gain(amount, fact).map(Gain::single),
        Goal::Distinct { attribute, .. } => distinct::gain(attribute, fact),
        _ => Err(Reason::Unavailable),
    }
}

/// Whether the goal is reached.
pub(crate) fn reached(goal: &Goal, parts: &[Progress]) -> bool {
    walk(goal, &mut parts.iter())
}

fn walk<'a>(goal: &Goal, parts: &mut impl Iterator<Item = &'a Progress>) -> bool {
    // Every part is walked, so that the leaves keep their places.
    match goal {
        Goal::Count { target, .. }
        | Goal::Distinct { target, .. }
        | Goal::Streak { target, .. } => parts.next().is_some_and(|part| part.count() >= *target),
        Goal::Sum { target, .. } | Goal::Best { target, .. } => {
            parts.next().is_some_and(|part| sum::reached(part, *target))
        }
        Goal::Steps(inner) | Goal::All(inner) => {
            inner.iter().filter(|part| !walk(part, parts)).count() == 0
        }
        Goal::Any(inner) => inner.iter().filter(|part| walk(part, parts)).count() > 0,
    }
}

/// Progress as a player sees it: of one leaf its value, of several how many are done.
pub(crate) fn shown(goal: &Goal, parts: &[Progress]) -> String {
    match goal {
        Goal::Steps(inner) | Goal::All(inner) | Goal::Any(inner) => {
            let mut parts = parts.iter();
            let done = inner.iter().filter(|part| walk(part, &mut parts)).count();
            done.to_string()
        }
        _ => match parts.first() {
            Some(part @ (Progress::Sum(_) | Progress::Best(_))) => {
                MicroPoints(part.micro()).to_string()
            }
            Some(part) => part.count().to_string(),
            None => "0".to_owned(),
        },
    }
}

/// The target as a player sees it.
pub(crate) fn target(goal: &Goal) -> String {
    match goal {
        Goal::Count { target, .. }
        | Goal::Distinct { target, .. }
        | Goal::Streak { target, .. } => target.to_string(),
        Goal::Sum { target, .. } | Goal::Best { target, .. } => Decimal::to_string(target),
        Goal::Steps(parts) | Goal::All(parts) => parts.len().to_string(),
        Goal::Any(_) => "1".to_owned(),
    }
}

impl Progress {
    fn count(&self) -> u64 {
        match self {
            Self::None | Self::Sum(_) | Self::Best(_) => 0,
            Self::Count(count) => *count,
            Self::Distinct(values) => values.len() as u64,
            Self::Streak(units) => u64::from(units.longest),
        }
    }

    /// An amount in millionths.
    fn micro(&self) -> i128 {
        match self {
            Self::Sum(sum) => sum.0,
            Self::Best(values) => values.largest(),
            Self::None | Self::Count(_) | Self::Distinct(_) | Self::Streak(_) => 0,
        }
    }

    /// Whether it could take this gain.
    pub(crate) fn room(&self, gain: Gain) -> bool {
        match (self, gain) {
            (Self::Distinct(values), Gain::Value(value)) => distinct::room(values, value),
            _ => true,
        }
    }

    /// Adds what an event is worth after the share of it that was returned.
    pub(crate) fn add(&mut self, gain: Gain) {
        match gain {
            Gain::One => count::add(self),
            Gain::Amount { micro, .. } => sum::add(self, micro),
            Gain::Single { micro, .. } => best::add(self, micro),
            Gain::Value(value) => distinct::add(self, value),
            Gain::Unit(unit) => streak::add(self, unit),
        }
    }

    /// An event that was worth so much is worth less, or nothing.
    pub(crate) fn shrink(&mut self, from: Gain, to: Option<Gain>) {
        match from {
            Gain::One => count::take(self),
            Gain::Amount { micro, .. } => sum::add(self, to.map_or(0, Gain::micro) - micro),
            Gain::Single { micro, .. } => best::shrink(self, micro, to.map_or(0, Gain::micro)),
            Gain::Value(value) => distinct::take(self, value),
            Gain::Unit(unit) => streak::take(self, unit),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Distinct(values) => values.capacity() * size_of::<(u128, u32)>(),
            Self::Best(values) => values.bytes(),
            Self::Streak(units) => units.bytes(),
            _ => 0,
        }
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::None => writer.byte(0),
            Self::Count(count) => {
                writer.byte(1);
                writer.number(*count);
            }
            Self::Sum(sum) => {
                writer.byte(2);
                writer.wide(sum.0);
            }
            Self::Distinct(values) => {
                writer.byte(3);
                writer.length(values.len());
                for (value, count) in values {
                    writer.fixed128(*value);
                    writer.number(u64::from(*count));
                }
            }
            Self::Best(values) => {
                writer.byte(4);
                values.encode(writer);
            }
            Self::Streak(units) => {
                writer.byte(5);
                units.encode(writer);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.byte()? {
            0 => Ok(Self::None),
            1 => Ok(Self::Count(reader.number()?)),
            2 => Ok(Self::Sum(MicroPoints(reader.wide()?))),
            3 => (0..reader.length()?)
                .map(|_| Ok((reader.fixed128()?, reader.number32()?)))
                .collect::<Result<Vec<_>, DecodeError>>()
                .map(Self::Distinct),
            4 => best::Values::decode(reader).map(|values| Self::Best(Box::new(values))),
            5 => Units::decode(reader).map(|units| Self::Streak(Box::new(units))),
            _ => Err(DecodeError::Invalid("a progress")),
        }
    }
}
