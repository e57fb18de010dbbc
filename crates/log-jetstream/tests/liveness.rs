//! The port `Liveness` over real servers.

#![allow(missing_docs)]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::{self, stream::Stream};
use log_jetstream::{JetStreamLiveness, Settings};
use ports::{Liveness, Member, NodeName, OwnerId, Renewal, Seen};
use testkit::contract::liveness::LivenessFixture;
use testkit::servers::nats::{Nats, Options, USER};
use testkit::servers::proxy::{Mode, Proxy};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use types::Partition;

/// Short enough to be waited for, and the least that a renewal by a test on busy machines keeps alive.
const LEASE: Duration = Duration::from_secs(3);

struct Server(Nats);

impl Server {
    async fn start() -> Self {
        Self(Nats::start(Options::default()).await)
    }
}

impl LivenessFixture for Server {
    async fn open(&self) -> Arc<dyn Liveness> {
        let settings = bench::settings(self.0.urls());
        Arc::new(JetStreamLiveness::open(&settings, LEASE).await.unwrap())
    }
}

testkit::liveness_contract!(Server::start().await);

fn name() -> NodeName {
    "engine-0".parse().unwrap()
}

fn member(process: OwnerId) -> Member {
    Member {
        process,
        draining: false,
        logic: 1..=1,
        logic_met: None,
        address: "http://127.0.0.1:7000".into(),
    }
}

async fn open(nats: &Nats) -> JetStreamLiveness {
    let settings = bench::settings(nats.urls());
    JetStreamLiveness::open(&settings, LEASE).await.unwrap()
}

/// The next thing seen that is wanted.
async fn until(seen: &mut Receiver<Seen>, wanted: impl Fn(&Seen) -> bool) -> Seen {
    let found = async {
        loop {
            let next = seen.recv().await.unwrap();
            if wanted(&next) {
                return next;
            }
        }
    };
    timeout(Duration::from_secs(60), found).await.unwrap()
}

/// What an operator's tool sees.
async fn bucket(nats: &Nats) -> Stream {
    let (user, password) = USER;
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    let context = jetstream::new(options.connect(nats.urls()).await.unwrap());
    context.get_stream("KV_test-nodes").await.unwrap()
}

#[tokio::test]
async fn each_renewal_carries_the_time_after_which_it_ends() {
    let nats = Nats::start(Options::default()).await;
    let node = open(&nats).await;
    let bucket = bucket(&nats).await;
    for _ in 0..3 {
        let renewed = node.renew(&name(), &member(OwnerId(1))).await.unwrap();
        assert_eq!(renewed, Renewal::Renewed);
        let subject = "$KV.test-nodes.lease.engine-0";
        let stored = bucket
            .get_last_raw_message_by_subject(subject)
            .await
            .unwrap();
        let ttl = stored.headers.get("Nats-TTL").unwrap();
        assert_eq!(ttl.as_str(), "3");
    }
    // One message, however often it is renewed.
    let mut bucket = bucket;
    assert_eq!(bucket.info().await.unwrap().state.messages, 1);
}

