//! What the cluster service answers: about the node, about players that are set aside, to who hands a partition over.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::sync::Arc;

use async_trait::async_trait;
use engine::{QueryError, RepairError, Repaired, SetAside};
use engine_service::{Cluster, NodeStatus, OtherNode, PartitionStatus, Partitions, StatusError};
use ports::Entity;
use proto::cluster::v1::cluster_service_server::ClusterService;
use proto::cluster::v1::{
    ListPartitionsRequest, ListSetAsideRequest, RepairPlayerRequest, WarmPartitionRequest,
};
use tonic::{Code, Request};
use types::{Partition, Position};

/// A node on which a repair ends as the player's name says.
struct Fake;

#[async_trait]
impl Partitions for Fake {
    fn total(&self) -> u16 {
        8
    }

    fn node(&self) -> NodeStatus {
        NodeStatus {
            name: "engine-0".to_owned(),
            nodes: vec![OtherNode {
                name: "engine-1".to_owned(),
                address: "http://engine-1:8087".to_owned(),
                draining: true,
                suspected: false,
                logic: 1..=2,
            }],
            logic: Some(3),
            failed: vec![(Partition(2), "gap".to_owned())],
        }
    }

    async fn status(&self) -> Result<Vec<PartitionStatus>, StatusError> {
        Ok(Vec::new())
    }

    async fn set_aside(&self) -> Result<Vec<SetAside>, StatusError> {
        Ok(vec![SetAside {
            entity: entity("ann"),
            partition: Partition(3),
            position: Position {
                sequence: 7,
                index: 1,
            },
            why: "segment 2 is not in the store".to_owned(),
        }])
    }

    async fn repair(&self, player: &Entity, from_log: bool) -> Result<Repaired, RepairError> {
        match player.player.as_str() {
            "sound" => Err(RepairError::NotSetAside),
            "twice" => Err(RepairError::Running),
            "broken" if !from_log => Err(RepairError::StillBroken("why".to_owned())),
            "moving" => Err(RepairError::Query(QueryError::Moving)),
            _ => Ok(Repaired { records: 5 }),
        }
    }

    async fn warm(&self, partition: Partition) -> Result<usize, StatusError> {
        match partition {
            Partition(7) => Err(StatusError::Unavailable("why".to_owned())),
            _ => Ok(12),
        }
    }
}

fn entity(player: &str) -> Entity {
    Entity {
        brand: "acme".parse().unwrap(),
        player: player.parse().unwrap(),
    }
}

#[tokio::test]
async fn who_is_set_aside_is_listed_with_the_reason() {
    let cluster = Cluster::new(Arc::new(Fake));
    let answer = cluster.list_set_aside(Request::new(ListSetAsideRequest {}));
    let players = answer.await.unwrap().into_inner().players;
    assert_eq!(players.len(), 1);
    let ann = &players[0];
    assert_eq!(
        (&*ann.brand, &*ann.player, ann.partition),
        ("acme", "ann", 3)
    );
    assert!(ann.reason.contains("segment 2"));
    assert_eq!(ann.position.unwrap().sequence, 7);
}

#[tokio::test]
async fn a_repair_is_answered_by_what_it_came_to() {
    let cluster = Cluster::new(Arc::new(Fake));
    for (brand, player, from_log, expected) in [
        ("acme", "ann", false, Ok(5)),
        ("acme", "broken", true, Ok(5)),
        ("acme", "broken", false, Err(Code::Aborted)),
        ("acme", "twice", false, Err(Code::Aborted)),
        ("acme", "sound", false, Err(Code::FailedPrecondition)),
        ("acme", "moving", false, Err(Code::Unavailable)),
        ("", "ann", false, Err(Code::InvalidArgument)),
        ("acme", "\n", false, Err(Code::InvalidArgument)),
    ] {
        let request = RepairPlayerRequest {
            brand: brand.to_owned(),
            player: player.to_owned(),
            from_log,
        };
        let answer = cluster.repair_player(Request::new(request)).await;
        let answer = answer.map(|answer| answer.into_inner().records);
        assert_eq!(answer.map_err(|status| status.code()), expected, "{player}");
    }
}

#[tokio::test]
async fn a_node_names_itself_the_others_and_what_it_cannot_run() {
    let cluster = Cluster::new(Arc::new(Fake));
    let answer = cluster.list_partitions(Request::new(ListPartitionsRequest {}));
    let answer = answer.await.unwrap().into_inner();
    assert_eq!((&*answer.node, answer.partitions_total), ("engine-0", 8));
    let other = &answer.nodes[0];
    assert_eq!(
        (
            &*other.name,
            &*other.address,
            other.draining,
            other.suspected
        ),
        ("engine-1", "http://engine-1:8087", true, false)
    );
    assert_eq!(
        (other.logic_oldest, other.logic_newest, answer.logic),
        (1, 2, 3)
    );
    assert_eq!(
        (answer.failed[0].number, &*answer.failed[0].reason),
        (2, "gap")
    );
}

#[tokio::test]
async fn a_partition_is_warmed_up_for_whoever_hands_it_over() {
    let cluster = Cluster::new(Arc::new(Fake));
    for (partition, expected) in [
        (0, Ok(12)),
        (7, Err(Code::Unavailable)),
        (8, Err(Code::InvalidArgument)),
        (65_536, Err(Code::InvalidArgument)),
    ] {
        let request = WarmPartitionRequest { partition };
        let answer = cluster.warm_partition(Request::new(request)).await;
        let answer = answer.map(|answer| answer.into_inner().players);
        let answer = answer.map_err(|status| status.code());
        assert_eq!(answer, expected, "{partition}");
    }
}
