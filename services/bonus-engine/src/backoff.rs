//! How long to wait before a call is made again.

use std::hash::Hasher;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Exponential, bounded, with jitter that is the same for the same seed, call and attempt.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Backoff {
    /// The first wait at most, in milliseconds.
    pub base_ms: u64,
    /// Any wait at most, in milliseconds.
    pub max_ms: u64,
    /// Makes the jitter.
    pub seed: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base_ms: 200,
            max_ms: 60_000,
            seed: 0,
        }
    }
}

impl Backoff {
    /// The wait after attempt `attempt` (from 0) of call `call`: between half the bound and the bound.
    pub fn delay(&self, call: u64, attempt: u32) -> Duration {
        let bound = self.base_ms.saturating_mul(1 << attempt.min(32));
        let bound = bound.min(self.max_ms);
        let share = mix(self.seed, &[call, attempt.into()]) % (bound / 2 + 1);
        Duration::from_millis(bound - share)
    }
}

/// A number that looks random and depends on nothing but its arguments.
pub(crate) fn mix(seed: u64, parts: &[u64]) -> u64 {
    // SipHash with fixed keys: `DefaultHasher::new()` is the same in every process.
    let mut hasher = std::collections::hash_map::DefaultHasher::new();
    hasher.write_u64(seed);
    parts.iter().for_each(|part| hasher.write_u64(*part));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn waits_double_up_to_the_bound_with_jitter_of_a_half() {
        let backoff = Backoff {
            base_ms: 100,
            max_ms: 1_000,
            seed: 7,
        };
        for (attempt, bound) in [
            (0, 100),
            (1, 200),
            (2, 400),
            (3, 800),
            (4, 1_000),
            (99, 1_000),
        ] {
            for call in 0..100 {
                let wait = backoff.delay(call, attempt).as_millis();
                assert!((bound / 2..=bound).contains(&wait), "{attempt}: {wait}");
            }
        }
        assert_eq!(backoff.delay(3, 2), backoff.delay(3, 2));
        assert_ne!(backoff.delay(3, 2), backoff.delay(4, 2));
    }
}
