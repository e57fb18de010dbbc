//! What has another id: the version before, laid out with the ids of the one after, so that only what else differs is a difference.

use std::collections::BTreeMap;

use super::{levels, missions};
use crate::model::{Ids, Known, Programme};

/// The ids that things had, by kind and the id that they have.
pub(super) type Renames = BTreeMap<(&'static str, Box<str>), Box<str>>;

/// What has another id, and the version before with those ids, where there is any.
pub(super) fn of(before: &Programme, after: &Programme) -> (Renames, Option<Programme>) {
    let mut renames = Renames::new();
    // A compiled programme is no copy of itself, its text is.
    let Ok(mut called_anew) = crate::compile("before", &before.source) else {
        return (renames, None);
    };
    let used = &before.used;
    let mut list = |kind, place: &str, pairs: Vec<(Box<str>, Box<str>)>| {
        let at = |id: &str| format!("{place}{id}").into();
        let all = pairs.iter().map(|(was, is)| ((kind, at(is)), at(was)));
        renames.extend(all);
    };
    macro_rules! call {
        ($($kind:expr, $list:ident, $ids:ident;)+) => {$(
            let pairs = call(&used.$ids, &before.$list, &mut called_anew.$list, &after.$list);
            list($kind, "", pairs);
        )+};
    }
    call! {
        "points", points, points;
        "earn rule", rules, rules;
        missions::KIND, missions, missions;
        "reward", rewards, rewards;
    }
    let pairs = call(
        &used.tiers,
        &before.tiers,
        &mut called_anew.tiers,
        &after.tiers,
    );
    list("tier set", "", pairs);
    for (was, is) in before.tiers.iter().zip(&mut called_anew.tiers) {
        let next = after.tiers.iter().find(|it| it.id == is.id);
        let levels = used.levels.get(&was.first_id);
        if let Some((next, levels)) = next.zip(levels) {
            let pairs = call(levels, &was.levels, &mut is.levels, &next.levels);
            list(levels::LEVEL, &format!("{}/", is.id), pairs);
        }
    }
    let any = !renames.is_empty();
    (renames, any.then_some(called_anew))
}

/// Calls things of the version before what the one after calls them; which have another id, and it.
fn call<T: Known>(
    used: &Ids,
    before: &[T],
    copy: &mut [T],
    after: &[T],
) -> Vec<(Box<str>, Box<str>)> {
    let mut pairs = Vec::new();
    for next in after {
        let first = used.first_of(next);
        let place = before.iter().position(|it| it.first_id() == first);
        let same = place.and_then(|at| copy.get_mut(at));
        if let Some(same) = same.filter(|same| same.id() != next.id()) {
            pairs.push((same.id().into(), next.id().into()));
            same.call(next.id().into());
        }
    }
    pairs
}
