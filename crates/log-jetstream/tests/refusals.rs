//! What a log does not open on, and the sentence that says what to set.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::net::SocketAddr;
use std::time::Duration;

use async_nats::jetstream::{self, stream};
use bench::settings;
use log_jetstream::{Clock, JetStreamLog, Login, OpenError, Settings, Syncing, Tls};
use ports::EventLog as _;
use testkit::servers::nats::{Nats, Options, USER};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// The refusal, which comes at once.
async fn refused(settings: Settings) -> OpenError {
    let at_once = Settings {
        open_timeout: Duration::ZERO,
        ..settings
    };
    match JetStreamLog::open(&at_once).await {
        Err(error) => error,
        Ok(_) => panic!("opened"),
    }
}

fn says(error: &OpenError, parts: &[&str]) {
    let text = error.to_string();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// Something that greets like a server and answers pings.
async fn stand_in(info: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (from, mut to) = socket.into_split();
                let mut lines = BufReader::new(from).lines();
                to.write_all(format!("INFO {info}\r\n").as_bytes()).await?;
                while let Some(line) = lines.next_line().await? {
                    if line == "PING" {
                        to.write_all(b"PONG\r\n").await?;
                    }
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    address
}

async fn greeted_with(info: &'static str) -> OpenError {
    let address = stand_in(info).await;
    refused(settings(vec![format!("nats://{address}")])).await
}

/// What an operator's tool does.
async fn admin(nats: &Nats) -> jetstream::Context {
    let (user, password) = USER;
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    jetstream::new(options.connect(nats.urls()).await.unwrap())
}

#[tokio::test]
async fn a_server_that_is_too_old() {
    let error = greeted_with(
        r#"{"server_id":"A","server_name":"old","version":"2.9.10","proto":1,"headers":true,"max_payload":8388608,"jetstream":true}"#,
    )
    .await;
    says(
        &error,
        &["old is version 2.9.10", "2.15.1 or later", "upgrade"],
    );
}

#[tokio::test]
async fn a_server_without_jetstream() {
    let nats = Nats::start(Options {
        jetstream: false,
        ..Options::default()
    })
    .await;
    says(
        &refused(settings(nats.urls())).await,
        &["n1 has no JetStream", "`jetstream: enabled`"],
    );
}

#[tokio::test]
async fn a_server_that_takes_small_messages_only() {
    let nats = Nats::start(Options {
        max_payload: "1MB".to_owned(),
        ..Options::default()
    })
    .await;
    says(
        &refused(settings(nats.urls())).await,
        &["up to 1048576 bytes", "set `max_payload: 8MB`"],
    );
}

#[tokio::test]
async fn a_server_that_syncs_later_unless_that_is_accepted() {
    let nats = Nats::start(Options {
        sync_always: false,
        ..Options::default()
    })
    .await;
    says(
        &refused(settings(nats.urls())).await,
        &[
            "n1 syncs its files every 120 s",
            "set `sync_interval: always`",
        ],
    );
    let accepting = Settings {
        syncing: Syncing::Accepted,
        ..settings(nats.urls())
    };
    let log = JetStreamLog::open(&accepting).await.unwrap();
    assert!(bench::append(&log, "kept").await.is_ok());
}

#[tokio::test]
async fn a_login_that_cannot_see_whether_the_server_syncs() {
    let nats = Nats::start(Options::default()).await;
    let blind = settings(nats.urls());
    let blind = Settings {
        syncing: Syncing::Verified {
            system: blind.login.clone(),
        },
        ..blind
    };
    says(
        &refused(blind).await,
        &["not one of the system account", "`Syncing::Accepted`"],
    );
}

#[tokio::test]
async fn a_wrong_login() {
    let nats = Nats::start(Options::default()).await;
    for login in [
        Login::Anonymous,
        Login::Token("wrong".to_owned()),
        Login::User {
            user: USER.0.to_owned(),
            password: "wrong".to_owned(),
        },
    ] {
        let wrong = Settings {
            login,
            ..settings(nats.urls())
        };
        let error = refused(wrong).await;
        assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
        says(&error, &["refuses the login", "correct user and password"]);
    }
}

#[tokio::test]
async fn a_server_that_expects_tls() {
    let error = greeted_with(
        r#"{"server_id":"A","server_name":"n","version":"2.15.1","proto":1,"headers":true,"max_payload":8388608,"jetstream":true,"tls_required":true}"#,
    )
    .await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    says(&error, &["name the server as tls://", "the certificates"]);
}

#[tokio::test]
async fn a_server_without_the_tls_that_is_required() {
    let nats = Nats::start(Options::default()).await;
    let error = refused(Settings {
        tls: Tls {
            required: true,
            ..Tls::default()
        },
        ..settings(nats.urls())
    })
    .await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    says(&error, &["tls://", "take TLS off on both sides"]);
}

#[tokio::test]
async fn nobody_there() {
    let [address] = testkit::servers::ports::free();
    let error = refused(settings(vec![format!("nats://{address}")])).await;
    assert!(matches!(error, OpenError::Unavailable { .. }), "{error:?}");
    says(&error, &[&address.to_string(), "start it, or correct"]);
}

#[tokio::test]
async fn more_replicas_than_servers() {
    let nats = Nats::start(Options::default()).await;
    let asked = Settings {
        replicas: 3,
        ..settings(nats.urls())
    };
    says(
        &refused(asked).await,
        &["asks for 3 replicas", "run at least 3 servers"],
    );
}

#[tokio::test]
async fn more_bytes_than_the_server_has() {
    let nats = Nats::start(Options::default()).await;
    let asked = Settings {
        stream_bytes: 1 << 60,
        ..settings(nats.urls())
    };
    says(
        &refused(asked).await,
        &["cannot reserve 1152921504606846976 bytes", "max_file_store"],
    );
}

#[tokio::test]
async fn subjects_that_another_stream_has() {
    let nats = Nats::start(Options::default()).await;
    let other = stream::Config {
        name: "other".to_owned(),
        subjects: vec!["test.>".to_owned()],
        ..stream::Config::default()
    };
    admin(&nats).await.create_stream(other).await.unwrap();
    says(
        &refused(settings(nats.urls())).await,
        &["taken by another stream", "choose another prefix"],
    );
}

/// A log of two partitions with one record; what the streams are.
async fn made(nats: &Nats) -> (JetStreamLog, stream::Config) {
    let log = bench::open(nats).await;
    bench::append(&log, "kept").await.unwrap();
    let stream = admin(nats).await.get_stream("test-log-00").await.unwrap();
    (log, stream.cached_info().config.clone())
}

#[tokio::test]
async fn a_stream_that_somebody_changed() {
    type Change = fn(&mut stream::Config);
    let nats = Nats::start(Options::default()).await;
    let (_log, config) = made(&nats).await;
    let admin = admin(&nats).await;
    let table: &[(Change, [&str; 2])] = &[
        (
            |c| c.max_age = Duration::from_secs(3600),
            ["max_age = 3600000000000", "makes it 0"],
        ),
        (
            |c| c.discard = stream::DiscardPolicy::Old,
            ["discard = \"old\"", "makes it \"new\""],
        ),
        (
            |c| c.allow_direct = true,
            ["allow_direct = true", "makes it unset"],
        ),
        (|c| c.metadata.clear(), ["metadata", "questline.log"]),
    ];
    for (change, parts) in table {
        let mut changed = config.clone();
        change(&mut changed);
        admin.update_stream(&changed).await.unwrap();
        let error = refused(settings(nats.urls())).await;
        assert!(matches!(error, OpenError::Drift { .. }), "{error:?}");
        says(&error, parts);
        says(&error, &["stream test-log-00", "change it back"]);
    }
    admin.update_stream(&config).await.unwrap();
    let log = bench::open(&nats).await;
    assert_eq!(bench::texts(&bench::all(&log).await), ["kept"]);
}

#[tokio::test]
async fn another_number_than_the_log_was_made_with() {
    let nats = Nats::start(Options::default()).await;
    let (log, config) = made(&nats).await;
    let base = || settings(nats.urls());
    let table = [
        (
            Settings {
                partitions: 4,
                ..base()
            },
            ["partitions = 2", "opened with 4"],
        ),
        (
            Settings {
                streams: 2,
                ..base()
            },
            ["streams = 1", "opened with 2"],
        ),
        (
            Settings {
                clock: Clock::Event,
                ..base()
            },
            ["clock = server", "opened with event"],
        ),
        (
            Settings {
                cluster: "other".to_owned(),
                ..base()
            },
            ["belongs to the cluster acme", "a prefix of its own"],
        ),
        (
            Settings {
                replicas: 3,
                ..base()
            },
            ["num_replicas = 1", "makes it 3"],
        ),
    ];
    for (asked, parts) in table {
        says(&refused(asked).await, &parts);
    }
    let admin = admin(&nats).await;
    let stream = admin.get_stream("test-log-00").await.unwrap();
    assert_eq!(stream.cached_info().config, config, "nothing was changed");
    assert!(admin.get_stream("test-log-01").await.is_err());
    assert_eq!(bench::texts(&bench::all(&log).await), ["kept"]);
}

#[tokio::test]
async fn a_stream_of_the_log_that_is_gone() {
    for gone in ["test-log-00", "test-control"] {
        let nats = Nats::start(Options::default()).await;
        made(&nats).await;
        admin(&nats).await.delete_stream(gone).await.unwrap();
        let error = refused(settings(nats.urls())).await;
        says(&error, &[gone, "is missing", "restore it from a backup"]);
    }
}

#[tokio::test]
async fn a_log_that_was_wiped_is_another() {
    let nats = Nats::start(Options::default()).await;
    let (log, _) = made(&nats).await;
    for stream in ["test-log-00", "test-control"] {
        admin(&nats).await.delete_stream(stream).await.unwrap();
    }
    let again = bench::open(&nats).await;
    assert_ne!(again.incarnation(), log.incarnation());
}