#[tokio::test]
async fn a_bucket_that_somebody_changed_is_refused() {
    let nats = Nats::start(Options::default()).await;
    drop(open(&nats).await);
    let (user, password) = USER;
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    let context = jetstream::new(options.connect(nats.urls()).await.unwrap());
    let mut config = bucket(&nats).await.info().await.unwrap().config.clone();
    config.max_messages_per_subject = 5;
    context.update_stream(config).await.unwrap();
    let refused = JetStreamLiveness::open(&bench::settings(nats.urls()), LEASE).await;
    let said = refused.err().unwrap().to_string();
    assert!(
        said.starts_with("stream KV_test-nodes has max_msgs_per_subject = 5, this log makes it 1"),
        "{said}"
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_in_words() {
    let settings = bench::settings(vec!["nats://127.0.0.1:1".to_owned()]);
    for lease in [Duration::ZERO, Duration::from_millis(1_500)] {
        let refused = JetStreamLiveness::open(&settings, lease)
            .await
            .err()
            .unwrap();
        assert!(refused.to_string().contains("whole seconds"), "{refused}");
    }
    let wide = Settings {
        partitions: 1_024,
        streams: 128,
        ..settings
    };
    let refused = JetStreamLiveness::open(&wide, LEASE).await.err().unwrap();
    assert!(
        refused.to_string().contains("at most 768 partitions"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_server_that_is_gone_is_an_unsound_connection_until_it_is_back() {
    let mut nats = Nats::start(Options::default()).await;
    let node = open(&nats).await;
    let mut seen = node.watch();
    until(&mut seen, |seen| *seen == Seen::Sound(true)).await;
    nats.kill(0);
    until(&mut seen, |seen| *seen == Seen::Sound(false)).await;
    assert!(node.beat(&name(), OwnerId(1)).await.is_err());
    assert!(node.renew(&name(), &member(OwnerId(1))).await.is_err());
    nats.restart(0).await;
    until(&mut seen, |seen| *seen == Seen::Sound(true)).await;
    let renewed = node.renew(&name(), &member(OwnerId(1))).await.unwrap();
    assert_eq!(renewed, Renewal::Renewed);
    let listed = |seen: &Seen| matches!(seen, Seen::Listed(now) if now.members.len() == 1);
    until(&mut seen, listed).await;
}

/// A connection that is open and silent, as to a server that is paused: nothing says so but that nothing comes back.
#[tokio::test]
async fn a_silent_connection_is_not_sound() {
    let nats = Nats::start(Options::default()).await;
    let proxy = Proxy::start(nats.address(0)).await;
    let settings = bench::settings(vec![format!("nats://{}", proxy.address())]);
    let node = JetStreamLiveness::open(&settings, LEASE).await.unwrap();
    let mut seen = node.watch();
    until(&mut seen, |seen| *seen == Seen::Sound(true)).await;
    proxy.set(Mode::Mute);
    until(&mut seen, |seen| *seen == Seen::Sound(false)).await;
}

#[tokio::test]
async fn entries_of_somebody_else_are_left_out() {
    let nats = Nats::start(Options::default()).await;
    let node = open(&nats).await;
    let mut seen = node.watch();
    let (user, password) = USER;
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    let context = jetstream::new(options.connect(nats.urls()).await.unwrap());
    for (key, value) in [
        ("lease.a", "{}"),
        ("holder.1", "me"),
        ("lease.a.b", "{}"),
        ("x", "y"),
    ] {
        let subject = format!("$KV.test-nodes.{key}");
        context
            .publish(subject, value.into())
            .await
            .unwrap()
            .await
            .unwrap();
    }
    node.hold(Partition(0), OwnerId(1)).await.unwrap();
    let listed = |seen: &Seen| matches!(seen, Seen::Listed(now) if !now.holders.is_empty());
    let Seen::Listed(now) = until(&mut seen, listed).await else {
        panic!("no listing");
    };
    assert_eq!(now.holders, [(Partition(0), OwnerId(1))].into());
    assert!(now.members.is_empty());
}

#[tokio::test]
async fn a_lease_survives_the_buckets_leader() {
    let mut nats = Nats::start(Options {
        nodes: 3,
        ..Options::default()
    })
    .await;
    let settings = Settings {
        replicas: 3,
        ..bench::settings(nats.urls())
    };
    let lease = Duration::from_secs(30);
    let node = JetStreamLiveness::open(&settings, lease).await.unwrap();
    let member = member(OwnerId(1));
    node.renew(&name(), &member).await.unwrap();
    let info = bucket(&nats).await.info().await.unwrap().clone();
    let leader = info.cluster.unwrap().leader.unwrap();
    let leader = nats.node_named(&leader);
    nats.kill(leader);
    // Fails until another leads; the lease goes on.
    let renewed = async {
        loop {
            if let Ok(renewed) = node.renew(&name(), &member).await {
                return renewed;
            }
            tokio::task::yield_now().await;
        }
    };
    let renewed = timeout(Duration::from_secs(60), renewed).await.unwrap();
    assert_eq!(renewed, Renewal::Renewed);
}
