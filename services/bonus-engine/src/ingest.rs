//! The log behind ingest, wherever that runs: reports go there over HTTP, with a key of their brand.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::postback::{NotAppended, Postback, Postbacks};

/// An answer that takes longer is unknown.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where ingest is.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// Its HTTP address: `http://host:port`.
    pub url: String,
    /// For each brand a key with the scope `ingest` and the source `bonus-engine`, or any.
    #[serde(default)]
    pub keys: BTreeMap<String, String>,
}

/// Sends reports to ingest.
#[derive(Debug)]
pub struct Ingest {
    client: reqwest::Client,
    url: reqwest::Url,
    keys: BTreeMap<String, String>,
}

/// The text is no address, or there is no client.
#[derive(Debug, thiserror::Error)]
#[error("{url} is not an address of ingest, such as http://127.0.0.1:8080: {why}")]
pub struct IngestError {
    url: String,
    why: String,
}

impl Ingest {
    /// Does not connect yet.
    pub fn new(config: &IngestConfig) -> Result<Self, IngestError> {
        let wrong = |why: String| IngestError {
            url: config.url.clone(),
            why,
        };
        let url = reqwest::Url::parse(&config.url)
            .and_then(|url| url.join("/v1/events"))
            .map_err(|error| wrong(error.to_string()))?;
        let mut builder = reqwest::Client::builder().timeout(TIMEOUT);
        if url.scheme() != "https" {
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build();
        Ok(Self {
            client: client.map_err(|error| wrong(error.to_string()))?,
            url,
            keys: config.keys.clone(),
        })
    }
}

#[async_trait]
impl Postbacks for Ingest {
    async fn append(&self, postback: &Postback) -> Result<(), NotAppended> {
        let unavailable = |error: reqwest::Error| NotAppended::Unavailable(error.to_string());
        let Some(key) = self.keys.get(&postback.brand) else {
            // Told again and again: the operator may still name one.
            return Err(NotAppended::Unavailable(format!(
                "there is no key of brand {} in bonus_engine.ingest.keys",
                postback.brand
            )));
        };
        let request = self
            .client
            .post(self.url.clone())
            .bearer_auth(key)
            .header(CONTENT_TYPE, "application/json")
            .body(postback.event.to_string());
        let response = request.send().await.map_err(unavailable)?;
        let status = response.status();
        let text = response.text().await.map_err(unavailable)?;
        judge(status, &text)
    }
}

/// What an answer means. A wrong key is put right by the operator, so it is asked again.
fn judge(status: StatusCode, text: &str) -> Result<(), NotAppended> {
    if !status.is_success() {
        return Err(NotAppended::Unavailable(format!("{status}: {text}")));
    }
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    let result = &answer["results"][0];
    match (result["status"].as_str(), result["code"].as_str()) {
        (Some("rejected"), Some("unavailable" | "source_not_allowed")) | (None, _) => {
            Err(NotAppended::Unavailable(text.to_owned()))
        }
        (Some("rejected"), _) => Err(NotAppended::Refused(text.to_owned())),
        (Some(_), _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::{NotAppended, judge};

    #[test]
    fn an_answer_is_appended_refused_or_to_be_asked_for_again() {
        let result = |status: &str, code: &str| {
            format!(r#"{{"results":[{{"id":"1","status":"{status}","code":"{code}"}}]}}"#)
        };
        let table = [
            (202, result("accepted", ""), "appended"),
            (202, result("rejected", "unknown_type"), "refused"),
            (202, result("rejected", "unavailable"), "again"),
            (202, result("rejected", "source_not_allowed"), "again"),
            (202, "{}".to_owned(), "again"),
            (401, String::new(), "again"),
            (503, String::new(), "again"),
        ];
        for (status, text, expected) in table {
            let got = match judge(StatusCode::from_u16(status).unwrap(), &text) {
                Ok(()) => "appended",
                Err(NotAppended::Refused(_)) => "refused",
                Err(NotAppended::Unavailable(_)) => "again",
            };
            assert_eq!(got, expected, "{status} {text}");
        }
    }
}
