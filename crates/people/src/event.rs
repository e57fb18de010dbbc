//! What is personal of an event, sealed into one attribute.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use ports::Key;
use types::{Attributes, BrandId, Event, Text, Value};

use crate::seal::{open, seal};

/// The attribute in which a record of the log holds what is sealed of its event. Nothing from outside may have it.
pub const SEALED: &str = "questline.sealed";

/// The event whose attributes are who the player is.
const PROFILE: &str = "profile_changed";
/// What of it is not: how time and membership are reckoned, and what may be sent.
const OPEN: [&str; 3] = ["zone", "segments", "consent"];

fn is_personal(event: &Event, attribute: &str, declared: &[Box<str>]) -> bool {
    match *event.kind == *PROFILE {
        true => !OPEN.contains(&attribute),
        false => declared.iter().any(|name| **name == *attribute),
    }
}

/// Whether anything of the event is personal; `declared`: what the programme says of its type.
pub fn has_personal(event: &Event, declared: &[Box<str>]) -> bool {
    let looked_at = *event.kind == *PROFILE || !declared.is_empty();
    let mut names = event.attributes.iter().map(|(name, _)| name);
    looked_at && names.any(|name| is_personal(event, name, declared))
}

fn purpose<'a>(brand: &'a BrandId, event: &'a Event) -> [&'a [u8]; 5] {
    [
        b"event",
        brand.as_str().as_bytes(),
        event.player.as_str().as_bytes(),
        event.source.as_str().as_bytes(),
        event.id.as_str().as_bytes(),
    ]
}

/// The event as it stands in the log. `None` where it could not be sealed: it must not be appended.
pub fn seal_event(
    key: &Key,
    brand: &BrandId,
    event: &Event,
    declared: &[Box<str>],
) -> Option<Event> {
    let (personal, plain): (Vec<_>, Vec<_>) = event
        .attributes
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .partition(|(name, _): &(Text, Value)| is_personal(event, name, declared));
    let personal: Attributes = personal.into_iter().collect();
    let text = events::attribute_bytes(&personal);
    let sealed = seal(key, &purpose(brand, event), &text)?;
    let mut attributes: Attributes = plain.into_iter().collect();
    let sealed = Value::Text(STANDARD_NO_PAD.encode(sealed).into());
    attributes.insert(SEALED.into(), sealed);
    Some(Event {
        attributes,
        ..event.clone()
    })
}

/// What became of what is sealed of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opened {
    /// Nothing of it is sealed.
    Plain,
    /// It is in the clear.
    Open,
    /// No key opens it: it is not there.
    Lost,
}

/// Opens what is sealed of an event that was read from the log, where there is a key that does; else what was sealed is not there. Either
/// way the event keeps the digest that it has in the log.
pub fn open_event(key: Option<&Key>, brand: &BrandId, event: &mut Event) -> Opened {
    let Some(Value::Text(sealed)) = event.attributes.get(SEALED) else {
        return Opened::Plain;
    };
    let bytes = STANDARD_NO_PAD.decode(sealed.as_bytes()).ok();
    let opened = key
        .zip(bytes)
        .and_then(|(key, bytes)| open(key, &purpose(brand, event), &bytes));
    let personal = opened.and_then(|text| events::attributes_of(&text));
    event.sealed = Some(Box::new(event.digest()));
    let all = std::mem::take(&mut event.attributes).into_iter();
    let plain = all.filter(|(name, _)| *name != *SEALED);
    let opened = match personal {
        Some(_) => Opened::Open,
        None => Opened::Lost,
    };
    event.attributes = plain.chain(personal.unwrap_or_default()).collect();
    opened
}

#[cfg(test)]
mod tests {
    use ports::Key;
    use types::{BrandId, Event, Timestamp, Value};

    use super::{Opened, SEALED, has_personal, open_event, seal_event};

    fn event(kind: &str, attributes: &[&str]) -> Event {
        let value = |name: &&str| ((*name).into(), Value::Text(format!("{name} of ann").into()));
        Event {
            id: "1".parse().unwrap(),
            source: "crm".parse().unwrap(),
            kind: kind.into(),
            player: "ann".parse().unwrap(),
            occurred_at: Timestamp::MIN,
            amount: None,
            currency: None,
            refers_to: None,
            rate: None,
            attributes: attributes.iter().map(value).collect(),
            sealed: None,
        }
    }

    #[test]
    fn a_profile_and_what_is_declared_is_sealed_and_opens_to_the_same() {
        let (key, other) = (Key([7; 32]), Key([8; 32]));
        let brand: BrandId = "acme".parse().unwrap();
        let declared: [Box<str>; 1] = ["email".into()];
        // Type, its attributes, which are sealed.
        let table: [(&str, &[&str], &[&str]); 4] = [
            (
                "profile_changed",
                &["name", "zone", "segments", "consent"],
                &["name"],
            ),
            (
                "profile_changed",
                &["attributes", "country"],
                &["attributes", "country"],
            ),
            ("ticket", &["email", "section"], &["email"]),
            ("ticket", &["section"], &[]),
        ];
        for (kind, attributes, personal) in table {
            let event = event(kind, attributes);
            assert_eq!(
                has_personal(&event, &declared),
                !personal.is_empty(),
                "{kind} {attributes:?}"
            );
            if personal.is_empty() {
                continue;
            }
            let stored = seal_event(&key, &brand, &event, &declared).unwrap();
            for name in personal {
                assert!(!stored.attributes.contains_key(name), "{name}");
            }
            let again = seal_event(&key, &brand, &event, &declared).unwrap();
            assert_eq!(again.digest(), stored.digest(), "known as the same");
            let mut read = stored.clone();
            assert_eq!(open_event(Some(&key), &brand, &mut read), Opened::Open);
            assert_eq!(read.attributes, event.attributes);
            for lost in [None, Some(&other)] {
                let mut unread = stored.clone();
                assert_eq!(open_event(lost, &brand, &mut unread), Opened::Lost);
                assert_eq!(unread.digest(), read.digest(), "with or without the key");
                assert_eq!(unread.attributes.len(), attributes.len() - personal.len());
                assert!(!unread.attributes.contains_key(SEALED));
            }
        }
    }

    #[test]
    fn what_was_not_sealed_is_left_alone() {
        let brand: BrandId = "acme".parse().unwrap();
        let mut plain = event("order", &["section"]);
        let before = plain.clone();
        assert_eq!(open_event(None, &brand, &mut plain), Opened::Plain);
        assert_eq!(plain, before);
    }
}
