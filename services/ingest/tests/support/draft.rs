//! What an editor does over HTTP.

use serde_json::Value;

use super::{Answer, PROGRAMME, Server, answered};

pub(crate) fn edited() -> String {
    PROGRAMME.replace("article_read:", "video_seen: {}\n  article_read:")
}

pub(crate) async fn put(server: &Server, source: &str) -> Answer {
    let request = server.request("PUT", "/v1/programme");
    answered(request.bearer_auth(&server.key).body(source.to_owned())).await
}

pub(crate) async fn publish(server: &Server, body: &Value) -> Answer {
    let request = server.request("POST", "/v1/programme:publish");
    answered(request.bearer_auth(&server.key).json(body)).await
}

pub(crate) fn code(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.json["code"].as_str().unwrap_or(""))
}
