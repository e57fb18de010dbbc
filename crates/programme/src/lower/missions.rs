//! Missions.

use super::was::was;
use super::{Lower, PARTS_MAX};
use crate::cel;
use crate::model::{
    Claim, Duration, Limit, Mission, MissionIx, OnChange, OnReversal, Start, Window, first_instant,
};
use crate::span::At;
use crate::syntax::lists::List;
use crate::syntax::mission::{ClaimText, MissionText};
use crate::syntax::times::Local;
use types::Timestamp;

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
        if let Some(claim) = &text.claim {
            self.claimable(claim);
        }
        let limit = self.limit(text);
        let goal = text
            .goal
            .as_ref()
            .and_then(|goal| self.goal_of(goal, window));
        let available = self.available(text);
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
                cel::audience(audience, &env, self.problems).map(Some)
            }
        };
        Some(Mission {
            id: text.id.as_ref()?.value.0.clone(),
            was: was(&text.was),
            first_id: Box::default(),
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
            available_from: available.0,
            available_until: available.1,
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

    /// A claim has time to be made. Where there is no reward, nothing is offered.
    fn claimable(&mut self, claim: &At<ClaimText>) {
        if let Some(within) = &claim.value.within
            && matches!(
                within.value,
                Duration::Elapsed { ns: 0 } | Duration::Months(0)
            )
        {
            self.problems
                .push(within.span, "nobody can claim within no time")
                .expected("a time above 0, or none for whenever");
        }
    }

    /// From when until before when it counts.
    fn available(&mut self, text: &MissionText) -> (Option<Timestamp>, Option<Timestamp>) {
        let at = |local: &At<Local>| first_instant(local.value.0, &self.zone);
        let from = text.from.as_ref().and_then(at);
        let until = text.until.as_ref().and_then(at);
        if let (Some(from), Some(until), Some(written)) = (from, until, &text.until)
            && until <= from
        {
            self.problems
                .push(written.span, "this mission ends before it begins")
                .expected("a time after `from`");
        }
        (from, until)
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
