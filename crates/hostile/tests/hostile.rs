//! Hostile inputs, seeded and bounded, given to everything that takes bytes from outside: none breaks it, none makes it hold more memory
//! than its length allows.

#![allow(missing_docs)]
#![expect(
    clippy::print_stdout,
    reason = "a run's figures, shown with --nocapture"
)]

use std::cell::Cell;

use hostile::{TARGETS, Target};
use testkit::mutate::Run;

/// The same inputs on every machine.
const SEED: u64 = 2_026;

fn attack(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name);
    let target = target.expect("a target of this name");
    let corpus = (target.corpus)();
    assert!(!corpus.is_empty(), "nothing to begin with");
    let run = Run {
        name,
        seed: SEED,
        cases: target.cases * times(),
        corpus: &corpus,
        words: target.words,
    };
    // What is made once is not an input's doing.
    (target.run)(&corpus[0]);
    let (most, taken) = (Cell::new((0, 0)), Cell::new(0));
    run.each(|bytes| {
        let (held, made, took) = within_bounds(target, bytes);
        most.set((most.get().0.max(held), most.get().1.max(made)));
        taken.set(taken.get() + u64::from(took));
    });
    let (most, taken, all) = (most.get(), taken.get(), run.cases + corpus.len() as u64);
    println!(
        "{name}: {taken} of {all} taken, {} bytes held, {} allocations made at most",
        most.0, most.1
    );
    // Damage that is always noticed at once, or never, attacks nothing.
    assert!(taken > corpus.len() as u64 / 2 && taken < all);
}

/// `HOSTILE_TIMES=50` for a long run.
fn times() -> u64 {
    let times = std::env::var("HOSTILE_TIMES").ok();
    times.map_or(1, |times| times.parse().expect("a number"))
}

fn within_bounds(target: &Target, bytes: &[u8]) -> (u64, u64, bool) {
    let mut took = false;
    let used = allocation_counter::measure(|| took = (target.run)(bytes));
    let length = bytes.len() as u64;
    let most = target.memory + target.memory_per_byte * length;
    assert!(
        used.bytes_max <= most,
        "{} bytes were held for an input of {length}",
        used.bytes_max
    );
    // No clock is asked: allocations are counted as the steps of the work.
    let steps = 50_000 + target.steps_per_byte * length;
    assert!(
        used.count_total <= steps,
        "{} allocations were made for an input of {length}",
        used.count_total
    );
    (used.bytes_max, used.count_total, took)
}

macro_rules! attacks {
    ($($name:ident)*) => {
        $(#[test] fn $name() { attack(stringify!($name)); })*

        #[test]
        fn every_target_is_attacked() {
            let attacked = [$(stringify!($name)),*];
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            assert_eq!(names, attacked);
            let fuzzed = include_str!("../../../fuzz/Cargo.toml");
            let fuzzed: Vec<&str> = fuzzed.lines().filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")).collect();
            assert_eq!(fuzzed, names.iter().map(|name| format!("{name}.rs\"")).collect::<Vec<_>>());
        }
    };
}

attacks! {
    programme_text
    programme_layout
    predicate
    event_json
    event_protobuf
    log_record
    snapshot
    journal_segment
    head
    outbox_row
    log_frames
    state_rows
    mapping
    mapped_rows
}
