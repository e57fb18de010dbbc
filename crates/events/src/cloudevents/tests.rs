use super::{binary, structured};
use crate::fixture::programme;
use crate::{Context, Incoming, Rejection, parse_json};

const PLAIN: &[u8] = br#"{"id":"o1","source":"shop","type":"order","player":"J\u00fcrgen","occurred_at":"2011-06-01T10:00:00Z",
    "amount":"10.00","currency":"GBP","attributes":{"items":3}}"#;
const DATA: &str = r#"{"amount":"10.00","currency":"GBP","attributes":{"items":3}}"#;

fn with<T>(read: impl Fn(&Context<'_>) -> T) -> T {
    let source = "shop".parse().unwrap();
    read(&Context::file(&programme(), &source))
}

fn headers(extra: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = [
        ("specversion", "1.0"),
        ("id", "o1"),
        ("source", "shop"),
        ("type", "order"),
        ("subject", "J%C3%BCrgen"),
        ("time", "2011-06-01T10:00:00Z"),
        ("datacontenttype", "application/json; charset=utf-8"),
        ("traceid", "x"),
    ];
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    own.iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name))
        .chain(extra)
        .map(owned)
        .collect()
}

fn in_body(extra: &str) -> Result<Incoming, Rejection> {
    let body = format!(
        r#"{{"specversion":"1.0","id":"o1","source":"shop","type":"order","subject":"Jürgen","time":"2011-06-01T10:00:00Z",
            "datacontenttype":"application/json","traceid":"x","n":7{extra}}}"#
    );
    with(|context| structured(body.as_bytes(), context))
}

#[test]
fn every_mode_says_the_same_event() {
    let plain = with(|context| parse_json(PLAIN, context)).unwrap();
    let by_headers = with(|context| binary(&headers(&[]), DATA.as_bytes(), context));
    assert_eq!(by_headers, Ok(plain.clone()));
    assert_eq!(in_body(&format!(",\"data\":{DATA}")), Ok(plain));
}

#[test]
fn the_data_may_be_the_whole_event() {
    let plain = with(|context| parse_json(PLAIN, context)).unwrap();
    let whole = std::str::from_utf8(PLAIN).unwrap();
    let by_headers = with(|context| binary(&headers(&[]), PLAIN, context));
    assert_eq!(by_headers, Ok(plain.clone()));
    assert_eq!(
        in_body(&format!(",\"data\":{whole}")),
        Ok(plain.clone()),
        "what is said twice is the same"
    );
    // A CloudEvent need not have a subject or a time.
    let short = format!(
        r#"{{"specversion":"1.0","id":"o1","source":"shop","type":"order","data":{whole}}}"#
    );
    let read = with(|context| structured(short.as_bytes(), context));
    assert_eq!(read, Ok(plain));
}

#[test]
fn bad_headers_get_their_code() {
    type Headers = &'static [(&'static str, &'static str)];
    let table: &[(Headers, &str, &str)] = &[
        (&[("specversion", "0.3")], DATA, "malformed"),
        (&[("source", "/shop/orders")], DATA, "malformed"),
        (&[("source", "questline")], DATA, "source_not_allowed"),
        (&[("type", "oder")], DATA, "unknown_type"),
        (&[("time", "2011-06-01")], DATA, "bad_time"),
        (&[("subject", "%zz")], DATA, "malformed"),
        (&[("subject", "%C3")], DATA, "malformed"),
        (&[("subject", "a%00")], DATA, "malformed"),
        (&[("subject", "%")], DATA, "malformed"),
        (&[("datacontenttype", "text/xml")], DATA, "malformed"),
        (&[], "", "missing_field"),
        (&[], "[]", "malformed"),
        (&[], "{\"player\":\"x\"}", "malformed"),
        (&[], "{\"surprise\":\"x\"}", "unknown_field"),
        (&[], "{\"amount\":1}{", "malformed"),
    ];
    for (extra, data, code) in table {
        let got = with(|context| binary(&headers(extra), data.as_bytes(), context));
        assert_eq!(got.unwrap_err().code.as_str(), *code, "{extra:?} {data}");
    }
}

#[test]
fn bad_bodies_get_their_code() {
    let table = [
        ("", "missing_field"),
        (",\"data\":[]", "malformed"),
        (",\"data_base64\":\"e30=\"", "malformed"),
        (",\"id\":\"o2\"", "malformed"),
        (",\"nested\":{}", "malformed"),
        (",\"data\":{\"amount\":1,\"amount\":2}", "malformed"),
        (",\"data\":{\"id\":\"x\"}", "malformed"),
        (
            ",\"data\":{\"occurred_at\":\"2011-06-01T10:00:01Z\"}",
            "malformed",
        ),
        (",\"data\":{\"surprise\":\"x\"}", "unknown_field"),
    ];
    for (extra, code) in table {
        let rejection = in_body(extra).unwrap_err();
        assert_eq!(rejection.code.as_str(), code, "{extra}");
        assert_eq!(rejection.id.as_deref(), Some("o1"), "{extra}");
    }
}
