//! The log as it is read over HTTP: of the key's brand alone, page by page, up to its end.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use ingest_service::Scope;
use prost::Message as _;
use proto::log::v1::Page;
use support::{Server, batch, order};
use types::{Body, Position, Timestamp};

/// Partitions of the servers of these tests.
const PARTITIONS: u16 = 4;

async fn page(
    server: &Server,
    key: &str,
    partition: u16,
    after: &str,
) -> Result<Page, (u16, String)> {
    let path = format!("/v1/log/{partition}?after={after}");
    let answer = server
        .request("GET", &path)
        .bearer_auth(key)
        .send()
        .await
        .unwrap();
    let status = answer.status().as_u16();
    if status != 200 {
        let problem: serde_json::Value = answer.json().await.unwrap();
        return Err((status, problem["code"].as_str().unwrap().to_owned()));
    }
    assert_eq!(answer.headers()["content-type"], "application/x-protobuf");
    Ok(Page::decode(answer.bytes().await.unwrap()).unwrap())
}

fn ids(page: &Page) -> Vec<String> {
    let id = |record: &proto::log::v1::StoredRecord| {
        let body = record.body.clone().into();
        let read = events::record::decode(Position::START, Timestamp::MIN, &body);
        match read.unwrap().body {
            Body::Event { event, .. } => event.id.to_string(),
            other => panic!("{other:?}"),
        }
    };
    page.records.iter().map(id).collect()
}

#[tokio::test]
async fn a_key_reads_its_brands_records_to_the_end() {
    let server = Server::start().await;
    let key = server.key("acme", None, &[Scope::History]);
    let of = |number: u32| {
        let player = format!("\"player\":\"p{}\"", number % 9);
        order(&format!("o{number:02}"), "").replace("\"player\":\"a\"", &player)
    };
    let events: Vec<String> = (0..40).map(of).collect();
    server.publish(batch(&events)).await;
    let log = server.request("GET", "/v1/log").bearer_auth(&key);
    let log = support::answered(log).await.json;
    assert_eq!(log["brand"], "acme");
    assert_eq!(
        log["partitions"].as_array().unwrap().len(),
        usize::from(PARTITIONS)
    );
    let mut read = Vec::new();
    for partition in 0..PARTITIONS {
        let line = &log["partitions"][usize::from(partition)];
        let mut after = line["after"].as_str().unwrap().to_owned();
        let mut pages = 0;
        while after != line["end"].as_str().unwrap() && pages < 50 {
            let page = page(&server, &key, partition, &after).await.unwrap();
            let next = page.next.as_ref().unwrap();
            after = format!("{}.{}", next.sequence, next.index);
            read.extend(ids(&page));
            pages += 1;
        }
        // At the end there is nothing more, and nobody waits for it.
        let last = page(&server, &key, partition, &after).await.unwrap();
        assert!(last.records.is_empty());
    }
    read.sort();
    let expected: Vec<String> = (0..40).map(|number| format!("o{number:02}")).collect();
    assert_eq!(read, expected);
    server.stop().await;
}

#[tokio::test]
async fn another_brands_records_are_passed_over() {
    let server = Server::start().await;
    let other = server.key("other", None, &[Scope::History]);
    server.publish(batch(&[order("o1", "")])).await;
    for partition in 0..PARTITIONS {
        let page = page(&server, &other, partition, "0.0").await.unwrap();
        assert!(page.records.is_empty());
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_refused() {
    let server = Server::start().await;
    let key = server.key("acme", None, &[Scope::History]);
    let reader = server.key("acme", None, &[Scope::Read, Scope::Programme]);
    let refused = |status: u16, code: &str| Err((status, code.to_owned()));
    let code = |answer: Result<Page, (u16, String)>| answer.map(|_| ());
    let answers = [
        (
            code(page(&server, &reader, 0, "0.0").await),
            refused(403, "forbidden"),
        ),
        (
            code(page(&server, &key, 0, "begin").await),
            refused(400, "malformed"),
        ),
        (
            code(page(&server, &key, PARTITIONS, "0.0").await),
            refused(404, "not_found"),
        ),
    ];
    for (number, (got, expected)) in answers.into_iter().enumerate() {
        assert_eq!(got, expected, "{number}");
    }
    *server.log.cut.lock().unwrap() = Position {
        sequence: 7,
        index: 0,
    };
    let cut = code(page(&server, &key, 0, "0.0").await);
    assert_eq!(cut, refused(410, "gone"));
    let log = server.request("GET", "/v1/log").bearer_auth(&key);
    assert_eq!(
        support::answered(log).await.json["partitions"][0]["after"],
        "7.0"
    );
    server.stop().await;
}
