//! What players do, as JSON events: seeded, so that a run can be repeated to the byte (but for its times).

use std::fmt::Write as _;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::population::Population;

const COUNTRIES: [&str; 6] = [
    "United Kingdom",
    "Germany",
    "France",
    "Spain",
    "Norway",
    "Portugal",
];
const CATEGORIES: [&str; 8] = [
    "toys", "garden", "kitchen", "books", "music", "sport", "paper", "gifts",
];

/// A stream of events.
#[derive(Debug)]
pub struct Traffic {
    rng: StdRng,
    population: Population,
    run: u64,
    next: u64,
}

impl Traffic {
    /// The traffic of a seed; `run` keeps ids of different runs apart.
    pub fn new(population: Population, seed: u64, run: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            population,
            run,
            next: 0,
        }
    }

    /// How many events were written so far.
    pub fn written(&self) -> u64 {
        self.next
    }

    /// The body of one request with so many events, occurring at a time in RFC 3339.
    pub fn batch(&mut self, events: usize, occurred_at: &str) -> String {
        let mut body = String::with_capacity(events * 220 + 16);
        body.push_str("{\"events\":[");
        for index in 0..events {
            if index > 0 {
                body.push(',');
            }
            self.event(&mut body, occurred_at);
        }
        body.push_str("]}");
        body
    }

    fn event(&mut self, body: &mut String, occurred_at: &str) {
        let player = self.population.draw(&mut self.rng);
        let (run, number) = (self.run, self.next);
        self.next += 1;
        let pick: u32 = self.rng.random_range(0..100);
        let pence: u32 = self.rng.random_range(100..20_000);
        let country = COUNTRIES[self.rng.random_range(0..COUNTRIES.len())];
        let category = CATEGORIES[self.rng.random_range(0..CATEGORIES.len())];
        // Writing to a String cannot fail.
        let _ = write!(
            body,
            "{{\"id\":\"{run:x}-{number}\",\"player\":\"p{player:07}\",\"occurred_at\":\"{occurred_at}\""
        );
        let _ = match pick {
            0..70 => write!(
                body,
                ",\"type\":\"order\",\"amount\":\"{}.{:02}\",\"currency\":\"GBP\",\"attributes\":{{\"country\":\"{country}\",\"category\":\"{category}\"}}}}",
                pence / 100,
                pence % 100
            ),
            70..90 => write!(
                body,
                ",\"type\":\"session_started\",\"attributes\":{{\"country\":\"{country}\"}}}}"
            ),
            _ => write!(
                body,
                ",\"type\":\"deposit\",\"amount\":\"{}.00\",\"currency\":\"GBP\"}}",
                pence / 100
            ),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::Traffic;
    use crate::population::{Population, Shape};

    #[test]
    fn a_batch_is_json_and_replays_from_its_seed() {
        let population = Population::new(50, Shape::Uniform).unwrap();
        let batch = |seed| Traffic::new(population, seed, 1).batch(20, "2026-01-01T00:00:00Z");
        let parsed: serde_json::Value = serde_json::from_str(&batch(3)).unwrap();
        assert_eq!(parsed["events"].as_array().map(Vec::len), Some(20));
        assert_eq!(batch(3), batch(3));
        assert_ne!(batch(3), batch(4));
    }

    #[test]
    fn ids_do_not_repeat_within_a_run() {
        let mut traffic = Traffic::new(Population::new(50, Shape::Uniform).unwrap(), 3, 1);
        let (first, second) = (traffic.batch(1, "x"), traffic.batch(1, "x"));
        assert!(first.contains("\"1-0\"") && second.contains("\"1-1\""));
        assert_eq!(traffic.written(), 2);
    }
}
