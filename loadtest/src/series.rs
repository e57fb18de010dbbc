//! How a run went, second by second.

use std::time::Duration;

use anyhow::Result;

use crate::latency::{Latency, Summary};

/// Counts by second of the run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    seconds: Vec<u64>,
    sum: u64,
}

impl Tally {
    /// Adds to the second in which an instant of the run lies.
    pub fn add(&mut self, at: Duration, count: u64) {
        let second = usize::try_from(at.as_secs()).unwrap_or(usize::MAX);
        if second >= self.seconds.len() {
            self.seconds.resize(second.saturating_add(1), 0);
        }
        self.seconds[second] += count;
        self.sum += count;
    }

    /// The sum of all seconds.
    pub fn sum(&self) -> u64 {
        self.sum
    }

    /// What was counted in a second.
    pub fn in_second(&self, second: usize) -> u64 {
        self.seconds.get(second).copied().unwrap_or_default()
    }

    /// Seconds up to the last one in which something was counted.
    pub fn seconds(&self) -> usize {
        self.seconds.len()
    }
}

/// Latencies of the measured time, and of each second.
#[derive(Debug)]
pub struct Track {
    measured: Latency,
    measured_from: Duration,
    second: usize,
    now: Latency,
    past: Vec<Summary>,
}

impl Track {
    /// What is recorded before the run is so old counts for its second alone.
    pub fn new(measured_from: Duration) -> Result<Self> {
        Ok(Self {
            measured: Latency::new()?,
            measured_from,
            second: 0,
            now: Latency::new()?,
            past: Vec::new(),
        })
    }

    /// Records a latency that ended now, of something that began at `began`; both from the start of the run.
    pub fn record(&mut self, began: Duration, now: Duration, latency: Duration) {
        let second = usize::try_from(now.as_secs()).unwrap_or(usize::MAX);
        while self.second < second {
            self.past.push(self.now.summary());
            self.now.clear();
            self.second += 1;
        }
        self.now.record(latency);
        if began >= self.measured_from {
            self.measured.record(latency);
        }
    }

    /// All that was measured.
    pub fn measured(&self) -> &Latency {
        &self.measured
    }

    /// What was recorded in a second.
    pub fn in_second(&self, second: usize) -> Summary {
        if second == self.second {
            return self.now.summary();
        }
        self.past.get(second).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Tally, Track};

    #[test]
    fn counts_stand_in_their_second() {
        let mut tally = Tally::default();
        for (at, count) in [(0, 1), (2_500, 5), (2_999, 7), (999, 2)] {
            tally.add(Duration::from_millis(at), count);
        }
        let seconds: Vec<_> = (0..4).map(|second| tally.in_second(second)).collect();
        assert_eq!(
            (seconds, tally.sum(), tally.seconds()),
            (vec![3, 0, 12, 0], 15, 3)
        );
    }

    #[test]
    fn the_warm_up_counts_for_its_second_alone() {
        let ms = Duration::from_millis;
        let mut track = Track::new(ms(1_000)).unwrap();
        track.record(ms(900), ms(1_100), ms(200));
        track.record(ms(1_000), ms(3_500), ms(2_500));
        let counts: Vec<_> = (0..5).map(|second| track.in_second(second).count).collect();
        assert_eq!(counts, [0, 1, 0, 1, 0]);
        assert_eq!(track.measured().count(), 1);
    }
}
