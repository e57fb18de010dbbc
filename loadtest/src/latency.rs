//! Latencies in HDR histograms, in microseconds.

use std::time::Duration;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A recorder from 1 microsecond to 10 minutes, with three significant digits.
#[derive(Debug)]
pub struct Latency(Histogram<u64>);

/// What is reported of a recorder, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// How many were recorded.
    pub count: u64,
    /// Half lie below.
    pub p50_ms: f64,
    /// 90 in 100 lie below.
    pub p90_ms: f64,
    /// 99 in 100 lie below.
    pub p99_ms: f64,
    /// 999 in 1,000 lie below.
    pub p99_9_ms: f64,
    /// The largest.
    pub max_ms: f64,
}

/// One point of a distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// So many of all, from 0 to 1,
    pub share: f64,
    /// took at most so many milliseconds.
    pub ms: f64,
}

/// Points of a distribution from one nine (as 0.9) to the next (as 0.99).
pub(crate) const STEPS_A_NINE: i32 = 8;

impl Latency {
    const MAX_US: u64 = 600_000_000;

    /// An empty recorder.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, Self::MAX_US, 3)?))
    }

    /// Records one; what is longer than ten minutes counts as ten minutes.
    pub fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(Self::MAX_US);
        self.0.saturating_record(micros.max(1));
    }

    /// Adds what another recorder has.
    pub fn merge(&mut self, other: &Self) -> anyhow::Result<()> {
        Ok(self.0.add(&other.0)?)
    }

    /// How many were recorded.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How long the fastest of each share took, finer towards the slowest.
    pub fn distribution(&self) -> Vec<Quantile> {
        let share = |step: i32| 1.0 - 10f64.powf(f64::from(-step) / f64::from(STEPS_A_NINE));
        let quantile = |share: f64| Quantile {
            share,
            ms: self.0.value_at_quantile(share) as f64 / 1_000.0,
        };
        (0..=4 * STEPS_A_NINE).map(share).map(quantile).collect()
    }

    /// The quantiles.
    pub fn summary(&self) -> Summary {
        let ms = |micros: u64| micros as f64 / 1_000.0;
        Summary {
            count: self.0.len(),
            p50_ms: ms(self.0.value_at_quantile(0.5)),
            p90_ms: ms(self.0.value_at_quantile(0.9)),
            p99_ms: ms(self.0.value_at_quantile(0.99)),
            p99_9_ms: ms(self.0.value_at_quantile(0.999)),
            max_ms: ms(self.0.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Latency;

    #[test]
    fn quantiles_are_of_what_was_recorded() {
        let mut latency = Latency::new().unwrap();
        (1..=1_000).for_each(|ms| latency.record(Duration::from_millis(ms)));
        let summary = latency.summary();
        assert_eq!(summary.count, 1_000);
        assert!((499.0..=501.0).contains(&summary.p50_ms), "{summary:?}");
        assert!((989.0..=991.0).contains(&summary.p99_ms), "{summary:?}");
        let distribution = latency.distribution();
        let at = |point: usize| (distribution[point].share, distribution[point].ms);
        let near = |(share, ms): (f64, f64), expected: (f64, f64)| {
            (share - expected.0).abs() < 1e-9 && (ms - expected.1).abs() <= 1.0
        };
        assert_eq!(distribution.len(), 33);
        for (point, expected) in [
            (0, (0.0, 1.0)),
            (8, (0.9, 900.0)),
            (16, (0.99, 990.0)),
            (32, (0.9999, 1_000.0)),
        ] {
            assert!(near(at(point), expected), "{:?}", at(point));
        }
    }
}
