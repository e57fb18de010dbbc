//! The whole file, its points, weights, earn rules and boosts, as they are written.

use super::attribute::AttributeText;
use super::lists::{List, Table};
use super::mission::MissionText;
use super::scalars::{Brand, Cel, Code, Name, Number, Share, Text, Zone};
use super::tier::{RewardText, TierText};
use super::times::Local;
use crate::model::{CapPeriod, Duration, LateEvents, StackingHow};
use crate::read::{Maybe, Must, section, words};

section! {
    /// One brand's programme.
    ProgrammeText, "the programme" {
        /// The programme's id.
        programme: Must<Name>,
        /// The brand whose programme it is.
        brand: Must<Brand>,
        /// Zone of boosts, predicates and of players without their own. Default: UTC.
        timezone: Maybe<Zone>,
        /// The currency into which amounts are converted.
        currency: Must<Code>,
        /// Rates to the programme's currency, used where an event brings none.
        conversion: Maybe<Table<Number>>,
        /// How long after its end a period still takes late events. Default: 0.
        lateness: Maybe<Duration>,
        /// What becomes of events later than that. Default: count_now.
        late_events: Maybe<LateEvents>,
        /// Event types beyond the built-in ones.
        event_types: Maybe<Table<EventTypeText>>,
        /// Kinds of points.
        points: Maybe<Table<PointsText>>,
        /// Shares of a stake that count.
        weights: Maybe<WeightsText>,
        /// Earn rules.
        earn: Maybe<List<EarnText>>,
        /// Temporary multipliers.
        boosts: Maybe<List<BoostText>>,
        /// How boosts that apply together combine.
        boost_stacking: Maybe<StackingText>,
        /// Missions.
        missions: Maybe<List<MissionText>>,
        /// Tier sets.
        tiers: Maybe<List<TierText>>,
        /// Rewards.
        rewards: Maybe<List<RewardText>>,
    }
}

section! {
    /// An event type of the programme's own.
    EventTypeText, "an event type" {
        /// Its attributes and what they hold; an event of this type carries no others.
        attributes: Maybe<Table<AttributeText>>,
    }
}

section! {
    /// A kind of points.
    PointsText, "points" {
        /// The id that they had in the version before.
        was: Maybe<Name>,
        /// Whether they can be spent.
        kind: Must<KindWord>,
        /// How long they are locked.
        pending: Maybe<Duration>,
        /// When they expire.
        expires: Maybe<Duration>,
        /// The most that earn rules give of them in a period.
        cap: Maybe<List<CapText>>,
    }
}

section! {
    /// The most that is given in a period.
    CapText, "a cap" {
        /// The most.
        points: Must<Number>,
        /// In which period.
        per: Must<CapPeriod>,
    }
}

section! {
    /// Shares of a stake that count: of its game, else its provider, else its category, else the default.
    WeightsText, "`weights`" {
        /// Where no other share fits. Default: 100%.
        default: Maybe<Share>,
        /// By game.
        game: Maybe<Table<Share>>,
        /// By provider.
        provider: Maybe<Table<Share>>,
        /// By category.
        category: Maybe<Table<Share>>,
        /// Of stakes that are not real money, on top of the share above.
        funds: Maybe<FundsText>,
    }
}

section! {
    /// Shares of stakes that are not real money.
    FundsText, "`funds`" {
        /// Of real money. Only 100%.
        real: Maybe<Share>,
        /// Of bonus money. Default: 0%.
        bonus: Maybe<Share>,
        /// Of free stakes. Default: 0%.
        free: Maybe<Share>,
    }
}

section! {
    /// Points for an event.
    EarnText, "an earn rule" {
        /// Its id.
        id: Must<Name>,
        /// The id that it had in the version before.
        was: Maybe<Name>,
        /// On which event type.
        on: Must<Text>,
        /// Only where this holds.
        when: Maybe<Cel>,
        /// What it gives.
        give: Must<GiveText>,
        /// The most that this rule gives in a period.
        cap: Maybe<List<CapText>>,
    }
}

section! {
    /// How many points: `rate` for each `per` of an amount, or `fixed`.
    GiveText, "`give`" {
        /// Which points.
        points: Must<Text>,
        /// Points for each `per`.
        rate: Maybe<Number>,
        /// For each so much. Default: 1.
        per: Maybe<Number>,
        /// Of what: `amount`, or a numeric attribute as `attributes.name`. Default: amount.
        of: Maybe<Text>,
        /// So many, whatever the amount.
        fixed: Maybe<Number>,
    }
}

section! {
    /// A temporary multiplier, chosen by the time at which the event occurred.
    BoostText, "a boost" {
        /// Its id.
        id: Must<Name>,
        /// From this local time,
        from: Must<Local>,
        /// until before this one.
        until: Must<Local>,
        /// The earn rules that it multiplies. Default: all.
        on: Maybe<List<Text>>,
        /// The multiplier.
        multiply: Must<Number>,
    }
}

section! {
    /// How boosts that apply to one event combine.
    StackingText, "`boost_stacking`" {
        /// The operation. Default: highest.
        how: Maybe<StackingHow>,
        /// The combined multiplier is at most this. Default: no ceiling.
        ceiling: Maybe<Number>,
    }
}

/// Whether points can be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KindWord {
    Status,
    Spendable,
}

words! { "kind of points", KindWord {
    "status" => KindWord::Status,
    "spendable" => KindWord::Spendable,
}}

words! { "policy for late events", LateEvents {
    "count_now" => LateEvents::CountNow,
    "record_only" => LateEvents::RecordOnly,
}}

words! { "way of stacking", StackingHow {
    "highest" => StackingHow::Highest,
    "multiply" => StackingHow::Multiply,
    "add" => StackingHow::Add,
}}
