//! Entries as JSON, for readers: what happened, and why it did or didn't count.

use types::PlayerId;

use super::{Entry, Gain, Reason, Settled, Subjected};
use crate::decision::Outcome;
use crate::effect::{Because, Effect, Movement};
use crate::emission::{grant_id, occasion};
use crate::json::Object;
use crate::stock::{Told, Unit};

/// The entry as one JSON object, names in place of indexes.
pub fn entry_json(entry: &Entry) -> Vec<u8> {
    let mut json = Object::new();
    say(&mut json, entry);
    json.finish()
}

/// The same behind the player's id, for entries of several players in one place.
pub fn entry_line(player: &PlayerId, entry: &Entry) -> Vec<u8> {
    let mut json = Object::new();
    json.text("player", player.as_str());
    say(&mut json, entry);
    json.finish()
}

fn say(json: &mut Object, entry: &Entry) {
    json.raw("entry", entry.number)
        .plain("position", entry.position)
        .plain("recorded_at", entry.recorded_at)
        .plain("accepted_at", entry.accepted_at)
        .plain("occurred_at", entry.occurred_at)
        .object("cause", entry.cause().json(&entry.names, entry.recorded_at))
        .text("event_type", &entry.kind)
        .plain("digest", entry.digest)
        .plain("programme_version", entry.programme_version())
        .plain("outcome", outcome(entry.outcome));
    if let Outcome::Refused(refusal) = entry.outcome {
        json.plain("refused", refusal.code());
    }
    if let Some((amount, currency)) = entry.amount {
        json.plain("amount", amount);
        if let Some(currency) = currency {
            json.plain("currency", currency);
        }
    }
    if let Some(rate) = entry.rate {
        json.plain("rate", rate);
    }
    if let Some(tombstone) = &entry.tombstone {
        json.text("waits_for", tombstone.id.as_str());
    }
    if let Some(unmatched) = entry.unmatched {
        json.plain("unmatched", unmatched);
    }
    if let Some(settled) = entry.bet.as_ref().and_then(|bet| bet.settled.as_ref()) {
        json.object("settles", settles(settled));
    }
    if entry.suppressed {
        json.raw("suppressed", true);
    }
    json.list(
        "rules",
        entry.judged.iter().map(|(by, why)| judged(entry, by, why)),
    )
    .list("counted", counted(entry))
    .list("returns", returns(entry))
    .list("effects", entry.effects.iter().map(|it| effect(entry, it)));
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Replayed => "replayed",
        Outcome::Conflict => "conflict",
        Outcome::Refused(_) => "refused",
        Outcome::Ticked => "ticked",
    }
}

fn judged(entry: &Entry, by: Subjected, reason: &Reason) -> Object {
    let mut json = Object::new();
    match by {
        Subjected::Rule(ix) => json.text("rule", entry.names.rule(ix)),
        Subjected::Mission(ix) => json.text("mission", entry.names.mission(ix)),
    };
    json.plain("reason", reason.code());
    if let Reason::WhenError(text) = reason {
        json.text("detail", text);
    }
    json
}

impl Reason {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::When => "when_false",
            Self::WhenError(_) => "when_error",
            Self::NoAmount => "no_amount",
            Self::Weightless => "weight_zero",
            Self::Nothing => "nothing_to_give",
            Self::Capped => "cap_reached",
            Self::Late => "late",
            Self::Audience => "not_in_audience",
            Self::Locked => "prerequisite_missing",
            Self::Unavailable => "not_available",
            Self::NotJoined => "not_opted_in",
            Self::OtherStep => "not_its_step",
            Self::Returned => "returned_before_it_came",
            Self::Restricted => "player_restricted",
            Self::NoBet => "no_such_bet_yet",
            Self::Voided => "bet_is_void",
            Self::SettledBefore => "settled_so_before",
            Self::TooMany => "too_many_values",
            Self::Overflow => "numbers_too_large",
        }
    }
}

fn settles(settled: &Settled) -> Object {
    let mut json = Object::new();
    json.text("bet", settled.bet.as_str())
        .plain("result", settled.result.name())
        .plain("payout", settled.payout)
        .raw("stands", settled.stands);
    json
}

