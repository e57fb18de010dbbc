//! Emissions: decided facts for the outside, with ids that a replay produces again.

use std::fmt;

use sha2::{Digest as _, Sha256};
use types::{BrandId, EventId, PlayerId, SourceId, Timestamp};

use crate::effect::{Because, Effect, GrantStatus, Granted, Movement, Prize};
use crate::journal::Entry;
use crate::json::Object;
use crate::names::Names;
use crate::timer::Timer;

/// Whose state it is.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The brand.
    pub brand: &'a BrandId,
    /// The player.
    pub player: &'a PlayerId,
}

/// What made a step happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause<'e> {
    /// An event.
    Event {
        /// Its source.
        source: &'e SourceId,
        /// Its id.
        id: &'e EventId,
    },
    /// Time alone; due when the emission is.
    Timer(&'e Timer),
}

/// The first 128 bits of SHA-256 over brand, player, type, subject and n, joined by U+001F. Prints as 32 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmissionId(pub u128);

impl fmt::Display for EmissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EmissionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One decided fact: an effect of a journal entry, as others see it. Id and text are made only where a sink takes it.
#[derive(Clone, Copy, Debug)]
pub struct Emission<'e> {
    pub(crate) entry: &'e Entry,
    pub(crate) effect: &'e Effect,
}

impl<'e> Emission<'e> {
    /// Its type: `mission_completed`, `points_earned`, ...
    pub fn kind(&self) -> &'static str {
        self.effect.kind()
    }

    /// When it was decided: the record's recorded time, or the timer's due time.
    pub fn at(&self) -> Timestamp {
        self.entry.recorded_at
    }

    /// What made it happen.
    pub fn cause(&self) -> Cause<'e> {
        self.entry.cause()
    }

    /// What it says.
    pub fn effect(&self) -> &'e Effect {
        self.effect
    }

    /// Its id; the same on every replay.
    pub fn id(&self, subject: Subject<'_>) -> EmissionId {
        let (about, n) = self.about();
        let (brand, player) = (subject.brand.as_str(), subject.player.as_str());
        let n = n.to_string();
        EmissionId(hash([brand, player, self.kind(), &about, &n]))
    }

    /// What n counts, and n: by first names, so that an id stays what it is.
    fn about(&self) -> (String, u64) {
        let names = &self.entry.names;
        match self.effect {
            Effect::Earned(movement) | Effect::Reversed(movement) => {
                (names.first_points(movement.points).to_owned(), movement.n)
            }
            Effect::Completed { mission, period, n }
            | Effect::Reopened { mission, period, n }
            | Effect::StreakBroken {
                mission, period, n, ..
            } => {
                let mission = names.first_mission(*mission);
                (format!("{mission}/{period}"), u64::from(*n))
            }
            // Numbered itself, so there is one emission of a type for each grant.
            Effect::Offered { grant, .. }
            | Effect::Revoked { grant, .. }
            | Effect::Claimed(grant) => (grant_id(names, grant), 1),
            Effect::PrizeOffered(prize)
            | Effect::PrizeRevoked { prize, .. }
            | Effect::PrizeClaimed(prize) => (prize_id(names, prize), 1),
            Effect::TierChanged { tier, n, .. } => (names.first_tier(*tier).to_owned(), *n),
            Effect::Expired { points, n, .. } => (names.first_points(*points).to_owned(), *n),
            Effect::Erased => (String::new(), 1),
            // Never sent.
            Effect::Spent { points, .. }
            | Effect::Adjusted { points, .. }
            | Effect::Held { points, .. }
            | Effect::Released { points, .. } => (names.first_points(*points).to_owned(), 0),
            Effect::Told(told) => (told.kind().to_owned(), 0),
        }
    }

    /// The line that `questline simulate` writes: the same bytes on every replay.
    pub fn json(&self, subject: Subject<'_>, id: &str) -> Vec<u8> {
        let names = &self.entry.names;
        let mut line = Object::new();
        line.text("id", id)
            .text("type", self.kind())
            .text("player", subject.player.as_str());
        match self.effect {
            Effect::Earned(movement) | Effect::Reversed(movement) => {
                moved(&mut line, names, movement);
            }
            Effect::Completed {
                mission, period, ..
            }
            | Effect::Reopened {
                mission, period, ..
            } => {
                line.text("mission", names.mission(*mission))
                    .plain("period", period);
            }
            Effect::Expired { points, amount, .. }
            | Effect::Spent { points, amount, .. }
            | Effect::Adjusted { points, amount, .. }
            | Effect::Held { points, amount, .. }
            | Effect::Released { points, amount, .. } => {
                line.text("points", names.points(*points))
                    .plain("amount", amount);
            }
            Effect::StreakBroken {
                mission,
                period,
                length,
                ..
            } => {
                line.text("mission", names.mission(*mission))
                    .plain("period", period)
                    .raw("length", length);
            }
            Effect::Offered { grant, status } => {
                granted(&mut line, names, grant);
                line.plain("status", status.name());
            }
            Effect::PrizeOffered(prize) => {
                offered(&mut line, names, prize);
                line.plain("status", GrantStatus::Offered.name());
            }
            Effect::PrizeRevoked { prize, reason } => {
                offered(&mut line, names, prize);
                line.plain("reason", reason.name());
            }
            Effect::Claimed(grant) => granted(&mut line, names, grant),
            Effect::PrizeClaimed(prize) => offered(&mut line, names, prize),
            // Never sent: a tell. Erased: the player and the type say all there is.
            Effect::Told(_) | Effect::Erased => {}
            Effect::Revoked { grant, reason } => {
                granted(&mut line, names, grant);
                line.plain("reason", reason.name());
            }
            Effect::TierChanged {
                tier,
                from,
                to,
                reason,
                ..
            } => {
                line.text("tier", names.tier(*tier))
                    .text("from", names.level(*tier, *from))
                    .text("to", names.level(*tier, *to))
                    .plain("reason", reason.name());
            }
        }
        if self.entry.suppressed {
            line.raw("suppressed", true);
        }
        line.object("cause", self.cause().json(names, self.at()))
            .plain("at", self.at());
        line.finish()
    }
}

