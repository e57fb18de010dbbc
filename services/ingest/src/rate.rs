//! How fast one key may send.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::keys::Caller;
use crate::problem::{Kind, Problem};

/// A token bucket for each key that sent lately: refilled with so many events a second, holding one second's worth.
#[derive(Debug)]
pub(crate) struct Rates {
    per_second: Option<u32>,
    buckets: Mutex<HashMap<Box<str>, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    /// Thousandths of an event.
    left: u64,
    at: Instant,
}

impl Rates {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        Self {
            per_second,
            buckets: Mutex::default(),
        }
    }

    /// Takes so many events from the caller's bucket. A request larger than the whole bucket waits for a full one.
    pub(crate) fn take(&self, caller: &Caller, events: usize, now: Instant) -> Result<(), Problem> {
        let Some(per_second) = self.per_second else {
            return Ok(());
        };
        let rate = u64::from(per_second.max(1));
        let full = rate * 1_000;
        // A poisoned lock: let the request through, the limit is no security measure.
        let Ok(mut buckets) = self.buckets.lock() else {
            return Ok(());
        };
        let bucket = buckets.entry(caller.key.clone()).or_insert(Bucket {
            left: full,
            at: now,
        });
        let waited_ms =
            u64::try_from(now.duration_since(bucket.at).as_millis()).unwrap_or(u64::MAX);
        bucket.left = bucket
            .left
            .saturating_add(waited_ms.saturating_mul(rate))
            .min(full);
        // Not `now`: what is below a millisecond is waited for next time.
        bucket.at += Duration::from_millis(waited_ms);
        let asked = u64::try_from(events)
            .unwrap_or(u64::MAX)
            .saturating_mul(1_000);
        let needed = asked.min(full);
        if bucket.left >= needed {
            bucket.left -= needed;
            return Ok(());
        }
        let wait = Duration::from_millis((needed - bucket.left).div_ceil(rate));
        Err(Problem::later(
            Kind::RateLimited,
            format!("the key may send {per_second} events a second"),
            wait,
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Rates;
    use crate::keys::Caller;

    #[test]
    fn a_key_is_held_to_its_rate_and_another_is_not() {
        let caller = |key: &str| Caller {
            key: key.into(),
            brand: "acme".parse().unwrap(),
            source: None,
            scopes: Vec::new(),
        };
        let (one, two) = (caller("one"), caller("two"));
        let rates = Rates::new(Some(100));
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        assert!(rates.take(&one, 100, start).is_ok());
        let refused = rates.take(&one, 10, after(40)).unwrap_err();
        assert_eq!(refused.retry_after, Some(Duration::from_millis(60)));
        assert!(rates.take(&two, 10, after(40)).is_ok());
        assert!(rates.take(&one, 10, after(100)).is_ok());
        assert!(
            rates.take(&one, 1_000, after(5_000)).is_ok(),
            "a full bucket takes any request"
        );
        assert!(Rates::new(None).take(&one, 1_000_000, start).is_ok());
    }
}