fn counted(entry: &Entry) -> impl Iterator<Item = Object> {
    entry.counted.iter().map(|contribution| {
        let mut json = Object::new();
        json.text("mission", entry.names.mission(contribution.mission))
            .raw("part", contribution.part)
            .plain("period", contribution.period);
        match contribution.gain {
            Gain::One => json.plain("count", 1),
            Gain::Amount { micro, .. } | Gain::Single { micro, .. } => {
                json.plain("amount", types::MicroPoints(micro))
            }
            Gain::Unit(unit) => json.raw("unit", unit),
            Gain::Value(value) => json.plain("value_hash", format_args!("{value:032x}")),
        };
        json
    })
}

fn returns(entry: &Entry) -> impl Iterator<Item = Object> {
    entry.reversals.iter().map(|reversal| {
        let mut json = Object::new();
        json.text("event", &format!("{}/{}", reversal.source, reversal.id))
            .raw("taken_minor", reversal.taken)
            .raw("returned_minor", reversal.returned)
            .raw("whole", reversal.whole);
        json
    })
}

fn effect(entry: &Entry, effect: &Effect) -> Object {
    let names = &entry.names;
    let mut json = Object::new();
    json.plain("type", effect.kind());
    match effect {
        Effect::Earned(movement) | Effect::Reversed(movement) => {
            json.text("points", names.points(movement.points))
                .plain("amount", movement.amount);
            occasion(&mut json, names, movement.because);
            working(&mut json, movement);
        }
        Effect::Completed {
            mission, period, ..
        }
        | Effect::Reopened {
            mission, period, ..
        } => {
            occasion(&mut json, names, Because::Mission(*mission, *period));
        }
        Effect::Expired { points, amount, .. } => {
            json.text("points", names.points(*points))
                .plain("amount", amount);
        }
        Effect::Spent {
            points,
            amount,
            hold,
        } => {
            json.text("points", names.points(*points))
                .plain("amount", amount);
            if let Some(hold) = hold {
                json.text("hold", hold);
            }
        }
        Effect::Held {
            points,
            amount,
            hold,
            until,
        } => {
            json.text("points", names.points(*points))
                .plain("amount", amount)
                .text("hold", hold)
                .plain("until", until);
        }
        Effect::Released {
            points,
            amount,
            hold,
            lapsed,
        } => {
            json.text("points", names.points(*points))
                .plain("amount", amount)
                .text("hold", hold)
                .raw("lapsed", lapsed);
        }
        Effect::Adjusted {
            points,
            amount,
            reason,
        } => {
            json.text("points", names.points(*points))
                .plain("amount", amount);
            if let Some(reason) = reason {
                json.text("reason", reason);
            }
        }
        Effect::StreakBroken {
            mission,
            period,
            length,
            ..
        } => {
            occasion(&mut json, names, Because::Mission(*mission, *period));
            json.raw("length", length);
        }
        Effect::PrizeOffered(prize)
        | Effect::PrizeRevoked { prize, .. }
        | Effect::PrizeClaimed(prize) => {
            json.text("points", names.points(prize.points))
                .plain("amount", prize.amount);
            occasion(&mut json, names, prize.because);
        }
        Effect::Offered { grant, .. } | Effect::Revoked { grant, .. } | Effect::Claimed(grant) => {
            json.text("grant", names.reward(grant.reward))
                .text("grant_id", &grant_id(names, grant));
            occasion(&mut json, names, grant.because);
        }
        Effect::Erased => {}
        Effect::Told(told) => tells(&mut json, entry, told),
        Effect::TierChanged {
            tier,
            from,
            to,
            reason,
            ..
        } => {
            json.text("tier", names.tier(*tier))
                .text("from", names.level(*tier, *from))
                .text("to", names.level(*tier, *to))
                .plain("reason", reason.name());
        }
    }
    json
}

fn tells(json: &mut Object, entry: &Entry, told: &Told) {
    let names = &entry.names;
    let unit = |json: &mut Object, unit: &Unit| {
        json.text("stock", &unit.stock.name(names))
            .raw("unit", unit.n);
        occasion(json, names, unit.because);
    };
    match told {
        Told::Asked(ask) => unit(json, &ask.unit),
        Told::Returned(returned) => unit(json, returned),
        Told::Unwanted { stock, ask } => {
            json.text("stock", stock).text("question", ask.as_str());
        }
        Told::Answered { to, ask, given } => {
            json.text("player", to.as_str())
                .text("question", ask.as_str())
                .raw("given", given);
        }
    }
}

fn working(json: &mut Object, movement: &Movement) {
    if let Some(working) = &movement.working {
        let weight = types::Decimal::new(i128::from(working.weight_e8), 8);
        json.plain("weight", weight.unwrap_or_default())
            .plain("boost", working.boost)
            .plain("rate", working.rate);
    }
}
