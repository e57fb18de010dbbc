//! The contract of [`Liveness`].

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ports::{Liveness, LivenessError, Member, NodeName, OwnerId, Records, Renewal, Seen};
use tokio::sync::mpsc;
use tokio::time::timeout;
use types::Partition;

/// Makes nodes of one cluster, with leases of seconds or of paused time.
pub trait LivenessFixture: Send + Sync {
    /// Another node's connection to the fixture's records.
    fn open(&self) -> impl Future<Output = Arc<dyn Liveness>> + Send;
}

/// One test for each sentence of the contract, run over what the expression makes: `liveness_contract!(fixture())`.
#[macro_export]
macro_rules! liveness_contract {
    ($fixture:expr) => {
        $crate::liveness_contract!(@each $fixture;
            a_watch_begins_sound_and_with_what_stands
            a_renewed_lease_is_seen_by_all_with_what_it_says
            another_process_gets_no_name_whose_lease_stands
            a_lease_ends_by_itself_and_a_renewed_one_does_not
            who_leaves_is_gone_at_once_and_only_the_process_itself
            a_heartbeat_is_heard_by_all
            a_suspicion_ends_by_itself_however_often_it_is_written
            suspicions_stand_in_the_order_they_were_written
            the_holder_written_last_stands_until_it_lets_go
            what_was_told_before_a_watch_began_is_seen
        );
    };
    (@each $fixture:expr; $($name:ident)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                $crate::contract::liveness::$name(&$fixture).await;
            }
        )*
    };
}

/// How long anything may take that the contract promises.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a call is made again before the test gives up.
const TRIES: usize = 40;

const P0: Partition = Partition(0);
const P1: Partition = Partition(1);
const ONE: OwnerId = OwnerId(1);
const TWO: OwnerId = OwnerId(u128::MAX);

fn name(of: &str) -> NodeName {
    of.parse().expect("a name")
}

fn member(process: OwnerId) -> Member {
    Member {
        process,
        draining: false,
        logic: 1..=3,
        logic_met: None,
        address: "https://engine-0.internal:7443".into(),
    }
}

/// After an error it is not known whether the call was done: doing it again is safe.
async fn done<T, F: Future<Output = Result<T, LivenessError>>>(call: impl Fn() -> F) -> T {
    let mut last = None;
    for _ in 0..TRIES {
        match call().await {
            Ok(done) => return done,
            Err(error) => last = Some(error),
        }
    }
    panic!("not done in {TRIES} tries: {last:?}");
}

async fn renew(node: &dyn Liveness, of: &NodeName, member: &Member) -> Renewal {
    done(|| node.renew(of, member)).await
}

/// A watcher.
struct Eyes(mpsc::Receiver<Seen>);

impl Eyes {
    fn of(node: &dyn Liveness) -> Self {
        Self(node.watch())
    }

    /// The next that is wanted.
    async fn until<T>(&mut self, what: &str, wanted: impl Fn(Seen) -> Option<T>) -> T {
        let found = async {
            loop {
                let seen = self.0.recv().await.expect("a watch does not end");
                if let Some(found) = wanted(seen) {
                    return found;
                }
            }
        };
        let found = timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("never seen: {what}"))
    }

    /// The next listing that is as wanted.
    async fn listed(&mut self, what: &str, wanted: impl Fn(&Records) -> bool) -> Records {
        self.until(what, |seen| match seen {
            Seen::Listed(records) => wanted(&records).then_some(records),
            _ => None,
        })
        .await
    }
}

fn process_of(records: &Records, of: &NodeName) -> Option<OwnerId> {
    records.members.get(of).map(|member| member.process)
}

fn suspects(records: &Records) -> Vec<OwnerId> {
    let told = records.suspicions.iter();
    told.map(|told| told.process).collect()
}

/// The first word is that the connection works, and a listing comes though nothing happens.
pub async fn a_watch_begins_sound_and_with_what_stands(fixture: &impl LivenessFixture) {
    let node = fixture.open().await;
    let mut eyes = Eyes::of(&*node);
    let sound = eyes.until("a sound connection", |seen| match seen {
        Seen::Sound(sound) => Some(sound),
        _ => None,
    });
    assert!(sound.await);
    for _ in 0..3 {
        let nothing = eyes.listed("a listing", |_| true).await;
        assert_eq!(nothing, Records::default());
    }
}

