//! The core against the oracle, over random programmes and histories; and laws that hold of the core alone.
//!
//! `QUESTLINE_CASES` raises the number of cases, `QUESTLINE_SEED` says where they begin.

#[path = "oracle/constructs.rs"]
mod constructs;
#[path = "oracle/core.rs"]
mod core;
#[path = "oracle/day.rs"]
mod day;
#[path = "oracle/holdings.rs"]
mod holdings;
#[path = "oracle/laws.rs"]
mod laws;
#[path = "oracle/page.rs"]
mod page;
#[path = "oracle/seeds.rs"]
mod seeds;
#[path = "oracle/versions.rs"]
mod versions;

use core::{How, Passivate, fold};
use testkit::oracle;

/// 100 days.
const RUN_ON_NS: i64 = 100 * 86_400 * 1_000_000_000;

#[test]
fn the_core_says_what_the_oracle_says() {
    seeds::each_case(|programme, case| {
        let records = case.records();
        // Every other run goes on after the last record, for what falls due by time alone.
        let last = records.last().filter(|_| records.len().is_multiple_of(2));
        let until = last.map(|last| last.recorded_at.saturating_add_nanos(RUN_ON_NS));
        let expected = oracle::fold(programme, &programme.brand, &records, until);
        // Some players leave memory now and then: the laws hold that to change nothing.
        let how = How {
            until,
            ..Passivate::Every(7).into()
        };
        core::compare(&fold(programme, &records, how), &expected)
    });
}
