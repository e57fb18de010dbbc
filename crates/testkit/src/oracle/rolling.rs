//! Levels by what was credited in the last so many days.

use programme::model::{Downgrade, Duration, PeriodKind, Qualify};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Life, Move};
use super::tier::{Turn, What};

impl Life<'_> {
    /// What leaves by a time, and whose level begins to fade by that.
    pub(super) fn let_leave(&mut self, now: Timestamp) {
        for (set, tier) in self.programme.tiers.iter().enumerate() {
            let Qualify::Rolling { length } = tier.qualify else {
                continue;
            };
            let leaving = self.leaving(set, length);
            let since = self.left_until.nanos();
            let by_now = |at: &i64| since < *at && *at <= now.nanos();
            for at in leaving.into_iter().filter(by_now) {
                if self.earned_live(set, length, at) >= self.level(set) {
                    self.fade(set, None);
                } else if self.fades(set).is_none() {
                    self.fade(set, Timestamp::from_nanos(at));
                }
            }
        }
        self.left_until = now;
    }

    /// Since when a set's level is not earned any more.
    pub(super) fn fades(&self, set: usize) -> Option<Timestamp> {
        let mut all = self.fading.iter();
        all.find(|(of, _)| *of == set).map(|(_, since)| *since)
    }

    pub(super) fn fade(&mut self, set: usize, since: Option<Timestamp>) {
        self.fading.retain(|(of, _)| *of != set);
        self.fading.extend(since.map(|since| (set, since)));
    }

    // What qualifies of what a set was there for.
    fn seen_by(&self, set: usize, by: usize) -> impl Iterator<Item = &Move> {
        let moves = self.moves.iter().enumerate();
        let seen = moves.filter(move |(at, step)| step.qualifies(by) && self.sees(set, *at));
        seen.map(|(_, step)| step)
    }

    /// When a window of a length that begins then is over: months by the zone of the player's days.
    pub(super) fn over(&self, begins: Timestamp, length: Duration) -> i64 {
        match length {
            Duration::Elapsed { ns } => begins.nanos() + ns,
            Duration::Months(_) => self.zones.later(PeriodKind::Day, begins, length).nanos(),
        }
    }

    // When something leaves, by time.
    fn leaving(&self, set: usize, length: Duration) -> Vec<i64> {
        let by = usize::from(self.programme.tiers[set].by.0);
        let occurred = self
            .seen_by(set, by)
            .map(|step| self.deeds[step.caused_by].occurred);
        let mut leaving: Vec<i64> = occurred.map(|at| self.over(at, length)).collect();
        leaving.sort_unstable();
        leaving
    }

    /// The level that is earned by what lives at a time.
    pub(super) fn earned_live(&self, set: usize, length: Duration, at: i64) -> usize {
        let by = usize::from(self.programme.tiers[set].by.0);
        let live = self
            .seen_by(set, by)
            .filter(|step| self.over(self.deeds[step.caused_by].occurred, length) > at);
        self.reached(set, live.map(|step| step.micro).sum())
    }

    /// When the policy acts next.
    pub(super) fn next_rolling_review(&self, set: usize, length: Duration) -> Option<Timestamp> {
        let level = self.level(set);
        if self.programme.tiers[set].downgrade == Downgrade::Never || level == 0 {
            return None;
        }
        let begins = self.fades(set).or_else(|| {
            let leaving = self.leaving(set, length).into_iter();
            let mut later = leaving.filter(|at| *at > self.left_until.nanos());
            let falls = later.find(|at| self.earned_live(set, length, *at) < level);
            falls.and_then(Timestamp::from_nanos)
        });
        begins.map(|at| self.after_rolling_grace(set, at))
    }

    fn after_rolling_grace(&self, set: usize, at: Timestamp) -> Timestamp {
        let grace = self.programme.tiers[set].grace;
        self.zones.later(PeriodKind::Day, at, grace)
    }

    /// The end of a grace.
    pub(super) fn review_rolling(
        &mut self,
        set: usize,
        length: Duration,
        due: Timestamp,
        cause: Cause<'_>,
    ) {
        self.let_leave(due);
        let (level, earned) = (self.level(set), self.earned_live(set, length, due.nanos()));
        let ends = self.fades(set).map(|at| self.after_rolling_grace(set, at));
        if earned >= level || ends.is_none_or(|ends| ends > due) {
            return;
        }
        let left = match self.programme.tiers[set].downgrade {
            Downgrade::OneStep => earned.max(level - 1),
            _ => earned,
        };
        let another = left > earned && self.after_rolling_grace(set, due) > due;
        self.fade(set, another.then_some(due));
        let what = What::Level(left);
        self.turns.push(Turn { set, at: due, what });
        self.say_tier(set, level, left, "period_end", cause);
    }
}
