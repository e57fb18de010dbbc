//! Levels by the points of the last so many days.
//!
//! What was credited lives from the occurrence of its event for the length of the window. Where an entry leaves and the rest does not
//! earn the level, the grace begins; at its end the policy acts, and each further step takes another grace.

use programme::model::{Downgrade, Duration, PeriodKind};
use smallvec::SmallVec;
use types::{MicroPoints, Timestamp};

use super::{Look, Outlook, Standing, level};
use crate::codec::{DecodeError, Reader, Writer};
use crate::state::TierState;
use crate::step::Origin;

/// Entries that are kept apart. Where there are more, the two that are closest in time become one and leave with the later.
const ENTRIES_MAX: usize = 512;

/// What a set over a rolling window keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rolling {
    /// What lives, by the time of occurrence; what was taken back whole still leaves.
    entries: Vec<Credit>,
    /// Since when the level is not earned any more.
    since: Option<Timestamp>,
    due: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Credit {
    occurred_at: Timestamp,
    points: MicroPoints,
}

/// The set's entries, without those that have left by now.
fn rolling<'t>(look: Look<'_>, length: Duration, tier: &'t mut TierState) -> &'t mut Rolling {
    let kept = tier.level;
    let rolling = tier.term.rolling.get_or_insert_default();
    // None leaves before the shortest time that the window can last.
    let may = |entry: &Credit| entry.occurred_at.saturating_add_nanos(shortest(length)) <= look.now;
    let may_leave = rolling
        .entries
        .iter()
        .take_while(|entry| may(entry))
        .count();
    if may_leave == 0 {
        return rolling;
    }
    let mut left = rolling.points();
    let first = &rolling.entries[..may_leave];
    for (leaves, points) in leaving(look, length, first) {
        if leaves > look.now {
            break;
        }
        left -= points;
        if level(look.set, left) >= kept {
            rolling.since = None;
        } else if rolling.since.is_none() {
            rolling.since = Some(leaves);
        }
    }
    let stays = |entry: &Credit| !may(entry) || look.leaves(entry, length) > look.now;
    rolling.entries.retain(stays);
    rolling
}

/// When entries leave, by time, and how much at once. Months are not of one length: of those that begin at the end of a long one,
/// several end on one day, and not in their order.
fn leaving(
    look: Look<'_>,
    length: Duration,
    entries: &[Credit],
) -> SmallVec<[(Timestamp, MicroPoints); 4]> {
    let mut leaving: SmallVec<[_; 4]> = entries
        .iter()
        .map(|entry| (look.leaves(entry, length), entry.points))
        .collect();
    leaving.sort_by_key(|(at, _)| *at);
    leaving.dedup_by(|(later, more), (at, points)| {
        let same = later == at;
        if same {
            *points += *more;
        }
        same
    });
    leaving
}

/// The least time that a window of a length can last: no month has less than 28 days, of which a zone can leave out one.
fn shortest(length: Duration) -> i64 {
    const DAY_NS: i64 = 86_400_000_000_000;
    match length {
        Duration::Elapsed { ns } => ns,
        Duration::Months(months) => (i64::from(months) * 28 - 1) * DAY_NS,
    }
}

pub(super) fn credit(
    look: Look<'_>,
    length: Duration,
    tier: &mut TierState,
    origin: Origin,
    points: MicroPoints,
) {
    let rolling = rolling(look, length, tier);
    let occurred_at = origin.occurred_at;
    if look.over(occurred_at, length) <= look.now {
        return;
    }
    let entries = &mut rolling.entries;
    let at = entries.partition_point(|entry| entry.occurred_at < occurred_at);
    match entries.get_mut(at) {
        // What is taken back may have become one with a later entry.
        Some(entry) if entry.occurred_at == occurred_at || points < MicroPoints::ZERO => {
            entry.points += points;
        }
        _ => entries.insert(
            at,
            Credit {
                occurred_at,
                points,
            },
        ),
    }
    if entries.len() > ENTRIES_MAX {
        merge_closest(entries);
    }
    schedule(look, length, tier);
}

fn merge_closest(entries: &mut Vec<Credit>) {
    let gap = |pair: &[Credit]| pair[1].occurred_at.nanos() - pair[0].occurred_at.nanos();
    let closest = entries
        .windows(2)
        .enumerate()
        .min_by_key(|(_, pair)| gap(pair));
    if let Some((at, _)) = closest {
        let earlier = entries.remove(at);
        entries[at].points += earlier.points;
    }
}

pub(super) fn standing(look: Look<'_>, length: Duration, tier: &mut TierState) -> Standing {
    let kept = tier.level;
    let rolling = rolling(look, length, tier);
    let earned = level(look.set, rolling.points());
    if earned >= kept {
        rolling.since = None;
    }
    let left = match rolling.since {
        Some(_) => kept,
        None => earned,
    };
    schedule(look, length, tier);
    Standing { earned, left }
}

