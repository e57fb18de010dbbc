//! Open orders as bytes: a player who plays has 32 of them, which lie close and are much alike.

use types::{Currency, SourceId, Timestamp};

use super::{Dropped, Kept, OpenOrder, OpenOrders, Place};
use crate::codec::{DecodeError, Reader, Writer};

impl OpenOrders {
    /// Each by what it has not in common with the one before it.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.kept.len());
        let mut before: Option<&Kept> = None;
        for order in &self.kept {
            order.encode(before, &self.sources, writer);
            before = Some(order);
        }
        writer.flag(self.dropped.is_some());
        if let Some(dropped) = &self.dropped {
            dropped.newest.encode(writer);
            writer.number(dropped.oldest_entry);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read(reader, OpenOrder::decode)
    }

    /// As snapshots of layout 7 have them: each whole.
    pub(crate) fn decode_whole(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::read(reader, |_, reader| OpenOrder::decode_whole(reader))
    }

    fn read(
        reader: &mut Reader<'_>,
        order: impl Fn(Option<&OpenOrder>, &mut Reader<'_>) -> Result<OpenOrder, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let mut orders = Self::default();
        let mut before = None;
        for _ in 0..reader.length()? {
            let next = order(before.as_ref(), reader)?;
            orders.open(next.clone());
            before = Some(next);
        }
        orders.dropped = match reader.flag()? {
            false => None,
            true => Some(Dropped {
                newest: Place::decode(reader)?,
                oldest_entry: reader.number()?,
            }),
        };
        Ok(orders)
    }
}

/// What an order has of its own.
const SOURCE: u8 = 1;
const CURRENCY: u8 = 2;
/// Something of it was returned.
const LEFT: u8 = 4;

impl Kept {
    fn encode(&self, before: Option<&Self>, sources: &[SourceId], writer: &mut Writer<'_>) {
        let part = |bit: u8, is: bool| u8::from(is) * bit;
        let parts = part(SOURCE, before.is_none_or(|it| it.source != self.source))
            | part(
                CURRENCY,
                before.is_none_or(|it| it.currency != self.currency),
            )
            | part(LEFT, self.left != self.amount);
        writer.byte(parts);
        let (at, entry) = before.map_or((Timestamp::MIN, 0), |it| {
            (it.place.occurred_at, it.place.entry)
        });
        writer.span(self.place.occurred_at.nanos().abs_diff(at.nanos()));
        writer.signed(self.place.entry.wrapping_sub(entry) as i64);
        if parts & SOURCE != 0 {
            writer.text(sources[usize::from(self.source)].as_str());
        }
        if parts & CURRENCY != 0 {
            writer.text(self.currency.code());
        }
        writer.signed(self.amount);
        if parts & LEFT != 0 {
            writer.signed(self.left);
        }
    }
}

impl OpenOrder {
    fn decode(before: Option<&Self>, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        const INVALID: DecodeError = DecodeError::Invalid("an order");
        let parts = reader.byte()?;
        if parts > (SOURCE | CURRENCY | LEFT) {
            return Err(INVALID);
        }
        let (at, entry) =
            before.map_or((0, 0), |it| (it.place.occurred_at.nanos(), it.place.entry));
        let later = i64::try_from(reader.span()?).map_err(|_| INVALID)?;
        let at = at.checked_add(later).and_then(Timestamp::from_nanos);
        let place = Place {
            occurred_at: at.ok_or(INVALID)?,
            entry: entry.wrapping_add(reader.signed()? as u64),
        };
        let source = match parts & SOURCE {
            0 => before.ok_or(INVALID)?.source.clone(),
            _ => source(reader)?,
        };
        let currency = match parts & CURRENCY {
            0 => before.ok_or(INVALID)?.currency,
            _ => currency(reader)?,
        };
        let amount = reader.signed()?;
        Ok(Self {
            place,
            source,
            amount,
            left: match parts & LEFT {
                0 => amount,
                _ => reader.signed()?,
            },
            currency,
        })
    }

    fn decode_whole(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            place: Place::decode(reader)?,
            source: source(reader)?,
            amount: reader.signed()?,
            left: reader.signed()?,
            currency: currency(reader)?,
        })
    }
}

fn source(reader: &mut Reader<'_>) -> Result<SourceId, DecodeError> {
    let source = reader.text()?;
    source.parse().map_err(|_| DecodeError::Invalid("a source"))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::Timestamp;

    use super::super::{OpenOrder, OpenOrders, Place};
    use super::{Reader, Writer};

    fn order() -> impl Strategy<Value = OpenOrder> {
        let times = 0..=Timestamp::MAX.nanos();
        let sources = prop::sample::select(vec!["shop", "pam", "app"]);
        let currencies = prop::sample::select(vec!["GBP", "EUR"]);
        (times, any::<u64>(), any::<i64>(), sources, currencies).prop_map(
            |(nanos, entry, amount, source, currency)| OpenOrder {
                place: Place {
                    occurred_at: Timestamp::from_nanos(nanos).unwrap(),
                    entry,
                },
                source: source.parse().unwrap(),
                amount,
                left: amount,
                currency: currency.parse().unwrap(),
            },
        )
    }

    proptest! {
        #[test]
        fn open_orders_survive_the_round_trip(orders in prop::collection::vec((order(), any::<Option<i64>>()), 0..50)) {
            let mut open = OpenOrders::default();
            for (order, left) in orders {
                let entry = order.place.entry;
                open.open(order);
                if let Some(left) = left {
                    open.returned(entry, left, false);
                }
            }
            let mut bytes = Vec::new();
            open.encode(&mut Writer(&mut bytes));
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(OpenOrders::decode(&mut reader), Ok(open));
            prop_assert!(reader.is_empty());
        }
    }
}
