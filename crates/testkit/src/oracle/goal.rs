//! Goals: what an event is worth to them, how far they are, whether they are reached.

use programme::model::{AmountOf, Goal};
use types::{Timestamp, Value};

use super::fraction::Fraction;
use super::life::{Counted, Life, Worth};
use super::step::Happened;
use super::version::Rules;

impl Life<'_> {
    /// The progress of a mission in a period as of an instant, in millionths.
    pub(super) fn progress(&self, mission: usize, period: &str, now: Timestamp) -> i128 {
        let latest = self.latest_chain(mission, period, now);
        match latest {
            Some(length) => length as i128 * 1_000_000,
            None => self.judge(mission, period, now).0,
        }
    }

    /// Whether a mission is at its goal in a period, completed or not.
    pub(super) fn is_reached(&self, mission: usize, period: &str, now: Timestamp) -> bool {
        self.judge(mission, period, now).1
    }

    fn judge(&self, mission: usize, period: &str, now: Timestamp) -> (i128, bool) {
        let facts = self.facts(mission, period, now);
        let (_, rules) = self.rules(mission, period);
        self.measure(&rules.goal, &[], &facts)
    }

    /// What counts for a mission in a period as of an instant, in the order in which it came.
    pub(super) fn facts(&self, mission: usize, period: &str, now: Timestamp) -> Vec<&Counted> {
        self.counted
            .iter()
            .filter(|fact| fact.mission == mission && self.is_left(fact))
            .filter(|fact| self.is_of(fact, period, now))
            .collect()
    }

    // How far a goal is, in millionths, and whether it is reached, by these facts in log order.
    fn measure(&self, goal: &Goal, leaf: &[usize], all: &[&Counted]) -> (i128, bool) {
        let facts: Vec<&Counted> = all
            .iter()
            .copied()
            .filter(|fact| fact.leaf == leaf)
            .collect();
        let against = |progress: i128, target: i128| (progress, progress >= target);
        let whole = |count: usize| count as i128 * 1_000_000;
        let below = |ix: usize| -> Vec<usize> { leaf.iter().copied().chain([ix]).collect() };
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
                    .filter(|ix| self.measure(&parts[*ix], &below(*ix), all).1)
                    .count();
                let needed = if matches!(goal, Goal::All(_)) {
                    parts.len()
                } else {
                    1
                };
                (whole(done), done >= needed)
            }
            Goal::Steps(parts) => {
                let (done, _) = self.steps(parts, leaf, all);
                (whole(done), done == parts.len())
            }
            Goal::Streak {
                unit,
                target,
                freezes,
                ..
            } => {
                let chains = self.chains(*unit, *freezes, all, leaf);
                let longest = chains.iter().map(|chain| chain.length).max();
                against(whole(longest.unwrap_or(0)), i128::from(*target) * 1_000_000)
            }
        }
    }

    /// How many steps are done, and which facts counted in them and in the open one.
    pub(super) fn steps<'f>(
        &self,
        parts: &[Goal],
        leaf: &[usize],
        all: &[&'f Counted],
    ) -> (usize, Vec<&'f Counted>) {
        let mut done = 0;
        let mut taken: Vec<&Counted> = Vec::new();
        let mut deeds: Vec<usize> = all.iter().map(|fact| fact.deed).collect();
        deeds.dedup();
        for deed in deeds {
            if done == parts.len() {
                break;
            }
            let path: Vec<usize> = leaf.iter().copied().chain([done]).collect();
            let mine = all.iter().filter(|fact| fact.deed == deed);
            taken.extend(mine.filter(|fact| fact.leaf.starts_with(&path)));
            if self.measure(&parts[done], &path, &taken).1 {
                done += 1;
            }
        }
        (done, taken)
    }

    /// Whether there is still something of what counted.
    pub(super) fn is_left(&self, fact: &Counted) -> bool {
        fact.missed.whole || !self.is_gone(fact.deed)
    }

    /// What a fact is still worth in millionths.
    pub(super) fn net(&self, fact: &Counted) -> i128 {
        match fact.worth {
            Worth::One => 1_000_000,
            Worth::Number(micro) => micro,
            Worth::Value(_) | Worth::Unit { .. } => 0,
            Worth::Money(micro) => {
                let share = self.returned_share(fact.deed);
                micro - Fraction::new(micro, 1).times(share).rounded() + fact.missed.micro
            }
        }
    }

    /// What an event is worth to each leaf that takes it.
    pub(super) fn worths(
        &self,
        rules: Rules<'_>,
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
            Goal::Steps(parts) | Goal::All(parts) | Goal::Any(parts) => {
                for (ix, part) in parts.iter().enumerate() {
                    leaf.push(ix);
                    self.worths(rules, part, leaf, happened, found);
                    leaf.pop();
                }
                return;
            }
            Goal::Streak { unit, of, when, .. } => (of, when, self.unit(*unit, happened)),
        };
        let name = &rules.0.event_types.get(*of).name;
        if **name == *happened.event.kind
            && self.holds(when.as_ref(), happened)
            && let Some(worth) = worth
        {
            found.push((leaf.clone(), worth));
        }
    }
}

fn worth_of(of: &AmountOf, happened: &Happened<'_>) -> Option<Worth> {
    let number = happened.number(of)?;
    Some(match of {
        AmountOf::Amount => Worth::Money(number.times(happened.weight).millionths()),
        AmountOf::Attribute(_) => Worth::Number(number.millionths()),
    })
}
