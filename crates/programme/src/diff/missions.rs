//! Missions, laid out.

use super::goals;
use super::layout::Thing;
use super::words::{NONE, condition, grants, list, local, maybe, period};
use crate::model::{
    Claim, Limit, Mission, MissionIx, OnChange, OnReversal, Programme, Start, Window,
};

pub(super) const KIND: &str = "mission";

pub(super) fn mission(programme: &Programme, mission: &Mission) -> Thing {
    let Mission {
        id,
        was: _,
        first_id: _,
        goal,
        window,
        start,
        claim,
        reward,
        limit: Limit { per_player, total },
        after,
        audience,
        available_from,
        available_until,
        on_reversal,
        on_change,
    } = mission;
    let name = |ix: &MissionIx| programme.missions.get(usize::from(ix.0));
    let after = after.iter().filter_map(name).map(|it| &*it.id);
    let on_reversal = match on_reversal {
        OnReversal::Keep => "keep",
        OnReversal::TakeBack => "take_back",
    };
    let start = match start {
        Start::Automatic => "automatic",
        Start::OptIn => "opt_in",
    };
    let mut thing = Thing::new(id);
    goals::says(programme, goal, "", &mut thing);
    thing
        .says("window", self::window(*window), "once")
        .says("start", start, "automatic")
        .says("claim", claimed(*claim), NONE)
        .says("reward", grants(programme, reward), NONE)
        .says("limit per_player", maybe(*per_player), NONE)
        .says("limit total", maybe(*total), NONE)
        .says("after", list(after), NONE)
        .says("audience", condition(audience.as_ref()), NONE)
        .says("from", local(*available_from, &programme.timezone), NONE)
        .says("until", local(*available_until, &programme.timezone), NONE)
        .says("on_reversal", on_reversal, "keep")
        .says("on_change", policy(*on_change), "keep");
    thing
}

pub(super) const fn policy(on_change: OnChange) -> &'static str {
    match on_change {
        OnChange::Keep => "keep",
        OnChange::Rebase => "rebase",
        OnChange::Reset => "reset",
    }
}

fn window(window: Window) -> String {
    match window {
        Window::Once => "once".to_owned(),
        Window::Calendar(kind) => period(kind).to_owned(),
        Window::AfterStart { length } => format!("{length} after start"),
        Window::Rolling { length } => format!("rolling {length}"),
    }
}

fn claimed(claim: Option<Claim>) -> String {
    match claim {
        None => NONE.to_owned(),
        Some(Claim { within: None }) => "whenever".to_owned(),
        Some(Claim {
            within: Some(within),
        }) => format!("within {within}"),
    }
}
