//! What players do: seeded, so that a stream can be repeated to the byte.

mod made;
mod mix;

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::population::Population;

pub use made::{Key, Made, Naming, What};
pub use mix::{Kind, Mix, MixText};

/// Orders and bets that a later event may be about; what falls out at the end is never taken back.
const OPEN_MAX: usize = 256;

/// Players who stay for some events in a row, several of them side by side.
#[derive(Clone, Debug)]
struct Sessions {
    /// Who plays, and how many events are left to come.
    open: Vec<(u32, u32)>,
    /// Mean events of a session.
    events: u32,
}

/// A stream of events.
#[derive(Debug)]
pub struct Traffic {
    rng: StdRng,
    population: Population,
    mix: Mix,
    sessions: Option<Sessions>,
    /// Orders and placed bets nobody has come back to yet, the oldest first.
    open: VecDeque<(Key, u32, u32)>,
    next: u64,
}

impl Traffic {
    /// The traffic of a seed: every event is of a player drawn anew.
    pub fn new(population: Population, mix: Mix, seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
            population,
            mix,
            sessions: None,
            open: VecDeque::new(),
            next: 0,
        }
    }

    /// The same in sessions: so many are open at once, each of so many events in the mean; the first event says that it began.
    pub fn in_sessions(mut self, open: usize, events: u32) -> Self {
        self.sessions = Some(Sessions {
            open: vec![(0, 0); open.max(1)],
            events: events.max(1),
        });
        self
    }

    /// How many events were made so far.
    pub fn made(&self) -> u64 {
        self.next
    }

    /// The next event, due so many microseconds after the start.
    pub fn event(&mut self, due_us: u64) -> Made {
        let key = Key {
            number: self.next,
            due_us,
        };
        self.next += 1;
        let (player, begins) = self.player();
        let kind = if begins {
            Kind::SessionStarted
        } else {
            self.mix.draw(&mut self.rng)
        };
        let pence = self.rng.random_range(100..20_000);
        let flavour = self.rng.random_range(0..u32::MAX);
        let (player, what) = self.what(kind, player, pence, flavour);
        if matches!(what, What::Order { .. } | What::BetPlaced { .. }) {
            self.open.push_back((key, player, pence));
            if self.open.len() > OPEN_MAX {
                self.open.pop_front();
            }
        }
        Made { key, player, what }
    }

    /// Who is next, and whether a session begins.
    fn player(&mut self) -> (u32, bool) {
        let Some(sessions) = &mut self.sessions else {
            return (self.population.draw(&mut self.rng), false);
        };
        let at = self.rng.random_range(0..sessions.open.len());
        let (player, left) = &mut sessions.open[at];
        if *left > 0 {
            *left -= 1;
            return (*player, false);
        }
        *player = self.population.draw(&mut self.rng);
        *left = self.rng.random_range(0..sessions.events * 2 - 1);
        (*player, true)
    }

    /// What is done; what takes something back is of the player who did it, and an order or a bet where there is nothing.
    fn what(&mut self, kind: Kind, player: u32, pence: u32, flavour: u32) -> (u32, What) {
        let settled = |open: &mut VecDeque<_>| open.pop_front();
        let newest = |open: &mut VecDeque<_>| open.pop_back();
        let (order, bet) = (
            What::Order { pence, flavour },
            What::BetPlaced { pence, flavour },
        );
        match kind {
            Kind::SessionStarted => (player, What::SessionStarted { flavour }),
            Kind::Deposit => (player, What::Deposit { pence }),
            Kind::Order => (player, order),
            Kind::BetPlaced => (player, bet),
            Kind::OrderRefunded => match newest(&mut self.open) {
                Some((of, player, pence)) => {
                    let pence = if flavour.is_multiple_of(2) {
                        pence
                    } else {
                        pence / 2
                    };
                    (player, What::OrderRefunded { of, pence })
                }
                None => (player, order),
            },
            Kind::OrderCancelled => match newest(&mut self.open) {
                Some((of, player, _)) => (player, What::OrderCancelled { of }),
                None => (player, order),
            },
            Kind::BetSettled => match settled(&mut self.open) {
                Some((of, player, pence)) => (player, What::BetSettled { of, pence, flavour }),
                None => (player, bet),
            },
            Kind::BetRolledBack => match newest(&mut self.open) {
                Some((of, player, _)) => (player, What::BetRolledBack { of }),
                None => (player, bet),
            },
        }
    }

    /// The body of one HTTP request with so many events.
    pub fn batch(
        &mut self,
        events: usize,
        due_us: u64,
        naming: &Naming,
        occurred_at: &str,
    ) -> String {
        let made: Vec<Made> = (0..events).map(|_| self.event(due_us)).collect();
        made::body(&made, naming, occurred_at)
    }
}

/// The body of one HTTP request.
pub use made::body;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Kind, Mix, Naming, Traffic, What};
    use crate::population::{Population, Shape};

    fn traffic(mix: Mix, seed: u64) -> Traffic {
        Traffic::new(Population::new(50, Shape::Uniform).unwrap(), mix, seed)
    }

    #[test]
    fn a_batch_is_json_and_replays_from_its_seed() {
        for mix in [Mix::shop(), Mix::igaming()] {
            let naming = Naming::new("1", "p", None);
            let batch = |seed| {
                traffic(mix.clone(), seed).in_sessions(5, 4).batch(
                    500,
                    9,
                    &naming,
                    "2026-01-01T00:00:00Z",
                )
            };
            let parsed: serde_json::Value = serde_json::from_str(&batch(3)).unwrap();
            assert_eq!(parsed["events"].as_array().map(Vec::len), Some(500));
            assert_eq!(batch(3), batch(3));
            assert_ne!(batch(3), batch(4));
        }
    }

    #[test]
    fn ids_do_not_repeat_and_each_player_has_sessions_that_begin() {
        let mut traffic = traffic(Mix::igaming(), 1).in_sessions(10, 8);
        let made: Vec<_> = (0..10_000).map(|due| traffic.event(due)).collect();
        let begun = made
            .iter()
            .filter(|made| matches!(made.what, What::SessionStarted { .. }))
            .count();
        assert!(
            made.iter()
                .enumerate()
                .all(|(n, made)| made.key.number == n as u64)
        );
        assert!((1_000..1_600).contains(&begun), "{begun}");
    }

    #[test]
    fn what_takes_something_back_is_of_the_same_player_and_never_twice() {
        for mix in [Mix::shop(), Mix::igaming()] {
            let mut traffic = traffic(mix, 5);
            let (mut done, mut taken) = (HashMap::new(), 0);
            for due in 0..10_000 {
                let made = traffic.event(due);
                match made.what {
                    What::Order { .. } | What::BetPlaced { .. } => {
                        done.insert(made.key.number, made.player);
                    }
                    What::OrderRefunded { of, .. }
                    | What::OrderCancelled { of }
                    | What::BetSettled { of, .. }
                    | What::BetRolledBack { of } => {
                        assert_eq!(done.remove(&of.number), Some(made.player));
                        taken += 1;
                    }
                    What::SessionStarted { .. } | What::Deposit { .. } => {}
                }
            }
            assert!(taken > 300, "{taken}");
        }
    }

    #[test]
    fn events_come_in_the_shares_of_the_mix() {
        let mut traffic = traffic(
            Mix::of(&[(Kind::Order, 70), (Kind::Deposit, 30)]).unwrap(),
            2,
        );
        let orders = (0..10_000)
            .filter(|due| matches!(traffic.event(*due).what, What::Order { .. }))
            .count();
        assert!((6_800..7_200).contains(&orders), "{orders}");
    }
}