/// The first 128 bits of SHA-256 over the parts, joined by U+001F.
pub(crate) fn hash(parts: [&str; 5]) -> u128 {
    let digits: [u8; 32] = Sha256::digest(parts.join("\u{1f}")).into();
    let first = digits.first_chunk::<16>().copied().unwrap_or_default();
    u128::from_be_bytes(first)
}

impl Cause<'_> {
    pub(crate) fn json(&self, names: &Names, at: Timestamp) -> Object {
        let mut json = Object::new();
        match self {
            Self::Event { source, id } => json.text("event", &format!("{source}/{id}")),
            Self::Timer(timer) => json.text("timer", &timer.name(names)).plain("due", at),
        };
        json
    }
}

fn moved(line: &mut Object, names: &Names, movement: &Movement) {
    line.text("points", names.points(movement.points))
        .plain("amount", movement.amount);
    occasion(line, names, movement.because);
}

fn granted(line: &mut Object, names: &Names, grant: &Granted) {
    line.text("grant", names.reward(grant.reward))
        .text("grant_id", &grant_id(names, grant));
    occasion(line, names, grant.because);
}

fn offered(line: &mut Object, names: &Names, prize: &Prize) {
    line.text("points", names.points(prize.points))
        .plain("amount", prize.amount)
        .text("grant_id", &prize_id(names, prize));
    occasion(line, names, prize.because);
}

pub(crate) fn occasion(line: &mut Object, names: &Names, because: Because) {
    match because {
        Because::NO_RULE => line,
        Because::Rule(rule) => line.text("rule", names.rule(rule)),
        Because::Mission(mission, period) => line
            .text("mission", names.mission(mission))
            .plain("period", period),
        Because::Level(tier, level) => line
            .text("tier", names.tier(tier))
            .text("level", names.level(tier, level)),
    };
}

/// A grant's id: reward / (mission / period or tier / level) / how many of it so far, by the first name of each.
pub(crate) fn grant_id(names: &Names, grant: &Granted) -> String {
    id_of(
        names,
        names.first_reward(grant.reward),
        grant.because,
        grant.number,
    )
}

/// The id of points on offer: their name stands for the reward.
fn prize_id(names: &Names, prize: &Prize) -> String {
    id_of(
        names,
        names.first_points(prize.points),
        prize.because,
        prize.number,
    )
}

fn id_of(names: &Names, reward: &str, because: Because, number: u32) -> String {
    format!("{reward}/{}/{number}", because.key(names))
}

impl Because {
    /// The occasion by first names, which stays what it is: `MISSION/PERIOD`, `SET/LEVEL`.
    pub(crate) fn key(self, names: &Names) -> String {
        match self {
            Self::Rule(rule) => names.first_rule(rule).to_owned(),
            Self::Mission(mission, period) => {
                format!("{}/{period}", names.first_mission(mission))
            }
            Self::Level(tier, level) => {
                let (set, level) = (names.first_tier(tier), names.first_level(tier, level));
                format!("{set}/{level}")
            }
        }
    }

    /// The occasion: `MISSION/PERIOD`, `SET/LEVEL`.
    pub(crate) fn name(self, names: &Names) -> String {
        match self {
            Self::Rule(rule) => names.rule(rule).to_owned(),
            Self::Mission(mission, period) => format!("{}/{period}", names.mission(mission)),
            Self::Level(tier, level) => {
                format!("{}/{}", names.tier(tier), names.level(tier, level))
            }
        }
    }
}
