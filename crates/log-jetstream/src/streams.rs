//! Streams as code: made where they may be, compared where they are.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::{
    Compression, Config, DiscardPolicy, Info, PersistenceMode, RetentionPolicy, StorageType,
};
use serde::Deserialize;
use serde_json::Value;
use types::Timestamp;

use crate::api::{Api, ApiError};
use crate::error::OpenError;
use crate::settings::Settings;

/// The key of a stream's metadata that says which log it is a part of.
const LOG_KEY: &str = "questline.log";
/// What our keys in a stream's metadata begin with; the server has keys of its own there.
const OUR_KEYS: &str = "questline.";
/// Consumers that a stream takes: its readers, those that wait to be forgotten, and tools. Left out, the server's own default holds.
const CONSUMERS_MAX: i32 = 512;
/// Bytes of the control stream.
const CONTROL_BYTES: i64 = 1 << 20;

/// The configuration of a stream of the log `log`.
pub(crate) fn of_log(settings: &Settings, name: String, subjects: Vec<String>, log: u64) -> Config {
    Config {
        // Checked with the settings.
        max_bytes: settings.stream_bytes.cast_signed(),
        metadata: HashMap::from([(LOG_KEY.to_owned(), format!("{log:016x}"))]),
        ..common(settings, name, subjects)
    }
}

/// The configuration of the control stream.
pub(crate) fn of_control(settings: &Settings, name: String, subject: String) -> Config {
    Config {
        max_bytes: CONTROL_BYTES,
        ..common(settings, name, vec![subject])
    }
}

/// Nothing goes by itself: no age, no number, and a full stream refuses. What goes is purged below the floor (`floor.rs`).
pub(crate) fn common(settings: &Settings, name: String, subjects: Vec<String>) -> Config {
    Config {
        name,
        subjects,
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        discard: DiscardPolicy::New,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_message_size: -1,
        max_age: Duration::ZERO,
        max_consumers: CONSUMERS_MAX,
        duplicate_window: Duration::from_secs(120),
        allow_rollup: true,
        deny_delete: true,
        deny_purge: false,
        compression: Some(Compression::None),
        ..Config::default()
    }
}

/// What a stream of that name is; `None` where there is none.
pub(crate) async fn find(api: &Api, name: &str) -> Result<Option<Config>, ApiError> {
    let info = api
        .ask::<Info>(format!("STREAM.INFO.{name}"), &Value::Null)
        .await;
    match info {
        Ok(info) => Ok(Some(info.config)),
        Err(error) if error.is(ErrorCode::STREAM_NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
struct Said {
    #[serde(rename = "ts", deserialize_with = "crate::api::time")]
    at: Timestamp,
}

/// What the clock of a stream's leader shows: it stamps the answers to what is asked of it.
pub(crate) async fn clock(api: &Api, name: &str) -> Result<Timestamp, ApiError> {
    let said: Said = api.ask(format!("STREAM.INFO.{name}"), &Value::Null).await?;
    Ok(said.at)
}

/// Makes a stream. Another node that makes the same one at the same time is no error.
pub(crate) async fn make(api: &Api, wanted: &Config) -> Result<Config, ApiError> {
    let made = api
        .ask::<Info>(format!("STREAM.CREATE.{}", wanted.name), wanted)
        .await;
    made.map(|info| info.config)
}

/// Refuses a stream that is not as the code makes it, whatever the field.
pub(crate) fn same(wanted: &Config, found: &Config) -> Result<(), OpenError> {
    let (wanted, found) = (fields(wanted), fields(found));
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    for name in names {
        let text = |fields: &serde_json::Map<String, Value>| {
            let field = fields.get(name);
            field.map_or_else(|| "unset".to_owned(), Value::to_string)
        };
        let (want, is) = (text(&wanted), text(&found));
        if want != is {
            return Err(OpenError::Drift {
                stream: wanted["name"].as_str().unwrap_or_default().to_owned(),
                field: name.clone(),
                found: is,
                wanted: want,
            });
        }
    }
    Ok(())
}

/// A configuration as the server names its fields, without what the server adds and what means the same.
fn fields(config: &Config) -> serde_json::Map<String, Value> {
    let mut config = config.clone();
    config.metadata.retain(|key, _| key.starts_with(OUR_KEYS));
    config
        .persist_mode
        .take_if(|mode| matches!(mode, PersistenceMode::Default));
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&config) else {
        return serde_json::Map::new();
    };
    fields.retain(|_, value| !value.is_null());
    fields
}

/// What a server's refusal to make a stream means.
pub(crate) fn refused(settings: &Settings, wanted: &Config, error: ApiError) -> OpenError {
    let stream = wanted.name.clone();
    let why = error.to_string();
    let code = match error {
        ApiError::Unavailable(_) => None,
        ApiError::Refused { code, .. } => Some(code),
    };
    match code {
        Some(ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED | ErrorCode::CLUSTER_NO_PEERS) => {
            OpenError::Replicas {
                replicas: settings.replicas,
                why,
            }
        }
        Some(
            ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
            | ErrorCode::NO_LIMITS,
        ) => OpenError::NoRoom {
            stream,
            bytes: wanted.max_bytes.unsigned_abs(),
            why,
        },
        Some(ErrorCode::STREAM_SUBJECT_OVERLAP) => OpenError::Overlap { stream, why },
        Some(ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT) => {
            OpenError::NoJetStream { server: why }
        }
        _ => OpenError::Unavailable {
            servers: settings.servers.join(", "),
            why: format!("stream {stream}: {why}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use async_nats::jetstream::stream::{Config, PersistenceMode};

    use super::{of_log, same};
    use crate::settings::{Settings, Syncing};

    type Change = fn(&mut Config);

    #[test]
    fn any_field_that_differs_is_named() {
        let settings = Settings::new(vec!["nats://host".into()], "acme", Syncing::Accepted);
        let wanted = of_log(&settings, "q-log-00".into(), vec!["q.log.0".into()], 7);
        let table: &[(Change, Option<&str>)] = &[
            (|_| (), None),
            (
                |c| drop(c.metadata.insert("_nats.ver".into(), "2".into())),
                None,
            ),
            (|c| c.persist_mode = Some(PersistenceMode::Default), None),
            (
                |c| c.persist_mode = Some(PersistenceMode::Async),
                Some("persist_mode"),
            ),
            (|c| c.num_replicas = 1, Some("num_replicas")),
            (
                |c| c.max_age = std::time::Duration::from_secs(9),
                Some("max_age"),
            ),
            (|c| c.subjects.push("x".into()), Some("subjects")),
            (|c| c.metadata.clear(), Some("metadata")),
            (|c| c.deny_delete = false, Some("deny_delete")),
            (|c| c.allow_message_ttl = true, Some("allow_msg_ttl")),
        ];
        for (change, expected) in table {
            let mut found = wanted.clone();
            change(&mut found);
            let said = same(&wanted, &found).err().map(|error| error.to_string());
            match (said, expected) {
                (None, None) => {}
                (Some(said), Some(field)) => {
                    assert!(
                        said.starts_with(&format!("stream q-log-00 has {field} = ")),
                        "{said}"
                    );
                }
                (said, _) => panic!("{said:?} instead of {expected:?}"),
            }
        }
    }
}
