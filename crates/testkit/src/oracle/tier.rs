//! Levels: what lifts a player, what lets him fall.

use programme::model::{Downgrade, PeriodKind, Qualify, TierReversal};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Life, Move, Why};
use super::names::ASIDE;

/// Something that happened to a level, and when.
pub(super) struct Turn {
    pub(super) set: usize,
    pub(super) at: Timestamp,
    pub(super) what: What,
}

/// What happened to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Another level.
    Level(usize),
    /// A review: at least this level is brought into the period that runs.
    Floor(usize),
    /// A level that was earned for a period that has ended is brought into the period that runs.
    Raise(usize),
}

impl Life<'_> {
    /// Judges the tier sets in file order, pass after pass, until a pass changes nothing. `before` is how many movements of points
    /// there were before this event, `deed` the event.
    pub(super) fn judge_tiers(&mut self, before: usize, deed: usize, cause: Cause<'_>) {
        loop {
            let turns = self.turns.len();
            for set in 0..self.programme.tiers.len() {
                self.judge_tier(set, before, deed, cause);
            }
            if self.turns.len() == turns {
                return;
            }
        }
    }

    fn judge_tier(&mut self, set: usize, before: usize, deed: usize, cause: Cause<'_>) {
        let tier = &self.programme.tiers[set];
        let by = usize::from(tier.by.0);
        let moved = || {
            self.moves[before..]
                .iter()
                .filter(|step| step.qualifies(by))
        };
        let (up, down) = (
            moved().any(|step| step.micro > 0),
            moved().any(|step| step.micro < 0),
        );
        let now = cause.at();
        let (earned, left) = match tier.qualify {
            Qualify::Lifetime => {
                let earned = self.reached(set, self.credits(by));
                (earned, earned)
            }
            Qualify::Calendar(kind) => {
                let counts = self.qualifies_in(kind, deed);
                let earned = counts.map_or(0, |label| self.earned_in(set, kind, &label));
                let running = self.zones.period(kind, now).0;
                let left = self.earned_in(set, kind, &running);
                (earned, left.max(self.brought(set, kind, now)))
            }
            Qualify::Rolling { length } => {
                let earned = self.earned_live(set, length, now.nanos());
                if earned >= self.level(set) {
                    self.fade(set, None);
                }
                let fading = self.fades(set).is_some();
                (earned, if fading { self.level(set) } else { earned })
            }
        };
        let level = self.level(set);
        let turn = |what| Turn { set, at: now, what };
        if up && earned > level {
            if let Qualify::Calendar(kind) = tier.qualify
                && level == 0
            {
                let deed = &self.deeds[deed];
                let open = self
                    .open_period(kind, deed.occurred, deed.recorded)
                    .is_some();
                let when = if open { deed.occurred } else { deed.recorded };
                self.climbed.push((set, when));
            }
            if let Qualify::Calendar(kind) = tier.qualify
                && self.qualifies_in(kind, deed) != Some(self.zones.period(kind, now).0)
            {
                self.turns.push(turn(What::Raise(earned)));
            }
            self.fade(set, None);
            self.turns.push(turn(What::Level(earned)));
            self.say_tier(set, level, earned, "earned", cause);
            for passed in level + 1..=earned {
                self.reward_level(set, passed, cause);
            }
            return;
        }
        let left = if up { left.max(earned) } else { left };
        if down && left < level && tier.on_reversal == TierReversal::Demote {
            self.turns.push(turn(What::Level(left)));
            self.say_tier(set, level, left, "reversal", cause);
        }
    }

    // Once in a player's life.
    fn reward_level(&mut self, set: usize, level: usize, cause: Cause<'_>) {
        // A level that a version puts below one that was reached is passed already.
        let mut passed = self.rewarded.iter();
        if passed.any(|(of, at)| *of == set && (level..ASIDE).contains(at)) {
            return;
        }
        self.rewarded.push((set, level));
        let reward = &self.programme.tiers[set].levels[level].reward;
        let deed = self.deeds.len() - 1;
        // Never given back.
        let (reward, _) = self.in_stock(reward);
        self.give(&reward, &Why::Level(set, level), deed, cause);
    }

    /// The index of the player's level in a tier set.
    pub(super) fn level(&self, set: usize) -> usize {
        let level = |turn: &Turn| match turn.what {
            What::Level(level) if turn.set == set => Some(level),
            _ => None,
        };
        self.turns.iter().rev().find_map(level).unwrap_or(0)
    }

    pub(super) fn reached(&self, set: usize, micro: i128) -> usize {
        let levels = &self.programme.tiers[set].levels;
        let reached = levels.iter().rposition(|level| level.at.0 <= micro);
        reached.unwrap_or(0)
    }

    // In which period what an event earns qualifies; `None` where it does in none.
    fn qualifies_in(&self, kind: PeriodKind, deed: usize) -> Option<String> {
        let deed = &self.deeds[deed];
        self.counting_in(kind, deed.occurred, deed.recorded)
    }

    // The level that a period earns by itself.
    fn earned_in(&self, set: usize, kind: PeriodKind, label: &str) -> usize {
        let by = usize::from(self.programme.tiers[set].by.0);
        let counts = |(at, step): &(usize, &Move)| {
            step.qualifies(by)
                && self.sees(set, *at)
                && self.qualifies_in(kind, step.caused_by).as_deref() == Some(label)
        };
        let moves = self.moves.iter().enumerate().filter(counts);
        let sum = moves.map(|(_, step)| step.micro).sum();
        self.reached(set, sum)
    }

    // The level brought into the period that runs at a time.
    fn brought(&self, set: usize, kind: PeriodKind, now: Timestamp) -> usize {
        let (mut level, mut brought, mut running) = (0, 0, String::new());
        let mut enter = |at: Timestamp, level: usize, brought: &mut usize| {
            let label = self.zones.period(kind, at).0;
            if label != running {
                running = label;
                *brought = level;
            }
        };
        for turn in self.turns.iter().filter(|turn| turn.set == set) {
            enter(turn.at, level, &mut brought);
            match turn.what {
                What::Level(to) => level = to,
                What::Floor(floor) => brought = floor,
                What::Raise(to) => brought = brought.max(to),
            }
        }
        enter(now, level, &mut brought);
        brought
    }

    /// The next review of a set, after everything that has happened.
    pub(super) fn next_review(&self, set: usize) -> Option<Timestamp> {
        let tier = &self.programme.tiers[set];
        let kind = match tier.qualify {
            Qualify::Calendar(kind) => kind,
            Qualify::Rolling { length } => return self.next_rolling_review(set, length),
            Qualify::Lifetime => return None,
        };
        if tier.downgrade == Downgrade::Never || self.level(set) == 0 {
            return None;
        }
        // A period that ended before the level was earned has nothing to say of it.
        let climbed = self.climbed.iter().rfind(|(of, _)| *of == set);
        let first = climbed.map_or(i64::MIN, |(_, when)| self.zones.period(kind, *when).1);
        let reviews = self.reviews.iter().filter(|(of, _)| *of == set);
        let last = reviews.map(|(_, at)| *at).max();
        let since = self.recorded.max(last.unwrap_or(Timestamp::MIN));
        let mut at = self.deeds.first()?.recorded;
        loop {
            let end = self.period_end(kind, at)?;
            let due = self.after_grace(set, kind, end);
            if due > since && end.nanos() >= first {
                return Some(due);
            }
            at = end;
        }
    }

    fn period_end(&self, kind: PeriodKind, at: Timestamp) -> Option<Timestamp> {
        Timestamp::from_nanos(self.zones.period(kind, at).1)
    }

    fn after_grace(&self, set: usize, kind: PeriodKind, end: Timestamp) -> Timestamp {
        self.zones.later(kind, end, self.programme.tiers[set].grace)
    }

    /// A review that is due: of the period whose grace is over now.
    pub(super) fn review(&mut self, set: usize, due: Timestamp, cause: Cause<'_>) {
        self.reviews.push((set, due));
        let tier = &self.programme.tiers[set];
        let kind = match tier.qualify {
            Qualify::Calendar(kind) => kind,
            Qualify::Rolling { length } => return self.review_rolling(set, length, due, cause),
            Qualify::Lifetime => unreachable!("never reviewed"),
        };
        // What the reviewed period earned; the best of those that ended after it and wait for their own reviews; the running one.
        let (mut ended, mut waiting) = (0, 0);
        let mut at = self.deeds.first().expect("an event").recorded;
        let running = loop {
            let (label, _) = self.zones.period(kind, at);
            let earned = self.earned_in(set, kind, &label);
            let end = self.period_end(kind, at).expect("before the end of time");
            if end > due {
                break earned;
            }
            match self.after_grace(set, kind, end) {
                graced if graced == due => ended = earned,
                graced if graced > due => waiting = earned.max(waiting),
                _ => {}
            }
            at = end;
        };
        let brought = self.brought(set, kind, due);
        let floor = match tier.downgrade {
            Downgrade::Never => brought.max(ended),
            Downgrade::OneStep => brought.saturating_sub(1).max(ended),
            Downgrade::ToBalance => ended,
        };
        let level = self.level(set);
        let left = floor.max(waiting).max(running).min(level);
        let turn = |what| Turn { set, at: due, what };
        self.turns
            .push(turn(What::Floor(floor.max(waiting).min(left))));
        if left < level {
            self.turns.push(turn(What::Level(left)));
            self.say_tier(set, level, left, "period_end", cause);
        }
    }
}

impl Move {
    // Whether it counts towards a level by these points: spending does not.
    pub(super) fn qualifies(&self, by: usize) -> bool {
        self.points == by && self.why.qualifies()
    }
}
