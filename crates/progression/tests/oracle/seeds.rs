//! Random cases by seed, and what is shown of one that fails.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use programme::model::Programme;
use testkit::generate::{Case, Chain, cases, chains, minimise};

const HISTORIES: usize = 8;

/// Checks a property over the cases; the first that fails is made small and shown as a scenario.
pub(crate) fn each_case(check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    each_of(10_000, check);
}

/// The same over a few of them: for laws that fold a history several times.
pub(crate) fn some_cases(check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    each_of(400, check);
}

/// Checks a property over programmes that change; what it counted over all of them.
pub(crate) fn each_chain(check: impl Fn(&Chain) -> Result<usize, String>) -> usize {
    let mut sum = 0;
    for seed in seeds(800) {
        for chain in chains(seed, HISTORIES) {
            match guarded(|| check(&chain)) {
                Ok(count) => sum += count,
                Err(_) => {
                    let small = chain
                        .minimise(|chain| chain.compiles() && guarded(|| check(chain)).is_err());
                    let difference = guarded(|| check(&small)).expect_err("a smaller one fails");
                    panic!("QUESTLINE_SEED={seed}\n{small}--- difference\n{difference}\n");
                }
            }
        }
    }
    sum
}

/// A property; where it panics it does not hold either.
fn guarded<T>(check: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>();
        Err(text.map_or_else(|| "a panic".to_owned(), String::clone))
    })
}

fn seeds(usual: u64) -> Range<u64> {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let first = number("QUESTLINE_SEED").unwrap_or(1);
    let cases = number("QUESTLINE_CASES").unwrap_or(usual);
    first..first + cases.div_ceil(HISTORIES as u64)
}

fn each_of(usual: u64, check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    for seed in seeds(usual) {
        let all = cases(seed, HISTORIES);
        let programme = compiled(&all[0]).unwrap_or_else(|errors| {
            panic!("seed {seed} is no programme:\n{}\n{errors}", all[0].plan)
        });
        for case in all {
            if guarded(|| check(&programme, &case)).is_err() {
                report(seed, case, &check);
            }
        }
    }
}

fn report(seed: u64, case: Case, check: &impl Fn(&Programme, &Case) -> Result<(), String>) -> ! {
    let fails = |case: &Case| {
        compiled(case).is_ok_and(|programme| guarded(|| check(&programme, case)).is_err())
    };
    let small = minimise(case, fails);
    let programme = compiled(&small).expect("a minimised case compiles");
    let difference = guarded(|| check(&programme, &small)).expect_err("a minimised case fails");
    panic!("QUESTLINE_SEED={seed}\n{small}--- difference\n{difference}\n");
}

fn compiled(case: &Case) -> Result<Programme, String> {
    programme::compile("programme.yaml", &case.plan.to_string())
        .map_err(|errors| errors.to_string())
}
