//! A case that fails, made as small as it goes.

use super::{Case, Plan};

/// Leaves out events, then parts of the programme, as long as the case still fails.
///
/// A programme that no longer compiles because something it names is gone must not count as failing: that is `fails`' to say.
pub fn minimise(case: Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut case = case;
    loop {
        let before = case.clone();
        case = without_events(case, &fails);
        for part in PARTS {
            case = without_items(case, part, &fails);
        }
        if case == before {
            return case;
        }
    }
}

pub(super) type Part = fn(&mut Plan) -> &mut Vec<String>;

pub(super) const PARTS: [Part; 6] = [
    |plan| &mut plan.stocks,
    |plan| &mut plan.tiers,
    |plan| &mut plan.missions,
    |plan| &mut plan.boosts,
    |plan| &mut plan.earn,
    |plan| &mut plan.settings,
];

pub(super) fn without_events(mut case: Case, fails: &impl Fn(&Case) -> bool) -> Case {
    let mut at = case.sent.len();
    while at > 0 {
        at -= 1;
        let mut smaller = case.clone();
        smaller.sent.remove(at);
        if fails(&smaller) {
            case = smaller;
        }
    }
    case
}

fn without_items(mut case: Case, part: Part, fails: &impl Fn(&Case) -> bool) -> Case {
    let mut at = part(&mut case.plan).len();
    while at > 0 {
        at -= 1;
        let mut smaller = case.clone();
        part(&mut smaller.plan).remove(at);
        if fails(&smaller) {
            case = smaller;
        }
    }
    case
}
