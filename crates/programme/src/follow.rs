//! Whether a version of a programme may take the place of another while players play.

use crate::model::{Points, PointsKind, Programme};

/// Why a version may not follow the one before it, each reason in a sentence; empty where it may.
///
/// What is refused would take something from players, or make what they have mean something else: amounts that have been counted in
/// another currency, points that somebody may hold. What a version may change of missions, `on_change` decides.
pub fn may_follow(before: &Programme, next: &Programme) -> Vec<String> {
    let mut wrong = Vec::new();
    if before.currency != next.currency {
        wrong.push(format!(
            "`currency` stays {}: goals and caps that run have counted in it",
            before.currency
        ));
    }
    for points in &before.points {
        let there = next.points.iter().find(|it| it.id == points.id);
        match there {
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
