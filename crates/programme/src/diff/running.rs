//! What a changed goal or window means for players in the middle of a mission, by the `on_change` of the new version.

use crate::model::{Goal, GoalOf, Mission, OnChange, Programme, Window};

const KEEPS: &str = "players in the middle of it keep goal and window as they were until their period ends or they complete it; all others go by the new ones";
const REBASES: &str = "players in the middle of it keep their progress where a goal still counts the same, and the new targets and conditions count from now; the next event that counts completes it where that is reached";
const OTHER_WINDOW: &str = "players in the middle of it begin anew: progress does not carry over into another kind of window";
const ONE_BY_ONE: &str = "players in the middle of it begin anew: steps and rolling windows need each event that counted, which a plain goal does not keep";
const RESETS: &str = "players in the middle of it begin anew; who has completed it stays so";

/// The sentence, where both have the mission and its goal or its window is another.
pub(super) fn sentence(before: &Programme, after: &Programme, id: &str) -> Option<String> {
    let (was, is) = (before.mission(id)?, after.mission(id)?);
    if was.window == is.window && goal_of(before, was).is_same(goal_of(after, is)) {
        return None;
    }
    let sentence = match is.on_change {
        OnChange::Keep => KEEPS,
        OnChange::Reset => RESETS,
        OnChange::Rebase if !fits(was.window, is.window) => OTHER_WINDOW,
        OnChange::Rebase if is_traced(is) && !is_traced(was) => ONE_BY_ONE,
        OnChange::Rebase => REBASES,
    };
    Some(format!(
        "{sentence} (on_change: {})",
        super::missions::policy(is.on_change)
    ))
}

const fn goal_of<'p>(programme: &'p Programme, mission: &'p Mission) -> GoalOf<'p> {
    GoalOf {
        goal: &mission.goal,
        types: &programme.event_types,
    }
}

/// Whether periods of the one are periods of the other.
fn fits(was: Window, is: Window) -> bool {
    match (was, is) {
        (Window::Once, Window::Once)
        | (Window::AfterStart { .. }, Window::AfterStart { .. })
        | (Window::Rolling { .. }, Window::Rolling { .. }) => true,
        (Window::Calendar(one), Window::Calendar(other)) => one == other,
        _ => false,
    }
}

fn has_steps(goal: &Goal) -> bool {
    match goal {
        Goal::Steps(_) => true,
        Goal::All(parts) | Goal::Any(parts) => parts.iter().any(has_steps),
        _ => false,
    }
}

fn is_traced(mission: &Mission) -> bool {
    matches!(mission.window, Window::Rolling { .. }) || has_steps(&mission.goal)
}
