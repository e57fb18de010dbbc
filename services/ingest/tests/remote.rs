//! An ingest node asks the engine node that folds the player, whichever that is.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::sync::Arc;

use ingest_service::{Asked, Draft, Hints, NoEndpoint, Queries, QueryError, RemoteQueries};
use ports::{Entity, Liveness, Member, OwnerId};
use proto::cluster::v1::query_service_server::QueryServiceServer;
use support::FakePlayers;
use testkit::faulty::{Dice, FaultyLiveness};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use types::{Partition, Position};

const PARTITIONS: u16 = 4;
const LEASE: std::time::Duration = std::time::Duration::from_secs(30);

/// An engine node that knows what the fake knows.
async fn node() -> (Arc<FakePlayers>, String) {
    let players = Arc::new(FakePlayers::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = QueryServiceServer::new(Asked::new(players.clone()));
    let serving = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(serving.serve_with_incoming(TcpListenerStream::new(listener)));
    (players, url)
}

fn entity(player: &str) -> Entity {
    Entity {
        brand: "acme".parse().unwrap(),
        player: player.parse().unwrap(),
    }
}

/// Every answer about a player, as text.
async fn answers(queries: &dyn Queries, player: &str) -> Vec<String> {
    let entity = entity(player);
    let (shop, event) = ("shop".parse().unwrap(), "o1".parse().unwrap());
    let at = Position {
        sequence: 7,
        index: 1,
    };
    let draft = Draft {
        brand: &entity.brand,
        source: "programme: p",
    };
    let (mut listed, mut previews) = (Vec::new(), Vec::new());
    for partition in 0..PARTITIONS {
        let partition = Partition(partition);
        let players = queries.players(partition, &entity.brand, None, 10).await;
        listed.extend(players.unwrap());
        // One that is full leads on.
        for limit in [1, 10] {
            previews.push(queries.preview(partition, draft, None, limit).await);
        }
    }
    vec![
        format!("{:?}", queries.player(&entity).await),
        format!("{:?}", queries.journal(&entity, None, 3).await),
        format!("{:?}", queries.journal(&entity, Some(2), 3).await),
        format!("{:?}", queries.explain(&entity, &shop, &event).await),
        format!("{:?}", queries.outcome(&entity, at).await),
        format!("{listed:?}"),
        format!("{previews:?}"),
    ]
}

#[tokio::test]
async fn every_answer_is_the_node_s_own() {
    let (players, url) = node().await;
    players.add("acme", "known");
    let remote = RemoteQueries::new(&[url], PARTITIONS, None).unwrap();
    for player in ["known", "unknown"] {
        let own = answers(players.as_ref(), player).await;
        assert_eq!(answers(&remote, player).await, own, "{player}");
    }
    let up_to = [
        (Partition(1), Position::START),
        (
            Partition(3),
            Position {
                sequence: 9,
                index: 2,
            },
        ),
    ];
    remote.drained(&up_to).await.unwrap();
    let mut drained = players.drained.lock().unwrap().clone();
    drained.sort_unstable();
    assert_eq!(drained, up_to);
}

#[tokio::test]
async fn a_node_that_does_not_fold_the_player_is_not_the_last_asked() {
    let ((moved, first), (owner, second)) = (node().await, node().await);
    owner.add("acme", "p");
    let remote = RemoteQueries::new(&[first, second], PARTITIONS, None).unwrap();
    for not_there in [QueryError::Moving, QueryError::Stopping] {
        *moved.failing.lock().unwrap() = Some(not_there);
        assert!(remote.player(&entity("p")).await.unwrap().is_some());
    }
    // The first folds it, and is busy: another could not know more.
    let (busy, first) = node().await;
    *busy.failing.lock().unwrap() = Some(QueryError::Overloaded);
    let (_, second) = node().await;
    let remote = RemoteQueries::new(&[first, second], PARTITIONS, None).unwrap();
    let asked = remote.player(&entity("p")).await;
    assert_eq!(asked.unwrap_err(), QueryError::Overloaded);
}

#[tokio::test]
async fn where_no_node_answers_the_partition_is_moving() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", gone.local_addr().unwrap());
    drop(gone);
    let (moved, other) = node().await;
    *moved.failing.lock().unwrap() = Some(QueryError::Moving);
    let remote = RemoteQueries::new(&[url, other], PARTITIONS, None).unwrap();
    let asked = remote.player(&entity("p")).await;
    assert_eq!(asked.unwrap_err(), QueryError::Moving);
}

#[tokio::test]
async fn a_question_goes_to_the_node_that_holds_the_partition_and_follows_it() {
    let ((named, first), (owner, second)) = (node().await, node().await);
    owner.add("acme", "p");
    *named.failing.lock().unwrap() = Some(QueryError::Moving);
    let dice = Arc::new(Dice::new(1));
    dice.set_calm(true);
    let nodes = Arc::new(FaultyLiveness::new(LEASE, dice));
    let hints = Hints::follow(nodes.clone());
    // Only the hints name the second one.
    let remote = RemoteQueries::new(std::slice::from_ref(&first), PARTITIONS, Some(hints)).unwrap();
    let player = entity("p");
    let asked = remote.player(&player);
    let moves = async {
        for (name, url, process) in [
            ("first", &first, OwnerId(1)),
            ("second", &second, OwnerId(2)),
        ] {
            let member = Member {
                process,
                draining: false,
                logic: 1..=1,
                logic_met: None,
                address: url.as_str().into(),
            };
            nodes.renew(&name.parse().unwrap(), &member).await.unwrap();
            for partition in 0..PARTITIONS {
                nodes.hold(Partition(partition), process).await.unwrap();
            }
        }
    };
    let (found, ()) = tokio::join!(asked, moves);
    assert!(found.unwrap().is_some());
    *owner.failing.lock().unwrap() = Some(QueryError::Overloaded);
    let asked = remote.player(&entity("p")).await;
    assert_eq!(
        asked.unwrap_err(),
        QueryError::Overloaded,
        "the holder was asked first"
    );
}

#[test]
fn nodes_that_cannot_be_asked_are_named() {
    let none = RemoteQueries::new(&[], PARTITIONS, None);
    assert!(matches!(none, Err(NoEndpoint::None)));
    let wrong = RemoteQueries::new(&["not an address".to_owned()], PARTITIONS, None);
    assert!(
        matches!(wrong, Err(NoEndpoint::NotAnAddress { endpoint }) if endpoint == "not an address")
    );
}
