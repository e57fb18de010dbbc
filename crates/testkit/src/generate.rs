//! Random programmes and histories, made of few words so that rules meet often, and made smaller until a reader understands them.
//!
//! A [`Case`] is text: a programme as a marketer would write it and events as a source would send them, so that what a property finds
//! can be saved as a scenario folder. Reproduced by its seed alone.

mod casino;
mod chain;
mod commands;
mod history;
mod plan;
mod renames;
mod shrink;
mod tiers;
mod words;

pub use casino::casino;
pub use chain::{Chain, Version, chains};
pub use history::Sent;
pub use plan::Plan;
pub use shrink::minimise;

use std::fmt;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use types::{Body, Position, Record};

/// A programme and what was sent to it, in log order.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The programme.
    pub plan: Plan,
    /// The events with their recorded times, which never run back.
    pub sent: Vec<Sent>,
}

/// The programme and `histories` histories that a seed stands for.
pub fn cases(seed: u64, histories: usize) -> Vec<Case> {
    let mut runner = runner(seed);
    let plan = draw(&plan::plan(), &mut runner);
    let one = history::history();
    (0..histories)
        .map(|_| Case {
            plan: plan.clone(),
            sent: draw(&one, &mut runner),
        })
        .collect()
}

/// A seed's programme alone.
fn plan_of(seed: u64) -> Plan {
    draw(&plan::plan(), &mut runner(seed))
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    TestRunner::new_with_rng(Config::default(), rng)
}

fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy
        .new_tree(runner)
        .expect("strategies without filters always give a value")
        .current()
}

impl Case {
    /// What stands in the log: one record for each event, of the programme's brand.
    pub fn records(&self) -> Vec<Record> {
        let brand = words::BRAND.parse().expect("a brand's id");
        (1..)
            .zip(&self.sent)
            .map(|(sequence, sent)| Record {
                position: Position { sequence, index: 0 },
                recorded_at: sent.recorded_at,
                body: Body::Event {
                    brand: types::BrandId::clone(&brand),
                    accepted_at: sent.recorded_at,
                    event: Box::new(sent.event.clone()),
                    traceparent: None,
                },
            })
            .collect()
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- programme.yaml\n{}--- events.jsonl", self.plan)?;
        self.sent.iter().try_for_each(|sent| writeln!(f, "{sent}"))
    }
}
