//! Opens a log: looks at the servers, then at the record, then at the streams; makes what is not there and may be made.

use std::time::Duration;

use async_nats::jetstream::stream::Config;
use tokio::time::{Instant, sleep};

use crate::api::{Api, ApiError};
use crate::connect::{Connection, check_server, connect};
use crate::error::OpenError;
use crate::identity::{self, Record, Standing, Trouble};
use crate::layout::Layout;
use crate::settings::{Settings, Syncing};
use crate::{servers, streams};

/// Between two looks at a cluster that is not ready.
const PAUSE: Duration = Duration::from_millis(200);

/// A log that is as it should be.
pub(crate) struct Opened {
    pub(crate) api: Api,
    pub(crate) connection: Connection,
    pub(crate) layout: Layout,
    pub(crate) record: Record,
}

/// Opens, waiting for a cluster that starts.
pub(crate) async fn open(settings: &Settings) -> Result<Opened, OpenError> {
    settings.check()?;
    patiently(settings, || attempt(settings)).await
}

/// Tries until the time given for opening is over, as long as it fails for servers that are not ready.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, OpenError>>>(
    settings: &Settings,
    attempt: impl Fn() -> F,
) -> Result<T, OpenError> {
    let deadline = Instant::now() + settings.open_timeout;
    let mut said = String::new();
    loop {
        match attempt().await {
            // Servers that start find each other one by one.
            Err(OpenError::Unavailable { why, .. } | OpenError::Replicas { why, .. })
                if Instant::now() + PAUSE < deadline =>
            {
                if said != why {
                    tracing::info!(why, "the log's servers are not ready; tried again");
                    said = why;
                }
                sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

async fn attempt(settings: &Settings) -> Result<Opened, OpenError> {
    let connection = connect(settings, &settings.login).await?;
    check_server(&connection.client)?;
    check_syncing(settings, &connection).await?;
    let layout = Layout {
        prefix: settings.prefix.clone(),
        partitions: settings.partitions,
        streams: settings.streams,
    };
    let api = Api::new(connection.client.clone());
    let record = establish(&api, settings, &layout).await?;
    Ok(Opened {
        api,
        connection,
        layout,
        record,
    })
}

async fn check_syncing(settings: &Settings, connection: &Connection) -> Result<(), OpenError> {
    match &settings.syncing {
        Syncing::Verified { system } => {
            let system = connect(settings, system).await?;
            let cluster = connection.client.server_info().cluster;
            servers::check(&system.client, cluster.as_deref()).await
        }
        Syncing::Accepted => {
            tracing::warn!(
                "NATS may acknowledge before it syncs: not looked at, as the settings accept"
            );
            Ok(())
        }
    }
}

/// The record and every stream, made where they may be.
async fn establish(api: &Api, settings: &Settings, layout: &Layout) -> Result<Record, OpenError> {
    let mut found = Vec::new();
    for number in 0..layout.streams {
        let stream = streams::find(api, &layout.stream(number)).await;
        found.push(stream.map_err(|error| unavailable(settings, &error))?);
    }
    let begun = found.iter().any(Option::is_some);
    control_stream(api, settings, layout, begun).await?;
    let standing = record(api, settings, layout, begun).await?;
    let record = &standing.record;
    record.check(settings, layout)?;
    for (number, found) in (0..).zip(&found) {
        let name = layout.stream(number);
        let wanted = streams::of_log(settings, name, layout.subjects(number), record.log);
        stream(api, settings, &wanted, found.as_ref(), record.made).await?;
    }
    if record.made {
        return Ok(standing.record);
    }
    let made = record.made();
    // Lost to another node: it has made the same streams.
    identity::replace(api, layout, Some(&standing), &made)
        .await
        .map_err(|error| unavailable(settings, &error))?;
    Ok(made)
}

/// The record; made where no stream of the log is there yet.
async fn record(
    api: &Api,
    settings: &Settings,
    layout: &Layout,
    begun: bool,
) -> Result<Standing, OpenError> {
    let failed = |trouble| match trouble {
        Trouble::Unreadable(why) => OpenError::Identity {
            stream: layout.control_stream(),
            why,
        },
        Trouble::Api(error) => unavailable(settings, &error),
    };
    if let Some(standing) = identity::read(api, layout).await.map_err(failed)? {
        return Ok(standing);
    }
    let empty = |why: &str| OpenError::Identity {
        stream: layout.control_stream(),
        why: why.to_owned(),
    };
    if begun {
        return Err(empty("it is empty, and the log's streams are there"));
    }
    // Lost to another node, its record holds.
    identity::replace(api, layout, None, &Record::new(settings))
        .await
        .map_err(|error| unavailable(settings, &error))?;
    let standing = identity::read(api, layout).await.map_err(failed)?;
    standing.ok_or_else(|| empty("what was written to it is gone"))
}

async fn control_stream(
    api: &Api,
    settings: &Settings,
    layout: &Layout,
    begun: bool,
) -> Result<(), OpenError> {
    let name = layout.control_stream();
    let wanted = streams::of_control(settings, name, layout.control_subject());
    let found = streams::find(api, &wanted.name)
        .await
        .map_err(|error| streams::refused(settings, &wanted, error))?;
    stream(api, settings, &wanted, found.as_ref(), begun).await
}

/// A bucket whose loss loses nothing: made again where it is gone.
pub(crate) async fn bucket(
    api: &Api,
    settings: &Settings,
    wanted: &Config,
) -> Result<(), OpenError> {
    let found = streams::find(api, &wanted.name)
        .await
        .map_err(|error| streams::refused(settings, wanted, error))?;
    stream(api, settings, wanted, found.as_ref(), false).await
}

/// A stream that is there must be as wanted; one that is not is made, unless it was there before.
async fn stream(
    api: &Api,
    settings: &Settings,
    wanted: &Config,
    found: Option<&Config>,
    was_there: bool,
) -> Result<(), OpenError> {
    match found {
        Some(found) => streams::same(wanted, found),
        None if was_there => Err(OpenError::Missing {
            stream: wanted.name.clone(),
        }),
        None => {
            let made = streams::make(api, wanted).await;
            let made = made.map_err(|error| streams::refused(settings, wanted, error))?;
            streams::same(wanted, &made)
        }
    }
}

fn unavailable(settings: &Settings, error: &ApiError) -> OpenError {
    OpenError::Unavailable {
        servers: settings.servers.join(", "),
        why: error.to_string(),
    }
}
