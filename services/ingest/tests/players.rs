//! Questions about players, the programme, and the description of it all.

mod support;

use ingest_service::{QueryError, ROUTES, Scope};
use serde_json::Value;
use support::{Server, answered};

#[tokio::test]
async fn players_are_listed_in_one_order_page_by_page() {
    let server = Server::start().await;
    let mut players: Vec<String> = (0..25)
        .map(|number| format!("p{number}"))
        .chain(["é".to_owned(), "Z".to_owned()])
        .collect();
    for player in &players {
        server.players.add("acme", player);
    }
    server.players.add("bold", "hidden");
    players.sort();
    let (mut listed, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let answer = server
            .get(&format!("/v1/players?page_size=10&page_token={token}"))
            .await;
        assert_eq!(answer.status, 200);
        let page = answer.json["players"].as_array().unwrap();
        listed.extend(
            page.iter()
                .map(|player| player["player"].as_str().unwrap().to_owned()),
        );
        token = answer.json["next_page_token"].as_str().unwrap().to_owned();
        pages += 1;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((listed, pages), (players, 3));
    for query in ["page_token=%21", "page_token=_w", "page_size=x", "page=1"] {
        assert_eq!(
            server.get(&format!("/v1/players?{query}")).await.json["code"],
            "malformed",
            "{query}"
        );
    }
    server.stop().await;
}

#[tokio::test]
async fn a_player_its_journal_and_its_events_are_answered() {
    let server = Server::start().await;
    server.players.add("acme", "a/b é?");
    let player = "/v1/players/a%2Fb%20%C3%A9%3F";
    let answer = server.get(player).await;
    assert_eq!(
        (answer.status, answer.json["player"].as_str()),
        (200, Some("a/b é?"))
    );
    assert_eq!(answer.json["as_of"], "0/1.0");
    let answer = server.get(&format!("{player}/journal?page_size=3")).await;
    let numbers = |answer: &Value| -> Vec<u64> {
        answer["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["number"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(numbers(&answer.json), [4, 3, 2]);
    assert_eq!(answer.json["player"]["balances"]["xp"], "10");
    let token = answer.json["next_page_token"].as_str().unwrap();
    let answer = server
        .get(&format!("{player}/journal?page_size=3&page_token={token}"))
        .await;
    assert_eq!(numbers(&answer.json), [1, 0]);
    assert!(answer.json.get("player").is_none());
    assert_eq!(answer.json["next_page_token"], "");
    let answer = server.get(&format!("{player}/events/shop/o%2F1")).await;
    assert_eq!(
        (answer.status, answer.json["event"].as_str()),
        (200, Some("o/1"))
    );
    for path in [
        "/v1/players/nobody",
        "/v1/players/nobody/journal",
        "/v1/players/a%00b",
        &format!("{player}/events/shop/none"),
        &format!("{player}/events/a%20b/o1"),
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (answer.status, answer.json["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    *server.players.failing.lock().unwrap() = Some(QueryError::Moving);
    let answer = server.get(player).await;
    assert_eq!(
        (answer.status, answer.headers.contains_key("retry-after")),
        (503, true)
    );
    // A brand without a programme has no players: nobody is asked, and nothing is said to come back.
    let elsewhere = server.key("elsewhere", None, &[Scope::Read]);
    for path in [player.to_owned(), format!("{player}/journal")] {
        let request = server.request("GET", &path).bearer_auth(&elsewhere);
        assert_eq!(answered(request).await.status, 404, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_programme_is_shown_to_whom_may_see_it() {
    let server = Server::start().await;
    let answer = server.get("/v1/programme").await;
    assert_eq!(
        (
            answer.json["programme"].as_str(),
            answer.json["source"].as_str()
        ),
        (Some("p"), Some(support::PROGRAMME))
    );
    assert_eq!(answer.json["version"].as_str().unwrap().len(), 32);
    let key = server.key("acme", None, &[Scope::Ingest]);
    assert_eq!(
        answered(server.request("GET", "/v1/programme").bearer_auth(key))
            .await
            .status,
        403
    );
    server.stop().await;
}

#[tokio::test]
async fn every_route_is_described_and_everything_described_is_a_route() {
    let server = Server::start().await;
    let document = answered(server.request("GET", "/openapi.json")).await.json;
    assert_eq!(document["openapi"], "3.1.0");
    let mut described = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.push((method.to_uppercase(), path.clone()));
            assert!(operation["operationId"].is_string(), "{method} {path}");
            let named = path.matches('{').count();
            let in_path = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .count();
            assert_eq!(in_path, named, "{method} {path}");
        }
    }
    let mut routes: Vec<(String, String)> = ROUTES
        .iter()
        .map(|(method, path)| ((*method).to_owned(), (*path).to_owned()))
        .collect();
    routes.sort();
    described.sort();
    assert_eq!(described, routes);
    let kinds: Vec<&str> = ingest_service::Kind::ALL
        .iter()
        .map(|kind| kind.code())
        .collect();
    assert_eq!(
        document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"],
        serde_json::json!(kinds)
    );
    let codes = document["components"]["schemas"]["Result"]["properties"]["code"]["description"]
        .as_str()
        .unwrap();
    assert!(
        events::Code::ALL
            .iter()
            .all(|code| codes.contains(code.as_str()))
    );
    references(&document, &document);
    for (method, path) in ROUTES {
        let path = path.replace(['{', '}'], "");
        assert_ne!(
            answered(server.request(method, &path)).await.json["code"],
            "no_such_path",
            "{path}"
        );
        let answer = answered(server.request("PATCH", &path)).await;
        let allowed = answer.headers["allow"].to_str().unwrap();
        assert_eq!(answer.status, 405, "{path}");
        assert!(
            allowed.split(", ").any(|allowed| allowed == method),
            "{path}: {allowed}"
        );
    }
    assert_eq!(server.get("/v2").await.json["code"], "no_such_path");
    server.stop().await;
}

fn references(part: &Value, document: &Value) {
    match part {
        Value::Object(object) => {
            if let Some(target) = object.get("$ref") {
                let pointer = target.as_str().unwrap_or_default().trim_start_matches('#');
                assert!(
                    !pointer.is_empty() && document.pointer(pointer).is_some(),
                    "{target}"
                );
            }
            object.values().for_each(|part| references(part, document));
        }
        Value::Array(items) => items.iter().for_each(|part| references(part, document)),
        _ => {}
    }
}

#[tokio::test]
async fn the_admin_port_answers_probes_and_scrapes() {
    let server = Server::start().await;
    let get = async |path: &str| {
        let response = reqwest::get(format!("http://{}{path}", server.admin))
            .await
            .unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await.0, 200);
    assert_eq!(get("/readyz").await.0, 200);
    assert_eq!(get("/metrics").await, (200, "questline_up 1\n".to_owned()));
    *server.players.failing.lock().unwrap() = Some(QueryError::Stopping);
    assert_eq!(get("/readyz").await.0, 503);
    assert_eq!(get("/healthz").await.0, 200);
    server.stop().await;
}
