//! The digest that tells "the same again" from "the same id, another body".

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use crate::attributes::Attributes;
use crate::decimal::Decimal;
use crate::event::Event;
use crate::value::Value;

/// 128 bits over an event's values (XXH3-128).
///
/// Not a cryptographic hash: a sender is authenticated, and one who forges a collision with himself gains a replay instead of a
/// conflict. It is stored in journals, so the function and the order of the fields are fixed for ever by the test below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

/// Room for what nearly every event feeds.
const ROOM: usize = 512;

impl Digest {
    pub(crate) fn of(event: &Event) -> Self {
        // Hashed at once: a hash that is fed in twenty pieces costs four times as much.
        let mut fed = Feed(Vec::with_capacity(ROOM));
        fed.text(event.id.as_str());
        fed.text(event.source.as_str());
        fed.text(&event.kind);
        fed.text(event.player.as_str());
        fed.bytes(&event.occurred_at.nanos().to_le_bytes());
        fed.number(event.amount);
        fed.text(event.currency.map_or("", |currency| currency.code()));
        fed.text(event.refers_to.as_ref().map_or("", |id| id.as_str()));
        fed.number(event.rate);
        fed.map(&event.attributes);
        Self(xxh3_128(&fed.0))
    }
}

/// What is hashed. Every value is preceded by its length or its kind, so that no two events feed the same bytes.
struct Feed(Vec<u8>);

impl Feed {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u64).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: Option<Decimal>) {
        match number {
            None => self.bytes(&[0]),
            Some(number) => {
                self.bytes(&[1, number.scale()]);
                self.bytes(&number.mantissa().to_le_bytes());
            }
        }
    }

    fn map(&mut self, attributes: &Attributes) {
        self.bytes(&(attributes.len() as u64).to_le_bytes());
        for (key, item) in attributes {
            self.text(key);
            self.value(item);
        }
    }

    fn value(&mut self, item: &Value) {
        match item {
            Value::Bool(truth) => self.bytes(&[2, u8::from(*truth)]),
            Value::Number(decimal) => self.number(Some(*decimal)),
            Value::Text(string) => {
                self.bytes(&[3]);
                self.text(string);
            }
            Value::List(items) => {
                self.bytes(&[4]);
                self.bytes(&(items.len() as u64).to_le_bytes());
                items.iter().for_each(|item| self.value(item));
            }
            Value::Map(attributes) => {
                self.bytes(&[5]);
                self.map(attributes);
            }
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use crate::attributes::Attributes;
    use crate::event::Event;
    use crate::value::Value;

    fn order() -> Event {
        Event {
            id: "536365".parse().unwrap(),
            source: "shop".parse().unwrap(),
            kind: "order".into(),
            player: "17850".parse().unwrap(),
            occurred_at: "2010-12-01T08:26:00Z".parse().unwrap(),
            amount: Some("139.12".parse().unwrap()),
            currency: Some("GBP".parse().unwrap()),
            refers_to: None,
            rate: None,
            attributes: Attributes::from([("items".into(), Value::Number(40.into()))]),
        }
    }

    #[test]
    fn the_function_is_fixed_for_ever() {
        assert_eq!(
            order().digest().to_string(),
            "5c768b0e49be3dee27e22d44aec4363b"
        );
    }

    #[test]
    fn the_same_in_other_words_is_the_same() {
        let again = Event {
            occurred_at: "2010-12-01T09:26:00+01:00".parse().unwrap(),
            amount: Some("139.120".parse().unwrap()),
            ..order()
        };
        assert_eq!(again.digest(), order().digest());
    }

    #[test]
    fn any_other_value_is_another_body() {
        let others = [
            Event {
                amount: Some("139.13".parse().unwrap()),
                ..order()
            },
            Event {
                rate: Some(1.into()),
                ..order()
            },
            Event {
                refers_to: Some("1".parse().unwrap()),
                ..order()
            },
            Event {
                attributes: Attributes::from([("items".into(), Value::Text("40".into()))]),
                ..order()
            },
            Event {
                attributes: Attributes::new(),
                ..order()
            },
        ];
        for other in others {
            assert_ne!(other.digest(), order().digest(), "{other:?}");
        }
    }
}
