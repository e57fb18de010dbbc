//! Who plays: players drawn uniformly, or by Zipf's law as real traffic is.

use rand::{Rng, RngExt};
use rand_distr::{Distribution, Zipf};

/// How often each player is drawn.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    clap::ValueEnum,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// Everyone alike.
    #[default]
    Uniform,
    /// A few very often, most rarely (exponent 0.99).
    Zipf,
}

/// Players, numbered from 0.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    players: u32,
    zipf: Option<Zipf<f64>>,
}

impl Population {
    /// So many players (at least one) of a shape.
    pub fn new(players: u32, shape: Shape) -> anyhow::Result<Self> {
        anyhow::ensure!(players > 0, "at least one player");
        let zipf = match shape {
            Shape::Uniform => None,
            Shape::Zipf => Some(Zipf::new(f64::from(players), 0.99)?),
        };
        Ok(Self { players, zipf })
    }

    /// The next player.
    pub fn draw(&self, rng: &mut impl Rng) -> u32 {
        match &self.zipf {
            None => rng.random_range(0..self.players),
            // Ranks run from 1. They are spread over the numbers, so that the busiest players do not share a partition.
            Some(zipf) => {
                let rank = zipf.sample(rng) as u64 - 1;
                (rank.wrapping_mul(2_654_435_761) % u64::from(self.players)) as u32
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::{Population, Shape};

    #[test]
    fn draws_stay_inside_and_replay_from_a_seed() {
        for shape in [Shape::Uniform, Shape::Zipf] {
            let population = Population::new(1_000, shape).unwrap();
            let draw = |seed| {
                let mut rng = StdRng::seed_from_u64(seed);
                (0..1_000)
                    .map(|_| population.draw(&mut rng))
                    .collect::<Vec<_>>()
            };
            assert!(draw(7).iter().all(|player| *player < 1_000));
            assert_eq!(draw(7), draw(7));
            assert_ne!(draw(7), draw(8));
        }
    }

    #[test]
    fn by_zipf_the_busiest_player_has_a_large_share() {
        let population = Population::new(100_000, Shape::Zipf).unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let busiest = (0..10_000)
            .filter(|_| population.draw(&mut rng) == 0)
            .count();
        assert!((500..1_500).contains(&busiest), "{busiest}");
    }
}
