//! Open orders: what a cancellation that names none is matched against.
//!
//! The newest 32 (by occurrence, then log) of which something is left are kept; older ones are found in the journal, which is read
//! only where a cancellation needs them.

use types::{Currency, SourceId, Timestamp};

use crate::codec::{DecodeError, Reader, Writer};

/// Orders that are kept.
pub(crate) const OPEN_MAX: usize = 32;

/// Orders that can still be returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OpenOrders {
    /// By rising place.
    pub(crate) kept: Vec<OpenOrder>,
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
        let at = self.kept.partition_point(|it| it.place < order.place);
        self.kept.insert(at, order);
        if self.kept.len() > OPEN_MAX {
            let oldest = self.kept.remove(0);
            self.drop_order(oldest.place);
        }
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

    pub(crate) fn bytes(&self) -> usize {
        self.kept.capacity() * size_of::<OpenOrder>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.kept.len());
        for order in &self.kept {
            order.place.encode(writer);
            writer.text(order.source.as_str());
            writer.signed(order.amount);
            writer.signed(order.left);
            writer.text(order.currency.code());
        }
        writer.flag(self.dropped.is_some());
        if let Some(dropped) = &self.dropped {
            dropped.newest.encode(writer);
            writer.number(dropped.oldest_entry);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let order = |reader: &mut Reader<'_>| {
            Ok(OpenOrder {
                place: Place::decode(reader)?,
                source: reader
                    .text()?
                    .parse()
                    .map_err(|_| DecodeError::Invalid("a source"))?,
                amount: reader.signed()?,
                left: reader.signed()?,
                currency: currency(reader)?,
            })
        };
        let kept = (0..reader.length()?)
            .map(|_| order(reader))
            .collect::<Result<_, _>>()?;
        let dropped = match reader.flag()? {
            false => None,
            true => Some(Dropped {
                newest: Place::decode(reader)?,
                oldest_entry: reader.number()?,
            }),
        };
        Ok(Self { kept, dropped })
    }
}

pub(crate) fn currency(reader: &mut Reader<'_>) -> Result<Currency, DecodeError> {
    let code = reader.text()?;
    code.parse().map_err(|_| DecodeError::Invalid("a currency"))
}

impl Place {
    fn encode(self, writer: &mut Writer<'_>) {
        writer.time(self.occurred_at);
        writer.number(self.entry);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            occurred_at: reader.time()?,
            entry: reader.number()?,
        })
    }
}
