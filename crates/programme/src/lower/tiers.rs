//! Tier sets.

use std::collections::HashSet;

use types::{Decimal, MicroPoints};

use super::was::{self, was};
use super::{Lower, PARTS_MAX};
use crate::model::{Downgrade, Duration, Level, PointsIx, Qualify, TierReversal, TierSet};
use crate::span::At;
use crate::syntax::lists::List;
use crate::syntax::tier::{LevelText, TierText};

impl Lower<'_> {
    pub(super) fn all_tiers(&mut self, list: Option<&At<List<TierText>>>) -> Option<Vec<TierSet>> {
        let tiers = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = tiers.iter().map(|tier| self.tier(&tier.value)).collect();
        all.into_iter().collect()
    }

    fn tier(&mut self, text: &TierText) -> Option<TierSet> {
        let by = text
            .by
            .as_ref()
            .and_then(|by| self.points.find(by, self.problems));
        let over = text
            .qualify
            .as_ref()
            .and_then(|qualify| qualify.value.over.as_ref());
        let qualify = over.map_or(Qualify::Lifetime, |over| over.value);
        let downgrade = text
            .downgrade
            .as_ref()
            .map_or(Downgrade::Never, |downgrade| downgrade.value);
        let none = Duration::Elapsed { ns: 0 };
        let grace = text.grace.as_ref().map_or(none, |grace| grace.value);
        let levels = text.levels.as_ref().and_then(|levels| self.levels(levels));
        Some(TierSet {
            id: text.id.as_ref()?.value.0.clone(),
            was: was(&text.was),
            first_id: Box::default(),
            by: PointsIx(by?),
            qualify,
            downgrade,
            grace,
            on_reversal: text
                .on_reversal
                .as_ref()
                .map_or(TierReversal::Demote, |policy| policy.value),
            levels: levels?,
        })
    }

    fn levels(&mut self, list: &At<List<LevelText>>) -> Option<Vec<Level>> {
        self.bounded(Some(list), PARTS_MAX, "levels");
        if list.value.0.is_empty() {
            self.problems
                .push(list.span, "a tier set has no levels")
                .expected("a first level at 0");
        }
        let texts = list.value.0.iter().map(|level| &level.value);
        was::check(
            "level",
            texts.map(|text| (text.id.as_ref().map(|id| &*id.value.0), &text.was)),
            self.problems,
        );
        let mut ids = HashSet::new();
        let mut below: Option<Decimal> = None;
        let mut levels = Vec::new();
        for (ix, level) in list.value.0.iter().enumerate() {
            let text = &level.value;
            if let Some(id) = text.id.as_ref()
                && !ids.insert(&id.value.0)
            {
                self.problems
                    .push(id.span, format!("the level `{}` is here twice", id.value.0))
                    .expected("an id of its own");
            }
            let at = text.at.as_ref().and_then(|at| {
                let points = self.points_from(at, 0, "a threshold")?;
                if ix == 0 && points != MicroPoints::ZERO {
                    self.problems
                        .push(at.span, "the first level is not at 0")
                        .expected("`at: 0`");
                }
                if below.is_some_and(|below| at.value.0 <= below) {
                    self.problems
                        .push(at.span, "thresholds do not rise")
                        .expected(format!("more than {}", below.unwrap_or_default()));
                }
                below = Some(at.value.0);
                Some(points)
            });
            let reward = self.grants(text.reward.as_ref());
            levels.push(match (text.id.as_ref(), at, reward) {
                (Some(id), Some(at), Some(reward)) => Some(Level {
                    id: id.value.0.clone(),
                    was: was(&text.was),
                    first_id: Box::default(),
                    at,
                    reward,
                }),
                _ => None,
            });
        }
        levels.into_iter().collect()
    }
}
