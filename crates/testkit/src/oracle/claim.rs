//! Rewards that wait for the player: offered, claimed, lapsed.

use programme::model::{Duration, Grant, PeriodKind, RewardKind};
use types::{Event, Timestamp, Value};

use super::Answer;
use super::emission::Cause;
use super::life::{Given, Life, Offer, Why};
use super::names::ASIDE;
use super::share::Thing;

impl Life<'_> {
    /// Offers a reward's items in order.
    pub(super) fn offer(&mut self, reward: &[Grant], why: &Why, cause: Cause<'_>) -> Vec<Given> {
        let mut given = Vec::new();
        for item in reward {
            let (points, fixed) = match item {
                Grant::Points { points, fixed } => (points, fixed),
                Grant::Reward(ix) => match &self.programme.rewards[usize::from(ix.0)].kind {
                    RewardKind::Points { points, fixed } => (points, fixed),
                    RewardKind::Bonus { .. } | RewardKind::Code { .. } => {
                        given.push(self.say_grant(usize::from(ix.0), why, "offered", cause));
                        continue;
                    }
                },
            };
            given.push(self.say_prize(usize::from(points.0), fixed.0, why, cause));
        }
        given
    }

    /// When what is offered now lapses.
    pub(super) fn lapses(&self, now: Timestamp, within: Duration) -> Timestamp {
        let zone = self.zones.zone(PeriodKind::Day, now);
        within.after(now, &zone)
    }

    /// The player asks for a reward.
    pub(super) fn claim(&mut self, deed: usize, event: &Event, cause: Cause<'_>) -> Answer {
        let text = |name: &str| event.attributes.get(name).and_then(Value::as_text);
        let named = text("mission").map(|name| self.programme.mission_called(name));
        let named = named.map(|ix| ix.map(|ix| usize::from(ix.0)));
        if named == Some(None) {
            return Answer::Refused("unknown_mission");
        }
        let occurred = self.deeds[deed].occurred;
        if self.is_restricted(occurred) || self.is_restricted(cause.at()) {
            return Answer::Refused("restricted");
        }
        let open = self.completions.iter().position(|done| {
            done.mission < ASIDE
                && matches!(done.offer, Offer::Open(_))
                && named.is_none_or(|mission| mission == Some(done.mission))
                && text("period").is_none_or(|period| period == done.period)
        });
        let Some(open) = open else {
            return Answer::Refused("no_open_offer");
        };
        self.start_by_record(occurred, cause.at());
        let before = self.moves.len();
        self.completions[open].offer = Offer::Claimed;
        self.completions[open].deed = deed;
        let done = &self.completions[open];
        let why = Why::Mission(done.mission, done.period.clone());
        for (ix, gift) in done.given.clone().into_iter().enumerate() {
            self.say_claimed(&gift, &why, cause);
            if let Given::Prize { points, micro, .. } = gift {
                let by = self.move_points(points, micro, &why, (deed, None), cause);
                self.completions[open].given[ix] = Given::Points { points, micro, by };
            }
        }
        self.judge_tiers(before, deed, cause);
        Answer::Applied
    }

    /// The next offer that lapses, and when.
    pub(super) fn next_lapse(&self) -> Option<(Timestamp, usize, usize)> {
        let all = self.completions.iter().enumerate();
        let open = all.filter_map(|(ix, done)| match done.offer {
            Offer::Open(Some(due)) if done.mission < ASIDE => Some((due, done.mission, ix)),
            _ => None,
        });
        open.min()
    }

    /// An offer lapses; the completion stands.
    pub(super) fn lapse(&mut self, completion: usize, due: Timestamp) {
        let done = &mut self.completions[completion];
        done.offer = Offer::Lapsed;
        // The completion stands, and so does its share of the limit.
        let (rewards, limit) = std::mem::take(&mut done.units)
            .into_iter()
            .partition::<Vec<_>, _>(|unit| matches!(unit, Thing::Reward(_)));
        done.units = limit;
        let given = std::mem::take(&mut done.given);
        let (mission, period) = (done.mission, done.period.clone());
        let name = format!("claim/{}/{period}", self.programme.missions[mission].id);
        let cause = Cause::Timer { name: &name, due };
        let why = Why::Mission(mission, period);
        self.put_back(&rewards);
        for gift in given {
            match gift {
                Given::Points { .. } => {}
                Given::Grant { reward, id } => {
                    self.say_revoked(reward, id, &why, "claim_expired", cause);
                }
                Given::Prize { points, micro, id } => {
                    self.say_unprized(points, micro, id, &why, "claim_expired", cause);
                }
            }
        }
    }
}
