//! Asks every server with JetStream whether it syncs before it acknowledges.
//!
//! `sync_interval` is a setting of a whole server. A client's login cannot see it; the system account can: each server answers
//! `$SYS.REQ.SERVER.PING.JSZ` with its version, its configuration of JetStream and the size of the group that it belongs to. So one
//! request sees every server that runs. One that is down at this moment is not seen; the log says how many were.

use std::time::Duration;

use async_nats::{Client, StatusCode};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use crate::error::OpenError;
use crate::version;

const ASK: &str = "$SYS.REQ.SERVER.PING.JSZ";
/// How long all answers together may take.
const ANSWERS_TIMEOUT: Duration = Duration::from_secs(2);

/// One server's answer.
#[derive(Debug, Deserialize)]
struct Answer {
    server: Server,
    /// Absent where the server says that it has none.
    data: Option<JetStream>,
}

#[derive(Debug, Deserialize)]
struct Server {
    name: String,
    #[serde(default)]
    cluster: Option<String>,
    #[serde(rename = "ver")]
    version: String,
}

#[derive(Debug, Deserialize)]
struct JetStream {
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    config: Config,
    meta_cluster: Option<MetaCluster>,
}

#[derive(Debug, Default, Deserialize)]
struct Config {
    /// Nanoseconds.
    #[serde(default)]
    sync_interval: u64,
    #[serde(default)]
    sync_always: bool,
}

#[derive(Debug, Deserialize)]
struct MetaCluster {
    cluster_size: usize,
}

/// Refuses unless every server of `cluster` that answers is new enough and syncs before it acknowledges.
pub(crate) async fn check(system: &Client, cluster: Option<&str>) -> Result<(), OpenError> {
    let (servers, of) = answers(system, cluster).await?;
    for (server, jetstream) in &servers {
        version::check(&server.name, &server.version)?;
        if !jetstream.config.sync_always {
            return Err(OpenError::LazySync {
                server: server.name.clone(),
                seconds: jetstream.config.sync_interval / 1_000_000_000,
            });
        }
    }
    if servers.is_empty() {
        return Err(OpenError::SyncUnseen(
            "no server with JetStream answered the system account".to_owned(),
        ));
    }
    tracing::info!(
        servers = servers.len(),
        of,
        "NATS syncs before it acknowledges"
    );
    Ok(())
}

/// The servers of `cluster` with JetStream, until all have answered or the time is over; and how many there are.
async fn answers(
    system: &Client,
    cluster: Option<&str>,
) -> Result<(Vec<(Server, JetStream)>, usize), OpenError> {
    let unseen = |why: String| OpenError::SyncUnseen(why);
    let inbox = system.new_inbox();
    let mut replies = system
        .subscribe(inbox.clone())
        .await
        .map_err(|error| unseen(error.to_string()))?;
    system
        .publish_with_reply(ASK, inbox, r#"{"config":true}"#.into())
        .await
        .map_err(|error| unseen(error.to_string()))?;
    let deadline = Instant::now() + ANSWERS_TIMEOUT;
    let (mut answers, mut expected) = (Vec::new(), 1);
    while answers.len() < expected
        && let Ok(Some(reply)) = timeout_at(deadline, replies.next()).await
    {
        if reply.status == Some(StatusCode::NO_RESPONDERS) {
            return Err(unseen(
                "the login given for it is not one of the system account".to_owned(),
            ));
        }
        let answer: Answer = serde_json::from_slice(&reply.payload)
            .map_err(|error| unseen(format!("a server's answer is not readable ({error})")))?;
        let ours = answer.server.cluster.as_deref() == cluster;
        if let Some(data) = answer.data.filter(|data| ours && !data.disabled) {
            let group = data.meta_cluster.as_ref();
            expected = group.map_or(expected, |group| expected.max(group.cluster_size));
            answers.push((answer.server, data));
        }
    }
    Ok((answers, expected))
}

#[cfg(test)]
mod tests {
    use super::Answer;

    #[test]
    fn an_answer_of_a_server_is_read() {
        let answer: Answer = serde_json::from_str(
            r#"{"server":{"name":"n1","host":"h","id":"I","cluster":"c","ver":"2.15.1","jetstream":true,"seq":1},
                "data":{"memory":0,"config":{"max_memory":1,"sync_interval":120000000000,"sync_always":true},
                        "meta_cluster":{"name":"c","leader":"n2","cluster_size":3}}}"#,
        )
        .unwrap();
        let data = answer.data.unwrap();
        assert!(data.config.sync_always && !data.disabled);
        assert_eq!(data.meta_cluster.unwrap().cluster_size, 3);
        assert_eq!(answer.server.version, "2.15.1");
    }
}
