//! Chance, repeatable.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::fault::{FAULTS, Fault, Tally};

/// A seeded generator (SplitMix64) that fakes share, a dial for each fault, and a count of those that happened. While it is calm
/// nothing goes wrong.
#[derive(Debug)]
pub struct Dice {
    state: Mutex<u64>,
    calm: AtomicBool,
    dials: [AtomicU64; FAULTS],
    counts: [AtomicU64; FAULTS],
}

impl Dice {
    /// The same seed gives the same numbers. The dials stand where they usually do.
    pub fn new(seed: u64) -> Self {
        let dice = Self {
            state: Mutex::new(seed),
            calm: AtomicBool::new(false),
            dials: [const { AtomicU64::new(0) }; FAULTS],
            counts: [const { AtomicU64::new(0) }; FAULTS],
        };
        Fault::all().for_each(|fault| dice.set_dial(fault, fault.dial()));
        dice
    }

    /// The seed turns the dials too: some faults never strike, others often, so that what needs few of them is found, and what needs many.
    pub fn swarm(seed: u64) -> Self {
        let dice = Self::new(seed);
        for fault in Fault::all() {
            let turned = match dice.below(4) {
                0 => 0,
                1 => fault.swarm_dial() / 4,
                2 => fault.swarm_dial(),
                _ => fault.swarm_dial() * 3,
            };
            dice.set_dial(fault, turned);
        }
        dice
    }

    /// From now on the fault strikes so many times in a thousand; 0: never.
    pub fn set_dial(&self, fault: Fault, in_thousand: u64) {
        self.dials[fault as usize].store(in_thousand, Ordering::Relaxed);
    }

    /// How many times in a thousand the fault strikes.
    pub(super) fn dial(&self, fault: Fault) -> u64 {
        self.dials[fault as usize].load(Ordering::Relaxed)
    }

    /// Counts a fault that happened.
    pub fn count(&self, fault: Fault) {
        self.counts[fault as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// What happened so far.
    pub fn tally(&self) -> Tally {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Tally::of(self.counts.each_ref().map(count))
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

    /// Whether something goes wrong now that has no dial: so many times in a thousand, never while calm.
    pub(super) fn fault(&self, in_thousand: u64) -> bool {
        !self.is_calm() && self.chance(in_thousand)
    }

    /// Whether the fault strikes now: as often as its dial says, never while calm. It is counted.
    pub fn strikes(&self, fault: Fault) -> bool {
        let dial = self.dial(fault);
        let strikes = dial > 0 && !self.is_calm() && self.chance(dial);
        if strikes {
            self.count(fault);
        }
        strikes
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
