//! Rewards, and the lists of what a completion or a level gives.

use super::was::was;
use super::{Lower, PARTS_MAX};
use crate::model::{Duration, Grant, PointsIx, Reward, RewardIx, RewardKind};
use crate::span::At;
use crate::syntax::lists::List;
use crate::syntax::mission::GrantText;
use crate::syntax::tier::{RewardText, RewardWord};

impl Lower<'_> {
    pub(super) fn all_rewards(
        &mut self,
        list: Option<&At<List<RewardText>>>,
    ) -> Option<Vec<Reward>> {
        let rewards = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = rewards.iter().map(|reward| self.reward(reward)).collect();
        all.into_iter().collect()
    }

    fn reward(&mut self, at: &At<RewardText>) -> Option<Reward> {
        let text = &at.value;
        if let Some(stock) = &text.stock {
            self.above_zero(stock, "`stock`");
        }
        if let Some(expires) = &text.expires
            && matches!(
                expires.value,
                Duration::Elapsed { ns: 0 } | Duration::Months(0)
            )
        {
            self.problems
                .push(expires.span, "a reward that is good for no time")
                .expected("a time above 0, or none for ever");
        }
        let word = text.kind.as_ref()?;
        let kind = match word.value {
            RewardWord::Points => {
                if let Some(expires) = &text.expires {
                    self.problems
                        .push(expires.span, "a reward of kind `points` has no `expires`")
                        .help("points expire as `points:` says of them");
                }
                if let Some(template) = &text.template {
                    self.problems
                        .push(template.span, "a reward of kind `points` has no `template`");
                }
                self.reward_points(at)
            }
            RewardWord::Bonus | RewardWord::Code => {
                if let Some(give) = &text.give {
                    self.problems
                        .push(give.span, "`give` belongs to a reward of kind `points`");
                }
                self.template(at, word.value)
            }
        };
        Some(Reward {
            id: text.id.as_ref()?.value.0.clone(),
            was: was(&text.was),
            first_id: Box::default(),
            kind: kind?,
            stock: text.stock.as_ref().map(|stock| stock.value.0),
            expires: text.expires.as_ref().map(|expires| expires.value),
        })
    }

    fn reward_points(&mut self, at: &At<RewardText>) -> Option<RewardKind> {
        let Some(give) = &at.value.give else {
            if !at.sound {
                return None;
            }
            self.problems
                .push(at.span, "a reward of kind `points` has no `give`")
                .expected("`give: {points: …, fixed: 20}`");
            return None;
        };
        let points = give
            .value
            .points
            .as_ref()
            .and_then(|name| self.points.find(name, self.problems));
        let fixed = give
            .value
            .fixed
            .as_ref()
            .and_then(|fixed| self.points_above_zero(fixed, "`fixed`"));
        Some(RewardKind::Points {
            points: PointsIx(points?),
            fixed: fixed?,
        })
    }

    fn template(&mut self, at: &At<RewardText>, word: RewardWord) -> Option<RewardKind> {
        let Some(template) = &at.value.template else {
            if !at.sound {
                return None;
            }
            self.problems
                .push(at.span, "this reward has no `template`")
                .expected("`template: …`, the operator's own id of it");
            return None;
        };
        let template = template.value.0.clone();
        Some(match word {
            RewardWord::Code => RewardKind::Code { template },
            _ => RewardKind::Bonus { template },
        })
    }

    pub(super) fn grants(&mut self, list: Option<&At<List<GrantText>>>) -> Option<Vec<Grant>> {
        self.bounded(list, PARTS_MAX, "rewards here");
        let grants = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = grants.iter().map(|grant| self.grant(grant)).collect();
        all.into_iter().collect()
    }

    fn grant(&mut self, at: &At<GrantText>) -> Option<Grant> {
        match (&at.value.grant, &at.value.points, &at.value.fixed) {
            (Some(grant), None, None) => self
                .rewards
                .find(grant, self.problems)
                .map(|ix| Grant::Reward(RewardIx(ix))),
            (None, Some(points), Some(fixed)) => {
                let points = self.points.find(points, self.problems);
                let fixed = self.points_above_zero(fixed, "`fixed`");
                Some(Grant::Points {
                    points: PointsIx(points?),
                    fixed: fixed?,
                })
            }
            _ if !at.sound => None,
            _ => {
                self.problems
                    .push(at.span, "a reward item is either points or a grant")
                    .expected("{points: …, fixed: 500} or {grant: …}");
                None
            }
        }
    }
}
