//! What was heard on its way to the bucket, ahead of the listings.
//!
//! A partition that is handed over stands still until its successor knows that it was let go. The word of that passes every watcher on
//! its way to the bucket; a listing shows it only once the bucket's servers have synced it. Hints make no owner, so a hint counts as soon
//! as it is heard. For a moment it also counts against listings, which may be of before; after that they are right.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::{OwnerId, Records};
use tokio::sync::Notify;
use tokio::time::Instant;
use types::Partition;

use super::records::{self, Key};
use crate::layout::Layout;

/// How long what was heard counts against listings.
const COUNTS: Duration = Duration::from_secs(1);

/// What is heard of a bucket.
#[derive(Default)]
pub(super) struct Heard {
    /// Something was.
    pub(super) news: Notify,
    hints: Mutex<BTreeMap<Partition, (Option<OwnerId>, Instant)>>,
}

impl Heard {
    /// A message on its way to the bucket.
    pub(super) fn hear(&self, layout: &Layout, subject: &str, value: &[u8]) {
        if let Some(Key::Holder(partition)) = Key::read(layout, subject) {
            let holder = records::decode_holder(value);
            // What nobody wrote who is one of us is left to the listing.
            if holder.is_some() || value.is_empty() {
                self.hints().insert(partition, (holder, Instant::now()));
            }
        }
        self.news.notify_one();
    }

    /// The records with what was heard lately.
    pub(super) fn over(&self, mut records: Records) -> Records {
        let mut hints = self.hints();
        hints.retain(|_, (_, heard)| heard.elapsed() < COUNTS);
        for (partition, (holder, _)) in hints.iter() {
            match holder {
                Some(holder) => drop(records.holders.insert(*partition, *holder)),
                None => drop(records.holders.remove(partition)),
            }
        }
        records
    }

    fn hints(&self) -> MutexGuard<'_, BTreeMap<Partition, (Option<OwnerId>, Instant)>> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use ports::{OwnerId, Records};
    use types::Partition;

    use super::Heard;
    use crate::layout::Layout;
    use crate::liveness::records::text;

    #[tokio::test(start_paused = true)]
    async fn a_hint_counts_as_soon_as_it_is_heard_and_for_a_second_against_listings() {
        let layout = Layout {
            prefix: "q".into(),
            partitions: 8,
            streams: 1,
        };
        let heard = Heard::default();
        let listed = Records {
            holders: [(Partition(1), OwnerId(1)), (Partition(2), OwnerId(1))].into(),
            ..Records::default()
        };
        let of = |number: u8| text(OwnerId(number.into())).into_bytes();
        for (subject, value) in [
            ("$KV.q-nodes.holder.1", Vec::new()),
            ("$KV.q-nodes.holder.3", of(2)),
            ("$KV.q-nodes.holder.2", b"no process".to_vec()),
            ("$KV.q-nodes.suspect.2", Vec::new()),
        ] {
            heard.hear(&layout, subject, &value);
        }
        let known = [(Partition(2), OwnerId(1)), (Partition(3), OwnerId(2))];
        assert_eq!(heard.over(listed.clone()).holders, known.into());
        tokio::time::advance(super::COUNTS).await;
        assert_eq!(heard.over(listed.clone()), listed);
    }
}
