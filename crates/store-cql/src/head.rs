//! The head of a partition: the one row that is compared and set.

use bytes::Bytes;
use ports::{Cas, Head, Over, OwnerId, Stamp, StoreError};
use types::{Epoch, Partition, Position};

use crate::client::Client;
use crate::error::damaged;
use crate::metrics;
use crate::statements::Heads;

/// Its columns as they are read: owner, epoch, epoch's stamp, last stamp, cursor's sequence and index, fold.
type Columns = (Vec<u8>, i64, i64, i64, i64, i64, Bytes);

/// The head that stands, once every replica that matters agrees on it.
pub(crate) async fn read(
    client: &Client,
    partition: Partition,
) -> Result<Option<Head>, StoreError> {
    let columns = client.head::<Columns>(partition.0.into()).await?;
    columns.map(decode).transpose()
}

/// Compares and sets. Where the answer is lost, what stands there decides if it can.
pub(crate) async fn set(
    client: &Client,
    partition: Partition,
    over: Over,
    head: Head,
) -> Result<Cas, StoreError> {
    let applied = send(client, partition, over, &head).await;
    match applied {
        Ok(true) => {
            metrics::head_set(true);
            Ok(Cas::Applied)
        }
        Ok(false) => {
            metrics::head_set(false);
            Ok(Cas::Refused(read(client, partition).await?))
        }
        Err(StoreError::Unknown(why)) => {
            tracing::warn!(%partition, %why, "what became of the head is read");
            let there = read(client, partition).await;
            let resolved = there.ok().and_then(|there| resolve(over, &head, there));
            if resolved.is_some() {
                metrics::head_resolved();
            }
            resolved.ok_or(StoreError::Unknown(why))
        }
        Err(error) => Err(error),
    }
}

async fn send(
    client: &Client,
    partition: Partition,
    over: Over,
    head: &Head,
) -> Result<bool, StoreError> {
    let partition = i32::from(partition.0);
    let bytes = head.owner.0.to_be_bytes();
    let (epoch, epoch_stamp) = (head.epoch.0.cast_signed(), head.epoch_stamp.0);
    let last = head.last_stamp.0;
    let (sequence, index) = (
        head.cursor.sequence.cast_signed(),
        i64::from(head.cursor.index),
    );
    let (bytes, fold) = (bytes.as_slice(), &head.fold);
    match over {
        Over::Nothing => {
            let values = (
                bytes,
                epoch,
                epoch_stamp,
                last,
                sequence,
                index,
                fold,
                partition,
            );
            client.set_head(Heads::First, values).await
        }
        Over::Seen {
            epoch: expected,
            last_stamp,
        } => {
            let (expected, seen) = (expected.0.cast_signed(), last_stamp.0);
            let values = (
                bytes,
                epoch,
                epoch_stamp,
                last,
                sequence,
                index,
                fold,
                partition,
                expected,
                seen,
            );
            client.set_head(Heads::Taken, values).await
        }
        Over::Own {
            epoch: expected,
            owner,
        } => {
            let (expected, owner) = (expected.0.cast_signed(), owner.0.to_be_bytes());
            let owner = owner.as_slice();
            // A set that was held up on its way may arrive after a later one of the same owner: the last condition makes it lose.
            let values = (
                bytes,
                epoch,
                epoch_stamp,
                last,
                sequence,
                index,
                fold,
                partition,
                expected,
                owner,
                last,
            );
            client.set_head(Heads::Owned, values).await
        }
    }
}

/// What a lost answer was, where what stands there tells: ours, or one over which ours will never be set. Else it may still come.
fn resolve(over: Over, ours: &Head, there: Option<Head>) -> Option<Cas> {
    if there.as_ref() == Some(ours) {
        return Some(Cas::Applied);
    }
    (!over.is(there.as_ref())).then_some(Cas::Refused(there))
}

fn decode(columns: Columns) -> Result<Head, StoreError> {
    let (owner, epoch, epoch_stamp, last_stamp, sequence, index, fold) = columns;
    let wrong = |what: &str| damaged("a head", &what);
    let owner: [u8; 16] = owner
        .try_into()
        .map_err(|_| wrong("its owner is not 16 bytes"))?;
    Ok(Head {
        owner: OwnerId(u128::from_be_bytes(owner)),
        epoch: Epoch(epoch.cast_unsigned()),
        epoch_stamp: Stamp(epoch_stamp),
        last_stamp: Stamp(last_stamp),
        cursor: Position {
            sequence: sequence.cast_unsigned(),
            index: u32::try_from(index).map_err(|_| wrong("its cursor's index is no index"))?,
        },
        fold,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::{Cas, Head, Over, OwnerId, Stamp};
    use types::{Epoch, Position};

    use super::resolve;

    fn head(owner: u128, epoch: u64, last: i64) -> Head {
        Head {
            owner: OwnerId(owner),
            epoch: Epoch(epoch),
            epoch_stamp: Stamp(1),
            last_stamp: Stamp(last),
            cursor: Position::START,
            fold: Bytes::new(),
        }
    }

    /// What stands after an answer was lost, and what the answer was.
    #[test]
    fn what_stands_decides_what_a_lost_answer_was() {
        let (mine, before) = (head(7, 5, 20), head(7, 5, 10));
        let (stolen, other) = (head(8, 6, 30), head(8, 5, 10));
        let applied = Some(Cas::Applied);
        let refused = |there: &Head| Some(Cas::Refused(Some(there.clone())));
        let epoch = Epoch(5);
        let own = Over::Own {
            epoch,
            owner: OwnerId(7),
        };
        let seen = |epoch, last| Over::Seen {
            epoch: Epoch(epoch),
            last_stamp: Stamp(last),
        };
        let table = [
            (own, Some(&mine), applied.clone()),
            (own, Some(&before), None),
            (own, Some(&stolen), refused(&stolen)),
            (own, Some(&other), refused(&other)),
            (own, None, Some(Cas::Refused(None))),
            (seen(5, 10), Some(&other), None),
            (seen(5, 9), Some(&other), refused(&other)),
            (seen(4, 10), Some(&other), refused(&other)),
            (Over::Nothing, None, None),
            (Over::Nothing, Some(&mine), applied),
            (Over::Nothing, Some(&stolen), refused(&stolen)),
        ];
        for (over, there, outcome) in table {
            let resolved = resolve(over, &mine, there.cloned());
            assert_eq!(resolved, outcome, "{over:?} {there:?}");
        }
    }
}
