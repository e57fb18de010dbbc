//! What of a period comes from an earlier version of the programme: the goal that it keeps, and where the progress of earlier events went.

use crate::codec::{DecodeError, Reader, Writer};

/// Changes of a running period that are remembered: the newest.
const SHIFTS_MAX: usize = 8;

/// Kept only where another version changed the goal while the period ran.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    /// The version whose goal and window it keeps; `None`: the programme's own.
    pub(crate) goal: Option<Box<str>>,
    /// By rising entry.
    shifts: Vec<Shift>,
}

/// The leaves of a goal became others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shift {
    /// For what entries below this one had counted,
    before: u64,
    /// the leaf that has its progress now, by the leaf that it was counted for.
    leaves: Vec<Option<u8>>,
}

impl Past {
    /// From now on, with the entry of this number, progress of each leaf is another's, or nobody's.
    pub(crate) fn shift(&mut self, entry: u64, leaves: Vec<Option<u8>>) {
        let now = |leaf: u8| leaves.get(usize::from(leaf)).copied().flatten();
        for shift in &mut self.shifts {
            for leaf in &mut shift.leaves {
                *leaf = leaf.and_then(now);
            }
        }
        if self.shifts.len() == SHIFTS_MAX {
            self.shifts.remove(0);
            // What had counted before the oldest is forgotten.
            self.shifts[0].leaves.clear();
        }
        self.shifts.push(Shift {
            before: entry,
            leaves,
        });
    }

    /// The leaf that has now what an entry had counted for this one.
    pub(crate) fn leaf(&self, entry: u64, leaf: u8) -> Option<u8> {
        match self.shifts.iter().find(|shift| entry < shift.before) {
            Some(shift) => shift.leaves.get(usize::from(leaf)).copied().flatten(),
            None => Some(leaf),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let shifts = self.shifts.iter();
        let held = shifts.map(|shift| size_of::<Shift>() + 2 * shift.leaves.len());
        size_of::<Self>() + self.goal.as_ref().map_or(0, |goal| goal.len()) + held.sum::<usize>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(self.goal.as_deref().unwrap_or_default());
        writer.length(self.shifts.len());
        for shift in &self.shifts {
            writer.number(shift.before);
            writer.length(shift.leaves.len());
            for leaf in &shift.leaves {
                writer.number(leaf.map_or(0, |leaf| u64::from(leaf) + 1));
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let goal = Some(reader.text()?).filter(|goal| !goal.is_empty());
        let goal = goal.map(Into::into);
        let leaf = |reader: &mut Reader<'_>| match reader.number16()?.checked_sub(1) {
            None => Ok(None),
            Some(leaf) => u8::try_from(leaf)
                .map(Some)
                .map_err(|_| DecodeError::Invalid("a leaf of a goal")),
        };
        let shift = |reader: &mut Reader<'_>| {
            Ok(Shift {
                before: reader.number()?,
                leaves: (0..reader.length()?)
                    .map(|_| leaf(reader))
                    .collect::<Result<_, DecodeError>>()?,
            })
        };
        let shifts = (0..reader.length()?)
            .map(|_| shift(reader))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { goal, shifts })
    }
}

#[cfg(test)]
mod tests {
    use super::Past;

    #[test]
    fn what_counted_for_a_leaf_is_found_through_every_change() {
        let mut past = Past::default();
        assert_eq!(past.leaf(3, 1), Some(1));
        // With entry 5 the first two leaves change places and the third goes; with entry 9 the first goes.
        past.shift(5, vec![Some(1), Some(0), None]);
        past.shift(9, vec![None, Some(1)]);
        let seen = [(4, 0), (4, 1), (4, 2), (5, 0), (8, 1), (9, 0)];
        let found: Vec<_> = seen
            .into_iter()
            .map(|(entry, leaf)| past.leaf(entry, leaf))
            .collect();
        assert_eq!(found, [Some(1), None, None, None, Some(1), Some(0)]);
    }

    #[test]
    fn of_many_changes_the_newest_are_known_and_older_progress_is_nobodys() {
        let mut past = Past::default();
        for entry in 1..=20 {
            past.shift(entry, vec![Some(0)]);
        }
        assert_eq!(
            (past.leaf(2, 0), past.leaf(19, 0), past.leaf(20, 0)),
            (None, Some(0), Some(0))
        );
    }
}
