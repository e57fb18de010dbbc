//! Owners that are late: their rows lose, their heads are refused, and an answer that is lost is found out.

use ports::{Cas, Over, OwnerId, Stamp, StateStore, StoreError};
use store_cql::{CqlConfig, CqlStore, Timeouts};
use testkit::servers::cassandra::Cassandra;
use types::{Epoch, Partition};

use crate::proxy::Proxy;
use crate::support::{config, head, open, segment, segments};

const KEYSPACE: &str = "fencing";
/// How long an owner waits that is not to be answered, in milliseconds.
const IMPATIENT: u64 = 1_500;
/// How long one waits that is to be answered the next time.
const PATIENT: u64 = 6_000;

/// Two ways to one server: one that can be late, with an impatient owner at its end, and a straight one.
struct Ways {
    line: Proxy,
    late: CqlStore,
    straight: CqlStore,
}

/// A checkpoint of the owner before the takeover.
const OWN: Over = Over::Own {
    epoch: Epoch(1),
    owner: OwnerId(1),
};

impl Ways {
    async fn open(head_ms: u64) -> Self {
        let server = Cassandra::shared();
        let patient = config(server, KEYSPACE);
        let straight = open(&patient).await;
        let line = Proxy::to(server.address()).await;
        let impatient = CqlConfig {
            nodes: vec![line.node()],
            timeouts: Timeouts {
                write_ms: IMPATIENT,
                head_ms,
                ..patient.timeouts
            },
            ..patient
        };
        let late = open(&impatient).await;
        Self {
            line,
            late,
            straight,
        }
    }
}

fn unknown<T: std::fmt::Debug>(result: Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Unknown(_))), "{result:?}");
}

/// A fenced owner's rows arrive after the new owner's: the new owner's stay. A row that only the old one wrote shows that they did.
#[tokio::test]
async fn rows_of_a_fenced_owner_lose_whenever_they_land() {
    let ways = Ways::open(60_000).await;
    let p = crate::support::P;
    let old = [
        segment("zombie", 0, "old, and late"),
        segment("zombie", 1, "only the old one's"),
    ];
    ways.line.hold("and late");
    unknown(ways.late.write(p, Stamp(2_000), old.to_vec()).await);
    assert_eq!(
        segments(&ways.straight, "zombie", &[0, 1]).await,
        [None, None]
    );

    let new = vec![segment("zombie", 0, "new")];
    ways.straight
        .write(p, Stamp(10_002_000), new)
        .await
        .unwrap();
    ways.line.release().await;
    let expected = ["new", "only the old one's"].map(|text| Some(text.to_owned()));
    assert_eq!(segments(&ways.straight, "zombie", &[0, 1]).await, expected);
}

/// A time-out means unknown. The same rows under the same stamp settle it, also when the first ones land after all.
#[tokio::test]
async fn a_write_that_timed_out_is_written_again_under_its_stamp() {
    let ways = Ways::open(60_000).await;
    let p = crate::support::P;
    let rows = vec![segment("again", 0, "sent twice")];
    ways.line.hold("sent twice");
    unknown(ways.late.write(p, Stamp(50), rows.clone()).await);
    ways.straight.write(p, Stamp(50), rows).await.unwrap();
    let next = vec![segment("again", 0, "next")];
    ways.straight.write(p, Stamp(51), next).await.unwrap();
    ways.line.release().await;
    let next = [Some("next".to_owned())];
    assert_eq!(segments(&ways.straight, "again", &[0]).await, next);
}

/// The server did it, the answer is lost, what stands there says so.
#[tokio::test]
async fn a_lost_answer_is_found_by_reading() {
    let ways = Ways::open(PATIENT).await;
    let p = Partition(11);
    let (first, next) = (head(1, 1, 1_000, "first"), head(1, 1, 1_001, "answer lost"));
    let set = ways.straight.set_head(p, Over::Nothing, first).await;
    assert_eq!(set.unwrap(), Cas::Applied);
    ways.line.lose("answer lost");
    let set = ways.late.set_head(p, OWN, next.clone()).await;
    assert_eq!(set.unwrap(), Cas::Applied);
    ways.line.answered(1).await;
    assert_eq!(ways.straight.head(p).await.unwrap(), Some(next));
}

/// The answer is lost and another takes the partition over before what stands there is read: it is gone.
#[tokio::test]
async fn a_lost_answer_and_a_takeover_is_a_refusal() {
    let ways = Ways::open(PATIENT).await;
    let p = Partition(12);
    let (first, next) = (
        head(1, 1, 1_000, "first"),
        head(1, 1, 1_001, "lost, then taken"),
    );
    let set = ways.straight.set_head(p, Over::Nothing, first).await;
    assert_eq!(set.unwrap(), Cas::Applied);
    ways.line.lose("lost, then taken");
    let taken = head(2, 2, 10_001_001, "taken");
    let (late, ()) = tokio::join!(ways.late.set_head(p, OWN, next), async {
        ways.line.answered(1).await;
        let standing = ways.straight.head(p).await.unwrap();
        let standing = Over::seen(standing.as_ref());
        let set = ways.straight.set_head(p, standing, taken.clone()).await;
        assert_eq!(set.unwrap(), Cas::Applied);
    });
    assert_eq!(late.unwrap(), Cas::Refused(Some(taken)));
}

/// What stands there is what stood there before: it may still come. It does, after the owner has gone on, and takes nothing back.
#[tokio::test]
async fn a_head_that_comes_late_takes_nothing_back() {
    let ways = Ways::open(IMPATIENT).await;
    let p = Partition(13);
    let (first, held) = (head(1, 1, 1_000, "first"), head(1, 1, 1_001, "held up"));
    let last = head(1, 1, 1_002, "last");
    let set = ways
        .straight
        .set_head(p, Over::Nothing, first.clone())
        .await;
    assert_eq!(set.unwrap(), Cas::Applied);
    ways.line.hold("held up");
    unknown(ways.late.set_head(p, OWN, held.clone()).await);
    assert_eq!(ways.straight.head(p).await.unwrap(), Some(first));
    for next in [&held, &last] {
        let set = ways.straight.set_head(p, OWN, next.clone()).await;
        assert_eq!(set.unwrap(), Cas::Applied);
    }
    ways.line.release().await;
    assert_eq!(ways.straight.head(p).await.unwrap(), Some(last));
}
