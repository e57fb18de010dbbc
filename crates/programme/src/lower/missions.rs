//! Missions.

use super::{Lower, PARTS_MAX};
use crate::carried::NotYet;
use crate::cel;
use crate::model::{Claim, Limit, Mission, MissionIx, OnChange, OnReversal, Start, Window};
use crate::span::At;
use crate::syntax::lists::List;
use crate::syntax::mission::MissionText;

impl Lower<'_> {
    pub(super) fn all_missions(
        &mut self,
        list: Option<&At<List<MissionText>>>,
    ) -> Option<Vec<Mission>> {
        let missions = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = missions
            .iter()
            .map(|mission| self.mission(&mission.value))
            .collect();
        all.into_iter().collect()
    }

    fn mission(&mut self, text: &MissionText) -> Option<Mission> {
        let window = text
            .window
            .as_ref()
            .map_or(Window::Once, |window| window.value);
        match (window, &text.window) {
            (Window::AfterStart { .. }, Some(at)) => {
                NotYet::AfterStartWindows.refuse(at.span, self.problems)
            }
            (Window::Rolling { .. }, Some(at)) => {
                NotYet::RollingWindows.refuse(at.span, self.problems)
            }
            _ => {}
        }
        if let Some(start) = text
            .start
            .as_ref()
            .filter(|start| start.value == Start::OptIn)
        {
            NotYet::OptIn.refuse(start.span, self.problems);
        }
        if let Some(claim) = &text.claim {
            NotYet::Claims.refuse(claim.span, self.problems);
        }
        if let Some(policy) = text
            .on_change
            .as_ref()
            .filter(|policy| policy.value != OnChange::Keep)
        {
            NotYet::Rebasing.refuse(policy.span, self.problems);
        }
        let limit = self.limit(text);
        let goal = text
            .goal
            .as_ref()
            .and_then(|goal| self.goal(goal, window, 0));
        let reward = self.grants(text.reward.as_ref());
        let after = self.after(text);
        let audience = match &text.audience {
            None => Some(None),
            Some(audience) => {
                let env = cel::Env {
                    event: None,
                    zone: &self.zone,
                    source: self.source,
                };
                cel::predicate(audience, &env, self.problems).map(Some)
            }
        };
        Some(Mission {
            id: text.id.as_ref()?.value.0.clone(),
            goal: goal?,
            window,
            start: text
                .start
                .as_ref()
                .map_or(Start::Automatic, |start| start.value),
            claim: text.claim.as_ref().map(|claim| Claim {
                within: claim.value.within.as_ref().map(|within| within.value),
            }),
            reward: reward?,
            limit,
            after: after?,
            audience: audience?,
            available_from: None,
            available_until: None,
            on_reversal: text
                .on_reversal
                .as_ref()
                .map_or(OnReversal::Keep, |policy| policy.value),
            on_change: text
                .on_change
                .as_ref()
                .map_or(OnChange::Keep, |policy| policy.value),
        })
    }

    fn limit(&mut self, text: &MissionText) -> Limit {
        let Some(limit) = &text.limit else {
            return Limit::default();
        };
        NotYet::Limits.refuse(limit.span, self.problems);
        let mut bound = |whole: &Option<At<_>>| {
            whole
                .as_ref()
                .and_then(|whole| self.above_zero(whole, "a limit"))
        };
        Limit {
            per_player: bound(&limit.value.per_player),
            total: bound(&limit.value.total),
        }
    }

    fn after(&mut self, text: &MissionText) -> Option<Vec<MissionIx>> {
        self.bounded(text.after.as_ref(), PARTS_MAX, "prerequisites");
        let named = text.after.iter().flat_map(|after| &after.value.0);
        let found: Vec<_> = named
            .map(|name| self.missions.find(name, self.problems).map(MissionIx))
            .collect();
        found.into_iter().collect()
    }
}