/// Sets when the policy acts next.
pub(super) fn schedule(look: Look<'_>, length: Duration, tier: &mut TierState) {
    let kept = tier.level;
    let rolling = rolling(look, length, tier);
    if kept == 0 {
        rolling.since = None;
    }
    rolling.due = None;
    if kept == 0 || look.set.downgrade == Downgrade::Never {
        return;
    }
    let begins = rolling.since.or_else(|| {
        let mut left = rolling.points();
        let mut falls = |points: MicroPoints| {
            left -= points;
            level(look.set, left) < kept
        };
        match length {
            // In the order in which they came.
            Duration::Elapsed { .. } => {
                let found = rolling.entries.iter().find(|entry| falls(entry.points));
                found.map(|entry| look.leaves(entry, length))
            }
            Duration::Months(_) => {
                let leaving = leaving(look, length, &rolling.entries);
                let found = leaving.into_iter().find(|(_, points)| falls(*points));
                found.map(|(at, _)| at)
            }
        }
    });
    rolling.due = begins.map(|at| look.rolling_grace(at));
}

/// What the end of a grace leaves of the level.
pub(super) fn review(look: Look<'_>, length: Duration, tier: &mut TierState) -> u16 {
    let kept = tier.level;
    let rolling = rolling(look, length, tier);
    let over = rolling
        .since
        .is_some_and(|at| look.rolling_grace(at) <= look.now);
    let earned = level(look.set, rolling.points());
    let mut left = kept;
    if over && earned < kept {
        left = match look.set.downgrade {
            Downgrade::Never => kept,
            Downgrade::OneStep => kept.saturating_sub(1).max(earned),
            Downgrade::ToBalance => earned,
        };
        let another = earned < left && look.rolling_grace(look.now) > look.now;
        rolling.since = another.then_some(look.now);
    }
    if left == kept {
        schedule(look, length, tier);
    }
    left
}

/// What lives, and what the next review will leave of the level.
pub(super) fn outlook(look: Look<'_>, length: Duration, tier: &mut TierState) -> Outlook {
    let rolling = rolling(look, length, tier);
    let (credits, due) = (rolling.points(), rolling.due);
    let then = |now| Look { now, ..look };
    Outlook {
        credits,
        period: None,
        projected: due.map_or(tier.level, |now| review(then(now), length, tier)),
    }
}

impl Look<'_> {
    fn over(&self, begins: Timestamp, length: Duration) -> Timestamp {
        self.zones.over(self.programme, begins, length)
    }

    fn leaves(&self, entry: &Credit, length: Duration) -> Timestamp {
        self.over(entry.occurred_at, length)
    }

    fn rolling_grace(&self, at: Timestamp) -> Timestamp {
        self.zones
            .later(self.programme, PeriodKind::Day, at, self.set.grace)
    }
}

impl Rolling {
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn points(&self) -> MicroPoints {
        let points = self.entries.iter().map(|entry| entry.points.0);
        MicroPoints(points.sum())
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.entries.capacity() * size_of::<Credit>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.entries.len());
        let mut before = 0;
        for entry in &self.entries {
            let nanos = entry.occurred_at.nanos();
            writer.signed(nanos - before);
            writer.wide(entry.points.0);
            before = nanos;
        }
        for time in [self.since, self.due] {
            writer.flag(time.is_some());
            if let Some(time) = time {
                writer.time(time);
            }
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut rolling = Self::default();
        let mut before = 0i64;
        for _ in 0..reader.length()? {
            let nanos = before.checked_add(reader.signed()?);
            let occurred_at = nanos
                .and_then(Timestamp::from_nanos)
                .ok_or(DecodeError::Invalid("a time"))?;
            before = occurred_at.nanos();
            rolling.entries.push(Credit {
                occurred_at,
                points: MicroPoints(reader.wide()?),
            });
        }
        let time = |reader: &mut Reader<'_>| match reader.flag()? {
            true => Ok(Some(reader.time()?)),
            false => Ok::<_, DecodeError>(None),
        };
        rolling.since = time(reader)?;
        rolling.due = time(reader)?;
        Ok(rolling)
    }
}

#[cfg(test)]
mod tests {
    use types::{MicroPoints, Timestamp};

    use super::{Credit, merge_closest};

    #[test]
    fn the_two_closest_become_one_and_leave_with_the_later() {
        let credit = |nanos, points| Credit {
            occurred_at: Timestamp::from_nanos(nanos).unwrap(),
            points: MicroPoints(points),
        };
        let mut entries = vec![credit(0, 1), credit(10, 2), credit(13, 4), credit(20, 8)];
        merge_closest(&mut entries);
        assert_eq!(entries, [credit(0, 1), credit(13, 6), credit(20, 8)]);
    }
}
