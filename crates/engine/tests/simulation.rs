//! Engines over a log, a store and gateways that misbehave: killed at any step, paused, cut off, one after the other or several at once.
//! After every step the invariants of `sim/watch.rs` hold; at the end every player's view, every emission and every sealed segment is
//! what folding the log straight through gives, and what the oracle says, which shares no line with the core.
//!
//! One seed is one history, told by `QUESTLINE_SEED=n`; `QUESTLINE_SEEDS=n` is how many are run. docs/simulation.md says more.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod sim;

use std::panic;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sim::Happened;

const SEEDS: u64 = 1_000;
/// Seeds between two lines of progress.
const PROGRESS: u64 = 500;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs a seed; a panic is a reason too.
fn run(seed: u64) -> Result<Happened, String> {
    let ran = panic::catch_unwind(|| sim::run(seed));
    ran.unwrap_or_else(|payload| {
        let said = payload.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| payload.downcast_ref::<&str>().copied());
        Err(format!("panic: {}", said.unwrap_or("without a word")))
    })
}

/// Runs the seeds below a number on all cores; the lowest that goes wrong, and why.
#[expect(
    clippy::print_stderr,
    reason = "who waits for 20,000 wants to see how far it is"
)]
fn run_all(seeds: u64) -> Result<Happened, (u64, String)> {
    let (next, wrong) = (AtomicU64::new(0), Mutex::new(None::<(u64, String)>));
    let all = Mutex::new(Happened::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            let lowest = wrong.lock().unwrap().as_ref().map(|(seed, _)| *seed);
            if seed >= seeds || lowest.is_some_and(|lowest| lowest < seed) {
                return;
            }
            match run(seed) {
                Ok(happened) => all.lock().unwrap().add(&happened),
                Err(why) => {
                    let mut wrong = wrong.lock().unwrap();
                    if wrong.as_ref().is_none_or(|(lowest, _)| seed < *lowest) {
                        *wrong = Some((seed, why));
                    }
                }
            }
            if (seed + 1).is_multiple_of(PROGRESS) {
                eprintln!("{} of {seeds} histories", seed + 1);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        (0..cores).for_each(|_| drop(scope.spawn(work)));
    });
    match wrong.into_inner().unwrap() {
        Some(wrong) => Err(wrong),
        None => Ok(all.into_inner().unwrap()),
    }
}

#[test]
fn whatever_happens_nothing_is_lost_doubled_or_reordered() {
    if let Some(seed) = number("QUESTLINE_SEED") {
        // The engines' own words among the steps, in their order; the time on them would be the wall's.
        let log = tracing_subscriber::fmt().with_writer(std::io::stdout);
        log.without_time().with_ansi(false).init();
        let (ended, history) = sim::trace(seed);
        history.iter().for_each(|line| println!("{line}"));
        let happened = ended.unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        println!("seed {seed} ended as it must: {happened:?}");
        return;
    }
    let seeds = number("QUESTLINE_SEEDS").unwrap_or(SEEDS);
    let happened = match run_all(seeds) {
        Ok(happened) => happened,
        Err((seed, why)) => panic!("seed {seed}: {why}\nmake sim SEED={seed} tells its history"),
    };
    println!("{seeds} histories, violations=0");
    for (fault, count) in happened.tally.counts() {
        println!("{count:>10}  {}", fault.name());
    }
    println!("{:?} {:?}", happened.shared, happened.changes);
    println!("{} players repaired", happened.repaired);
    if seeds < SEEDS {
        return;
    }
    // A simulation in which something never happens says nothing about it.
    let counts = happened.tally.counts();
    let never: Vec<_> = counts.filter(|(_, count)| *count == 0).collect();
    assert!(never.is_empty(), "never happened: {never:?}");
    let sim::Counts {
        given,
        refused,
        returned,
        repeated,
    } = happened.shared;
    let sim::Changes {
        published,
        repeated: said_again,
        moved,
        lacking,
    } = happened.changes;
    let changes = [published, said_again, moved, lacking];
    let shared = [given, refused, returned, repeated];
    let others = shared.into_iter().chain(changes);
    assert!(
        others.min() > Some(0) && happened.repaired > 0,
        "{happened:?}"
    );
}

#[test]
fn a_seed_gives_the_same_history_byte_by_byte_each_time() {
    let mut lines = 0;
    for seed in 0..24 {
        let ((ended, first), (_, again)) = (sim::trace(seed), sim::trace(seed));
        assert_eq!(ended.err(), None, "seed {seed}");
        lines += first.len();
        let differs = first.iter().zip(&again).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.len(), again.len(), "seed {seed}");
    }
    // A short one is no wonder, all of them short were one.
    assert!(lines > 24 * 100, "{lines} lines");
}