/// A renewal makes the lease say what its member says.
pub async fn a_renewed_lease_is_seen_by_all_with_what_it_says(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let (mut own, mut others) = (Eyes::of(&*node), Eyes::of(&*other));
    let engine = name("engine-0");
    for draining in [false, true] {
        let member = Member {
            draining,
            logic: 2..=7,
            logic_met: Some(2),
            ..member(TWO)
        };
        assert_eq!(renew(&*node, &engine, &member).await, Renewal::Renewed);
        for eyes in [&mut own, &mut others] {
            let listed = |records: &Records| records.members.get(&engine) == Some(&member);
            eyes.listed("the lease", listed).await;
        }
    }
}

/// While a lease stands no other process gets the name, and the refusal says whose it is. A started node that leaves for the process
/// before gets it.
pub async fn another_process_gets_no_name_whose_lease_stands(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let (engine, standing) = (name("engine-0"), member(ONE));
    assert_eq!(renew(&*node, &engine, &standing).await, Renewal::Renewed);
    let refused = renew(&*other, &engine, &member(TWO)).await;
    assert_eq!(refused, Renewal::Refused { standing });
    let elsewhere = renew(&*other, &name("engine-1"), &member(TWO)).await;
    assert_eq!(elsewhere, Renewal::Renewed);
    done(|| other.leave(&engine, ONE)).await;
    let standing = member(TWO);
    assert_eq!(renew(&*other, &engine, &standing).await, Renewal::Renewed);
    let displaced = renew(&*node, &engine, &member(ONE)).await;
    assert_eq!(displaced, Renewal::Refused { standing });
}

/// A lease ends by itself, and not while it is renewed. Then the name is anybody's.
pub async fn a_lease_ends_by_itself_and_a_renewed_one_does_not(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let (gone, stays) = (name("gone"), name("stays"));
    let mut eyes = Eyes::of(&*other);
    renew(&*node, &gone, &member(ONE)).await;
    renew(&*other, &stays, &member(TWO)).await;
    let both = |records: &Records| records.members.len() == 2;
    eyes.listed("both leases", both).await;
    let ended = async {
        loop {
            let now = eyes.listed("a listing", |_| true).await;
            if process_of(&now, &gone).is_none() && process_of(&now, &stays).is_some() {
                return;
            }
            let third = renew(&*node, &stays, &member(OwnerId(3))).await;
            assert_ne!(third, Renewal::Renewed, "it was renewed all the time");
            let again = renew(&*other, &stays, &member(TWO)).await;
            assert_eq!(again, Renewal::Renewed);
        }
    };
    timeout(PATIENCE, ended).await.expect("the lease ends");
    let taken = renew(&*other, &gone, &member(TWO)).await;
    assert_eq!(taken, Renewal::Renewed);
}

/// Leaving ends the lease at once, for the process that is named and no other.
pub async fn who_leaves_is_gone_at_once_and_only_the_process_itself(
    fixture: &impl LivenessFixture,
) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let (engine, nobody) = (name("engine-0"), name("engine-1"));
    renew(&*node, &engine, &member(ONE)).await;
    done(|| node.leave(&engine, TWO)).await;
    done(|| node.leave(&nobody, ONE)).await;
    let refused = renew(&*other, &engine, &member(TWO)).await;
    assert_ne!(refused, Renewal::Renewed, "the lease of another stands");
    done(|| node.leave(&engine, ONE)).await;
    let mut eyes = Eyes::of(&*other);
    eyes.listed("nobody", |records| records.members.is_empty())
        .await;
    let taken = renew(&*other, &engine, &member(TWO)).await;
    assert_eq!(taken, Renewal::Renewed);
}

