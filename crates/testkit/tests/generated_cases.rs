//! What the generators make: programmes that compile, and histories in which something happens.

use std::collections::BTreeMap;

use testkit::generate::cases;
use testkit::oracle;

#[test]
fn generated_histories_meet_every_rule() {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..500 {
        for case in cases(seed, 4) {
            let programme = programme::compile("programme.yaml", &case.plan.to_string())
                .unwrap_or_else(|errors| panic!("seed {seed}\n{}\n{errors}", case.plan));
            let outcome = oracle::fold(&programme, &programme.brand, &case.records(), None);
            for emission in &outcome.emissions {
                let kind = emission["type"].as_str().unwrap_or_default();
                let of = ["rule", "mission", "level", "reason"];
                let of = of.into_iter().find(|key| emission.get(*key).is_some());
                *met.entry(format!("{kind} {}", of.unwrap_or_default()))
                    .or_default() += 1;
            }
            // The same without anything that players share.
            let alone = case
                .plan
                .to_string()
                .replace("total: 1", "per_player: 9")
                .replace(", total: 3", "")
                .replace(", stock: 1", "")
                .replace(", stock: 3", "");
            let alone = programme::compile("programme.yaml", &alone).expect("a programme");
            let alone = oracle::fold(&alone, &alone.brand, &case.records(), None);
            if alone.emissions.len() > outcome.emissions.len() {
                *met.entry("what is shared runs out".to_owned()).or_default() += 1;
            }
            for answer in &outcome.answers {
                *met.entry(format!("{answer:?}")).or_default() += 1;
            }
        }
    }
    let expected = [
        "Applied",
        "Conflict",
        "Replayed",
        "grant_claimed mission",
        "grant_offered level",
        "grant_offered mission",
        "grant_revoked mission",
        "mission_completed mission",
        "mission_reopened mission",
        "points_earned level",
        "points_earned mission",
        "points_earned rule",
        "points_expired ",
        "points_reversed mission",
        "points_reversed rule",
        "streak_broken mission",
        "tier_changed reason",
        "what is shared runs out",
    ];
    for what in expected {
        assert!(met.contains_key(what), "{what} never happens in {met:#?}");
    }
}

#[test]
fn a_seed_always_stands_for_the_same_cases() {
    assert_eq!(cases(7, 3), cases(7, 3));
}
