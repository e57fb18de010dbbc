//! Tier sets of generated programmes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::plan::{points, reward};

pub(super) fn tier() -> impl Strategy<Value = String> {
    let by = points();
    let on_reversal = select(vec!["demote", "keep"]);
    let qualify = prop_oneof![
        1 => Just("lifetime"),
        4 => Just("month"),
        1 => Just("quarter"),
        1 => Just("year"),
        3 => Just("rolling 2d"),
        2 => Just("rolling 10d"),
        2 => Just("rolling 1mo"),
    ];
    let downgrade = select(vec!["never", "one_step", "one_step", "to_balance"]);
    let grace = select(vec!["0", "12h", "5d", "1mo", "45d"]);
    let term = (qualify, downgrade, grace);
    (by, on_reversal, term, vec((1u32..40, reward()), 1..4)).prop_map(
        |(by, on_reversal, (qualify, downgrade, grace), steps)| {
            let mut at = 0;
            let mut levels = vec!["{id: l0, at: 0}".to_owned()];
            for (ix, (step, reward)) in (1..).zip(steps) {
                at += step;
                levels.push(format!("{{id: l{ix}, at: {at}{reward}}}"));
            }
            format!(
                "by: {by}, qualify: {{over: {qualify}}}, downgrade: {downgrade}, grace: {grace}, on_reversal: {on_reversal}, levels: [{}]",
                levels.join(", ")
            )
        },
    )
}
