//! Sees an acknowledged batch that is missing, though the stream's sequences say nothing.
//!
//! A stream's sequences are shared by its subjects, so a hole in a partition does not show in them; nor does a log that was restored
//! from before its end. So a publisher numbers its batches in each partition: the number moves on with an acknowledgement, is the same in
//! every repeat, and starts in a new chain when it is not known whether a batch was appended. Then a number that is passed over can only
//! be an acknowledged batch that is gone.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use crate::frame::Link;

/// Chains whose last number a reader keeps: publishers that restarted leave theirs behind.
const CHAINS_MAX: usize = 1_024;

/// A publisher's numbering in one partition.
#[derive(Debug)]
pub(crate) struct Numbering {
    next: Link,
    /// A batch was numbered and its outcome is not known.
    open: bool,
}

impl Numbering {
    pub(crate) fn new() -> Self {
        Self {
            next: Link {
                chain: RandomState::new().hash_one("chain"),
                number: 1,
            },
            open: false,
        }
    }

    /// The number of the batch that is published next. Until [`Self::settle`] its outcome counts as unknown.
    pub(crate) fn open(&mut self) -> Link {
        if self.open {
            *self = Self::new();
        }
        self.open = true;
        self.next
    }

    /// The batch was appended, or certainly was not.
    pub(crate) fn settle(&mut self, appended: bool) {
        self.open = false;
        self.next.number += u64::from(appended);
    }
}

/// What a reader has seen of the publishers of its partition.
#[derive(Debug)]
pub(crate) struct Chains {
    /// By chain: its last number, and where that stood.
    last: HashMap<u64, (u64, u64)>,
    /// All that was ever there was seen, so that a chain not seen yet begins with its first number.
    complete: bool,
}

impl Chains {
    /// Of a reader that begins at the start of a partition of which nothing was removed, or anywhere else.
    pub(crate) fn new(from_the_start: bool) -> Self {
        Self {
            last: HashMap::new(),
            complete: from_the_start,
        }
    }

    /// Takes the batch at `sequence`; false if one before it is missing.
    pub(crate) fn follows(&mut self, link: Link, sequence: u64) -> bool {
        match self.last.get_mut(&link.chain) {
            // A repeat.
            Some((last, _)) if link.number <= *last => true,
            Some((last, at)) if link.number == *last + 1 => {
                (*last, *at) = (link.number, sequence);
                true
            }
            Some(_) => false,
            None if self.complete && link.number > 1 => false,
            None => {
                self.last.insert(link.chain, (link.number, sequence));
                self.forget_the_oldest();
                true
            }
        }
    }

    fn forget_the_oldest(&mut self) {
        if self.last.len() > CHAINS_MAX {
            let oldest = self.last.iter().min_by_key(|(_, (_, sequence))| *sequence);
            if let Some(chain) = oldest.map(|(chain, _)| *chain) {
                self.last.remove(&chain);
                self.complete = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHAINS_MAX, Chains, Numbering};
    use crate::frame::Link;

    #[test]
    fn a_number_moves_on_with_an_acknowledgement_only() {
        let mut numbering = Numbering::new();
        let first = numbering.open();
        numbering.settle(false);
        assert_eq!(numbering.open(), first);
        numbering.settle(true);
        let second = numbering.open();
        assert_eq!((second.chain, second.number), (first.chain, 2));
        // The outcome of the second never became known.
        let third = numbering.open();
        assert_ne!(third.chain, first.chain);
        assert_eq!(third.number, 1);
    }

    #[test]
    fn only_a_number_passed_over_is_a_gap() {
        let mut chains = Chains::new(false);
        let table = [
            (1, 5, true, "a chain may be met anywhere"),
            (1, 6, true, "the next"),
            (2, 1, true, "another publisher's"),
            (1, 6, true, "a repeat"),
            (1, 4, true, "an old repeat that came late"),
            (1, 7, true, "the next after repeats"),
            (1, 9, false, "8 is missing"),
            (1, 8, true, "a reader that asked again may find it"),
            (2, 2, true, "the other goes on"),
        ];
        for (sequence, (chain, number, follows, why)) in (1..).zip(table) {
            assert_eq!(
                chains.follows(Link { chain, number }, sequence),
                follows,
                "{why}"
            );
        }
    }

    #[test]
    fn from_the_start_a_chain_begins_with_its_first_batch() {
        let mut chains = Chains::new(true);
        let link = |chain, number| Link { chain, number };
        assert!(!chains.follows(link(1, 2), 7), "its first is missing");
        assert!(chains.follows(link(1, 1), 7));
        assert!(chains.follows(link(1, 2), 8));
    }

    #[test]
    fn the_chain_unseen_for_longest_is_forgotten() {
        let mut chains = Chains::new(true);
        for chain in 0..=CHAINS_MAX as u64 {
            assert!(chains.follows(Link { chain, number: 1 }, chain + 1));
        }
        let passed_over = |chain| Link { chain, number: 3 };
        assert!(chains.follows(passed_over(0), 9_000), "forgotten");
        assert!(!chains.follows(passed_over(2), 9_001), "kept");
    }
}
