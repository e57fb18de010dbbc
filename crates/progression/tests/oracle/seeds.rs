//! Random cases by seed, and what is shown of one that fails.

use programme::model::Programme;
use testkit::generate::{Case, cases, minimise};

const HISTORIES: usize = 8;

/// Checks a property over the cases; the first that fails is made small and shown as a scenario.
pub(crate) fn each_case(check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    each_of(10_000, check);
}

/// The same over a few of them: for laws that fold a history several times.
pub(crate) fn some_cases(check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    each_of(400, check);
}

fn each_of(usual: u64, check: impl Fn(&Programme, &Case) -> Result<(), String>) {
    let number = |name: &str| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse::<u64>().ok())
    };
    let first = number("QUESTLINE_SEED").unwrap_or(1);
    let programmes = number("QUESTLINE_CASES")
        .unwrap_or(usual)
        .div_ceil(HISTORIES as u64);
    for seed in first..first + programmes {
        let all = cases(seed, HISTORIES);
        let programme = compiled(&all[0]).unwrap_or_else(|errors| {
            panic!("seed {seed} is no programme:\n{}\n{errors}", all[0].plan)
        });
        for case in all {
            if check(&programme, &case).is_err() {
                report(seed, case, &check);
            }
        }
    }
}

fn report(seed: u64, case: Case, check: &impl Fn(&Programme, &Case) -> Result<(), String>) -> ! {
    let fails =
        |case: &Case| compiled(case).is_ok_and(|programme| check(&programme, case).is_err());
    let small = minimise(case, fails);
    let programme = compiled(&small).expect("a minimised case compiles");
    let difference = check(&programme, &small).expect_err("a minimised case fails");
    panic!("QUESTLINE_SEED={seed}\n{small}--- difference\n{difference}\n");
}

fn compiled(case: &Case) -> Result<Programme, String> {
    programme::compile("programme.yaml", &case.plan.to_string())
        .map_err(|errors| errors.to_string())
}
