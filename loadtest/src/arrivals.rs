//! When requests are due: a rate over time, met evenly or by Poisson's law.

use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_distr::{Distribution, Exp1};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the rate runs over the time of a stream, in events a second.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    tag = "shape",
    rename_all = "snake_case",
    rename_all_fields = "snake_case",
    deny_unknown_fields
)]
pub enum Rate {
    /// The same all the time.
    Constant {
        /// Events a second.
        rate: f64,
    },
    /// From one rate to another in a straight line.
    Ramp {
        /// At the start.
        from: f64,
        /// At the end.
        to: f64,
    },
    /// One rate after the other, each for the same part of the time.
    Step {
        /// Events a second, one a step.
        rates: Vec<f64>,
    },
    /// A rate, and for some time another.
    Spike {
        /// Before and after.
        base: f64,
        /// While it lasts.
        peak: f64,
        /// Seconds after the start of the stream.
        at_s: f64,
        /// Seconds that it lasts.
        for_s: f64,
    },
}

/// How requests lie in the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Spacing {
    /// As evenly as the rate allows.
    #[default]
    Even,
    /// As independent callers come: the gaps are exponential.
    Poisson,
}

/// A stretch over which the rate is a straight line.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    starts_s: f64,
    lasts_s: f64,
    from: f64,
    to: f64,
}

impl Rate {
    fn stretches(&self, lasts_s: f64) -> Vec<Stretch> {
        let flat = |starts_s: f64, ends_s: f64, rate: f64| Stretch {
            starts_s,
            lasts_s: (ends_s - starts_s).max(0.0),
            from: rate,
            to: rate,
        };
        match self {
            Self::Constant { rate } => vec![flat(0.0, lasts_s, *rate)],
            Self::Ramp { from, to } => vec![Stretch {
                starts_s: 0.0,
                lasts_s,
                from: *from,
                to: *to,
            }],
            Self::Step { rates } => {
                let each = lasts_s / rates.len().max(1) as f64;
                let steps = rates.iter().enumerate();
                steps
                    .map(|(step, rate)| flat(step as f64 * each, (step + 1) as f64 * each, *rate))
                    .collect()
            }
            Self::Spike {
                base,
                peak,
                at_s,
                for_s,
            } => {
                let (from, until) = (at_s.min(lasts_s), (at_s + for_s).min(lasts_s));
                vec![
                    flat(0.0, from, *base),
                    flat(from, until, *peak),
                    flat(until, lasts_s, *base),
                ]
            }
        }
    }

    /// Events that are due in all, where they come evenly.
    pub fn events(&self, lasts: Duration) -> f64 {
        let stretches = self.stretches(lasts.as_secs_f64());
        stretches.iter().map(Stretch::events).sum()
    }

    /// Every rate that it names.
    pub fn named(&self) -> Vec<f64> {
        match self {
            Self::Constant { rate } => vec![*rate],
            Self::Ramp { from, to } => vec![*from, *to],
            Self::Step { rates } => rates.clone(),
            Self::Spike { base, peak, .. } => vec![*base, *peak],
        }
    }

    /// The same over time, so many times as high.
    pub fn times(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        match &mut scaled {
            Self::Constant { rate } => *rate *= factor,
            Self::Ramp { from, to } => {
                *from *= factor;
                *to *= factor;
            }
            Self::Step { rates } => rates.iter_mut().for_each(|rate| *rate *= factor),
            Self::Spike { base, peak, .. } => {
                *base *= factor;
                *peak *= factor;
            }
        }
        scaled
    }
}

impl Stretch {
    fn events(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.lasts_s
    }

    /// Seconds into the stretch at which so many events of it were due.
    fn after(&self, events: f64) -> f64 {
        if events == 0.0 {
            // A ramp that begins at nothing has no rate to divide by there.
            return 0.0;
        }
        let slope = (self.to - self.from) / self.lasts_s;
        if slope == 0.0 {
            return events / self.from;
        }
        // from * t + slope / 2 * t^2 = events, in the form that loses no digits where the slope is small.
        let root = (self.from * self.from + 2.0 * slope * events)
            .max(0.0)
            .sqrt();
        2.0 * events / (self.from + root)
    }
}

