//! GET and POST over HTTP for tests, so that they ask as a stranger would.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// The JSON at a URL such as `http://127.0.0.1:80/path`; `None` while nobody answers with 200.
pub(crate) fn get(url: &str) -> Option<Value> {
    get_as(url, None)
}

/// The same, under a key.
pub(crate) fn get_as(url: &str, key: Option<&str>) -> Option<Value> {
    let body = body(url, key)?;
    Some(serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn body(url: &str, key: Option<&str>) -> Option<Vec<u8>> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let mut stream = TcpStream::connect(host).ok()?;
    let key = bearer(key);
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\n{key}\r\n").ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    if !answer.starts_with(b"HTTP/1.0 200") && !answer.starts_with(b"HTTP/1.1 200") {
        return None;
    }
    answer.get(end + 4..).map(<[u8]>::to_vec)
}

/// The text at a URL; `None` while nobody answers with 200.
pub(crate) fn text(url: &str) -> Option<String> {
    String::from_utf8(body(url, None)?).ok()
}

/// All items of a paged list.
pub(crate) fn get_all(url: &str, items: &str) -> Option<Vec<Value>> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = get(&format!("{url}?page_size=1000&page_token={token}"))?;
        all.extend(page[items].as_array()?.iter().cloned());
        match page["next_page_token"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Some(all),
        }
    }
}

fn bearer(key: Option<&str>) -> String {
    key.map_or_else(String::new, |key| {
        format!("Authorization: Bearer {key}\r\n")
    })
}

/// Posts a body, under a key where one is named: the status, and the JSON of the answer.
pub(crate) fn post(url: &str, key: Option<&str>, body: &[u8]) -> (u16, Value) {
    post_with(url, key, "", body)
}

/// The same, with more header lines.
pub(crate) fn post_with(url: &str, key: Option<&str>, headers: &str, body: &[u8]) -> (u16, Value) {
    send("POST", url, &format!("{}{headers}", bearer(key)), body)
}

/// Sends a request with these header lines: the status, and the JSON of the answer.
pub(crate) fn send(method: &str, url: &str, headers: &str, body: &[u8]) -> (u16, Value) {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let length = body.len();
    let head = format!(
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\n{headers}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // A server that refuses a body by its length may close before all of it is sent.
    let sent = stream.write_all(body);
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer);
    let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    (
        status.unwrap_or_else(|| panic!("no answer: {text} {sent:?} {read:?}")),
        serde_json::from_str(body).unwrap_or(Value::Null),
    )
}
