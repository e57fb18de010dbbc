//! What bad input gets, and that it costs nobody else anything.

mod support;

use std::time::Duration;

use ingest_service::{Config, Scope};
use support::raw::raw;
use support::{Server, answered, batch, order, outcomes};

#[tokio::test]
async fn a_bad_event_gets_its_code_and_its_neighbours_are_taken() {
    let server = Server::start().await;
    let bad = |fields: &str| format!(r#"{{"id":"bad",{fields}}}"#);
    let rest = r#""player":"a","occurred_at":"2011-06-01T10:00:00Z""#;
    let an_order = |amount: &str| {
        bad(&format!(
            r#""type":"order",{rest},"currency":"GBP","amount":{amount}"#
        ))
    };
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let long = "x".repeat(10_000);
    let table = [
        ("{\"id\":\"bad\",".to_owned() + "}", "malformed"),
        ("oops".to_owned(), "malformed"),
        (bad(&format!(r#""type":"oder",{rest}"#)), "unknown_type"),
        (
            bad(&format!(r#""type":"bet_settled","refers_to":"x",{rest}"#)),
            "missing_field",
        ),
        (
            bad(&format!(
                r#""type":"bet_settled","refers_to":"x",{rest},"attributes":{{"result":"drew"}}"#
            )),
            "bad_attribute",
        ),
        (bad(r#""type":"order","player":"a""#), "missing_field"),
        (
            bad(&format!(r#""type":"order",{rest},"amount":1"#)),
            "missing_field",
        ),
        (
            bad(&format!(
                r#""type":"order",{rest},"amount":1,"currency":"XXQ""#
            )),
            "unknown_currency",
        ),
        (
            bad(&format!(
                r#""type":"order",{rest},"amount":1,"currency":"CHF""#
            )),
            "no_conversion_rate",
        ),
        (an_order("\"1.001\""), "too_many_decimals"),
        (an_order("NaN"), "bad_number"),
        (an_order("\"NaN\""), "bad_number"),
        (an_order("1e3"), "bad_number"),
        (an_order("-1"), "bad_amount"),
        (an_order("1000000000000000000000000000000"), "bad_amount"),
        (
            bad(r#""type":"registered","player":"a","occurred_at":"2011-06-01T10:00:00""#),
            "bad_time",
        ),
        (
            bad(r#""type":"registered","player":"a","occurred_at":"9999-06-01T10:00:00Z""#),
            "bad_time",
        ),
        (
            bad(&format!(
                r#""type":"registered",{rest},"attributes":{{"a":"{}"}}"#,
                "x".repeat(70_000)
            )),
            "too_large",
        ),
        (
            bad(&format!(
                r#""type":"registered",{rest},"attributes":{{"a":{}1]}}"#,
                "[".to_owned() + &"1,".repeat(30_000)
            )),
            "too_large",
        ),
        (
            bad(&format!(
                r#""type":"registered",{rest},"attributes":{{"a":{deep}}}"#
            )),
            "too_deep",
        ),
        (
            bad(&format!(
                r#""type":"article_read",{rest},"attributes":{{"minutes":"soon"}}"#
            )),
            "bad_attribute",
        ),
        (order("a\\u0000b", ""), "malformed"),
        (order(&long, ""), "id_too_long"),
        (order("o", r#","source":"till""#), "source_not_allowed"),
        (order("o", r#","source":"questline""#), "source_not_allowed"),
        (order("o", r#","surprise":1"#), "unknown_field"),
        (order("o", r#","id":"p""#), "malformed"),
    ];
    let before = server.log.events().len();
    for (event, code) in &table {
        let answer = server
            .publish(batch(&[&order("before", ""), event, &order("after", "")]))
            .await;
        let shown: String = event.chars().take(80).collect();
        assert_eq!(answer.status, 202, "{shown}: {}", answer.json);
        assert_eq!(
            outcomes(&answer),
            ["accepted", &format!("rejected:{code}"), "accepted"],
            "{shown}"
        );
    }
    assert_eq!(server.log.events().len() - before, 2 * table.len());
    server.stop().await;
}

#[tokio::test]
async fn one_event_alone_is_judged_as_one_of_a_batch_is_once_it_can_be_parsed() {
    let server = Server::start().await;
    let table = [
        (
            r#"{"id":"bad","type":"oder","player":"a","occurred_at":"2011-06-01T10:00:00Z"}"#
                .to_owned(),
            "unknown_type",
        ),
        (order("a\\u0000b", ""), "malformed"),
        (order("o", r#","id":"p""#), "malformed"),
        (order("o", r#","refers_to":7"#), "malformed"),
        (order("o", r#","surprise":1"#), "unknown_field"),
        (order("o", r#","source":"till""#), "source_not_allowed"),
    ];
    for (event, code) in table {
        let answer = server.publish(event.clone()).await;
        assert_eq!(answer.status, 202, "{event}: {}", answer.json);
        assert_eq!(outcomes(&answer), [format!("rejected:{code}")], "{event}");
        assert!(answer.json["results"][0]["detail"].is_string(), "{event}");
    }
    assert_eq!(server.log.events().len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn invalid_utf8_spoils_its_own_event_alone() {
    let server = Server::start().await;
    let mut body = batch(&[order("o1", ""), order("SPOIL", ""), order("o2", "")]).into_bytes();
    let at = body
        .windows(5)
        .position(|window| window == b"SPOIL")
        .unwrap();
    body[at] = 0xFF;
    assert_eq!(
        outcomes(&server.publish(body).await),
        ["accepted", "rejected:malformed", "accepted"]
    );
    server.stop().await;
}

#[tokio::test]
async fn a_bad_request_is_refused_as_a_whole() {
    let server = Server::start().await;
    let many = batch(&vec!["{}"; 1_001]);
    let attribute = order(
        "o1",
        &format!(r#","attributes":{{"a":"{}"}}"#, "x".repeat(1 << 20)),
    );
    let large = order(
        "o1",
        &format!(r#","attributes":{{"a":"{}"}}"#, "x".repeat(70_000)),
    );
    let table: [(&str, u16, &str); 9] = [
        ("", 400, "malformed"),
        ("not json", 400, "malformed"),
        ("[]", 400, "malformed"),
        ("{\"events\":[]}", 400, "empty_batch"),
        ("{\"events\":[{}", 400, "malformed"),
        ("{\"events\":[{}],\"x\":1}", 400, "malformed"),
        (&many, 413, "too_large"),
        (&attribute, 413, "too_large"),
        (&large, 413, "too_large"),
    ];
    for (body, status, code) in table {
        let shown: String = body.chars().take(40).collect();
        let answer = server.publish(body.to_owned()).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (status, Some(code)),
            "{shown}"
        );
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{shown}"
        );
        assert_eq!(answer.json["status"], status, "{shown}");
    }
    let lines = "{}\n".repeat(1_001);
    let request = server
        .request("POST", "/v1/events")
        .bearer_auth(&server.key)
        .header("content-type", "application/x-ndjson");
    assert_eq!(answered(request.body(lines)).await.status, 413);
    let request = server
        .request("POST", "/v1/events")
        .bearer_auth(&server.key)
        .header("content-type", "application/x-ndjson");
    assert_eq!(
        answered(request.body("\n\n")).await.json["code"],
        "empty_batch"
    );
    assert_eq!(server.log.events().len(), 0);
    server.stop().await;
}

#[tokio::test]
async fn only_a_key_with_the_scope_gets_in() {
    let server = Server::start().await;
    let read_only = server.key("acme", None, &[Scope::Read]);
    let ingest_only = server.key("acme", None, &[Scope::Ingest]);
    let elsewhere = server.key("bold", None, &[Scope::Ingest, Scope::Read]);
    let changed = format!("{}0", &server.key[..server.key.len() - 1]);
    let publish = |authorization: Option<String>| {
        let request = server
            .request("POST", "/v1/events")
            .body(order("o1", r#","source":"shop""#));
        answered(match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        })
    };
    let table = [
        (None, 401),
        (Some("Basic eDp5".to_owned()), 401),
        (Some("Bearer".to_owned()), 401),
        (Some("Bearer nonsense".to_owned()), 401),
        (Some(format!("Bearer {changed}x")), 401),
        (Some(format!("Bearer {read_only}")), 403),
        (Some(format!("Bearer {elsewhere}")), 403),
        (Some(format!("bearer {ingest_only}")), 202),
    ];
    for (authorization, status) in table {
        let answer = publish(authorization.clone()).await;
        assert_eq!(answer.status, status, "{authorization:?}");
        assert_eq!(
            answer.headers.contains_key("www-authenticate"),
            status == 401
        );
    }
    server.players.add("acme", "a");
    let get = |key: &str| answered(server.request("GET", "/v1/players/a").bearer_auth(key));
    assert_eq!(get(&ingest_only).await.status, 403);
    assert_eq!(
        get(&elsewhere).await.status,
        404,
        "another brand's player looks unknown"
    );
    assert_eq!(get(&read_only).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_key_for_any_source_has_to_name_one() {
    let server = Server::start().await;
    let any = server.key("acme", None, &[Scope::Ingest]);
    let body = batch(&[
        order("o1", ""),
        order("o2", r#","source":"till""#),
        order("o3", r#","source":"questline""#),
    ]);
    let answer = answered(
        server
            .request("POST", "/v1/events")
            .bearer_auth(any)
            .body(body),
    )
    .await;
    assert_eq!(
        outcomes(&answer),
        [
            "rejected:missing_field",
            "accepted",
            "rejected:source_not_allowed"
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn points_are_adjusted_by_a_key_with_the_scope_alone() {
    let server = Server::start().await;
    let adjusting = server.key("acme", Some("shop"), &[Scope::Ingest, Scope::Adjust]);
    let event = r#"{"id":"a","type":"points_adjusted","player":"p","occurred_at":"2011-06-01T10:00:00Z",
        "attributes":{"points":"xp","amount":"5"}}"#;
    let send = |key: &str, body: String| {
        answered(
            server
                .request("POST", "/v1/events")
                .bearer_auth(key)
                .body(body),
        )
    };
    let alone = send(&server.key, event.to_owned()).await;
    assert_eq!(
        (alone.status, alone.json["code"].as_str()),
        (403, Some("forbidden"))
    );
    let among = batch(&[order("o1", ""), event.to_owned(), order("o2", "")]);
    let refused = send(&server.key, among.clone()).await;
    assert_eq!(
        outcomes(&refused),
        ["accepted", "rejected:forbidden", "accepted"]
    );
    let taken = send(&adjusting, among).await;
    assert_eq!(outcomes(&taken), ["accepted"; 3]);
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_trickles_is_answered_and_cut_off() {
    let server = Server::with(Config {
        read_timeout: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{{\"id\"",
        server.key
    );
    // `raw` returns only because the server closes the connection.
    let answer = raw(server.http, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("\"code\":\"timeout\""), "{answer}");
    let answer = raw(server.http, b"POST /v1/events HTTP/1.1\r\nhost:").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 408"),
        "{answer}"
    );
    assert_eq!(
        server.publish(order("o1", "")).await.status,
        202,
        "others are served"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_body_without_end_is_cut_at_the_limit() {
    let server = Server::with(Config {
        read_timeout: Duration::from_secs(1),
        ..Config::default()
    })
    .await;
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        server.key
    );
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let answer = raw(server.http, (head + &chunk.repeat(17)).as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    let announced = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 99999999999\r\n\r\n",
        server.key
    );
    let answer = raw(server.http, announced.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    server.stop().await;
}
