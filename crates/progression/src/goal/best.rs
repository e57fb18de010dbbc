//! `best`: the largest single value.
//!
//! Values are kept with the number of events that brought each, since a return may take the largest away or make it smaller: the
//! [`VALUES_MAX`] largest of a period. Smaller ones are forgotten, and come not back when all larger ones were taken away.

use super::Progress;
use crate::codec::{DecodeError, Reader, Writer};

/// The most different values that are kept for one period.
const VALUES_MAX: usize = 64;

/// Values, rising, each with how many events have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    pub(super) kept: Vec<(i128, u32)>,
    /// The largest one that was forgotten.
    pub(super) forgotten: Option<i128>,
}

impl Values {
    pub(super) fn largest(&self) -> i128 {
        self.kept.last().map_or(0, |(value, _)| *value)
    }

    fn add(&mut self, value: i128) {
        // What is below a forgotten one is forgotten too: everything kept is at least as large.
        if self.forgotten.is_some_and(|forgotten| value < forgotten) {
            return;
        }
        match self.kept.binary_search_by_key(&value, |(it, _)| *it) {
            Ok(at) => self.kept[at].1 = self.kept[at].1.saturating_add(1),
            Err(at) => self.kept.insert(at, (value, 1)),
        }
        if self.kept.len() > VALUES_MAX {
            self.forgotten = Some(self.kept.remove(0).0);
        }
    }

    fn take(&mut self, value: i128) -> bool {
        let Ok(at) = self.kept.binary_search_by_key(&value, |(it, _)| *it) else {
            return false;
        };
        self.kept[at].1 = self.kept[at].1.saturating_sub(1);
        if self.kept[at].1 == 0 {
            self.kept.remove(at);
        }
        true
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.kept.capacity() * size_of::<(i128, u32)>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.wide(self.forgotten.unwrap_or(-1));
        writer.length(self.kept.len());
        for (value, count) in &self.kept {
            writer.wide(*value);
            writer.number(u64::from(*count));
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let forgotten = Some(reader.wide()?).filter(|value| *value >= 0);
        let kept = (0..reader.length()?)
            .map(|_| Ok((reader.wide()?, reader.number32()?)))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self { kept, forgotten })
    }
}

pub(super) fn add(progress: &mut Progress, micro: i128) {
    if !matches!(progress, Progress::Best(_)) {
        *progress = Progress::Best(Box::default());
    }
    if let Progress::Best(values) = progress {
        values.add(micro);
    }
}

/// A value became smaller, or nothing.
pub(super) fn shrink(progress: &mut Progress, from: i128, to: i128) {
    if let Progress::Best(values) = progress
        && values.take(from)
        && to > 0
    {
        values.add(to);
    }
}

#[cfg(test)]
mod tests {
    use super::{Progress, add, shrink};

    fn best(progress: &Progress) -> i128 {
        match progress {
            Progress::Best(values) => values.largest(),
            _ => 0,
        }
    }

    #[test]
    fn the_next_largest_takes_the_place_of_one_that_is_taken_away() {
        let mut progress = Progress::None;
        for value in [5, 9, 9, 7] {
            add(&mut progress, value);
        }
        let mut seen = vec![best(&progress)];
        for (from, to) in [(9, 0), (9, 6), (7, 0), (6, 1), (5, 0)] {
            shrink(&mut progress, from, to);
            seen.push(best(&progress));
        }
        assert_eq!(seen, [9, 9, 7, 6, 5, 1]);
    }

    #[test]
    fn of_many_values_the_largest_are_kept() {
        let mut progress = Progress::None;
        for value in 1..=100 {
            add(&mut progress, value);
        }
        shrink(&mut progress, 10, 0);
        assert_eq!(best(&progress), 100);
        for value in 37..=100 {
            shrink(&mut progress, value, 0);
        }
        assert_eq!(best(&progress), 0, "what was forgotten does not come back");
    }
}
