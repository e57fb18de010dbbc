//! `POST /v1/events` against a real server.

mod support;

use events::{Clock, partition_of};
use ingest_service::{Config, Scope};
use ports::AppendError;
use support::fake::Failure;
use support::{Server, answered, batch, order, outcomes};
use types::Partition;

#[tokio::test]
async fn events_are_answered_in_order_and_stand_in_the_log() {
    let server = Server::start().await;
    let answer = server
        .publish(batch(&[
            order("o1", ""),
            order("o2", r#","source":"shop""#),
            order("o3", ""),
        ]))
        .await;
    assert_eq!(answer.status, 202);
    assert_eq!(outcomes(&answer), ["accepted"; 3]);
    let slot = partition_of(&"acme".parse().unwrap(), &"a".parse().unwrap(), 4);
    let position = |index: usize| {
        answer.json["results"][index]["position"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        [position(0), position(2)],
        [format!("{slot}/1.0"), format!("{slot}/1.2")]
    );
    let ids: Vec<String> = server
        .log
        .events()
        .iter()
        .map(|(_, event, _)| event.id.to_string())
        .collect();
    assert_eq!(ids, ["o1", "o2", "o3"]);
    let (brand, event, traceparent) = server.log.events().remove(0);
    assert_eq!(
        (brand.as_str(), event.source.as_str(), traceparent),
        ("acme", "shop", None)
    );
    server.stop().await;
}

#[tokio::test]
async fn a_single_event_lines_and_cloud_events_are_taken() {
    let server = Server::start().await;
    let send = |content_type: &'static str, body: String| {
        answered(
            server
                .request("POST", "/v1/events")
                .bearer_auth(&server.key)
                .header("content-type", content_type)
                .body(body),
        )
    };
    let answer = send("application/json; charset=utf-8", order("o1", "")).await;
    assert_eq!(outcomes(&answer), ["accepted"]);
    let lines = format!("{}\r\nnot json\n\n{}", order("o2", ""), order("o3", ""));
    let answer = send("application/x-ndjson", lines).await;
    assert_eq!(
        outcomes(&answer),
        ["accepted", "rejected:malformed", "accepted"]
    );
    let cloud = |id: &str| {
        format!(
            r#"{{"specversion":"1.0","id":"{id}","source":"shop","type":"order","subject":"a","time":"2011-06-01T10:00:00Z","data":{{"amount":1,"currency":"GBP"}}}}"#
        )
    };
    let answer = send("application/cloudevents+json", cloud("c1")).await;
    assert_eq!(outcomes(&answer), ["accepted"]);
    let answer = send(
        "application/cloudevents-batch+json",
        format!("[{},{{}},{}]", cloud("c2"), cloud("c3")),
    )
    .await;
    assert_eq!(
        outcomes(&answer),
        ["accepted", "rejected:malformed", "accepted"]
    );
    let binary = server
        .request("POST", "/v1/events")
        .bearer_auth(&server.key)
        .header("content-type", "application/json")
        .header("ce-specversion", "1.0")
        .header("ce-id", "c4")
        .header("ce-source", "shop")
        .header("ce-type", "order")
        .header("ce-subject", "J%C3%BCrgen")
        .header("ce-time", "2011-06-01T10:00:00Z")
        .body(r#"{"amount":"2.50","currency":"GBP"}"#);
    assert_eq!(outcomes(&answered(binary).await), ["accepted"]);
    assert_eq!(send("text/csv", "a,b".to_owned()).await.status, 415);
    let players: Vec<String> = server
        .log
        .events()
        .iter()
        .map(|(_, event, _)| event.player.to_string())
        .collect();
    assert_eq!(players.len(), 7);
    assert!(players.contains(&"Jürgen".to_owned()));
    server.stop().await;
}

#[tokio::test]
async fn waiting_answers_with_what_the_events_caused() {
    let server = Server::start().await;
    let wait = |body: String| {
        answered(
            server
                .request("POST", "/v1/events?wait=applied")
                .bearer_auth(&server.key)
                .body(body),
        )
    };
    let answer = wait(batch(&[order("o1", ""), "{}".to_owned()])).await;
    assert_eq!(outcomes(&answer), ["applied", "rejected:missing_field"]);
    assert_eq!(
        answer.json["results"][0]["emissions"][0]["type"],
        "points_earned"
    );
    server.players.add("acme", "a");
    let refused = wait(order("o2", "")).await;
    assert_eq!(outcomes(&refused), ["refused:unmatched"]);
    assert!(refused.json["results"][0]["detail"].is_string());
    *server.players.failing.lock().unwrap() = Some(ingest_service::QueryError::Moving);
    assert_eq!(
        outcomes(&wait(order("o3", "")).await),
        ["accepted"],
        "durable all the same"
    );
    let unknown = answered(
        server
            .request("POST", "/v1/events?wait=forever")
            .bearer_auth(&server.key)
            .body(order("o4", "")),
    )
    .await;
    assert_eq!(
        (unknown.status, unknown.json["code"].as_str()),
        (400, Some("malformed"))
    );
    server.stop().await;
}

#[tokio::test]
async fn a_full_or_absent_log_refuses_the_whole_and_says_when_to_come_back() {
    let server = Server::start().await;
    let table: [(Failure, &str); 3] = [
        (|| AppendError::Full, "log_full"),
        (|| AppendError::Unavailable("x".to_owned()), "unavailable"),
        (|| AppendError::Unknown("x".to_owned()), "unavailable"),
    ];
    for (error, code) in table {
        server.log.fail_all(Some(error));
        let answer = server
            .publish(batch(&[order("o1", ""), "{}".to_owned()]))
            .await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (503, Some(code))
        );
        assert!(answer.headers.contains_key("retry-after"));
    }
    server.log.fail_all(None);
    assert_eq!(
        outcomes(&server.publish(order("o1", "")).await),
        ["accepted"]
    );
    server.stop().await;
}

#[tokio::test]
async fn what_did_not_become_durable_beside_what_did_is_to_be_sent_again() {
    let server = Server::start().await;
    let brand = "acme".parse().unwrap();
    let lies_in =
        |player: u32, slot| partition_of(&brand, &player.to_string().parse().unwrap(), 4).0 == slot;
    let player = |slot| {
        (0..)
            .find(|player| lies_in(*player, slot))
            .unwrap()
            .to_string()
    };
    let event = |slot| {
        order("o1", "").replace(
            r#""player":"a""#,
            &format!(r#""player":"{}""#, player(slot)),
        )
    };
    server.log.fail(Partition(1), Some(|| AppendError::Full));
    let answer = server.publish(batch(&[event(0), event(1)])).await;
    assert_eq!(answer.status, 202);
    assert_eq!(outcomes(&answer), ["accepted", "rejected:unavailable"]);
    server.stop().await;
}

#[tokio::test]
async fn what_waits_for_the_log_goes_together_and_in_order() {
    let server = Server::start().await;
    server.log.hold(true);
    let mut requests = Vec::new();
    let mut began = server.log.began.subscribe();
    for number in 0..20 {
        let request = server
            .request("POST", "/v1/events")
            .bearer_auth(&server.key);
        requests.push(tokio::spawn(answered(
            request.body(order(&format!("o{number}"), "")),
        )));
        if number == 0 {
            began.wait_for(|began| *began == 1).await.unwrap();
        }
    }
    server.log.hold(false);
    for request in requests {
        assert_eq!(outcomes(&request.await.unwrap()), ["accepted"]);
    }
    assert_eq!(server.log.events().len(), 20);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_makes_durable_what_it_took() {
    let server = Server::start().await;
    server.log.hold(true);
    let request = server
        .request("POST", "/v1/events")
        .bearer_auth(&server.key)
        .body(order("o1", ""));
    let request = tokio::spawn(answered(request));
    server
        .log
        .began
        .subscribe()
        .wait_for(|began| *began == 1)
        .await
        .unwrap();
    let log = server.log.clone();
    let stopping = tokio::spawn(server.stop());
    log.hold(false);
    assert_eq!(outcomes(&request.await.unwrap()), ["accepted"]);
    stopping.await.unwrap();
    assert_eq!(log.events().len(), 1);
}

#[tokio::test]
async fn the_callers_trace_goes_with_its_events() {
    let server = Server::start().await;
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (number, header) in [parent, "nonsense"].into_iter().enumerate() {
        let request = server
            .request("POST", "/v1/events")
            .bearer_auth(&server.key)
            .header("traceparent", header);
        answered(request.body(order(&format!("o{number}"), ""))).await;
    }
    let kept: Vec<_> = server
        .log
        .events()
        .into_iter()
        .map(|(_, _, traceparent)| traceparent)
        .collect();
    assert!(
        kept[0]
            .as_deref()
            .is_some_and(|kept| kept.starts_with(&parent[..36])),
        "{kept:?}"
    );
    assert_eq!(kept[1], None);
    server.stop().await;
}

#[tokio::test]
async fn recorded_time_is_the_logs_or_the_events() {
    let server = Server::start().await;
    let answer = server
        .publish(batch(&[
            order("o1", r#","recorded_at":"2011-06-02T00:00:00Z""#),
            order("o2", ""),
        ]))
        .await;
    assert_eq!(outcomes(&answer), ["rejected:unknown_field", "accepted"]);
    let tick = answered(
        server
            .request("POST", "/v1/clock:tick")
            .bearer_auth(&server.key)
            .body(r#"{"recorded_at":"2011-06-02T00:00:00Z"}"#),
    )
    .await;
    assert_eq!(
        (tick.status, tick.json["code"].as_str()),
        (409, Some("log_clock"))
    );
    server.stop().await;

    let server = Server::with(Config {
        clock: Clock::Event,
        ..Config::default()
    })
    .await;
    server
        .publish(batch(&[
            order("o1", r#","recorded_at":"2011-06-02T00:00:00Z""#),
            order("o2", ""),
        ]))
        .await;
    let slot = partition_of(&"acme".parse().unwrap(), &"a".parse().unwrap(), 4);
    let times: Vec<String> = server
        .log
        .messages(slot)
        .concat()
        .iter()
        .map(|entry| entry.recorded_at.unwrap().to_string())
        .collect();
    assert_eq!(times, ["2011-06-02T00:00:00Z", "2011-06-01T10:00:00Z"]);
    let tick = |path: &str, body: &'static str| {
        answered(
            server
                .request("POST", path)
                .bearer_auth(&server.key)
                .body(body),
        )
    };
    let answer = tick(
        "/v1/clock:tick?wait=applied",
        r#"{"recorded_at":"2011-06-03T00:00:00Z"}"#,
    )
    .await;
    assert_eq!(
        (
            answer.status,
            answer.json["positions"].as_array().unwrap().len()
        ),
        (200, 4)
    );
    assert_eq!(server.players.drained.lock().unwrap().len(), 4);
    assert!((0..4).all(|partition| {
        server.log.messages(Partition(partition)).last().unwrap()[0]
            .recorded_at
            .unwrap()
            .to_string()
            == "2011-06-03T00:00:00Z"
    }));
    assert_eq!(
        tick("/v1/clock:tick", r#"{"recorded_at":"yesterday"}"#)
            .await
            .status,
        400
    );
    server.stop().await;
}

#[tokio::test]
async fn a_key_sends_no_faster_than_it_may() {
    let server = Server::with(Config {
        events_per_second: Some(2),
        ..Config::default()
    })
    .await;
    assert_eq!(
        server
            .publish(batch(&[order("o1", ""), order("o2", "")]))
            .await
            .status,
        202
    );
    let answer = server.publish(order("o3", "")).await;
    assert_eq!(
        (answer.status, answer.json["code"].as_str()),
        (429, Some("rate_limited"))
    );
    assert_eq!(answer.headers["retry-after"], "1");
    let other = server.key("acme", Some("till"), &[Scope::Ingest]);
    let answer = answered(
        server
            .request("POST", "/v1/events")
            .bearer_auth(other)
            .body(order("o4", "")),
    )
    .await;
    assert_eq!(answer.status, 202);
    server.stop().await;
}

#[tokio::test]
async fn too_much_under_way_is_refused_before_it_is_held() {
    let server = Server::with(Config {
        in_flight_bytes_max: 2_000,
        ..Config::default()
    })
    .await;
    let many: Vec<String> = (0..50)
        .map(|number| order(&format!("o{number}"), ""))
        .collect();
    let answer = server.publish(batch(&many)).await;
    assert_eq!(
        (answer.status, answer.json["code"].as_str()),
        (503, Some("overloaded"))
    );
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(server.publish(order("o1", "")).await.status, 202);
    server.stop().await;
}
