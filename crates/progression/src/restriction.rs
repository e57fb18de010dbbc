//! When a player may not be rewarded or contacted: self-exclusions and time-outs, until they end or are lifted.
//!
//! A restriction holds from when it occurred until before its `until`, or until it is lifted; one does not shorten another. What
//! occurred or was recorded while one held earns nothing, also where it comes late, so the past is kept: the newest
//! [`CHANGES_MAX`] changes, of older ones what still holds.

use types::Timestamp;

use crate::codec::{DecodeError, Reader, Writer};

const CHANGES_MAX: usize = 32;

/// A player's restrictions over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restrictions {
    /// By time of occurrence, then log.
    changes: Vec<Change>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Change {
    at: Timestamp,
    status: Status,
}

/// What a change says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Restricted until before this instant; for good where that is the last there is.
    Restricted { until: Timestamp },
    /// Every restriction is lifted.
    Released,
}

impl Restrictions {
    /// Whether one holds at an instant.
    pub(crate) fn hold(&self, at: Timestamp) -> bool {
        let begun = self.changes.iter().take_while(|change| change.at <= at);
        begun.fold(false, |held, change| match change.status {
            Status::Restricted { until } => held || at < until || until == Timestamp::MAX,
            Status::Released => false,
        })
    }

    pub(crate) fn change(&mut self, at: Timestamp, status: Status) {
        let place = self.changes.partition_point(|change| change.at <= at);
        self.changes.insert(place, Change { at, status });
        if self.changes.len() > CHANGES_MAX {
            self.forget();
        }
    }

    /// Makes one of the two oldest changes: what it says holds at least where they said it did from the second on.
    fn forget(&mut self) {
        let [first, second, ..] = &mut self.changes[..] else {
            return;
        };
        if let (Status::Restricted { until }, Status::Restricted { until: other }) =
            (first.status, &mut second.status)
        {
            *other = until.max(*other);
        }
        self.changes.remove(0);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.changes.capacity() * size_of::<Change>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.changes.len());
        for change in &self.changes {
            writer.time(change.at);
            match change.status {
                Status::Restricted { until } => {
                    writer.byte(1);
                    writer.time(until);
                }
                Status::Released => writer.byte(0),
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let change = |reader: &mut Reader<'_>| {
            Ok(Change {
                at: reader.time()?,
                status: match reader.byte()? {
                    0 => Status::Released,
                    1 => Status::Restricted {
                        until: reader.time()?,
                    },
                    _ => return Err(DecodeError::Invalid("a restriction")),
                },
            })
        };
        let changes: Vec<Change> = (0..reader.length()?)
            .map(|_| change(reader))
            .collect::<Result<_, _>>()?;
        match changes.is_sorted_by_key(|change| change.at) {
            true => Ok(Self { changes }),
            false => Err(DecodeError::Invalid("a restriction")),
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Timestamp;

    use super::{CHANGES_MAX, Restrictions, Status};

    fn at(hour: i64) -> Timestamp {
        Timestamp::MIN.saturating_add_nanos(hour * 3_600_000_000_000)
    }

    const FOR_GOOD: Status = Status::Restricted {
        until: Timestamp::MAX,
    };

    #[test]
    fn restrictions_hold_together_and_until_is_excluded() {
        let mut all = Restrictions::default();
        all.change(at(10), Status::Restricted { until: at(20) });
        all.change(at(30), FOR_GOOD);
        all.change(at(32), Status::Restricted { until: at(34) });
        all.change(at(40), Status::Released);
        let held: Vec<i64> = (0..50).filter(|hour| all.hold(at(*hour))).collect();
        assert_eq!(held, (10..20).chain(30..40).collect::<Vec<_>>());
    }

    #[test]
    fn what_holds_is_not_forgotten() {
        let mut all = Restrictions::default();
        all.change(at(1), FOR_GOOD);
        for hour in 2..200 {
            all.change(at(hour), Status::Restricted { until: at(hour) });
        }
        assert_eq!(all.changes.len(), CHANGES_MAX);
        assert!(all.hold(at(300)));
    }
}
