//! Levels by all net points of a kind, ever.

use programme::model::{Qualify, TierReversal};

use super::emission::Cause;
use super::life::{Life, Why};

impl Life<'_> {
    /// Judges the tier sets in file order, pass after pass, until a pass changes nothing.
    pub(super) fn judge_tiers(&mut self, reversed: bool, cause: Cause<'_>) {
        loop {
            let before = self.levels.len();
            for set in 0..self.programme.tiers.len() {
                self.judge_tier(set, reversed, cause);
            }
            if self.levels.len() == before {
                return;
            }
        }
    }

    fn judge_tier(&mut self, set: usize, reversed: bool, cause: Cause<'_>) {
        let tier = &self.programme.tiers[set];
        assert!(
            tier.qualify == Qualify::Lifetime,
            "the oracle knows no tiers with periods"
        );
        let total = self.credits(usize::from(tier.by.0));
        let reached = tier.levels.iter().rposition(|level| level.at.0 <= total);
        let (from, to) = (self.level(set), reached.unwrap_or(0));
        if to > from {
            self.levels.push((set, to));
            self.say_tier(set, from, to, "earned", cause);
            for level in from + 1..=to {
                self.reward_level(set, level, cause);
            }
        } else if to < from && reversed && tier.on_reversal == TierReversal::Demote {
            self.levels.push((set, to));
            self.say_tier(set, from, to, "reversal", cause);
        }
    }

    // Once in a player's life.
    fn reward_level(&mut self, set: usize, level: usize, cause: Cause<'_>) {
        if self.rewarded.contains(&(set, level)) {
            return;
        }
        self.rewarded.push((set, level));
        let reward = &self.programme.tiers[set].levels[level].reward;
        let deed = self.deeds.len() - 1;
        self.give(reward, &Why::Level(set, level), deed, cause);
    }
}
