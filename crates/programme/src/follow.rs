//! Whether a version of a programme may take the place of another while players play.

use crate::model::Programme;

/// Why a version may not follow the one before it, each reason in a sentence; empty where it may.
pub fn may_follow(before: &Programme, next: &Programme) -> Vec<String> {
    let mut wrong = Vec::new();
    if before.currency != next.currency {
        wrong.push(format!(
            "`currency` stays {}: goals and caps that run have counted in it",
            before.currency
        ));
    }
    wrong
}
