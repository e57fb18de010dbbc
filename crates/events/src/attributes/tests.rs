use crate::fixture::programme;
use crate::{Context, parse_json};

#[test]
fn what_a_types_meaning_rests_on_has_to_be_there_and_readable() {
    let table: &[(&str, &str, &str)] = &[
        (r#""type":"bet_settled""#, "missing_field", "`refers_to`"),
        (
            r#""type":"bet_settled","refers_to":"b""#,
            "missing_field",
            "`attributes.result`",
        ),
        (
            r#""type":"bet_settled","refers_to":"b","attributes":{"result":"drew"}"#,
            "bad_attribute",
            "one of won, lost, void, cash_out, partial_void and is \"drew\"",
        ),
        (
            r#""type":"bet_settled","refers_to":"b","amount":null,"attributes":{"result":"partial_void"}"#,
            "missing_field",
            "the stake that is returned",
        ),
        (
            r#""type":"bet_settled","refers_to":"b","attributes":{"result":"won","provisional":"yes"}"#,
            "bad_attribute",
            "true or false",
        ),
        (
            r#""type":"player_restricted""#,
            "missing_field",
            "`attributes.status`",
        ),
        (
            r#""type":"player_restricted","attributes":{"status":"banned"}"#,
            "bad_attribute",
            "one of self_excluded, timed_out, released",
        ),
        (
            r#""type":"player_restricted","attributes":{"status":"timed_out","until":"tomorrow"}"#,
            "bad_attribute",
            "a time with an offset",
        ),
        (
            r#""type":"points_spent""#,
            "missing_field",
            "`attributes.points`",
        ),
        (
            r#""type":"points_spent","attributes":{"points":"coins"}"#,
            "missing_field",
            "`attributes.amount`",
        ),
        (
            r#""type":"points_spent","attributes":{"points":"coins","amount":"-1"}"#,
            "bad_attribute",
            "a number from 0",
        ),
        (
            r#""type":"points_adjusted","attributes":{"points":"coins","amount":"0.0000001"}"#,
            "bad_attribute",
            "at most 6 decimals",
        ),
        (
            r#""type":"bet_rolled_back""#,
            "missing_field",
            "`refers_to`",
        ),
        (
            r#""type":"points_held","attributes":{"points":"coins","amount":"5","within":"soon"}"#,
            "bad_attribute",
            "a span such as 15m",
        ),
        (
            r#""type":"points_spent","attributes":{"hold":""}"#,
            "bad_attribute",
            "the id of a hold",
        ),
        (
            r#""type":"hold_released""#,
            "missing_field",
            "`attributes.hold`",
        ),
        (
            r#""type":"grant_updated","attributes":{"status":"credited"}"#,
            "missing_field",
            "`refers_to`",
        ),
        (
            r#""type":"bet_placed","amount":"1","currency":"GBP","attributes":{"funds":"gold"}"#,
            "bad_attribute",
            "one of real, bonus, free and is \"gold\"",
        ),
        (
            r#""type":"bet_settled","refers_to":"b","attributes":{"result":"won","funds":1}"#,
            "bad_attribute",
            "one of real, bonus, free",
        ),
        (
            r#""type":"profile_changed","attributes":{"zone":"Mars/Olympus"}"#,
            "bad_attribute",
            "an IANA time zone, such as Europe/London and is \"Mars/Olympus\"",
        ),
        (
            r#""type":"profile_changed","attributes":{"segments":["vip",1]}"#,
            "bad_attribute",
            "a list of strings",
        ),
        (
            r#""type":"profile_changed","attributes":{"attributes":"vip"}"#,
            "bad_attribute",
            "an object",
        ),
        (
            r#""type":"grant_updated","refers_to":"g/m/once/1","attributes":{"status":"ok"}"#,
            "bad_attribute",
            "one of claimed, credited",
        ),
    ];
    let source = "shop".parse().unwrap();
    let programme = programme();
    for (fields, code, detail) in table {
        let line =
            format!(r#"{{"id":"e","player":"a","occurred_at":"2011-06-01T10:00:00Z",{fields}}}"#);
        let refused = parse_json(line.as_bytes(), &Context::file(&programme, &source));
        let rejection = refused.expect_err(fields);
        assert_eq!(rejection.code.as_str(), *code, "{fields}");
        assert!(
            rejection.detail.contains(detail),
            "{fields}: {}",
            rejection.detail
        );
    }
}

#[test]
fn a_settlement_says_provisional_beside_its_fields_or_among_its_attributes() {
    let source = "shop".parse().unwrap();
    let programme = programme();
    let read = |fields: &str| {
        let line =
            format!(r#"{{"id":"e","player":"a","occurred_at":"2011-06-01T10:00:00Z",{fields}}}"#);
        parse_json(line.as_bytes(), &Context::file(&programme, &source))
    };
    let settled = |beside: &str, attributes: &str| {
        read(&format!(
            r#""type":"bet_settled","refers_to":"b"{beside},"attributes":{{"result":"won"{attributes}}}"#
        ))
    };
    let among = settled("", r#","provisional":true"#).unwrap();
    assert_eq!(settled(r#","provisional":true"#, ""), Ok(among.clone()));
    let twice = settled(r#","provisional":true"#, r#","provisional":true"#);
    assert_eq!(twice, Ok(among));
    let none = settled(r#","provisional":null"#, "").unwrap();
    assert_eq!(Ok(none), settled("", ""));
    let table = [
        (
            settled(r#","provisional":true"#, r#","provisional":false"#),
            "bad_attribute",
        ),
        (settled(r#","provisional":"yes""#, ""), "bad_attribute"),
        (
            read(r#""type":"registered","provisional":true"#),
            "unknown_field",
        ),
    ];
    for (refused, code) in table {
        assert_eq!(refused.unwrap_err().code.as_str(), code);
    }
}
