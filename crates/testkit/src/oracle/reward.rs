//! What completions and levels give, and how it is taken back.

use programme::model::{Grant, OnReversal, RewardKind};
use types::Timestamp;

use super::emission::Cause;
use super::life::{Counted, Given, Life, Move, Offer, Rooms, Why, Worth};

impl Life<'_> {
    /// Gives a reward's items in order.
    pub(super) fn give(
        &mut self,
        reward: &[Grant],
        why: &Why,
        deed: usize,
        cause: Cause<'_>,
    ) -> Vec<Given> {
        let mut given = Vec::new();
        for item in reward {
            let credited = match item {
                Grant::Points { points, fixed } => Some((points, fixed)),
                Grant::Reward(ix) => match &self.programme.rewards[usize::from(ix.0)].kind {
                    RewardKind::Points { points, fixed } => Some((points, fixed)),
                    RewardKind::Bonus { .. } | RewardKind::Code { .. } => None,
                },
            };
            let gift = match (credited, item) {
                (Some((points, fixed)), _) => {
                    let (points, micro) = (usize::from(points.0), fixed.0);
                    let by = self.move_points(points, micro, why, (deed, None), cause);
                    Given::Points { points, micro, by }
                }
                (None, Grant::Reward(ix)) => {
                    self.say_grant(usize::from(ix.0), why, "requested", cause)
                }
                (None, Grant::Points { .. }) => unreachable!("points are credited"),
            };
            given.push(gift);
        }
        given
    }

    /// Reopens what has fallen below its goal by what was taken back of these events, and takes back its reward where the programme says
    /// so. What fell before, and was kept by a version that said so, is not looked at again.
    pub(super) fn reopen(&mut self, fell: &[usize], cause: Cause<'_>) {
        let now = cause.at();
        let mut fallen: Vec<usize> = (0..self.completions.len())
            .filter(|ix| {
                let done = &self.completions[*ix];
                let Some(mission) = self.programme.missions.get(done.mission) else {
                    return false;
                };
                let kept = !done.given.is_empty() && mission.on_reversal == OnReversal::Keep;
                let kept = kept && !matches!(done.offer, Offer::Open(_));
                let touched = || self.has_lost(done.mission, &done.period, fell, now);
                done.stands
                    && !kept
                    && touched()
                    && !self.is_reached(done.mission, &done.period, now)
            })
            .collect();
        fallen.sort_by_key(|ix| {
            let done = &self.completions[*ix];
            let run: u32 = done.period.parse().unwrap_or(0);
            (done.mission, run, done.period.clone())
        });
        for ix in fallen {
            let done = &mut self.completions[ix];
            done.stands = false;
            done.offer = Offer::None;
            let units = std::mem::take(&mut done.units);
            let (mission, period, given) = (done.mission, done.period.clone(), done.given.clone());
            let deed = done.deed;
            self.say_mission("mission_reopened", mission, &period, cause);
            let why = Why::Mission(mission, period);
            for gift in given {
                match gift {
                    Given::Points { points, micro, by } => {
                        let back = micro - self.purse(points).expired_of(by);
                        if back > 0 {
                            self.move_points(points, -back, &why, (deed, Some(by)), cause);
                        }
                    }
                    Given::Grant { reward, id } => {
                        self.say_revoked(reward, id, &why, "reversal", cause);
                    }
                    Given::Prize { points, micro, id } => {
                        self.say_unprized(points, micro, id, &why, "reversal", cause);
                    }
                }
            }
            self.put_back(&units);
        }
    }

    fn has_lost(&self, mission: usize, period: &str, fell: &[usize], now: Timestamp) -> bool {
        let of_it = |fact: &&Counted| fact.mission == mission && fell.contains(&fact.deed);
        let mut facts = self.counted.iter().filter(of_it);
        facts.any(|fact| {
            let less = matches!(fact.worth, Worth::Money(_)) || self.is_gone(fact.deed);
            less && self.is_of(fact, period, now)
        })
    }

    /// Moves points for a deed, or takes back what a movement gave; which movement this is.
    pub(super) fn move_points(
        &mut self,
        points: usize,
        micro: i128,
        why: &Why,
        (deed, takes_back): (usize, Option<usize>),
        cause: Cause<'_>,
    ) -> usize {
        self.say_points(points, micro, why, cause);
        self.moves.push(Move {
            points,
            micro,
            why: why.clone(),
            deed,
            caused_by: deed,
            at: cause.at(),
            kind: self.programme.points[points].kind,
            rooms: Rooms::default(),
            takes_back,
        });
        self.moves.len() - 1
    }
}
