//! The oracle against everything that was worked out by hand.

use std::path::Path;

use testkit::oracle;
use testkit::scenario::{all, without_ids};

#[test]
fn the_oracle_says_what_was_worked_out_by_hand() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/scenarios");
    let scenarios = all(&folder);
    assert!(scenarios.len() >= 7, "{} is not complete", folder.display());
    for scenario in scenarios {
        let programme = &scenario.programme;
        let outcome = oracle::fold(
            programme,
            &programme.brand,
            &scenario.records,
            scenario.until,
        );
        let emissions: Vec<_> = outcome.emissions.into_iter().map(without_ids).collect();
        for (got, expected) in emissions.iter().zip(&scenario.emissions) {
            assert_eq!(got, expected, "{}", scenario.name);
        }
        assert_eq!(
            emissions.len(),
            scenario.emissions.len(),
            "{}",
            scenario.name
        );
        assert_eq!(outcome.players, scenario.players, "{}", scenario.name);
    }
}
