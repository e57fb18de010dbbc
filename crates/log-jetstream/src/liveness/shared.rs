//! What the calls and the watchers of one node have in common.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::api::Api;
use crate::layout::Layout;

pub(super) struct Shared {
    pub(super) api: Api,
    pub(super) layout: Layout,
    /// How many entries of the last listing were not ours.
    pub(super) foreign: AtomicUsize,
}

impl Shared {
    /// Says when it changes that somebody else writes to the bucket.
    pub(super) fn note_foreign(&self, foreign: usize) {
        if self.foreign.swap(foreign, Ordering::Relaxed) != foreign && foreign > 0 {
            let bucket = self.layout.nodes_bucket();
            tracing::warn!(bucket, foreign, "entries that no node wrote; left out");
        }
    }
}
