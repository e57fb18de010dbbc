//! Open orders: what a cancellation that names none is matched against.
//!
//! The newest 32 (by occurrence, then log) of which something is left are kept; older ones are found in the journal, which is read
//! only where a cancellation needs them.

mod codec;

use std::collections::VecDeque;

use smallvec::SmallVec;
use types::{Currency, SourceId, Timestamp};

pub(crate) use codec::currency;

/// Orders that are kept.
pub(crate) const OPEN_MAX: usize = 32;

/// Orders that can still be returned.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenOrders {
    /// By rising place. Nearly every order is the newest, and every one that comes drops the oldest.
    kept: VecDeque<Kept>,
    /// The sources of those that are kept: mostly one.
    sources: SmallVec<[SourceId; 1]>,
    /// The newest place below which orders were dropped, and the entry number of the oldest dropped one.
    pub(crate) dropped: Option<Dropped>,
}

/// One order of which something is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenOrder {
    pub(crate) place: Place,
    /// Only its own source's reversals can mean it.
    pub(crate) source: SourceId,
    /// Minor units.
    pub(crate) amount: i64,
    pub(crate) left: i64,
    pub(crate) currency: Currency,
}

/// An order as it is kept: a player who plays has 32 of them.
#[derive(Clone, Copy, Debug)]
struct Kept {
    place: Place,
    amount: i64,
    left: i64,
    currency: Currency,
    /// Index into the sources.
    source: u8,
}

/// When an order occurred, then its entry's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) occurred_at: Timestamp,
    pub(crate) entry: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dropped {
    pub(crate) newest: Place,
    pub(crate) oldest_entry: u64,
}

impl OpenOrders {
    pub(crate) fn open(&mut self, order: OpenOrder) {
        // What is older than a dropped one is dropped too: everything kept is newer than everything dropped.
        if self
            .dropped
            .is_some_and(|dropped| order.place < dropped.newest)
        {
            self.drop_order(order.place);
            return;
        }
        if self.kept.len() >= OPEN_MAX
            && let Some(oldest) = self.kept.pop_front_if(|oldest| oldest.place < order.place)
        {
            self.drop_order(oldest.place);
        } else if self.kept.len() >= OPEN_MAX {
            return self.drop_order(order.place);
        }
        let kept = Kept {
            place: order.place,
            amount: order.amount,
            left: order.left,
            currency: order.currency,
            source: self.number(order.source),
        };
        if self.kept.back().is_none_or(|it| it.place < kept.place) {
            return self.kept.push_back(kept);
        }
        let at = self.kept.partition_point(|it| it.place < kept.place);
        self.kept.insert(at, kept);
    }

    /// The number of a source, from now on known.
    fn number(&mut self, source: SourceId) -> u8 {
        let known = self.sources.iter().position(|known| *known == source);
        let at = known.unwrap_or_else(|| {
            if self.sources.len() >= OPEN_MAX {
                self.forget_sources();
            }
            self.sources.push(source);
            self.sources.len() - 1
        });
        at as u8
    }

    /// Lets go of sources of which no order is left.
    fn forget_sources(&mut self) {
        let old = std::mem::take(&mut self.sources);
        for at in 0..self.kept.len() {
            let source = old[usize::from(self.kept[at].source)].clone();
            let known = self.sources.iter().position(|known| *known == source);
            let new = known.unwrap_or(self.sources.len());
            if known.is_none() {
                self.sources.push(source);
            }
            self.kept[at].source = new as u8;
        }
    }

    /// Those that are kept, by rising place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = OpenOrder> {
        self.kept.iter().map(|kept| OpenOrder {
            place: kept.place,
            source: self.sources[usize::from(kept.source)].clone(),
            amount: kept.amount,
            left: kept.left,
            currency: kept.currency,
        })
    }

    fn drop_order(&mut self, place: Place) {
        let dropped = self.dropped.get_or_insert(Dropped {
            newest: place,
            oldest_entry: place.entry,
        });
        dropped.newest = dropped.newest.max(place);
        dropped.oldest_entry = dropped.oldest_entry.min(place.entry);
    }

    /// An order of which now so much is left; `whole` where nothing of it is.
    pub(crate) fn returned(&mut self, entry: u64, left: i64, whole: bool) {
        if whole {
            self.kept.retain(|order| order.place.entry != entry);
        } else if let Some(order) = self.kept.iter_mut().find(|it| it.place.entry == entry) {
            order.left = left;
        }
    }

    /// Something of both ends, where the next order changes it.
    pub(crate) fn lines(&self) -> u64 {
        let ends = [self.kept.front(), self.kept.back()];
        let ends = ends.into_iter().flatten();
        ends.fold(0, |all, kept| all ^ kept.place.entry)
    }

    pub(crate) fn bytes(&self) -> usize {
        self.kept.capacity() * size_of::<Kept>()
    }
}

impl PartialEq for OpenOrders {
    fn eq(&self, other: &Self) -> bool {
        self.dropped == other.dropped && self.iter().eq(other.iter())
    }
}
