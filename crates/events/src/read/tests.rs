use proptest::prelude::*;
use types::{SourceId, Value};

use super::parse_json;
use crate::fixture::programme;
use crate::{Clock, Code, Context, Incoming, Rejection, Sources};

fn read(bytes: &[u8]) -> Result<Incoming, Rejection> {
    let source = SourceId::new("shop").unwrap();
    parse_json(bytes, &Context::file(&programme(), &source))
}

/// An order with these fields in place of, or beside, its own.
fn order(fields: &str) -> Vec<u8> {
    let mut object = serde_json::json!({
        "id": "o1", "type": "order", "player": "a", "occurred_at": "2011-06-01T10:00:00Z",
        "amount": "10.00", "currency": "GBP",
    });
    let fields: serde_json::Value = serde_json::from_str(&format!("{{{fields}}}")).unwrap();
    for (key, value) in fields.as_object().unwrap() {
        object[key] = value.clone();
    }
    object.to_string().into_bytes()
}

fn refused(bytes: &[u8]) -> (&'static str, String) {
    let rejection = read(bytes).expect_err(&String::from_utf8_lossy(bytes));
    (rejection.code.as_str(), rejection.detail)
}

#[test]
fn every_field_is_read_exactly() {
    let incoming = read(
        br#"{"id":"536365","source":"till","type":"order","player":"17850",
            "occurred_at":"2010-12-01T09:26:00+01:00","amount":139.12,"currency":"EUR","rate":"0.9","refers_to":null,
            "recorded_at":"2010-12-01T08:26:01Z",
            "attributes":{"country":"United\u0020Kingdom","items":40,"gone":null,"list":[1,null,"x"],"deep":{"a":true}}}"#,
    )
    .unwrap();
    let event = incoming.event;
    assert_eq!(event.source.as_str(), "till");
    assert_eq!(event.occurred_at.to_string(), "2010-12-01T08:26:00Z");
    assert_eq!(event.amount.unwrap().to_string(), "139.12");
    assert_eq!(event.rate.unwrap().to_string(), "0.9");
    assert_eq!(event.refers_to, None);
    assert_eq!(
        incoming.recorded_at.unwrap().to_string(),
        "2010-12-01T08:26:01Z"
    );
    assert_eq!(event.attributes.len(), 4);
    assert_eq!(
        event.attributes.get("country").unwrap().clone(),
        Value::Text("United Kingdom".into())
    );
    assert_eq!(
        event.attributes.get("list").unwrap().clone(),
        Value::List(vec![Value::Number(1.into()), Value::Text("x".into())])
    );
}

#[test]
fn the_source_is_the_contexts_where_none_is_named() {
    assert_eq!(read(&order("")).unwrap().event.source.as_str(), "shop");
}

