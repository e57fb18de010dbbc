//! Goals: what counts for them, how far they are, when they are reached and when they no longer are.

use programme::model::{
    AmountOf, Goal, Grant, LateEvents, Mission, OnReversal, Predicate, RewardKind, Start, Verdict,
    Window,
};
use types::{Timestamp, Value};

use super::emission::Cause;
use super::fraction::Fraction;
use super::life::{Completion, Counted, Given, Life, Move, Why, Worth};
use super::step::Happened;

impl Life<'_> {
    /// The missions that are open to the player just before an event, as of when it occurred.
    pub(super) fn eligible(&self, happened: &Happened<'_>) -> Vec<usize> {
        let open = |mission: &Mission| {
            assert!(
                mission.start == Start::Automatic && mission.claim.is_none(),
                "the oracle knows no opt-in and no claims"
            );
            let unlocked = mission.after.iter().all(|before| {
                let stands = self.standing(usize::from(before.0));
                let first = stands.map(|completion| completion.occurred).min();
                first.is_some_and(|unlock| happened.occurred >= unlock)
            });
            let available = mission
                .available_from
                .is_none_or(|from| from <= happened.occurred)
                && mission
                    .available_until
                    .is_none_or(|end| happened.occurred < end);
            unlocked && available && self.holds(mission.audience.as_ref(), happened)
        };
        let missions = self.programme.missions.iter().enumerate();
        missions
            .filter(|(_, mission)| open(mission))
            .map(|(ix, _)| ix)
            .collect()
    }

    /// Writes down what an event counts for.
    pub(super) fn count_for_missions(&mut self, happened: &Happened<'_>, eligible: &[usize]) {
        if happened.weight.is_zero() {
            return;
        }
        for &mission in eligible {
            let goal = &self.programme.missions[mission].goal;
            let mut leaves = Vec::new();
            self.worths(goal, &mut Vec::new(), happened, &mut leaves);
            let window = self.programme.missions[mission].window;
            let Some(period) = self.counting_period(window, happened) else {
                continue;
            };
            for (leaf, worth) in leaves {
                self.counted.push(Counted {
                    mission,
                    period: period.clone(),
                    leaf,
                    deed: happened.deed,
                    worth,
                });
            }
        }
    }

    /// Completes what an event brought to its goal.
    pub(super) fn complete(&mut self, deed: usize, cause: Cause<'_>) {
        for mission in 0..self.programme.missions.len() {
            let here = |fact: &&Counted| fact.mission == mission && fact.deed == deed;
            let Some(period) = self
                .counted
                .iter()
                .find(here)
                .map(|fact| fact.period.clone())
            else {
                continue;
            };
            let already = self.standing(mission).any(|done| done.period == period);
            let full = self.programme.missions[mission]
                .limit
                .per_player
                .is_some_and(|most| self.standing(mission).count() as u64 >= most);
            if already || full || !self.is_reached(mission, &period) {
                continue;
            }
            self.say_mission("mission_completed", mission, &period, cause);
            let why = Why::Mission(mission, period.clone());
            let reward = &self.programme.missions[mission].reward;
            let given = self.give(reward, &why, deed, cause);
            self.completions.push(Completion {
                mission,
                period,
                occurred: self.deeds[deed].occurred,
                given,
                stands: true,
            });
        }
    }

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
                    self.move_points(points, micro, why, deed, cause);
                    Given::Points { points, micro }
                }
                (None, Grant::Reward(ix)) => self.say_grant(usize::from(ix.0), why, cause),
                (None, Grant::Points { .. }) => unreachable!("points are credited"),
            };
            given.push(gift);
        }
        given
    }

    /// Reopens what has fallen below its goal, and takes back its reward where the programme says so.
    pub(super) fn reopen(&mut self, cause: Cause<'_>) {
        let mut fallen: Vec<usize> = (0..self.completions.len())
            .filter(|ix| {
                let done = &self.completions[*ix];
                let mission = &self.programme.missions[done.mission];
                let kept = !done.given.is_empty() && mission.on_reversal == OnReversal::Keep;
                done.stands && !kept && !self.is_reached(done.mission, &done.period)
            })
            .collect();
        fallen.sort_by_key(|ix| {
            let done = &self.completions[*ix];
            (done.mission, done.period.clone())
        });
        for ix in fallen {
            let done = &mut self.completions[ix];
            done.stands = false;
            let (mission, period, given) = (done.mission, done.period.clone(), done.given.clone());
            self.say_mission("mission_reopened", mission, &period, cause);
            let why = Why::Mission(mission, period);
            for gift in given {
                match gift {
                    Given::Points { points, micro } => {
                        let deed = self.deeds.len() - 1;
                        self.move_points(points, -micro, &why, deed, cause);
                    }
                    Given::Grant { reward, id } => self.say_revoked(reward, id, &why, cause),
                }
            }
        }
    }

    /// The completions of a mission that stand.
    pub(super) fn standing(&self, mission: usize) -> impl Iterator<Item = &Completion> {
        let of_it = self
            .completions
            .iter()
            .filter(move |done| done.mission == mission);
        of_it.filter(|done| done.stands)
    }

    /// The progress of a mission in a period, in millionths.
    pub(super) fn progress(&self, mission: usize, period: &str) -> i128 {
        self.measure(mission, period, &self.programme.missions[mission].goal, &[])
            .0
    }

    /// The period of a window that is current at an instant.
    pub(super) fn current_period(&self, window: Window, now: Timestamp) -> String {
        match window {
            Window::Once => "once".to_owned(),
            Window::Calendar(kind) => self.zones.period(kind, now).0,
            Window::AfterStart { .. } | Window::Rolling { .. } => {
                panic!("the oracle knows no windows from a start and no rolling ones")
            }
        }
    }

    fn is_reached(&self, mission: usize, period: &str) -> bool {
        self.measure(mission, period, &self.programme.missions[mission].goal, &[])
            .1
    }

    // How far a goal is, in millionths, and whether it is reached.
    fn measure(&self, mission: usize, period: &str, goal: &Goal, leaf: &[usize]) -> (i128, bool) {
        let facts: Vec<&Counted> = self
            .counted
            .iter()
            .filter(|fact| fact.mission == mission && fact.period == period && fact.leaf == leaf)
            .filter(|fact| !self.is_gone(fact.deed))
            .collect();
        let against = |progress: i128, target: i128| (progress, progress >= target);
        let whole = |count: usize| count as i128 * 1_000_000;
        let worths = facts.iter().map(|fact| self.net(fact));
        match goal {
            Goal::Count { target, .. } => {
                against(whole(facts.len()), i128::from(*target) * 1_000_000)
            }
            Goal::Distinct { target, .. } => {
                let mut values: Vec<&Value> = Vec::new();
                for fact in &facts {
                    if let Worth::Value(value) = &fact.worth
                        && !values.contains(&value)
                    {
                        values.push(value);
                    }
                }
                against(whole(values.len()), i128::from(*target) * 1_000_000)
            }
            Goal::Sum { target, .. } => against(worths.sum(), Fraction::of(*target).millionths()),
            Goal::Best { target, .. } => {
                let best = worths.max().unwrap_or(0);
                against(best, Fraction::of(*target).millionths())
            }
            Goal::All(parts) | Goal::Any(parts) => {
                let done = (0..parts.len())
                    .filter(|ix| {
                        let path: Vec<usize> = leaf.iter().copied().chain([*ix]).collect();
                        self.measure(mission, period, &parts[*ix], &path).1
                    })
                    .count();
                let needed = if matches!(goal, Goal::All(_)) {
                    parts.len()
                } else {
                    1
                };
                (whole(done), done >= needed)
            }
            Goal::Steps(_) | Goal::Streak { .. } => {
                panic!("the oracle knows no steps and no streaks")
            }
        }
    }

    // What a fact is still worth in millionths.
    fn net(&self, fact: &Counted) -> i128 {
        match fact.worth {
            Worth::One => 1_000_000,
            Worth::Number(micro) => micro,
            Worth::Value(_) => 0,
            Worth::Money(micro) => {
                let share = self.returned_share(fact.deed);
                micro - Fraction::new(micro, 1).times(share).rounded()
            }
        }
    }

    // What an event is worth to each leaf that takes it.
    fn worths(
        &self,
        goal: &Goal,
        leaf: &mut Vec<usize>,
        happened: &Happened<'_>,
        found: &mut Vec<(Vec<usize>, Worth)>,
    ) {
        let (of, when, worth) = match goal {
            Goal::Count { of, when, .. } => (of, when, Some(Worth::One)),
            Goal::Sum {
                amount, of, when, ..
            }
            | Goal::Best {
                amount, of, when, ..
            } => (of, when, worth_of(amount, happened)),
            Goal::Distinct {
                attribute,
                of,
                when,
                ..
            } => {
                let value = happened.attribute(attribute).cloned();
                (of, when, value.map(Worth::Value))
            }
            Goal::All(parts) | Goal::Any(parts) => {
                for (ix, part) in parts.iter().enumerate() {
                    leaf.push(ix);
                    self.worths(part, leaf, happened, found);
                    leaf.pop();
                }
                return;
            }
            Goal::Steps(_) | Goal::Streak { .. } => {
                panic!("the oracle knows no steps and no streaks")
            }
        };
        let name = &self.programme.event_types.get(*of).name;
        if *name == happened.event.kind
            && self.holds(when.as_ref(), happened)
            && let Some(worth) = worth
        {
            found.push((leaf.clone(), worth));
        }
    }

    // The period for which an event counts; `None` where it is recorded only.
    fn counting_period(&self, window: Window, happened: &Happened<'_>) -> Option<String> {
        let Window::Calendar(kind) = window else {
            return Some(self.current_period(window, happened.recorded));
        };
        let open = self.open_period(kind, happened.occurred, happened.recorded);
        match self.programme.late_events {
            LateEvents::RecordOnly => open,
            LateEvents::CountNow => {
                open.or_else(|| Some(self.current_period(window, happened.recorded)))
            }
        }
    }

    fn holds(&self, predicate: Option<&Predicate>, happened: &Happened<'_>) -> bool {
        predicate.is_none_or(|holds| holds.eval(&happened.facts(self)) == Verdict::True)
    }

    fn move_points(
        &mut self,
        points: usize,
        micro: i128,
        why: &Why,
        deed: usize,
        cause: Cause<'_>,
    ) {
        self.say_points(points, micro, why, cause);
        self.moves.push(Move {
            points,
            micro,
            why: why.clone(),
            deed,
            rooms: Vec::new(),
        });
    }
}

fn worth_of(of: &AmountOf, happened: &Happened<'_>) -> Option<Worth> {
    let number = happened.number(of)?;
    Some(match of {
        AmountOf::Amount => Worth::Money(number.times(happened.weight).millionths()),
        AmountOf::Attribute(_) => Worth::Number(number.millionths()),
    })
}
