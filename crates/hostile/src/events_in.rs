//! Events: from HTTP in each of its forms, from gRPC, from the log.

use bytes::Bytes;
use events::{Context, Incoming, Lines, Rejection, array, cloudevents, envelope, parse_json};
use progression::State;
use prost::Message;
use types::{Body, BrandId, Change, Event, Position, Stage, Timestamp};

use crate::world::{self, PROGRAMME, fold, source};

const EVENTS_MAX: usize = 1_000;

/// A body of an HTTP request, whatever form it claims.
pub(crate) fn json(bytes: &[u8]) -> bool {
    let source = source();
    let context = Context::file(&PROGRAMME, &source);
    let mut any = taken(parse_json(bytes, &context));
    any |= taken(cloudevents::structured(bytes, &context));
    if let Ok(Some(events)) = envelope(bytes, EVENTS_MAX) {
        assert!(events.len() <= EVENTS_MAX);
        for event in events {
            any |= taken(parse_json(event, &context));
        }
    }
    if let Ok(events) = array(bytes, EVENTS_MAX) {
        assert!(events.len() <= EVENTS_MAX);
        for event in events {
            any |= taken(cloudevents::structured(event, &context));
        }
    }
    for line in Lines::new(bytes).take(EVENTS_MAX) {
        any |= taken(parse_json(line, &context));
    }
    let headers = [
        ("specversion", "1.0"),
        ("id", "i"),
        ("source", "shop"),
        ("type", "order"),
        ("subject", "p"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    any | taken(cloudevents::binary(&headers, bytes, &context))
}

/// An event of a gRPC request.
pub(crate) fn protobuf(bytes: &[u8]) -> bool {
    let source = source();
    let message = proto::event::v1::Event::decode(bytes);
    message.is_ok_and(|message| {
        let context = Context::file(&PROGRAMME, &source);
        taken(events::from_proto(&message, &context))
    })
}

/// What stands in the log.
pub(crate) fn record(bytes: &[u8]) -> bool {
    let position = Position {
        sequence: 1,
        index: 0,
    };
    let bytes = Bytes::copy_from_slice(bytes);
    let Ok(record) = events::record::decode(position, Timestamp::MIN, &bytes) else {
        return false;
    };
    if let Body::Event {
        brand,
        accepted_at,
        event,
        traceparent,
    } = &record.body
    {
        let same = written_and_read(brand, *accepted_at, event, traceparent.as_deref());
        assert_eq!(same.as_ref(), Some(&record.body));
        fold(&PROGRAMME, &mut State::new(), record.body);
    }
    true
}

fn taken(read: Result<Incoming, Rejection>) -> bool {
    let event = match read {
        Err(rejection) => {
            assert!(!rejection.detail.is_empty());
            return false;
        }
        Ok(incoming) => incoming.event,
    };
    let (brand, at) = (&PROGRAMME.brand, event.occurred_at);
    let body = written_and_read(brand, at, &event, None).expect("an accepted event is a record");
    let Body::Event { event: again, .. } = &body else {
        panic!("{body:?}");
    };
    assert_eq!(**again, event);
    fold(&PROGRAMME, &mut State::new(), body);
    true
}

fn written_and_read(
    brand: &BrandId,
    accepted_at: Timestamp,
    event: &Event,
    traceparent: Option<&str>,
) -> Option<Body> {
    let bytes = events::record::encode(brand, accepted_at, event, traceparent);
    let record = events::record::decode(Position::START, accepted_at, &bytes);
    record.ok().map(|record| record.body)
}

/// Events as sources send them, in every form.
pub(crate) fn bodies() -> Vec<Vec<u8>> {
    let order = r#"{"id":"o1","source":"shop","type":"order","player":"ann","occurred_at":"2026-03-29T01:30:00.5+01:00","amount":"139.12","currency":"EUR","rate":"0.86","attributes":{"country":"United Kingdom","category":"x","items":[1,2.50,{"a":true}],"n":null}}"#;
    let bet = r#"{"id":"b1","type":"bet_placed","player":"ann","occurred_at":"2026-03-29T01:30:00Z","recorded_at":"2026-03-29T01:31:00Z","amount":5,"currency":"GBP","attributes":{"odds":"2.50","category":"live_casino","funds":"bonus"}}"#;
    let back = r#"{"id":"c\u00e9","type":"order_cancelled","player":"ann","occurred_at":"2026-04-01T00:00:00Z","refers_to":"o1"}"#;
    let read = r#"{"id":"r1","type":"article_read","player":"bob","occurred_at":"2026-04-01T00:00:00Z","attributes":{"section":"news","minutes":3,"score":"1.5","done":true}}"#;
    let profile = r#"{"id":"p1","type":"profile_changed","player":"bob","occurred_at":"2026-04-01T00:00:00Z","attributes":{"timezone":"Asia/Tokyo"}}"#;
    let cloud = r#"{"specversion":"1.0","id":"i","source":"shop","type":"order","subject":"ann","time":"2026-04-01T00:00:00Z","datacontenttype":"application/json","data":{"amount":"1.00","currency":"GBP"}}"#;
    let whole = [
        order.to_owned(),
        bet.to_owned(),
        back.to_owned(),
        read.to_owned(),
        profile.to_owned(),
        cloud.to_owned(),
        format!("{{\"events\":[{order}, {bet},\n{read}]}}"),
        format!("{order}\n\n{bet}\r\n{back}\n"),
        format!("[{cloud},{cloud}]"),
    ];
    whole.into_iter().map(String::into_bytes).collect()
}

/// The same as protobuf.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let events = world::records().filter_map(|record| match &record.body {
        Body::Event { event, .. } => Some(events::to_proto(event).encode_to_vec()),
        _ => None,
    });
    events.collect()
}

/// Records as they are appended.
pub(crate) fn records() -> Vec<Vec<u8>> {
    let tick = events::record::encode_tick().to_vec();
    let events = world::records().filter_map(|record| match &record.body {
        Body::Event {
            brand,
            accepted_at,
            event,
            ..
        } => Some(events::record::encode(brand, *accepted_at, event, Some("00-ab-cd-01")).to_vec()),
        _ => None,
    });
    let changes = [Stage::Known, Stage::Active].map(|stage| {
        let change = Change {
            brand: BrandId::new("shop").expect("a brand"),
            number: 300,
            version: "0123456789abcdef0123456789abcdef".into(),
            stage,
        };
        events::record::encode_change(&change).to_vec()
    });
    events.chain([tick]).chain(changes).collect()
}
