//! Levels by month, quarter or year.
//!
//! A level that was earned is kept to the end of its period and through the grace after it; then the ended period is reviewed. What
//! comes of it is the floor under the period that runs: the level that is brought into it.

use programme::model::{Downgrade, PeriodKind};
use smallvec::SmallVec;
use types::{MicroPoints, Timestamp};

use super::{Look, Outlook, Standing, level};
use crate::codec::{DecodeError, Reader, Writer};
use crate::period::Period;
use crate::state::TierState;
use crate::step::Origin;
use crate::zone::{Current, closed};

/// What a set by calendar periods keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Periods {
    /// The period that ran when the set was last looked at.
    running: Period,
    /// The level that was brought into it.
    brought: u16,
    /// What was credited in the running period, and in ended ones that still take points or wait for their review.
    credits: SmallVec<[Credits; 2]>,
    /// The earliest review to come; `None` where there is no level to lose.
    review: Option<Review>,
}

/// What was credited in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Credits {
    period: Period,
    end: Timestamp,
    points: MicroPoints,
}

/// The review of one period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Review {
    period: Period,
    end: Timestamp,
    due: Timestamp,
}

/// The set's periods, with the one that runs now; where a new one has begun, the level is brought into it.
fn periods<'t>(look: Look<'_>, kind: PeriodKind, tier: &'t mut TierState) -> &'t mut Periods {
    let running = look.running(kind).period;
    let level = tier.level;
    // Another version of the programme may have qualified by other periods.
    let fits = |periods: &mut Box<Periods>| periods.running.is_of(kind);
    tier.term.calendar.take_if(|periods| !fits(periods));
    let periods = tier.term.calendar.get_or_insert_with(|| {
        Box::new(Periods {
            running,
            brought: level,
            credits: SmallVec::new(),
            review: None,
        })
    });
    if periods.running != running {
        (periods.running, periods.brought) = (running, level);
    }
    periods
}

pub(super) fn credit(
    look: Look<'_>,
    kind: PeriodKind,
    tier: &mut TierState,
    origin: Origin,
    amount: MicroPoints,
) {
    let periods = periods(look, kind, tier);
    let Some(current) = look.taking(kind, origin) else {
        return;
    };
    let mut known = periods.credits.iter_mut();
    if let Some(credits) = known.find(|it| it.period == current.period) {
        credits.points += amount;
    } else if look.needs(kind, current.end) {
        periods.tidy(look, kind);
        periods.credits.push(Credits {
            period: current.period,
            end: current.end,
            points: amount,
        });
    }
}

pub(super) fn standing(
    look: Look<'_>,
    kind: PeriodKind,
    tier: &mut TierState,
    origin: Origin,
) -> Standing {
    let periods = periods(look, kind, tier);
    let taking = look.taking(kind, origin);
    let earned = |period| level(look.set, periods.points(period));
    Standing {
        earned: taking.map_or(0, |current| earned(current.period)),
        left: earned(periods.running).max(periods.brought),
    }
}

/// A level earned in a period that has ended is brought into the one that runs.
pub(super) fn rise(
    look: Look<'_>,
    kind: PeriodKind,
    tier: &mut TierState,
    origin: Origin,
    to: u16,
) {
    let periods = periods(look, kind, tier);
    let ended = |current: Current| current.period != periods.running;
    if look.taking(kind, origin).is_some_and(ended) {
        periods.brought = periods.brought.max(to);
    }
}

/// Sets the earliest review that is still to come, where there is a level to lose and none is set: of the period for which it was
/// earned, unless its grace is over.
pub(super) fn schedule(look: Look<'_>, kind: PeriodKind, tier: &mut TierState, origin: Origin) {
    if tier.level == 0 || look.set.downgrade == Downgrade::Never {
        if let Some(periods) = &mut tier.term.calendar {
            periods.review = None;
        }
        return;
    }
    let periods = periods(look, kind, tier);
    if periods.review.is_some() {
        return;
    }
    let first = look
        .taking(kind, origin)
        .unwrap_or_else(|| look.running(kind));
    periods.review = Some(look.review_after(kind, look.review(kind, first)));
}

/// Reviews the period that is due, and says which level is left.
pub(super) fn review(look: Look<'_>, kind: PeriodKind, tier: &mut TierState) -> u16 {
    let kept = tier.level;
    let periods = periods(look, kind, tier);
    let Some(review) = periods.review.take() else {
        return kept;
    };
    let earned = |period| level(look.set, periods.points(period));
    let ended = earned(review.period);
    let floor = match look.set.downgrade {
        Downgrade::Never => periods.brought.max(ended),
        Downgrade::OneStep => periods.brought.saturating_sub(1).max(ended),
        Downgrade::ToBalance => ended,
    };
    // Where the grace is longer than a period, others have ended meanwhile: what they earned is kept until their own reviews.
    let waiting = periods.credits.iter().filter(|it| {
        it.end > review.end && it.end <= look.now && look.graced(kind, it.end) > look.now
    });
    let waiting = waiting.map(|it| level(look.set, it.points)).max();
    let left = floor
        .max(waiting.unwrap_or(0))
        .max(earned(periods.running))
        .min(kept);
    periods.brought = floor.max(waiting.unwrap_or(0)).min(left);
    if left > 0 {
        periods.review = Some(look.review_after(kind, review));
    }
    periods.tidy(look, kind);
    left
}

