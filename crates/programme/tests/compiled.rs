//! What comes out of the compiler: indexes that point where the names said, times in the programme's zone, defaults.

use programme::model::{
    AmountOf, BuiltIn, Downgrade, Duration, Give, Goal, Grant, LateEvents, OnChange, OnReversal,
    PeriodKind, PointsIx, PointsKind, Qualify, RewardIx, RuleIx, StackingHow, Start, TierReversal,
    Window,
};
use programme::{Programme, compile};

const EVERYTHING: &str = include_str!("programmes/everything.yaml");

fn compiled(source: &str) -> Programme {
    match compile("p.yaml", source) {
        Ok(programme) => programme,
        Err(errors) => panic!("{errors}"),
    }
}

#[test]
fn names_become_indexes() {
    let programme = compiled(EVERYTHING);
    let order = programme.event_types.find("order").expect("built in");
    let article = programme
        .event_types
        .find("article_read")
        .expect("declared");
    assert_eq!(programme.rules_by_type[usize::from(order.0)], [RuleIx(0)]);
    assert_eq!(programme.rules_by_type[usize::from(article.0)], [RuleIx(2)]);
    let counting: Vec<_> = programme.missions_by_type[usize::from(order.0)]
        .iter()
        .map(|ix| ix.0)
        .collect();
    assert_eq!(counting, [0, 1, 4]);
    assert_eq!(programme.rules[2].on, article);
    assert_eq!(programme.rules[1].points, PointsIx(1));
    assert_eq!(programme.missions[1].after[0].0, 0);
    assert_eq!(programme.missions[0].reward[1], Grant::Reward(RewardIx(0)));
    assert_eq!(
        programme
            .rules
            .iter()
            .map(|rule| rule.boosts.len())
            .collect::<Vec<_>>(),
        [1, 0, 0]
    );
    assert_eq!(
        programme.tiers[0].levels[2].reward,
        [Grant::Reward(RewardIx(1))]
    );
    for (built_in, kind) in BuiltIn::ALL.into_iter().zip(programme.event_types.iter()) {
        assert_eq!(
            (kind.built_in, &*kind.name),
            (Some(built_in), built_in.name())
        );
    }
}

#[test]
fn values_are_exact() {
    let programme = compiled(EVERYTHING);
    assert_eq!(programme.boosts[0].from.to_string(), "2011-11-25T00:00:00Z");
    assert_eq!(programme.lateness_ns, 48 * 3_600 * 1_000_000_000);
    assert_eq!(
        programme.weights.category_bp,
        [("live_casino".into(), 1_000)]
    );
    assert_eq!(programme.stacking.how, StackingHow::Multiply);
    assert_eq!(
        programme.rate("EUR".parse().expect("a currency")),
        "0.86".parse().ok()
    );
    assert_eq!(programme.rules[0].caps[0].points.to_string(), "50000");
    let attribute = AmountOf::Attribute(Box::new(["minutes".into()]));
    let (rate, per) = ("0.5".parse().expect("a decimal"), 1.into());
    assert_eq!(
        programme.rules[2].give,
        Give::Rate {
            rate,
            per,
            of: attribute
        }
    );
    assert_eq!(
        programme.missions[0].window,
        Window::Calendar(PeriodKind::Month)
    );
    assert_eq!(programme.missions[1].on_reversal, OnReversal::TakeBack);
    assert!(
        matches!(&programme.missions[4].goal, Goal::All(parts) if matches!(&parts[1], Goal::Any(_)))
    );
    assert_eq!(&*programme.source, EVERYTHING);
}

#[test]
fn the_version_is_the_hash_of_the_source() {
    let minimal = "programme: p\nbrand: b\ncurrency: GBP\n";
    let version = compiled(minimal).version.0;
    assert_eq!(version, compiled(minimal).version.0);
    assert_eq!(version.len(), 32);
    assert_ne!(
        version,
        compiled(&format!("{minimal}# a comment\n")).version.0
    );
}

#[test]
fn what_is_not_written_has_its_default() {
    let source = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n\
        earn: [{id: r, on: order, give: {points: xp, rate: 2}}]\n\
        missions: [{id: m, goal: {count: order, target: 1}}]\n\
        tiers: [{id: t, by: xp, levels: [{id: a, at: 0}]}]\n\
        boosts: [{id: b, from: 2011-01-01T00:00, until: 2012-01-01T00:00, multiply: 2}]\n";
    let programme = compiled(source);
    assert_eq!(programme.timezone.iana_name(), Some("UTC"));
    assert_eq!(
        (programme.lateness_ns, programme.late_events),
        (0, LateEvents::CountNow)
    );
    assert_eq!(
        (programme.stacking.how, programme.stacking.ceiling),
        (StackingHow::Highest, None)
    );
    assert_eq!(programme.weights.default_bp, 10_000);
    assert_eq!(programme.points[0].kind, PointsKind::Status);
    assert_eq!(programme.rules[0].boosts, [0]);
    let give = Give::Rate {
        rate: 2.into(),
        per: 1.into(),
        of: AmountOf::Amount,
    };
    assert_eq!(programme.rules[0].give, give);
    let mission = &programme.missions[0];
    assert_eq!(
        (mission.window, mission.start),
        (Window::Once, Start::Automatic)
    );
    assert_eq!(
        (mission.on_reversal, mission.on_change),
        (OnReversal::Keep, OnChange::Keep)
    );
    let set = &programme.tiers[0];
    assert_eq!(
        (set.qualify, set.downgrade, set.on_reversal),
        (Qualify::Lifetime, Downgrade::Never, TierReversal::Demote)
    );
    assert_eq!(set.grace, Duration::Elapsed { ns: 0 });
}

#[test]
fn other_ways_to_save_a_file_make_no_difference() {
    let plain = "programme: p\nbrand: b\ncurrency: GBP\ntimezone: UTC\n";
    for source in [
        plain.replace('\n', "\r\n"),
        format!("\u{feff}{plain}"),
        format!("---\n{plain}...\n"),
        format!("# by hand\n{plain}"),
    ] {
        assert_eq!(&*compiled(&source).id, "p", "{source:?}");
    }
    let errors = compile("p.yaml", "programme: p\r\nbrand: b\r\ncurrency: GBX\r\n")
        .expect_err("a wrong currency");
    assert!(errors.to_string().contains("p.yaml:3:11"), "{errors}");
}
