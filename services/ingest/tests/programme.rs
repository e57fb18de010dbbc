//! Editing and publishing a programme over HTTP and gRPC.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use ingest_service::Scope;
use prost::Message;
use proto::programme::v1::programme_service_client::ProgrammeServiceClient;
use proto::programme::v1::{
    GetProgrammeRequest, ListVersionsRequest, PublishRequest, PutDraftRequest, StaleBase,
};
use serde_json::{Value, json};
use support::draft::{code, edited, publish, put};
use support::{Answer, PROGRAMME, Server, answered, order, outcomes};
use tonic::{Code, Request};
use tonic_types::StatusExt;

#[tokio::test]
async fn a_draft_is_put_published_and_events_are_read_against_it() {
    let server = Server::start().await;
    let current = server.get("/v1/programme").await;
    let version = current.json["version"].as_str().unwrap();
    assert_eq!(current.headers["etag"], format!("\"{version}\""));
    assert_eq!(
        (&current.json["number"], &current.json["draft"]),
        (&json!(1), &Value::Null)
    );
    let new_type = order("v1", "").replace("\"order\"", "\"video_seen\"");
    let new_type = new_type.replace(",\"amount\":\"10.00\",\"currency\":\"GBP\"", "");
    assert_eq!(
        outcomes(&server.publish(new_type.clone()).await),
        ["rejected:unknown_type"]
    );
    let draft = put(&server, &edited()).await;
    assert_eq!(
        (draft.status, &draft.json["valid"], &draft.json["base"]),
        (200, &json!(true), &json!(version))
    );
    // A draft is nothing but a text until it is published.
    assert_eq!(
        outcomes(&server.publish(new_type.clone()).await),
        ["rejected:unknown_type"]
    );
    assert_eq!(
        server.get("/v1/programme").await.json["draft"]["version"],
        draft.json["version"]
    );
    let published = publish(&server, &json!({"base": version, "note": "videos"})).await;
    assert_eq!(published.status, 200, "{}", published.json);
    assert_eq!(
        published.json["partitions"],
        json!({"total": 4, "active": 4})
    );
    assert_eq!(outcomes(&server.publish(new_type).await), ["accepted"]);
    let list = server.get("/v1/programme/versions?page_size=1").await.json;
    assert_eq!(
        (&list["versions"][0]["number"], &list["versions"][0]["note"]),
        (&json!(2), &json!("videos"))
    );
    assert_eq!(list["versions"][0]["source"], Value::Null);
    let token = list["next_page_token"].as_str().unwrap();
    let rest = server
        .get(&format!(
            "/v1/programme/versions?page_size=5&page_token={token}"
        ))
        .await
        .json;
    assert_eq!(
        (&rest["versions"][0]["number"], &rest["next_page_token"]),
        (&json!(1), &json!(""))
    );
    let one = server.get("/v1/programme/versions/1").await.json;
    assert_eq!(one["source"], PROGRAMME);
    for none in ["0", "3", "x"] {
        let path = format!("/v1/programme/versions/{none}");
        assert_eq!(code(&server.get(&path).await), (404, "not_found"), "{none}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_cannot_be_published_says_why_and_changes_nothing() {
    let server = Server::start().await;
    let current = server.get("/v1/programme").await.json;
    let base = current["version"].as_str().unwrap();
    let on = json!({"base": base});
    assert_eq!(code(&publish(&server, &on).await), (409, "no_draft"));
    put(&server, PROGRAMME).await;
    assert_eq!(code(&publish(&server, &on).await), (409, "unchanged"));
    // All errors at once, each with its place.
    let wrong = edited()
        .replace("rate: 1", "rat: 1")
        .replace("timezone: Europe/London", "timezone: Mars/Base");
    let draft = put(&server, &wrong).await.json;
    assert_eq!(
        (&draft["valid"], draft["errors"].as_array().unwrap().len()),
        (&json!(false), 2)
    );
    let refused = publish(&server, &on).await;
    assert_eq!(code(&refused), (422, "invalid_programme"));
    let errors = refused.json["errors"].as_array().unwrap();
    assert_eq!(
        (errors.len(), &errors[0]["line"]),
        (2, &json!(3)),
        "{errors:?}"
    );
    put(&server, &edited().replace("brand: acme", "brand: other")).await;
    assert_eq!(
        code(&publish(&server, &on).await),
        (422, "invalid_programme")
    );
    put(&server, &edited()).await;
    let table = [
        (json!({}), (400, "malformed")),
        (
            json!({"base": base, "version": "0".repeat(32)}),
            (409, "draft_changed"),
        ),
        (
            json!({"base": base, "note": "n".repeat(5_000)}),
            (400, "malformed"),
        ),
        (json!({"base": base, "more": 1}), (400, "malformed")),
    ];
    for (body, expected) in table {
        assert_eq!(code(&publish(&server, &body).await), expected, "{body}");
    }
    let tagged = |tag: &str| {
        let request = server
            .request("POST", "/v1/programme:publish")
            .bearer_auth(&server.key);
        answered(request.header("if-match", tag).json(&on))
    };
    assert_eq!(code(&tagged("*").await), (400, "malformed"));
    assert_eq!(code(&tagged("\"another\"").await), (400, "malformed"));
    server.programmes.refuse("`currency` stays GBP");
    let refused = publish(&server, &on).await;
    assert_eq!(code(&refused), (409, "cannot_follow"));
    assert_eq!(refused.json["reasons"], json!(["`currency` stays GBP"]));
    server.programmes.set_away(true);
    assert_eq!(code(&publish(&server, &on).await), (503, "unavailable"));
    server.programmes.set_away(false);
    assert_eq!(
        server.get("/v1/programme").await.json["version"],
        json!(base)
    );
    let key = server.key("acme", None, &[Scope::Ingest, Scope::Read]);
    for (method, path) in [
        ("PUT", "/v1/programme"),
        ("POST", "/v1/programme:publish"),
        ("GET", "/v1/programme/versions"),
    ] {
        let answer = answered(server.request(method, path).bearer_auth(&key)).await;
        assert_eq!(code(&answer), (403, "forbidden"), "{method} {path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_same_over_grpc() {
    let server = Server::start().await;
    let mut client = ProgrammeServiceClient::connect(format!("http://{}", server.grpc))
        .await
        .unwrap();
    fn with<T>(message: T, key: &str) -> Request<T> {
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .insert("authorization", format!("Bearer {key}").parse().unwrap());
        request
    }
    let key = &server.key;
    let source = edited().replace("rate: 1", "rat: 1");
    let wrong = client
        .put_draft(with(PutDraftRequest { source }, key))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (wrong.errors.len(), wrong.errors[0].line),
        (1, 11),
        "{wrong:?}"
    );
    let asked = PublishRequest {
        base: wrong.base.clone(),
        ..PublishRequest::default()
    };
    let status = client.publish(with(asked.clone(), key)).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let set = client
        .put_draft(with(PutDraftRequest { source: edited() }, key))
        .await
        .unwrap()
        .into_inner();
    let stale = PublishRequest {
        base: "x".to_owned(),
        ..PublishRequest::default()
    };
    let conflict = client.publish(with(stale, key)).await.unwrap_err();
    assert_eq!(conflict.code(), Code::Aborted);
    let info = conflict.get_details_error_info().unwrap();
    assert_eq!(info.reason, "STALE_BASE");
    let details = tonic_types::Status::decode(conflict.details()).unwrap();
    let stale = details.details.last().unwrap();
    assert!(
        stale
            .type_url
            .ends_with("/questline.programme.v1.StaleBase")
    );
    let stale = StaleBase::decode(&*stale.value).unwrap();
    assert_eq!(
        (&*stale.difference_of, &*stale.changes, stale.left_out),
        (
            "draft to current",
            &["event type video_seen: removed".to_owned()][..],
            0
        )
    );
    let current = stale.current.unwrap();
    assert_eq!((current.number, &current.version), (1, &wrong.base));
    assert!(current.published_at.is_some());
    let done = client.publish(with(asked, key)).await.unwrap().into_inner();
    let publication = done.publication.unwrap();
    assert_eq!(
        (
            publication.number,
            &publication.version,
            &*publication.source
        ),
        (2, &set.version, "")
    );
    let got = client
        .get_programme(with(GetProgrammeRequest {}, key))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        (got.current.unwrap().source, got.draft.unwrap().source),
        (edited(), edited())
    );
    let list = client
        .list_versions(with(ListVersionsRequest::default(), key))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        list.versions.iter().map(|it| it.number).collect::<Vec<_>>(),
        [2, 1]
    );
    let reader = server.key("acme", None, &[Scope::Read]);
    let status = client
        .get_programme(with(GetProgrammeRequest {}, &reader))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    server.stop().await;
}

async fn preview(server: &Server, query: &str, source: &str) -> Answer {
    let request = server.request("POST", &format!("/v1/programme:preview{query}"));
    answered(request.bearer_auth(&server.key).body(source.to_owned())).await
}

#[tokio::test]
async fn a_preview_is_of_all_players_in_all_partitions_and_changes_nothing() {
    let server = Server::start().await;
    for number in 0..1_200 {
        server.players.add("acme", &format!("p{number}"));
    }
    server.players.add("other", "p");
    let before = server.get("/v1/programme").await.json;
    let seen = preview(&server, "", &edited()).await;
    assert_eq!(seen.status, 200, "{}", seen.json);
    assert_eq!(seen.json["base"], before["version"]);
    assert_eq!(seen.json["version"], *programme::version_of(&edited()).0);
    assert_eq!(seen.json["next_page_token"], "");
    let sums = &seen.json["preview"];
    assert_eq!(sums["players"], 1_200);
    let moved = &sums["tiers"]["loyalty"]["moves"][0];
    assert_eq!(
        (&moved["from"], &moved["to"]),
        (&json!("silver"), &json!("gold"))
    );
    assert_eq!(moved["players"], 1_200);
    assert_eq!(moved["examples"].as_array().unwrap().len(), 10);
    assert_eq!(server.get("/v1/programme").await.json, before);
    // Without a body it is of the draft that was set.
    assert_eq!(code(&preview(&server, "", "").await), (409, "no_draft"));
    put(&server, &edited()).await;
    assert_eq!(preview(&server, "", "").await.json["preview"], *sums);
    server.stop().await;
}

#[tokio::test]
async fn a_preview_of_what_is_no_draft_is_refused_with_all_errors() {
    let server = Server::start().await;
    let wrong = preview(&server, "", "programme: p\nbrnd: acme\nzone: x\n").await;
    assert_eq!(code(&wrong), (422, "invalid_programme"));
    assert!(
        wrong.json["errors"].as_array().unwrap().len() > 2,
        "{}",
        wrong.json
    );
    let other = PROGRAMME.replace("brand: acme", "brand: other");
    assert_eq!(
        code(&preview(&server, "", &other).await),
        (422, "invalid_programme")
    );
    let token = preview(&server, "?page_token=x", &edited()).await;
    assert_eq!(code(&token), (400, "malformed"));
    let dollars = PROGRAMME.replace("currency: GBP", "currency: USD");
    let answer = preview(&server, "", &dollars).await;
    let reasons = &answer.json["cannot_follow"];
    assert!(
        reasons[0].as_str().unwrap().contains("currency"),
        "{}",
        answer.json
    );
    let reader = server.key("acme", None, &[Scope::Read]);
    let request = server.request("POST", "/v1/programme:preview");
    assert_eq!(
        code(&answered(request.bearer_auth(&reader)).await),
        (403, "forbidden")
    );
    server.stop().await;
}
