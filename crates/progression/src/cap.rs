//! Caps: what is granted minus reversed, per rule and per kind of points, in a period.
//!
//! A cap period that is closed gives way to the current one, so usage of closed periods is dropped: nothing asks for it again. It is
//! kept [`MARGIN_NS`] longer, since a change of zone may bring its label back within a day and some hours.

use programme::model::{Cap, CapPeriod, PointsIx, Programme, RuleIx};
use smallvec::SmallVec;
use types::{MicroPoints, Timestamp};

use crate::effect::{Because, Movement};
use crate::fact::Fact;
use crate::period::Period;
use crate::state::{Capped, State, Usage};
use crate::step::Step;
use crate::zone::Current;

const MARGIN_NS: i64 = 48 * 3_600 * 1_000_000_000;

/// At most what the caps of the rule and of the points leave room for, and the periods whose room it uses.
pub(crate) fn limit(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    rule: RuleIx,
    wanted: MicroPoints,
) -> (MicroPoints, SmallVec<[Period; 2]>) {
    let programme = step.programme;
    let earn = &programme.rules[usize::from(rule.0)];
    let points = earn.points;
    let of_points = &programme.points[usize::from(points.0)].caps;
    if earn.caps.is_empty() && of_points.is_empty() {
        return (wanted, SmallVec::new());
    }
    let mut charges = SmallVec::<[(Capped, Current); 2]>::new();
    let mut room = wanted;
    let caps = earn.caps.iter().map(|cap| (Capped::Rule(rule), cap));
    for (of, cap) in caps.chain(of_points.iter().map(|cap| (Capped::Points(points), cap))) {
        let current = period(step, fact, cap);
        let used = used(step.state, of, current.period);
        room = room.min(cap.points - used).max(MicroPoints::ZERO);
        let charge = (of, current);
        if !charges.contains(&charge) {
            charges.push(charge);
        }
    }
    let mut charged = SmallVec::new();
    if room > MicroPoints::ZERO {
        for (of, current) in charges {
            charge(step, of, current, room);
            if !charged.contains(&current.period) {
                charged.push(current.period);
            }
        }
    }
    (room, charged)
}

fn period(step: &mut Step<'_>, fact: &Fact<'_>, cap: &Cap) -> Current {
    match cap.per {
        CapPeriod::Lifetime => Current {
            period: Period::Once,
            end: Timestamp::MAX,
        },
        CapPeriod::Calendar(kind) => {
            let (programme, zones) = (step.programme, &mut step.state.zones);
            let occurred = zones.period(programme, kind, fact.occurred_at);
            if occurred.is_closed(programme, step.now) {
                zones.period(programme, kind, step.now)
            } else {
                occurred
            }
        }
    }
}

fn used(state: &State, of: Capped, period: Period) -> MicroPoints {
    let mut all = state.caps.iter();
    all.find(|usage| usage.of == of && usage.period == period)
        .map_or(MicroPoints::ZERO, |usage| usage.used)
}

fn charge(step: &mut Step<'_>, of: Capped, current: Current, amount: MicroPoints) {
    let caps = &mut step.state.caps;
    let known = caps
        .iter_mut()
        .find(|usage| usage.of == of && usage.period == current.period);
    if let Some(usage) = known {
        usage.used += amount;
        return;
    }
    let (lateness, now) = (step.programme.lateness_ns, step.now);
    caps.retain(|usage| {
        let until = usage.end.saturating_add_nanos(lateness);
        usage.of != of || until.saturating_add_nanos(MARGIN_NS) > now
    });
    caps.push(Usage {
        of,
        period: current.period,
        end: current.end,
        used: amount,
    });
}

/// Room that what is returned before it came leaves at once.
pub(crate) fn leave_room(
    state: &mut State,
    (points, rule): (PointsIx, RuleIx),
    charged: &[Period],
    amount: MicroPoints,
) {
    for usage in &mut state.caps {
        let ours = usage.of == Capped::Rule(rule) || usage.of == Capped::Points(points);
        if ours && charged.contains(&usage.period) {
            usage.used -= amount;
        }
    }
}

/// Room that a reversal gives back, where its period is still kept: what an entry took, and by the caps of `booked`, the version by which
/// it was written. A cap that came later had nothing of it.
pub(crate) fn give_back(
    state: &mut State,
    (booked, entry): (&Programme, &Movement),
    now: (Option<PointsIx>, Option<Because>),
    amount: MicroPoints,
) {
    let (Because::Rule(rule), Some(working)) = (entry.because, &entry.working) else {
        return;
    };
    let had = |caps: Option<&Vec<Cap>>, period: Period| {
        let mut caps = caps.into_iter().flatten();
        caps.any(|cap| match cap.per {
            CapPeriod::Lifetime => period == Period::Once,
            CapPeriod::Calendar(kind) => period.is_of(kind),
        })
    };
    let of_rule = booked.rules.get(usize::from(rule.0)).map(|it| &it.caps);
    let of_points = booked.points.get(usize::from(entry.points.0));
    let of_points = of_points.map(|it| &it.caps);
    for usage in &mut state.caps {
        let caps = match usage.of {
            Capped::Rule(ix) if now.1 == Some(Because::Rule(ix)) => of_rule,
            Capped::Points(ix) if now.0 == Some(ix) => of_points,
            _ => continue,
        };
        if working.charged.contains(&usage.period) && had(caps, usage.period) {
            usage.used -= amount;
        }
    }
}
