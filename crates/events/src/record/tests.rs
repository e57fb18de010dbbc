use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;
use prost::Message;
use types::{
    Attributes, Body, Change, Decimal, Event, Position, Record, Stage, Tick, Timestamp, Value,
};

use super::{decode, encode, encode_change, encode_into, encode_tick, general, quick, wire};
use crate::fixture::programme;
use crate::{Context, from_proto, parse_json, to_proto};

fn decimals() -> impl Strategy<Value = Decimal> {
    (-10i128.pow(36) + 1..10i128.pow(36), 0u8..=18)
        .prop_filter_map("too long", |(mantissa, scale)| {
            Decimal::new(mantissa, scale)
        })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        decimals().prop_map(Value::Number),
        "\\PC{0,12}".prop_map(|text| Value::Text(text.into())),
    ];
    leaf.prop_recursive(5, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..4)
                .prop_map(|map| Value::Map(boxed(map))),
        ]
    })
}

fn boxed(map: BTreeMap<String, Value>) -> Attributes {
    map.into_iter()
        .map(|(key, value)| (key.into(), value))
        .collect()
}

fn instants() -> impl Strategy<Value = Timestamp> {
    (0..=Timestamp::MAX.nanos()).prop_map(|nanos| Timestamp::from_nanos(nanos).unwrap())
}

prop_compose! {
    fn events()(
        id in "[^\\p{Cc}]{1,60}", source in "[a-z._-]{1,9}", kind in "\\PC{1,12}", player in "[^\\p{Cc}]{1,60}", occurred_at in instants(),
        amount in prop::option::of(decimals()), currency in prop::option::of(prop::sample::select(vec!["GBP", "JPY", "KWD"])),
        refers_to in prop::option::of("[^\\p{Cc}]{1,9}"), rate in prop::option::of(decimals()),
        attributes in prop::collection::btree_map("\\PC{0,6}", values(), 0..5),
    ) -> Event {
        Event {
            id: id.parse().unwrap(), source: source.parse().unwrap(), kind: kind.into(), player: player.parse().unwrap(), occurred_at,
            amount, currency: currency.map(|code| code.parse().unwrap()),
            refers_to: refers_to.map(|id| id.parse().unwrap()), rate, attributes: boxed(attributes),
            sealed: None,
        }
    }
}

const AT: Position = Position {
    sequence: 7,
    index: 3,
};