/// What is there in the running period, and what its review will leave of the level.
pub(super) fn outlook(look: Look<'_>, kind: PeriodKind, tier: &mut TierState) -> Outlook {
    let running = look.running(kind).period;
    let periods = periods(look, kind, tier);
    let credits = periods.points(running);
    while let Some(next) = tier.term.calendar.as_ref().and_then(|it| it.review) {
        if next.period > running {
            break;
        }
        let then = Look {
            now: next.due,
            ..look
        };
        tier.level = review(then, kind, tier);
    }
    Outlook {
        credits,
        period: Some(running),
        projected: tier.level,
    }
}

/// The running period may end otherwise in another zone.
pub(super) fn rezone(look: Look<'_>, kind: PeriodKind, tier: &mut TierState) {
    let Some(periods) = &mut tier.term.calendar else {
        return;
    };
    let running = look.running(kind);
    let mut known = periods.credits.iter_mut();
    if let Some(credits) = known.find(|it| it.period == running.period) {
        credits.end = running.end;
    }
    if let Some(review) = &mut periods.review
        && review.period == running.period
    {
        *review = look.review(kind, running);
    }
}

impl Look<'_> {
    fn running(&self, kind: PeriodKind) -> Current {
        self.zones.look(self.programme, kind, self.now)
    }

    fn taking(&self, kind: PeriodKind, origin: Origin) -> Option<Current> {
        let Origin {
            occurred_at,
            recorded_at,
        } = origin;
        self.zones
            .taking(self.programme, kind, occurred_at, recorded_at)
    }

    /// When the grace after a period's end is over.
    fn graced(&self, kind: PeriodKind, end: Timestamp) -> Timestamp {
        self.zones.later(self.programme, kind, end, self.set.grace)
    }

    fn review(&self, kind: PeriodKind, current: Current) -> Review {
        Review {
            period: current.period,
            end: current.end,
            due: self.graced(kind, current.end),
        }
    }

    /// The review itself, or the first of a later period that is not due yet.
    fn review_after(&self, kind: PeriodKind, mut review: Review) -> Review {
        while review.due <= self.now && review.end < Timestamp::MAX {
            let after = self.zones.look(self.programme, kind, review.end);
            review = self.review(kind, after);
        }
        review
    }

    /// Whether anything can still ask what was credited in a period.
    fn needs(&self, kind: PeriodKind, end: Timestamp) -> bool {
        !closed(end, self.programme, self.now) || self.graced(kind, end) > self.now
    }
}

impl Periods {
    pub(super) fn move_levels(&mut self, place: impl Fn(u16) -> u16) {
        self.brought = place(self.brought);
    }

    pub(super) fn due(&self) -> Option<Timestamp> {
        self.review.map(|review| review.due)
    }

    fn points(&self, period: Period) -> MicroPoints {
        let mut all = self.credits.iter();
        all.find(|it| it.period == period)
            .map_or(MicroPoints::ZERO, |it| it.points)
    }

    fn tidy(&mut self, look: Look<'_>, kind: PeriodKind) {
        self.credits.retain(|it| look.needs(kind, it.end));
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.credits.capacity() * size_of::<Credits>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        self.running.encode(writer);
        writer.number(u64::from(self.brought));
        writer.length(self.credits.len());
        for credits in &self.credits {
            credits.period.encode(writer);
            writer.time(credits.end);
            writer.wide(credits.points.0);
        }
        writer.flag(self.review.is_some());
        if let Some(review) = &self.review {
            review.period.encode(writer);
            writer.time(review.end);
            writer.time(review.due);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let credits = |reader: &mut Reader<'_>| {
            Ok(Credits {
                period: Period::decode(reader)?,
                end: reader.time()?,
                points: MicroPoints(reader.wide()?),
            })
        };
        Ok(Self {
            running: Period::decode(reader)?,
            brought: reader.number16()?,
            credits: (0..reader.length()?)
                .map(|_| credits(reader))
                .collect::<Result<_, _>>()?,
            review: match reader.flag()? {
                true => Some(Review {
                    period: Period::decode(reader)?,
                    end: reader.time()?,
                    due: reader.time()?,
                }),
                false => None,
            },
        })
    }
}