#[test]
fn bad_input_gets_its_code_and_says_where() {
    let long = format!(r#""id":"{}""#, "x".repeat(10_000));
    let huge = format!(r#""attributes":{{"a":"{}"}}"#, "x".repeat(1 << 20));
    let table: &[(&str, &str, &str)] = &[
        (r#""type":"oder""#, "unknown_type", "oder"),
        (r#""type":7"#, "unknown_type", "`type`"),
        (r#""type":null"#, "missing_field", "`type`"),
        (r#""id":null"#, "missing_field", "`id`"),
        (r#""id":"""#, "missing_field", "`id`"),
        (r#""id":5"#, "malformed", "`id`"),
        (r#""player":null"#, "missing_field", "`player`"),
        (r#""occurred_at":null"#, "missing_field", "`occurred_at`"),
        (r#""amount":null"#, "missing_field", "`amount`"),
        (r#""currency":null"#, "missing_field", "`currency`"),
        (
            r#""type":"order_refunded","amount":null,"refers_to":"o0""#,
            "missing_field",
            "`amount`",
        ),
        (
            r#""type":"order_cancelled","currency":null"#,
            "missing_field",
            "`currency`",
        ),
        (r#""amonut":"1""#, "unknown_field", "amonut"),
        (r#""currency":"XXQ""#, "unknown_currency", "XXQ"),
        (r#""currency":826"#, "unknown_currency", "`currency`"),
        (r#""currency":"CHF""#, "no_conversion_rate", "CHF to GBP"),
        (r#""amount":"1.001""#, "too_many_decimals", "GBP has 2"),
        (
            r#""amount":"10.5","currency":"JPY""#,
            "too_many_decimals",
            "JPY has 0",
        ),
        (
            r#""amount":"0.0000000000000000001""#,
            "too_many_decimals",
            "GBP has 2",
        ),
        (r#""amount":"1e3""#, "bad_number", "`amount`"),
        (r#""amount":"NaN""#, "bad_number", "`amount`"),
        (r#""amount":"""#, "bad_number", "`amount`"),
        (r#""amount":true"#, "bad_number", "`amount`"),
        (r#""amount":"-1""#, "bad_amount", "negative"),
        (
            r#""amount":"1000000000000000000000000000000""#,
            "bad_amount",
            "10^15",
        ),
        (
            r#""amount":"1000000000000000000000000000000000000000""#,
            "bad_amount",
            "10^15",
        ),
        (r#""amount":"10000000000000.01""#, "bad_amount", "10^15"),
        (r#""rate":"0""#, "bad_number", "`rate`"),
        (r#""rate":"-1""#, "bad_number", "`rate`"),
        (r#""rate":"1000000000""#, "bad_number", "below 1000000000"),
        (
            r#""occurred_at":"2011-06-01T10:00:00""#,
            "bad_time",
            "offset",
        ),
        (
            r#""occurred_at":"9999-06-01T10:00:00Z""#,
            "bad_time",
            "1970 to 2100",
        ),
        (r#""occurred_at":1306922400"#, "bad_time", "`occurred_at`"),
        (r#""attributes":[1]"#, "bad_attribute", "object"),
        (r#""attributes":{"x":1.5e3}"#, "bad_number", "`attributes`"),
        (
            r#""type":"article_read","attributes":{"colour":"red"}"#,
            "bad_attribute",
            "colour",
        ),
        (
            r#""type":"article_read","attributes":{"minutes":1.5}"#,
            "bad_attribute",
            "whole number",
        ),
        (
            r#""type":"article_read","attributes":{"minutes":true}"#,
            "bad_attribute",
            "whole number",
        ),
        (
            r#""type":"article_read","attributes":{"section":1}"#,
            "bad_attribute",
            "a string",
        ),
        (
            r#""type":"article_read","attributes":{"paid":"yes"}"#,
            "bad_attribute",
            "true or false",
        ),
        (r#""id":"a\u0000b""#, "malformed", "`id`"),
        (r#""player":"a\nb""#, "malformed", "`player`"),
        (r#""source":"a b""#, "malformed", "`source`"),
        (r#""source":"questline""#, "source_not_allowed", "reserved"),
        (&long, "id_too_long", "10000 bytes, the most is 256"),
        (&huge, "too_large", "65536"),
    ];
    for (fields, code, detail) in table {
        let shown: String = fields.chars().take(60).collect();
        let got = refused(&order(fields));
        assert_eq!(got.0, *code, "{shown}: {}", got.1);
        assert!(got.1.contains(detail), "{shown}: {}", got.1);
        assert!(got.1.len() < 200, "{shown}: {}", got.1);
    }
}

#[test]
fn nesting_is_bounded_long_before_the_stack_is() {
    for levels in [15, 200, 30_000] {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        let event = format!(r#"{{"id":"o1","attributes":{{"a":{open}{close}}}}}"#);
        let (code, detail) = refused(event.as_bytes());
        assert_eq!(code, "too_deep", "{levels}");
        assert!(detail.contains("16 levels"), "{detail}");
    }
}

#[test]
fn what_is_not_json_is_malformed() {
    let table: &[&[u8]] = &[
        b"",
        b" ",
        b"not json",
        b"{",
        b"{}x",
        b"[]",
        b"null",
        b"{\"id\"}",
        b"{\"id\":}",
        b"{\"id\":\"a\",}",
        b"{,}",
        b"{\"id\":\"a\" \"type\":\"b\"}",
        b"{\"id\":\"a",
        b"{\"id\":\"\\x\"}",
        b"{\"id\":\"\\ud800\"}",
        b"{\"id\":\"\\udc00\\ud800\"}",
        b"{\"id\":\"\x01\"}",
        b"{\"id\":\"\xff\"}",
        b"{\"amount\":01}",
        b"{\"amount\":1.}",
        b"{\"amount\":.5}",
        b"{\"amount\":+1}",
        b"{\"amount\":1e}",
        b"{\"amount\":--1}",
        b"{'id':1}",
        b"{\"id\":\"a\",\"id\":\"a\"}",
        b"{\"id\":null,\"id\":\"a\"}",
        b"{\"attributes\":{\"a\":1,\"a\":1}}",
        b"{\"attributes\":{\"a\":null,\"a\":1}}",
        b"{\"attributes\":{\"a\":[{\"b\":1,\"b\":2}]}}",
        b"\xef\xbb\xbf{}",
        b"{\"attributes\":{\"a\":[1,]}}",
        b"{\"attributes\":{\"a\":[null 1]}}",
        b"{\"id\":\"\\u12",
    ];
    for bytes in table {
        assert_eq!(
            refused(bytes).0,
            "malformed",
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    for bytes in [
        "{\"amount\":NaN}",
        "{\"amount\":-Infinity}",
        "{\"amount\":1e5,\"currency\":\"GBP\",\"id\":\"a\",\"type\":\"order\",\"player\":\"a\",\"occurred_at\":\"2011-06-01T10:00:00Z\"}",
    ] {
        assert_eq!(refused(bytes.as_bytes()).0, "bad_number", "{bytes}");
    }
}

#[test]
fn a_rejection_names_the_event_where_its_id_was_read() {
    assert_eq!(
        read(&order(r#""amount":"-1""#)).unwrap_err().id.as_deref(),
        Some("o1")
    );
    assert_eq!(
        read(br#"{"id":"z9","wrong":1}"#).unwrap_err().id.as_deref(),
        Some("z9")
    );
    assert_eq!(read(b"x").unwrap_err().id, None);
}

#[test]
fn what_is_at_the_edge_of_a_limit_is_taken() {
    let nested = format!(
        r#""attributes":{{"a":{}{}}}"#,
        "[".repeat(14),
        "]".repeat(14)
    );
    let player = format!(r#""player":"{}""#, "é".repeat(128));
    for fields in [
        &*nested,
        &player,
        r#""amount":"0""#,
        r#""amount":"10000000000000.00""#,
        r#""amount":"1.500""#,
        r#""amount":"5","currency":"EUR""#,
        r#""amount":"5","currency":"CHF","rate":"1.1""#,
        r#""type":"order_cancelled","currency":"CHF""#,
        r#""type":"order_cancelled","amount":null,"currency":null,"refers_to":"o0""#,
        r#""type":"order_refunded","currency":null,"refers_to":"o0""#,
        r#""type":"article_read","attributes":{"minutes":"3","share":"0.5","paid":false,"section":"x"}"#,
        r#""occurred_at":"2100-12-31T23:59:59Z""#,
    ] {
        let got = read(&order(fields));
        assert!(got.is_ok(), "{fields}: {got:?}");
    }
}

#[test]
fn serde_jsons_private_key_is_a_key_like_any_other() {
    let event =
        br#"{"id":"o1","type":"registered","player":"a","occurred_at":"2011-06-01T10:00:00Z",
        "attributes":{"a":{"$serde_json::private::Number":"1e5"}}}"#;
    let attributes = read(event).unwrap().event.attributes;
    assert!(matches!(attributes.get("a"), Some(Value::Map(map)) if map.len() == 1));
}

#[test]
fn a_key_speaks_for_its_source_and_a_servers_clock_is_its_own() {
    let programme = programme();
    let till = SourceId::new("till").unwrap();
    let only = Context {
        programme: &programme,
        sources: Sources::Only(&till),
        clock: Clock::Log,
        adjusts: false,
    };
    let named = Context {
        sources: Sources::Named,
        ..only
    };
    let table = [
        (&only, "", Ok("till")),
        (&only, r#""source":"till""#, Ok("till")),
        (&only, r#""source":"shop""#, Err(Code::SourceNotAllowed)),
        (
            &only,
            r#""source":"questline""#,
            Err(Code::SourceNotAllowed),
        ),
        (
            &only,
            r#""recorded_at":"2011-06-01T10:00:00Z""#,
            Err(Code::UnknownField),
        ),
        (&named, "", Err(Code::MissingField)),
        (&named, r#""source":"shop""#, Ok("shop")),
        (
            &named,
            r#""source":"questline""#,
            Err(Code::SourceNotAllowed),
        ),
    ];
    for (context, fields, expected) in table {
        let got = parse_json(&order(fields), context)
            .map(|incoming| incoming.event.source.to_string())
            .map_err(|rejection| rejection.code);
        assert_eq!(got, expected.map(str::to_owned), "{fields}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,8}".prop_map(Into::into),
        "[\\x00-\\x7f]{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("\\PC{1,4}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_an_event_or_a_reason(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).err().is_none_or(|rejection| rejection.detail.len() < 400));
    }

    #[test]
    fn any_attributes_that_json_can_say_are_read(attributes in prop::collection::btree_map("\\PC{1,6}", json(), 0..5)) {
        let attributes: serde_json::Value = attributes.into_iter().collect::<serde_json::Map<_, _>>().into();
        let got = read(&order(&format!("\"attributes\":{attributes}")));
        prop_assert!(got.is_ok(), "{:?}", got);
    }

    /// What we take, serde_json takes, so the scanner is no laxer than JSON.
    #[test]
    fn a_damaged_event_is_taken_only_if_it_is_still_json(at in 0usize..400, with in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = order(r#""attributes":{"a":[1,-2.50,{"b":"\u00e9\n"}],"c":true}"#);
        let at = at % bytes.len();
        if cut { bytes.remove(at); } else { bytes[at] = with; }
        if read(&bytes).is_ok() {
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok());
        }
    }
}
