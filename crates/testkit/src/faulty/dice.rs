//! Chance, repeatable.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// A seeded generator (SplitMix64) that fakes share. While it is calm nothing goes wrong.
#[derive(Debug)]
pub struct Dice {
    state: Mutex<u64>,
    calm: AtomicBool,
}

impl Dice {
    /// The same seed gives the same numbers.
    pub const fn new(seed: u64) -> Self {
        Self {
            state: Mutex::new(seed),
            calm: AtomicBool::new(false),
        }
    }

    /// From now on nothing goes wrong, or may again.
    pub fn set_calm(&self, calm: bool) {
        self.calm.store(calm, Ordering::Relaxed);
    }

    /// Whether nothing goes wrong.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 where there is none.
    pub fn below(&self, bound: u64) -> u64 {
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// True so many times in a thousand.
    pub fn chance(&self, in_thousand: u64) -> bool {
        self.below(1000) < in_thousand
    }

    /// Whether something goes wrong now: so many times in a thousand, never while calm.
    pub fn fault(&self, in_thousand: u64) -> bool {
        !self.is_calm() && self.chance(in_thousand)
    }

    /// The items in any order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            items.swap(last, other);
        }
    }

    /// Lets virtual time pass, sometimes, up to so many milliseconds.
    pub async fn pause(&self, most_ms: u64) {
        if !self.is_calm() && self.chance(500) {
            let ms = self.below(most_ms + 1);
            tokio::time::sleep(std::time::Duration::from_millis(ms)).await;
        }
    }
}
