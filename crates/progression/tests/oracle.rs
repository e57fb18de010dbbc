//! The core against the oracle, over random programmes and histories; and laws that hold of the core alone.
//!
//! `QUESTLINE_CASES` raises the number of cases, `QUESTLINE_SEED` says where they begin.

#[path = "oracle/constructs.rs"]
mod constructs;
#[path = "oracle/core.rs"]
mod core;
#[path = "oracle/day.rs"]
mod day;
#[path = "oracle/laws.rs"]
mod laws;
#[path = "oracle/seeds.rs"]
mod seeds;

use core::{Passivate, fold};
use testkit::oracle;

#[test]
fn the_core_says_what_the_oracle_says() {
    seeds::each_case(|programme, case| {
        let records = case.records();
        let expected = oracle::fold(programme, &programme.brand, &records, None);
        // Some players leave memory now and then: the laws hold that to change nothing.
        let got = fold(programme, &records, Passivate::Every(7));
        core::compare(&got, &expected)
    });
}
