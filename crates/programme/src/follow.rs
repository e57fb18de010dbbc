//! Whether a version of a programme may take the place of another while players play.

use std::collections::BTreeMap;

use crate::model::{Ids, Known, Points, PointsKind, Programme};
use crate::spell::nearest;

/// Why a version may not follow the one before it, each reason in a sentence; empty where it may.
///
/// What is refused would take something from players, or make what they have mean something else: amounts that have been counted in
/// another currency, points that somebody may hold, an id that was another thing's. What a version may change of missions,
/// `on_change` decides.
pub fn may_follow(before: &Programme, next: &Programme) -> Vec<String> {
    let mut wrong = Vec::new();
    if before.currency != next.currency {
        wrong.push(format!(
            "`currency` stays {}: goals and caps that run have counted in it",
            before.currency
        ));
    }
    renames(before, next, &mut wrong);
    for points in &before.points {
        let first = |it: &&Points| *before.used.points.first_of(*it) == *points.first_id;
        match next.points.iter().find(first) {
            None => wrong.push(format!(
                "points `{}` stay: players may hold some. Keep them, without rules that give any",
                points.id
            )),
            Some(there) if kind(there) != kind(points) => wrong.push(format!(
                "points `{}` stay {}: players hold them as such",
                points.id,
                kind(points)
            )),
            Some(_) => {}
        }
    }
    wrong
}

const fn kind(points: &Points) -> &'static str {
    match points.kind {
        PointsKind::Status => "status",
        PointsKind::Spendable { .. } => "spendable",
    }
}

/// What of the next version would be something that it was not.
fn renames(before: &Programme, next: &Programme, wrong: &mut Vec<String>) {
    let used = &before.used;
    of_kind(
        "points",
        "",
        (&used.points, &before.points),
        &next.points,
        wrong,
    );
    of_kind(
        "earn rule",
        "",
        (&used.rules, &before.rules),
        &next.rules,
        wrong,
    );
    of_kind(
        "mission",
        "",
        (&used.missions, &before.missions),
        &next.missions,
        wrong,
    );
    of_kind(
        "tier set",
        "",
        (&used.tiers, &before.tiers),
        &next.tiers,
        wrong,
    );
    for set in &next.tiers {
        let first = used.tiers.first_of(set);
        let was = before.tiers.iter().find(|it| *it.first_id == *first);
        let was = was.map_or(&[][..], |it| &it.levels);
        let none = Ids::default();
        let levels = used.levels.get(first).unwrap_or(&none);
        let place = format!("{}/", set.id);
        of_kind("level", &place, (levels, was), &set.levels, wrong);
    }
    of_kind(
        "reward",
        "",
        (&used.rewards, &before.rewards),
        &next.rewards,
        wrong,
    );
}

fn of_kind<T: Known>(
    what: &str,
    place: &str,
    (used, before): (&Ids, &[T]),
    next: &[T],
    wrong: &mut Vec<String>,
) {
    let mut ones: BTreeMap<&str, &str> = BTreeMap::new();
    for thing in next {
        let id = thing.id();
        let said = thing.was().map(|was| (was, used.first(was)));
        match (used.first(id), said) {
            (None, Some((was, None))) => {
                let help = nearest(was, before.iter().map(Known::id));
                let help = help.map_or_else(String::new, |help| format!(": {help}"));
                wrong.push(format!(
                    "{what} `{place}{id}`: `was: {was}` names nothing that there was{help}"
                ));
            }
            (Some(first), Some((was, Some(other)))) if first != other => {
                wrong.push(format!(
                    "{what} `{place}{id}`: it is not what was `{was}`, which is another {what}"
                ));
            }
            _ => {}
        }
        if let Some(other) = ones.insert(used.first_of(thing), id) {
            wrong.push(format!(
                "{what} `{place}{id}`: it is the same thing as `{other}`, since an id stays that of the thing that had it. Give the new \
                 one an id that was never used"
            ));
        }
    }
}
