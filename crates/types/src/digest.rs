//! The digest that tells "the same again" from "the same id, another body".

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use crate::attributes::Attributes;
use crate::currency::Currency;
use crate::decimal::Decimal;
use crate::event::Event;
use crate::value::Value;

/// 128 bits over an event's values (XXH3-128).
///
/// Not a cryptographic hash: a sender is authenticated, and one who forges a collision with himself gains a replay instead of a
/// conflict. It is stored in journals, so the function and the order of the fields are fixed for ever by the test below.
// Packed, so that an entry that holds one needs no more than the alignment of a word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct Digest(pub u128);

impl Digest {
    pub(crate) fn of(event: &Event) -> Self {
        let mut said = Said::with_capacity(ROOM);
        text(&mut said, event.id.as_str());
        text(&mut said, event.source.as_str());
        text(&mut said, &event.kind);
        text(&mut said, event.player.as_str());
        said.extend_from_slice(&event.occurred_at.nanos().to_le_bytes());
        number(&mut said, event.amount);
        text(&mut said, event.currency.map_or("", Currency::code));
        text(
            &mut said,
            event.refers_to.as_ref().map_or("", |id| id.as_str()),
        );
        number(&mut said, event.rate);
        map(&mut said, &event.attributes);
        Self(xxh3_128(&said))
    }
}

/// What is hashed: laid out first and hashed at once, which costs a third of feeding a hasher piece by piece.
type Said = Vec<u8>;

/// Bytes that nearly every event says less than.
const ROOM: usize = 512;

// Every value is preceded by its length or its kind, so that no two events say the same bytes.
fn text(said: &mut Said, text: &str) {
    said.extend_from_slice(&(text.len() as u64).to_le_bytes());
    said.extend_from_slice(text.as_bytes());
}

fn number(said: &mut Said, number: Option<Decimal>) {
    match number {
        None => said.push(0),
        Some(number) => {
            said.extend_from_slice(&[1, number.scale()]);
            said.extend_from_slice(&number.mantissa().to_le_bytes());
        }
    }
}

fn map(said: &mut Said, attributes: &Attributes) {
    said.extend_from_slice(&(attributes.len() as u64).to_le_bytes());
    for (key, item) in attributes {
        text(said, key);
        value(said, item);
    }
}

fn value(said: &mut Said, item: &Value) {
    match item {
        Value::Bool(truth) => said.extend_from_slice(&[2, u8::from(*truth)]),
        Value::Number(decimal) => number(said, Some(*decimal)),
        Value::Text(string) => {
            said.push(3);
            text(said, string);
        }
        Value::List(items) => {
            said.push(4);
            said.extend_from_slice(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| value(said, item));
        }
        Value::Map(attributes) => {
            said.push(5);
            map(said, attributes);
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = self.0;
        write!(f, "{digest:032x}")
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
            sealed: None,
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