/// What decodes at all decodes to the same after another round.
fn again(bytes: &Bytes) -> Result<(), TestCaseError> {
    let Ok(record) = decode(AT, Timestamp::MIN, bytes) else {
        return Ok(());
    };
    if let Body::Event {
        brand,
        accepted_at,
        event,
        traceparent,
    } = &record.body
    {
        let bytes = encode(brand, *accepted_at, event, traceparent.as_deref());
        prop_assert_eq!(decode(AT, Timestamp::MIN, &bytes), Ok(record));
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_record_is_decoded_as_it_was_encoded(event in events(), accepted_at in instants(), recorded_at in instants(),
                                              traceparent in prop::option::of("[0-9a-f-]{1,55}")) {
        let brand = "acme".parse().unwrap();
        let bytes = encode(&brand, accepted_at, &event, traceparent.as_deref());
        let body = Body::Event { brand, accepted_at, event: Box::new(event), traceparent: traceparent.map(Into::into) };
        prop_assert_eq!(decode(AT, recorded_at, &bytes), Ok(Record { position: AT, recorded_at, body }));
    }

    #[test]
    fn both_decoders_read_the_same_of_what_is_written(event in events(), accepted_at in instants()) {
        let bytes = encode(&"acme".parse().unwrap(), accepted_at, &event, None);
        let plain = event.attributes.iter().all(|(_, value)| !matches!(value, Value::List(_) | Value::Map(_)));
        let quick = quick::event(&bytes);
        prop_assert_eq!(quick.is_some(), plain);
        if let Some(body) = quick {
            prop_assert_eq!(general(&bytes), Ok(body));
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        again(&Bytes::from(bytes))?;
    }

    #[test]
    fn a_damaged_record_is_a_record_or_an_error(event in events(), at in any::<usize>(), with in any::<u8>()) {
        let mut bytes = encode(&"acme".parse().unwrap(), Timestamp::MIN, &event, None).to_vec();
        let at = at % bytes.len();
        bytes[at] = with;
        if let Some(body) = quick::event(&bytes) {
            prop_assert_eq!(general(&bytes), Ok(body));
        }
        again(&Bytes::from(bytes))?;
    }
}

#[test]
fn a_plain_event_is_read_without_the_general_decoder() {
    let programme = programme();
    let source = "shop".parse().unwrap();
    let json = br#"{"id":"o1","type":"order","player":"a","occurred_at":"2011-06-01T10:00:00Z","amount":10.50,"currency":"EUR",
        "attributes":{"a":"x","b":2,"c":true}}"#;
    let event = parse_json(json, &Context::file(&programme, &source))
        .unwrap()
        .event;
    let bytes = encode(&"acme".parse().unwrap(), Timestamp::MIN, &event, None);
    let body = quick::event(&bytes);
    assert!(body.is_some());
    assert_eq!(general(&bytes).ok(), body);
}

#[test]
fn a_tick_is_decoded_as_a_tick() {
    let record = decode(AT, Timestamp::MAX, &encode_tick()).unwrap();
    assert_eq!(record.body, Body::Tick(Tick));
    assert_eq!(super::change(&encode_tick()), None);
    assert!(decode(AT, Timestamp::MAX, &Bytes::new()).is_err());
}

#[test]
fn a_logic_version_is_decoded_as_one() {
    let bytes = super::encode_logic(7);
    let record = decode(AT, Timestamp::MAX, &bytes).unwrap();
    assert_eq!(record.body, Body::Logic(7));
    assert_eq!(super::change(&bytes), None);
}

#[test]
fn a_step_of_a_publication_reads_back_and_nothing_half_said_does() {
    for stage in [Stage::Known, Stage::Active] {
        let change = Change {
            brand: "acme".parse().unwrap(),
            number: 7,
            version: "00ff".into(),
            stage,
        };
        let bytes = encode_change(&change);
        let record = decode(AT, Timestamp::MAX, &bytes).unwrap();
        assert_eq!(record.body, Body::Programme(change.clone()));
        assert_eq!(super::change(&bytes), Some(change.clone()));
        let unnumbered = Change {
            number: 0,
            ..change
        };
        assert!(decode(AT, Timestamp::MAX, &encode_change(&unnumbered)).is_err());
        // Without its last field, the stage.
        let half = bytes.slice(..bytes.len() - 2);
        let lengths = [&[half[0], half[1] - 2], &half[2..]].concat();
        assert!(decode(AT, Timestamp::MAX, &lengths.into()).is_err());
    }
}

#[test]
fn an_event_means_the_same_by_grpc_and_by_json() {
    let programme = programme();
    let source = "shop".parse().unwrap();
    let context = Context::file(&programme, &source);
    let json = br#"{"id":"o1","type":"order","player":"a","occurred_at":"2011-06-01T10:00:00.5Z","amount":10.50,"currency":"EUR",
        "rate":"0.9","refers_to":"o0","attributes":{"a":[1,{"b":true}],"c":"x"}}"#;
    let by_json = parse_json(json, &context).unwrap();
    let by_grpc = from_proto(&to_proto(&by_json.event), &context).unwrap();
    assert_eq!(by_json, by_grpc);
}

