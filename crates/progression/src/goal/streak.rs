//! `streak`: days or weeks in a row.
//!
//! What is kept are the active units, each with the number of events that made it so. Chains follow from them and from the freezes: a
//! chain goes on over missing units as long as it has freezes for them, and breaks at the next missing one. So a late event that fills
//! a gap gives its freeze back, and a return takes its unit away, without anything else to remember. At most [`UNITS_MAX`] units are
//! kept in a period; what is older can no longer be undone.

use types::Timestamp;

use super::Progress;
use crate::codec::{DecodeError, Reader, Writer};

/// The most units that are kept for one period.
const UNITS_MAX: usize = 1_000;

/// Active units and what follows from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Units {
    /// By ordinal, each with how many events have made it active.
    active: Vec<(i32, u32)>,
    /// Active units of the longest chain there is,
    pub(super) longest: u32,
    /// and of the longest that began with units that are not kept any more.
    forgotten: u32,
    /// Breaks up to then have been told, or are none to tell.
    pub(crate) watched: Timestamp,
    /// The next break to tell.
    pub(crate) breaks_at: Option<Timestamp>,
}

/// Units in a row, missing ones forgiven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Active units.
    pub(crate) length: u32,
    /// The missing unit at which it breaks.
    pub(crate) broken_by: i32,
}

impl Units {
    /// All chains, oldest first. `exists` says whether a player had a unit: who crosses the date line has none of some days.
    pub(crate) fn chains(&self, freezes: u32, exists: impl Fn(i32) -> bool) -> Vec<Chain> {
        let mut chains = Vec::new();
        let mut active = self.active.iter().map(|(unit, _)| *unit);
        let Some(mut last) = active.next() else {
            return chains;
        };
        let (mut length, mut left) = (1, freezes);
        for unit in active {
            let mut missing = (last + 1..unit).filter(|unit| exists(*unit));
            // As many as are forgiven, and one more.
            let over = missing.by_ref().nth(left as usize);
            if let Some(broken_by) = over {
                chains.push(Chain { length, broken_by });
                (length, left) = (1, freezes);
            } else {
                let missing = (last + 1..unit).filter(|unit| exists(*unit)).count();
                left -= missing as u32;
                length += 1;
            }
            last = unit;
        }
        let after = (last + 1..).filter(|unit| exists(*unit));
        let broken_by = after.take(left as usize + 1).last().unwrap_or(last);
        chains.push(Chain { length, broken_by });
        chains
    }

    /// A single active unit.
    pub(crate) fn of_one(unit: i32) -> Self {
        Self {
            active: vec![(unit, 1)],
            ..Self::default()
        }
    }

    /// Works out the longest chain anew.
    pub(crate) fn measure(&mut self, chains: &[Chain]) {
        let longest = chains.iter().map(|chain| chain.length).max();
        self.longest = longest.unwrap_or(0).max(self.forgotten);
    }

    fn add(&mut self, unit: i32) {
        match self.active.binary_search_by_key(&unit, |(it, _)| *it) {
            Ok(at) => self.active[at].1 = self.active[at].1.saturating_add(1),
            Err(at) => self.active.insert(at, (unit, 1)),
        }
        if self.active.len() > UNITS_MAX {
            self.forgotten = self.longest;
            self.active.remove(0);
        }
    }

    fn take(&mut self, unit: i32) {
        if let Ok(at) = self.active.binary_search_by_key(&unit, |(it, _)| *it) {
            self.active[at].1 = self.active[at].1.saturating_sub(1);
            if self.active[at].1 == 0 {
                self.active.remove(at);
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.active.capacity() * size_of::<(i32, u32)>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.longest));
        writer.number(u64::from(self.forgotten));
        writer.time(self.watched);
        writer.flag(self.breaks_at.is_some());
        if let Some(at) = self.breaks_at {
            writer.time(at);
        }
        writer.length(self.active.len());
        let mut before = 0i32;
        for (unit, count) in &self.active {
            writer.number(u64::from(unit.wrapping_sub(before).unsigned_abs()));
            writer.number(u64::from(*count));
            before = *unit;
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (longest, forgotten) = (reader.number32()?, reader.number32()?);
        let watched = reader.time()?;
        let breaks_at = match reader.flag()? {
            true => Some(reader.time()?),
            false => None,
        };
        let mut unit = 0i32;
        let mut active = |reader: &mut Reader<'_>| {
            // Within the days that instants have, as periods are.
            let next = i64::from(unit) + i64::from(reader.number32()?);
            unit = i32::try_from(next)
                .ok()
                .filter(|unit| *unit < 60_000)
                .ok_or(DecodeError::Invalid("a unit of a streak"))?;
            Ok((unit, reader.number32()?))
        };
        let active = (0..reader.length()?)
            .map(|_| active(reader))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            active,
            longest,
            forgotten,
            watched,
            breaks_at,
        })
    }
}

pub(super) fn add(progress: &mut Progress, unit: i32) {
    if !matches!(progress, Progress::Streak(_)) {
        *progress = Progress::Streak(Box::default());
    }
    if let Progress::Streak(units) = progress {
        units.add(unit);
    }
}

pub(super) fn take(progress: &mut Progress, unit: i32) {
    if let Progress::Streak(units) = progress {
        units.take(unit);
    }
}

#[cfg(test)]
mod tests {
    use super::{Chain, Units};

    #[test]
    fn a_chain_goes_on_as_long_as_it_has_freezes() {
        /// Active units; freezes; each chain's length and the unit that breaks it.
        type Row = (&'static [i32], u32, &'static [(u32, i32)]);
        let table: [Row; 6] = [
            (&[1, 2, 3], 0, &[(3, 4)]),
            (&[1, 2, 4], 0, &[(2, 3), (1, 5)]),
            (&[1, 2, 4], 1, &[(3, 5)]),
            (&[1, 4, 6], 2, &[(2, 5), (1, 9)]),
            (&[1, 4, 6, 8], 3, &[(3, 7), (1, 12)]),
            (&[], 1, &[]),
        ];
        for (active, freezes, expected) in table {
            let units = Units {
                active: active.iter().map(|unit| (*unit, 1)).collect(),
                ..Units::default()
            };
            let chains: Vec<_> = units
                .chains(freezes, |_| true)
                .iter()
                .map(|Chain { length, broken_by }| (*length, *broken_by))
                .collect();
            assert_eq!(chains, expected, "{active:?} {freezes}");
        }
    }

    #[test]
    fn a_day_that_never_was_is_not_missing() {
        let units = Units {
            active: vec![(1, 1), (3, 1)],
            ..Units::default()
        };
        let chains = units.chains(0, |unit| unit != 2 && unit != 4);
        assert_eq!(
            chains,
            [Chain {
                length: 2,
                broken_by: 5
            }]
        );
    }
}
