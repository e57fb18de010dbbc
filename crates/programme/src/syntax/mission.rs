//! Missions, as they are written.

use super::lists::List;
use super::scalars::{Cel, Name, Number, Text, Whole};
use super::times::Local;
use crate::model::{Duration, OnChange, OnReversal, PeriodKind, Start, Window};
use crate::read::{Maybe, Must, section, words};

section! {
    /// A goal for a reward.
    MissionText, "a mission" {
        /// Its id.
        id: Must<Name>,
        /// The id that it had in the version before.
        was: Maybe<Name>,
        /// What counts.
        goal: Must<GoalText>,
        /// Counts what occurs from this local time,
        from: Maybe<Local>,
        /// until before this one.
        until: Maybe<Local>,
        /// When it restarts. Default: once.
        window: Maybe<Window>,
        /// Whether the player has to join. Default: automatic.
        start: Maybe<Start>,
        /// The player collects the reward. Absent: credited at once.
        claim: Maybe<ClaimText>,
        /// What a completion gives.
        reward: Maybe<List<GrantText>>,
        /// How many completions may stand.
        limit: Maybe<LimitText>,
        /// Missions of which a completion must stand first.
        after: Maybe<List<Text>>,
        /// For whom it is.
        audience: Maybe<Cel>,
        /// What becomes of a claimed reward when progress falls below the goal. Default: keep.
        on_reversal: Maybe<OnReversal>,
        /// What becomes of running progress when the next version changes the goal. Default: keep.
        on_change: Maybe<OnChange>,
    }
}

section! {
    /// What counts, and how much of it: exactly one of count, sum, distinct, streak, best, steps, all, any.
    GoalText, "a goal" {
        /// Events of this type.
        count: Maybe<Text>,
        /// The sum of `amount` or of a numeric attribute.
        sum: Maybe<Text>,
        /// Different values of an attribute.
        distinct: Maybe<Text>,
        /// Local days or ISO weeks in a row.
        streak: Maybe<StreakWord>,
        /// The largest single `amount` or numeric attribute.
        best: Maybe<Text>,
        /// Goals one after the other.
        steps: Maybe<List<GoalText>>,
        /// Every one of these goals.
        all: Maybe<List<GoalText>>,
        /// At least one of these goals.
        any: Maybe<List<GoalText>>,
        /// The event type that counts.
        of: Maybe<Text>,
        /// How much of it.
        target: Maybe<Number>,
        /// How many missing units a streak forgives.
        freezes: Maybe<Whole>,
        /// Only events for which this holds.
        when: Maybe<Cel>,
    }
}

section! {
    /// The player collects the reward.
    ClaimText, "`claim`" {
        /// Before the completion plus this. Absent: whenever.
        within: Maybe<Duration>,
    }
}

section! {
    /// How many completions may stand.
    LimitText, "`limit`" {
        /// For one player.
        per_player: Maybe<Whole>,
        /// For all players together.
        total: Maybe<Whole>,
    }
}

section! {
    /// One thing that is given: points, or a reward of the programme.
    GrantText, "a reward item" {
        /// Which points.
        points: Maybe<Text>,
        /// How many.
        fixed: Maybe<Number>,
        /// Which reward.
        grant: Maybe<Text>,
    }
}

/// The unit of a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreakWord(pub(crate) PeriodKind);

words! { "unit of a streak", StreakWord {
    "day" => StreakWord(PeriodKind::Day),
    "week" => StreakWord(PeriodKind::Week),
}}

words! { "start", Start {
    "automatic" => Start::Automatic,
    "opt_in" => Start::OptIn,
}}

words! { "policy for reversals", OnReversal {
    "keep" => OnReversal::Keep,
    "take_back" => OnReversal::TakeBack,
}}

words! { "policy for changes", OnChange {
    "keep" => OnChange::Keep,
    "rebase" => OnChange::Rebase,
    "reset" => OnChange::Reset,
}}
