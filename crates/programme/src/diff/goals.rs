//! Goals, laid out: what each single one counts, its target and its condition, named by its place.

use super::layout::Thing;
use super::words::{NONE, amount, attribute, condition, period};
use crate::model::{EventTypeIx, Goal, Predicate, Programme};

/// Adds what a goal says; `place` stands before each name: nothing, `step 2 `, `part 1 part 2 `.
pub(super) fn says(programme: &Programme, goal: &Goal, place: &str, thing: &mut Thing) {
    let on = |of: &EventTypeIx| &programme.event_types.get(*of).name;
    match goal {
        Goal::Count { of, target, when } => {
            leaf(
                thing,
                place,
                format!("count {}", on(of)),
                target.to_string(),
                when,
            );
        }
        Goal::Sum {
            amount: what,
            of,
            target,
            when,
        } => {
            let counts = format!("sum {} of {}", amount(what), on(of));
            leaf(thing, place, counts, target.to_string(), when);
        }
        Goal::Distinct {
            attribute: path,
            of,
            target,
            when,
        } => {
            let counts = format!("distinct {} of {}", attribute(path), on(of));
            leaf(thing, place, counts, target.to_string(), when);
        }
        Goal::Streak {
            unit,
            of,
            target,
            freezes,
            when,
        } => {
            let counts = format!("streak {} of {}", period(*unit), on(of));
            leaf(thing, place, counts, target.to_string(), when);
            thing.says(format!("{place}freezes"), freezes.to_string(), "0");
        }
        Goal::Best {
            amount: what,
            of,
            target,
            when,
        } => {
            let counts = format!("best {} of {}", amount(what), on(of));
            leaf(thing, place, counts, target.to_string(), when);
        }
        Goal::Steps(goals) => parts(programme, ("steps", "step"), goals, place, thing),
        Goal::All(goals) => parts(programme, ("all", "part"), goals, place, thing),
        Goal::Any(goals) => parts(programme, ("any", "part"), goals, place, thing),
    }
}

fn leaf(thing: &mut Thing, place: &str, counts: String, target: String, when: &Option<Predicate>) {
    thing
        .says(format!("{place}goal"), counts, NONE)
        .says(format!("{place}target"), target, NONE)
        .says(format!("{place}when"), condition(when.as_ref()), NONE);
}

fn parts(
    programme: &Programme,
    (all, each): (&str, &str),
    goals: &[Goal],
    place: &str,
    thing: &mut Thing,
) {
    thing.says(
        format!("{place}goal"),
        format!("{all} of {}", goals.len()),
        NONE,
    );
    for (number, goal) in (1_u8..).zip(goals) {
        says(programme, goal, &format!("{place}{each} {number} "), thing);
    }
}
