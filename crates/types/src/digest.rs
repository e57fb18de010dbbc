//! The digest that tells "the same again" from "the same id, another body".

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

use crate::attributes::Attributes;
use crate::event::Event;
use crate::value::Value;

/// 128 bits over an event's values (XXH3-128).
///
/// Not a cryptographic hash: a sender is authenticated, and one who forges a collision with himself gains a replay instead of a
/// conflict. It is stored in journals, so the function and the order of the fields are fixed for ever by the test below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub u128);

impl Digest {
    pub(crate) fn of(event: &Event) -> Self {
        let mut hash = Xxh3::new();
        text(&mut hash, event.id.as_str());
        text(&mut hash, event.source.as_str());
        text(&mut hash, &event.kind);
        text(&mut hash, event.player.as_str());
        hash.update(&event.occurred_at.nanos().to_le_bytes());
        number(&mut hash, event.amount);
        text(
            &mut hash,
            event.currency.map_or("", |currency| currency.code()),
        );
        text(
            &mut hash,
            event.refers_to.as_ref().map_or("", |id| id.as_str()),
        );
        number(&mut hash, event.rate);
        map(&mut hash, &event.attributes);
        Self(hash.digest128())
    }
}

// Every value is preceded by its length or its kind, so that no two events feed the same bytes.
fn text(hash: &mut Xxh3, text: &str) {
    hash.update(&(text.len() as u64).to_le_bytes());
    hash.update(text.as_bytes());
}

fn number(hash: &mut Xxh3, number: Option<crate::decimal::Decimal>) {
    match number {
        None => hash.update(&[0]),
        Some(number) => {
            hash.update(&[1, number.scale()]);
            hash.update(&number.mantissa().to_le_bytes());
        }
    }
}

fn map(hash: &mut Xxh3, attributes: &Attributes) {
    hash.update(&(attributes.len() as u64).to_le_bytes());
    for (key, item) in attributes {
        text(hash, key);
        value(hash, item);
    }
}

fn value(hash: &mut Xxh3, item: &Value) {
    match item {
        Value::Bool(truth) => hash.update(&[2, u8::from(*truth)]),
        Value::Number(decimal) => number(hash, Some(*decimal)),
        Value::Text(string) => {
            hash.update(&[3]);
            text(hash, string);
        }
        Value::List(items) => {
            hash.update(&[4]);
            hash.update(&(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| value(hash, item));
        }
        Value::Map(attributes) => {
            hash.update(&[5]);
            map(hash, attributes);
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