#[test]
fn a_bad_message_gets_the_code_of_the_bad_json() {
    let programme = programme();
    let source = "shop".parse().unwrap();
    let context = Context::file(&programme, &source);
    let good = parse_json(
        br#"{"id":"o1","type":"order","player":"a","occurred_at":"2011-06-01T10:00:00Z","amount":1,"currency":"GBP"}"#,
        &context,
    );
    let good = to_proto(&good.unwrap().event);
    type Message = proto::event::v1::Event;
    type Spoil = fn(&mut Message);
    let deep = |levels: usize| {
        let text = proto::event::v1::Value {
            kind: Some(proto::event::v1::value::Kind::BoolValue(true)),
        };
        (0..levels).fold(text, |inner, _| proto::event::v1::Value {
            kind: Some(proto::event::v1::value::Kind::ListValue(
                proto::event::v1::ListValue {
                    values: vec![inner],
                },
            )),
        })
    };
    let table: &[(Spoil, &str)] = &[
        (|event| event.id.clear(), "missing_field"),
        (|event| event.id = "x".repeat(257), "id_too_long"),
        (|event| event.player = "a\0".into(), "malformed"),
        (
            |event| event.source = "questline".into(),
            "source_not_allowed",
        ),
        (|event| event.r#type = "oder".into(), "unknown_type"),
        (|event| event.occurred_at = None, "missing_field"),
        (
            |event| {
                event.occurred_at = Some(prost_types::Timestamp {
                    seconds: i64::MAX,
                    nanos: 0,
                })
            },
            "bad_time",
        ),
        (
            |event| {
                event.occurred_at = Some(prost_types::Timestamp {
                    seconds: 1,
                    nanos: -1,
                })
            },
            "bad_time",
        ),
        (|event| event.amount = "1e3".into(), "bad_number"),
        (|event| event.amount = "1.001".into(), "too_many_decimals"),
        (|event| event.currency = "XXQ".into(), "unknown_currency"),
        (|event| event.set_attribute("x".repeat(70_000)), "too_large"),
    ];
    for (spoil, code) in table {
        let mut event = good.clone();
        spoil(&mut event);
        assert_eq!(
            from_proto(&event, &context).unwrap_err().code.as_str(),
            *code
        );
    }
    for (levels, taken) in [(14, true), (15, false), (60, false)] {
        let mut event = good.clone();
        event.attributes.insert("a".into(), deep(levels));
        assert_eq!(from_proto(&event, &context).is_ok(), taken, "{levels}");
    }
}

trait SetAttribute {
    fn set_attribute(&mut self, text: String);
}

impl SetAttribute for proto::event::v1::Event {
    fn set_attribute(&mut self, text: String) {
        let kind = Some(proto::event::v1::value::Kind::TextValue(text));
        self.attributes
            .insert("a".into(), proto::event::v1::Value { kind });
    }
}

#[test]
fn lengths_take_no_more_bytes_than_they_need_however_long_a_text_is() {
    let programme = programme();
    let order = br#"{"id":"o","source":"shop","type":"order","player":"p","occurred_at":"2026-01-05T09:00:00Z","amount":"1.00","currency":"GBP"}"#;
    let source = "shop".parse().unwrap();
    let read = parse_json(order, &Context::file(&programme, &source));
    let event = read.unwrap().event;
    let brand = "acme".parse().unwrap();
    let mut all = Vec::new();
    for length in (0..300).chain([16_200, 16_383, 16_384, 60_000]) {
        let mut event = event.clone();
        event
            .attributes
            .insert("note".into(), Value::Text("x".repeat(length).into()));
        let bytes = encode(&brand, Timestamp::MIN, &event, None);
        let general = wire::Record::decode(&*bytes).unwrap();
        assert_eq!(general.encoded_len(), bytes.len(), "{length}");
        let Ok(Record {
            body: Body::Event { event: decoded, .. },
            ..
        }) = decode(AT, Timestamp::MIN, &bytes)
        else {
            panic!("{length}");
        };
        assert_eq!(*decoded, event, "{length}");
        // The same behind others.
        let start = all.len();
        encode_into(&mut all, &brand, Timestamp::MIN, &event, None);
        assert_eq!(all[start..], *bytes, "{length}");
    }
}
