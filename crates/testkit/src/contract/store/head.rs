//! Of the head: who may set it over what.

use std::sync::Arc;

use ports::{Cas, Head, Over, OwnerId, Stamp, StateStore};
use types::Epoch;

use super::{P0, P1, StoreFixture, head, standing};

pub(super) async fn set(store: &dyn StateStore, over: Over, head: &Head) -> Cas {
    let set = store.set_head(P0, over, head.clone()).await;
    set.expect("an answer")
}

/// The head of this epoch that [`head`] gives was seen.
fn seen(epoch: u64) -> Over {
    Over::seen(Some(&head(0, epoch, 0)))
}

fn own(epoch: u64, owner: u128) -> Over {
    Over::Own {
        epoch: Epoch(epoch),
        owner: OwnerId(owner),
    }
}

/// `head` is `None` where the partition was never owned, and a set that expects a head is refused there.
pub async fn a_partition_never_owned_has_no_head(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    assert_eq!(standing(&*store, P0).await, None);
    let refused = set(&*store, seen(1), &head(1, 2, 0)).await;
    assert_eq!(refused, Cas::Refused(None));
    assert_eq!(standing(&*store, P0).await, None);
}

/// All fields of a head come back, for its partition only.
pub async fn a_head_reads_back_whole(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let first = head(u128::MAX - 5, 1, 9);
    assert_eq!(set(&*store, Over::Nothing, &first).await, Cas::Applied);
    assert_eq!(standing(&*store, P0).await, Some(first));
    assert_eq!(standing(&*store, P1).await, None);
}

/// The head is set only where its epoch is the expected one; refused, the answer says what stands there.
pub async fn a_head_is_set_only_over_the_expected_epoch(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let first = head(1, 5, 0);
    set(&*store, Over::Nothing, &first).await;
    for over in [Over::Nothing, seen(4), seen(6)] {
        let refused = set(&*store, over, &head(2, 6, 0)).await;
        assert_eq!(refused, Cas::Refused(Some(first.clone())), "{over:?}");
    }
    assert_eq!(standing(&*store, P0).await, Some(first));
}

/// The head is set only where its owner is the one that asks.
pub async fn a_head_is_set_only_by_its_owner(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let first = head(1, 5, 0);
    set(&*store, Over::Nothing, &first).await;
    let refused = set(&*store, own(5, 2), &head(2, 5, 9)).await;
    assert_eq!(refused, Cas::Refused(Some(first)));
    let moved = head(1, 5, 9);
    assert_eq!(set(&*store, own(5, 1), &moved).await, Cas::Applied);
    assert_eq!(standing(&*store, P0).await, Some(moved));
}

/// A takeover names the head that was seen, whosever it is, and ends what the owner before may set.
pub async fn a_takeover_does_not_look_at_the_owner(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    set(&*store, Over::Nothing, &head(1, 5, 0)).await;
    let taken = head(2, 6, 0);
    assert_eq!(set(&*store, seen(5), &taken).await, Cas::Applied);
    let late = set(&*store, own(5, 1), &head(1, 5, 99)).await;
    assert_eq!(late, Cas::Refused(Some(taken)));
}

/// A takeover goes by the head that was seen: where its owner has set another since, what was seen is not what there is to take over.
pub async fn a_takeover_from_a_head_that_its_owner_left_is_refused(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let first = head(1, 5, 0);
    set(&*store, Over::Nothing, &first).await;
    let moved = Head {
        last_stamp: Stamp(first.last_stamp.0 + 1),
        ..head(1, 5, 9)
    };
    assert_eq!(set(&*store, own(5, 1), &moved).await, Cas::Applied);
    let refused = set(&*store, seen(5), &head(2, 6, 0)).await;
    assert_eq!(refused, Cas::Refused(Some(moved.clone())));
    let over = Over::seen(Some(&moved));
    assert_eq!(set(&*store, over, &head(2, 6, 9)).await, Cas::Applied);
}

/// The head is linearizable: of takeovers from one epoch at the same time one is applied.
pub async fn of_concurrent_takeovers_one_succeeds(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    set(&*store, Over::Nothing, &head(0, 1, 0)).await;
    let owners: Vec<_> = (1..=8)
        .map(|owner| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { (owner, set(&*store, seen(1), &head(owner, 2, 0)).await) })
        })
        .collect();
    let mut applied = Vec::new();
    for owner in owners {
        match owner.await.expect("an owner") {
            (owner, Cas::Applied) => applied.push(OwnerId(owner)),
            (_, Cas::Refused(_)) => {}
        }
    }
    let stands = standing(&*store, P0).await.expect("a head");
    assert_eq!(applied, [stands.owner]);
}