/// All watchers hear it, those of the own node included; each may lose some.
pub async fn a_heartbeat_is_heard_by_all(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let engine = name("engine-0");
    for watcher in [&node, &other] {
        let mut eyes = Eyes::of(&**watcher);
        let mut heard = false;
        for _ in 0..TRIES {
            done(|| node.beat(&engine, TWO)).await;
            // A listing comes in any case: the heartbeat was before it, or was lost.
            heard = eyes
                .until("a heartbeat or a listing", |seen| match seen {
                    Seen::Beat { name, process } => {
                        assert_eq!((name, process), (engine.clone(), TWO));
                        Some(true)
                    }
                    Seen::Listed(_) => Some(false),
                    Seen::Sound(_) => None,
                })
                .await;
            if heard {
                break;
            }
        }
        assert!(heard, "none of {TRIES} heartbeats");
    }
}

/// A suspicion stands a lease's time after it was first written.
pub async fn a_suspicion_ends_by_itself_however_often_it_is_written(
    fixture: &impl LivenessFixture,
) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let mut eyes = Eyes::of(&*other);
    done(|| node.suspect(ONE)).await;
    let told = eyes.listed("the suspicion", |records| suspects(records) == [ONE]);
    let first = told.await.suspicions[0];
    // Written again half a lease later, it would stand one and a half.
    let engine = name("engine-0");
    renew(&*node, &engine, &member(TWO)).await;
    done(|| other.suspect(ONE)).await;
    eyes.listed("the lease", |records| {
        assert!(records.suspicions.iter().all(|told| *told == first));
        process_of(records, &engine).is_some()
    })
    .await;
    let ended = eyes.listed("its end", |records| records.suspicions.is_empty());
    ended.await;
    done(|| other.suspect(ONE)).await;
    let again = eyes.listed("a new one", |records| suspects(records) == [ONE]);
    assert!(again.await.suspicions[0].revision > first.revision);
}

/// Suspicions are listed in the order they were written.
pub async fn suspicions_stand_in_the_order_they_were_written(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    for (writer, process) in [(&node, TWO), (&other, ONE), (&node, OwnerId(7))] {
        done(|| writer.suspect(process)).await;
    }
    let mut eyes = Eyes::of(&*node);
    let all = |records: &Records| suspects(records) == [TWO, ONE, OwnerId(7)];
    let revisions = eyes.listed("all three", all).await.suspicions;
    assert!(
        revisions
            .windows(2)
            .all(|pair| pair[0].revision < pair[1].revision)
    );
}

/// The last hint stands; only who is named takes it back.
pub async fn the_holder_written_last_stands_until_it_lets_go(fixture: &impl LivenessFixture) {
    let (node, other) = (fixture.open().await, fixture.open().await);
    let mut eyes = Eyes::of(&*node);
    let mut holders = async |what: &str, expected: &[(Partition, OwnerId)]| {
        let expected = expected.iter().copied().collect();
        eyes.listed(what, |records| records.holders == expected)
            .await;
    };
    done(|| node.hold(P0, ONE)).await;
    done(|| node.hold(P1, ONE)).await;
    holders("both", &[(P0, ONE), (P1, ONE)]).await;
    done(|| other.hold(P0, TWO)).await;
    holders("the later", &[(P0, TWO), (P1, ONE)]).await;
    done(|| node.release(P0, ONE)).await;
    done(|| node.release(P1, ONE)).await;
    holders("the later still", &[(P0, TWO)]).await;
    done(|| other.release(P0, TWO)).await;
    done(|| other.release(P0, TWO)).await;
    holders("nobody", &[]).await;
}

/// A watch begins with what stands now.
pub async fn what_was_told_before_a_watch_began_is_seen(fixture: &impl LivenessFixture) {
    let node = fixture.open().await;
    let engine = name("engine-0");
    renew(&*node, &engine, &member(ONE)).await;
    done(|| node.suspect(TWO)).await;
    done(|| node.hold(P1, ONE)).await;
    let late = fixture.open().await;
    let mut eyes = Eyes::of(&*late);
    eyes.listed("all of it", |records| {
        process_of(records, &engine) == Some(ONE)
            && suspects(records) == [TWO]
            && records.holders.get(&P1) == Some(&ONE)
    })
    .await;
}
