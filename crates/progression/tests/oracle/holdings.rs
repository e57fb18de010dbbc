//! What a player has at the instant of a publication, and what of it the version takes.

use std::collections::BTreeMap;

use programme::model::{OnChange, Programme, Window};
use progression::PlayerView;

/// What a player has, by first ids.
pub(crate) struct Holdings {
    /// Balance, and what of it can be spent.
    points: BTreeMap<Box<str>, (String, Option<String>)>,
    missions: BTreeMap<Box<str>, Held>,
    levels: BTreeMap<Box<str>, Box<str>>,
}

#[derive(PartialEq)]
struct Held {
    completed: u64,
    period: Option<String>,
    progress: String,
    /// A window that runs from a start, and may be over.
    may_be_over: bool,
}

/// Something that a version took.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) what: String,
    /// The version says so: `reset`, or `rebase`, by which goals that count otherwise begin anew.
    pub(crate) said: bool,
}

impl Holdings {
    pub(crate) fn of(programme: &Programme, view: &PlayerView) -> Self {
        let line = serde_json::to_value(view.line()).expect("a view is JSON");
        let text = |of: &str, id: &str| line[of][id].as_str().unwrap_or_default().to_owned();
        let spendable = |id: &str| {
            let accounts = view.accounts.iter();
            let mut named = accounts.filter(|(points, _)| **points == *id);
            named.next().map(|(_, it)| it.available.to_string())
        };
        let points = programme.points.iter();
        let missions = programme.missions.iter().zip(&view.missions);
        let level = |set: &programme::model::TierSet| {
            let name = text("tiers", &set.id);
            let level = set.levels.iter().find(|it| *it.id == *name);
            level.expect("a level of the set").first_id.clone()
        };
        Self {
            points: points
                .map(|it| {
                    let held = (text("balances", &it.id), spendable(&it.id));
                    (it.first_id.clone(), held)
                })
                .collect(),
            missions: missions
                .map(|(mission, seen)| {
                    let held = Held {
                        completed: seen.completed,
                        period: seen.period.as_deref().map(str::to_owned),
                        progress: seen.progress.to_string(),
                        may_be_over: matches!(mission.window, Window::AfterStart { .. }),
                    };
                    (mission.first_id.clone(), held)
                })
                .collect(),
            levels: programme
                .tiers
                .iter()
                .map(|it| (it.first_id.clone(), level(it)))
                .collect(),
        }
    }

    /// What of this is not there any more after a version took effect. Of missions and sets that the version does not have nothing is
    /// looked for.
    pub(crate) fn taken(&self, after: &Self, version: &Programme) -> Vec<Taken> {
        let mut taken = Vec::new();
        let mut take = |what: String, said| taken.push(Taken { what, said });
        for (id, held) in &self.points {
            let now = after.points.get(id);
            if now != Some(held) {
                take(format!("points {id}: {held:?}, then {now:?}"), false);
            }
        }
        for mission in &version.missions {
            let id = &mission.first_id;
            let (Some(was), Some(is)) = (self.missions.get(id), after.missions.get(id)) else {
                continue;
            };
            if was.completed != is.completed {
                let (was, is) = (was.completed, is.completed);
                take(format!("mission {id}: completed {was}, then {is}"), false);
            }
            let running = was.completed == 0 && !was.may_be_over && was.progress != "0";
            if running && (&was.period, &was.progress) != (&is.period, &is.progress) {
                let (was, is) = (&was.progress, &is.progress);
                let said = mission.on_change != OnChange::Keep;
                take(format!("mission {id}: progress {was}, then {is}"), said);
            }
        }
        for set in &version.tiers {
            let (was, is) = (
                self.levels.get(&set.first_id),
                after.levels.get(&set.first_id),
            );
            let there = was.filter(|was| set.levels.iter().any(|it| it.first_id == **was));
            if there.is_some() && is != was {
                take(format!("set {}: level {was:?}, then {is:?}", set.id), false);
            }
        }
        taken
    }
}
