//! Points, earn rules and boosts, laid out.

use super::layout::Thing;
use super::words::{NONE, amount, caps, condition, list, local, maybe, points as named};
use crate::model::{Boost, EarnRule, Give, Points, PointsKind, Programme};

pub(super) fn points(points: &Points) -> Thing {
    let Points {
        id,
        // A rename is said of the whole thing.
        was: _,
        first_id: _,
        kind,
        caps: most,
    } = points;
    let (kind, pending, expires) = match *kind {
        PointsKind::Status => ("status", None, None),
        PointsKind::Spendable { pending, expires } => ("spendable", pending, expires),
    };
    let mut thing = Thing::new(id);
    thing
        .says("kind", kind, NONE)
        .says("pending", maybe(pending), NONE)
        .says("expires", maybe(expires), NONE)
        .says("cap", caps(most), NONE);
    thing
}

pub(super) fn rule(programme: &Programme, rule: &EarnRule) -> Thing {
    let EarnRule {
        id,
        was: _,
        first_id: _,
        on,
        when,
        points,
        give,
        caps: most,
        // Said of the boost.
        boosts: _,
    } = rule;
    let mut thing = Thing::new(id);
    thing
        .says("on", &*programme.event_types.get(*on).name, NONE)
        .says("when", condition(when.as_ref()), NONE)
        .says("points", named(programme, *points), NONE);
    match give {
        Give::Rate { rate, per, of } => thing
            .says("rate", rate.to_string(), NONE)
            .says("per", per.to_string(), "1")
            .says("of", amount(of), "amount"),
        Give::Fixed(fixed) => thing.says("fixed", fixed.to_string(), NONE),
    };
    thing.says("cap", caps(most), NONE);
    thing
}

pub(super) fn boost(programme: &Programme, boost: &Boost, ix: u16) -> Thing {
    let Boost {
        id,
        from,
        until,
        multiply,
    } = boost;
    let rules = programme
        .rules
        .iter()
        .filter(|rule| rule.boosts.contains(&ix));
    let named = list(rules.clone().map(|rule| &*rule.id));
    let all = rules.count() == programme.rules.len();
    let mut thing = Thing::new(id);
    thing
        .says("from", local(Some(*from), &programme.timezone), NONE)
        .says("until", local(Some(*until), &programme.timezone), NONE)
        .says("on", if all { ALL } else { &named }, ALL)
        .says("multiply", multiply.to_string(), NONE);
    thing
}

const ALL: &str = "all earn rules";
