//! What completions and levels give, and how it is taken back.

use programme::model::{Grant, OnReversal, RewardKind};

use super::emission::Cause;
use super::life::{Given, Life, Move, Offer, Why};

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

    /// Reopens what has fallen below its goal, and takes back its reward where the programme says so.
    pub(super) fn reopen(&mut self, cause: Cause<'_>) {
        let now = cause.at();
        let mut fallen: Vec<usize> = (0..self.completions.len())
            .filter(|ix| {
                let done = &self.completions[*ix];
                let mission = &self.programme.missions[done.mission];
                let kept = !done.given.is_empty() && mission.on_reversal == OnReversal::Keep;
                let kept = kept && !matches!(done.offer, Offer::Open(_));
                done.stands && !kept && !self.is_reached(done.mission, &done.period, now)
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
            rooms: Vec::new(),
            takes_back,
        });
        self.moves.len() - 1
    }
}