/// The instants at which requests are due, from the start of their stream.
#[derive(Debug)]
pub struct Arrivals {
    stretches: Vec<Stretch>,
    /// The one at which we are, and the events that were due before it.
    at: usize,
    before: f64,
    /// Events due so far.
    due: f64,
    batch: f64,
    gaps: Option<StdRng>,
}

impl Arrivals {
    /// Requests of `batch` events each, for so long. The same seed gives the same instants.
    pub fn new(rate: &Rate, spacing: Spacing, batch: usize, lasts: Duration, seed: u64) -> Self {
        let gaps = (spacing == Spacing::Poisson).then(|| StdRng::seed_from_u64(seed));
        let mut arrivals = Self {
            stretches: rate.stretches(lasts.as_secs_f64()),
            at: 0,
            before: 0.0,
            due: 0.0,
            batch: batch as f64,
            gaps,
        };
        if arrivals.gaps.is_some() {
            arrivals.due = arrivals.gap();
        }
        arrivals
    }

    /// Events until the next request is due.
    fn gap(&mut self) -> f64 {
        let gap: f64 = match &mut self.gaps {
            Some(rng) => Exp1.sample(rng),
            None => 1.0,
        };
        gap * self.batch
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        loop {
            let stretch = self.stretches.get(self.at)?;
            let within = self.due - self.before;
            if within < stretch.events() {
                let at_s = stretch.starts_s + stretch.after(within).min(stretch.lasts_s);
                self.due += self.gap();
                return Some(Duration::from_secs_f64(at_s));
            }
            self.before += stretch.events();
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Arrivals, Rate, Spacing};

    fn due(rate: &Rate, spacing: Spacing, seed: u64) -> Vec<f64> {
        Arrivals::new(rate, spacing, 10, Duration::from_secs(10), seed)
            .map(|due| due.as_secs_f64())
            .collect()
    }

    /// Requests in each second.
    fn each_second(rate: &Rate) -> Vec<usize> {
        let due = due(rate, Spacing::Even, 1);
        (0..10)
            .map(|second| due.iter().filter(|due| **due as usize == second).count())
            .collect()
    }

    #[test]
    fn the_rate_runs_as_its_shape_says() {
        let table = [
            (Rate::Constant { rate: 100.0 }, [10; 10]),
            (
                Rate::Step {
                    rates: vec![100.0, 300.0],
                },
                [10, 10, 10, 10, 10, 30, 30, 30, 30, 30],
            ),
            (
                Rate::Spike {
                    base: 100.0,
                    peak: 500.0,
                    at_s: 4.0,
                    for_s: 2.0,
                },
                [10, 10, 10, 10, 50, 50, 10, 10, 10, 10],
            ),
        ];
        for (rate, expected) in table {
            assert_eq!(each_second(&rate), expected, "{rate:?}");
        }
        let ramp = Rate::Ramp {
            from: 0.0,
            to: 1_000.0,
        };
        let ramp = each_second(&ramp);
        assert_eq!(ramp.iter().sum::<usize>(), 500);
        assert!(
            ramp.is_sorted() && ramp[0] <= 6 && ramp[9] >= 94,
            "{ramp:?}"
        );
    }

    #[test]
    fn poisson_keeps_the_rate_has_uneven_gaps_and_replays_from_its_seed() {
        let rate = Rate::Constant { rate: 10_000.0 };
        let instants = due(&rate, Spacing::Poisson, 7);
        assert!(
            (9_500..10_500).contains(&instants.len()),
            "{}",
            instants.len()
        );
        let gaps: Vec<f64> = instants.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // Of exponential gaps 63 % are shorter than the mean.
        let short = gaps.iter().filter(|gap| **gap < 0.001).count();
        assert!((5_900..6_700).contains(&short), "{short}");
        assert_eq!(instants, due(&rate, Spacing::Poisson, 7));
        assert_ne!(instants, due(&rate, Spacing::Poisson, 8));
    }

    #[test]
    fn what_is_due_in_all_is_known_before() {
        let spike = Rate::Spike {
            base: 10.0,
            peak: 110.0,
            at_s: 8.0,
            for_s: 60.0,
        };
        assert_eq!(spike.events(Duration::from_secs(10)), 300.0);
        assert_eq!(spike.times(2.0).named(), [20.0, 220.0]);
    }
}
