//! The commonest missions: one count of events or one sum of money, once or in a period of the calendar, for everybody.
//!
//! Where the period under way has progress already, to count is to add a number and to compare it with the target. Everything else
//! that may happen to such a mission (its first event of a period, a late one, one of which something was returned) goes the general
//! way, which says the same of what this one takes; the oracle knows neither.

use programme::model::{AmountOf, Goal, Mission, MissionIx, PeriodKind, Window};
use types::{MicroPoints, Timestamp};

use crate::earn::{ask, holds};
use crate::event::part::Returned;
use crate::fact::Fact;
use crate::goal::{Leaf, Progress};
use crate::journal::{Contribution, Gain, Reason};
use crate::period::Period;
use crate::state::{Kept, Running};
use crate::step::Step;
use crate::zone::Current;

/// A mission that is counted so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    /// `None`: once.
    window: Option<PeriodKind>,
    target: Target,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    Events(u64),
    Micro(i64),
}

impl Plain {
    /// Of a mission that is open to everybody.
    pub(super) fn of(mission: &Mission) -> Option<Self> {
        let target = match &mission.goal {
            Goal::Count { target, .. } => Target::Events(*target),
            Goal::Sum {
                amount: AmountOf::Amount,
                target,
                ..
            } => Target::Micro(i64::try_from(target.to_units(MicroPoints::SCALE)?).ok()?),
            _ => return None,
        };
        let window = match mission.window {
            Window::Once => None,
            Window::Calendar(kind) => Some(kind),
            Window::AfterStart { .. } | Window::Rolling { .. } => return None,
        };
        Some(Self { window, target })
    }

    /// The period in which the event occurred, where that takes events still.
    fn period(self, step: &mut Step<'_>, fact: &Fact<'_>) -> Option<Current> {
        let Some(kind) = self.window else {
            return Some(Current {
                period: Period::Once,
                end: Timestamp::MAX,
            });
        };
        let (programme, now) = (step.programme, step.now);
        let occurred = step.state.zones.period(programme, kind, fact.occurred_at);
        (!occurred.is_closed(programme, now)).then_some(occurred)
    }

    /// What the event adds.
    fn gain(self, fact: &Fact<'_>) -> Option<Gain> {
        match self.target {
            Target::Events(_) => Some(Gain::One),
            Target::Micro(_) => Some(Gain::Amount {
                micro: fact.weighted_micro().filter(|micro| *micro >= 0)?,
                money: true,
            }),
        }
    }

    /// Whether so much is enough.
    fn is_reached(self, progress: i64) -> bool {
        match self.target {
            Target::Events(target) => progress.unsigned_abs() >= target,
            Target::Micro(target) => progress >= target,
        }
    }

    /// Adds it to progress of its kind; whether the target is reached then.
    fn add(self, progress: &mut Progress, gain: Gain) -> Option<bool> {
        match (self.target, progress) {
            (Target::Events(target), Progress::Count(count)) => {
                *count = count.saturating_add(1);
                Some(*count >= target)
            }
            (Target::Micro(target), Progress::Sum(sum)) => {
                *sum += MicroPoints(gain.micro());
                Some(sum.0 >= i128::from(target))
            }
            _ => None,
        }
    }
}

/// Counts an event; `None` where it has to be counted the general way, and nothing has happened.
#[inline]
pub(super) fn count(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    (ix, plain, leaf): (MissionIx, Plain, Leaf<'_>),
    guard_holds: bool,
    returned: Returned,
) -> Option<Result<(), Reason>> {
    // An earlier version may have counted the type; a running period may go by it, or have parts of it.
    let past = step.state.missions.whole(ix).is_some_and(|kept| {
        let mut slots = kept.slots.iter();
        slots.any(|slot| slot.past.is_some())
    });
    if !returned.is_nothing() || leaf.of != fact.kind || past {
        return None;
    }
    let current = plain.period(step, fact)?;
    if let Some(when) = leaf.when
        && let Err(reason) = holds(ask(step, fact, when, guard_holds), Reason::When)
    {
        return Some(Err(reason));
    }
    let gain = plain.gain(fact)?;
    let due = match step.state.missions.kept_mut(ix) {
        Some(Kept::Running(running)) => plain.is_reached(running.add(current, gain)?),
        Some(Kept::Whole(state)) => {
            let slot = state.slot_mut(current.period)?;
            let [progress] = &mut *slot.parts else {
                return None;
            };
            let reached = plain.add(progress, gain)?;
            slot.end = slot.end.max(current.end);
            reached && !slot.stands()
        }
        // The period may lie in the archive.
        None if !step.cold.is_empty() => return None,
        None => {
            let mut running = Running::new(current, gain)?;
            let reached = plain.is_reached(running.add(current, gain)?);
            step.state.missions.begin(ix, running);
            reached
        }
    };
    if due {
        step.grew.push((ix, current.period));
    }
    step.counted.push(Contribution {
        mission: ix,
        part: 0,
        period: current.period,
        gain,
    });
    Some(Ok(()))
}
