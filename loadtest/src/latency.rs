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

    /// The value in milliseconds at each of these quantiles, from 0 to 1.
    pub fn at(&self, quantiles: &[f64]) -> Vec<f64> {
        let at = |quantile: &f64| self.0.value_at_quantile(*quantile) as f64 / 1_000.0;
        quantiles.iter().map(at).collect()
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
    }
}
