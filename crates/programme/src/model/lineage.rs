//! A programme and the versions that came before it: what a running period may still go by.

use std::sync::Arc;

use super::{
    AmountOf, EventTypeIx, EventTypes, Goal, Kept, Mission, MissionIx, Predicate, Programme,
};

impl Programme {
    /// The same programme, knowing versions that were in effect before it, the newest first, for players whose periods began under them.
    /// What it has of the newest under another id (`was`) is the same thing from here on.
    ///
    /// Their sources are enough to make them. Without the one that a player was last folded with, nothing is known of how its goals
    /// were: progress stays as it is, and the new goals count.
    #[must_use]
    pub fn after(mut self, earlier: Vec<Arc<Self>>) -> Self {
        let used = earlier.first().map(|newest| newest.used.clone());
        self.known_from(used.unwrap_or_default());
        for (ix, mission) in (0..).map(MissionIx).zip(&self.missions) {
            let before = earlier
                .iter()
                .filter_map(|it| Some((it, it.same_mission(mission)?)));
            for (programme, before) in before {
                for kind in before.goal.event_types() {
                    let name = &programme.event_types.get(kind).name;
                    let Some(kind) = self.event_types.find(name) else {
                        continue;
                    };
                    let counting = &mut self.missions_by_type[usize::from(kind.0)];
                    if let Err(at) = counting.binary_search(&ix) {
                        counting.insert(at, ix);
                    }
                }
            }
        }
        self.earlier = earlier;
        self.kept = Kept::default();
        self
    }

    /// The programme of a version: this one, or one before it.
    pub fn of_version(&self, version: &str) -> Option<&Self> {
        if *self.version.0 == *version {
            return Some(self);
        }
        let mut all = self.earlier.iter().map(AsRef::as_ref);
        all.find(|it| *it.version.0 == *version)
    }

    /// The mission with this id.
    pub fn mission(&self, id: &str) -> Option<&Mission> {
        self.missions.iter().find(|mission| *mission.id == *id)
    }
}

/// A goal and the event types that it names.
#[derive(Clone, Copy, Debug)]
pub struct GoalOf<'p> {
    /// The goal.
    pub goal: &'p Goal,
    /// Of its programme.
    pub types: &'p EventTypes,
}

impl GoalOf<'_> {
    /// Whether two goals, of two versions perhaps, are one.
    pub fn is_same(self, other: GoalOf<'_>) -> bool {
        let within = |goal| GoalOf { goal, ..self };
        let within_other = |goal| GoalOf { goal, ..other };
        match (self.goal, other.goal) {
            (Goal::Steps(ours), Goal::Steps(theirs))
            | (Goal::All(ours), Goal::All(theirs))
            | (Goal::Any(ours), Goal::Any(theirs)) => {
                let mut both = ours.iter().zip(theirs);
                ours.len() == theirs.len()
                    && both.all(|(our, their)| within(our).is_same(within_other(their)))
            }
            (
                Goal::Count {
                    target: a, when, ..
                },
                Goal::Count {
                    target: b,
                    when: other_when,
                    ..
                },
            )
            | (
                Goal::Distinct {
                    target: a, when, ..
                },
                Goal::Distinct {
                    target: b,
                    when: other_when,
                    ..
                },
            ) => self.counts_alike(other) && a == b && says(when) == says(other_when),
            (
                Goal::Sum {
                    target: a, when, ..
                },
                Goal::Sum {
                    target: b,
                    when: other_when,
                    ..
                },
            )
            | (
                Goal::Best {
                    target: a, when, ..
                },
                Goal::Best {
                    target: b,
                    when: other_when,
                    ..
                },
            ) => self.counts_alike(other) && a == b && says(when) == says(other_when),
            (
                Goal::Streak {
                    target: a,
                    freezes: c,
                    when,
                    ..
                },
                Goal::Streak {
                    target: b,
                    freezes: d,
                    when: other_when,
                    ..
                },
            ) => self.counts_alike(other) && (a, c) == (b, d) && says(when) == says(other_when),
            _ => false,
        }
    }

    /// Whether progress of the one single goal is progress of the other: the same is counted of the same events.
    pub fn counts_alike(self, other: GoalOf<'_>) -> bool {
        let same_type = |ours: &EventTypeIx, theirs: &EventTypeIx| {
            self.types.get(*ours).name == other.types.get(*theirs).name
        };
        let same = |of, theirs, ours: &AmountOf, amount: &AmountOf| {
            same_type(of, theirs) && ours == amount
        };
        match (self.goal, other.goal) {
            (Goal::Count { of, .. }, Goal::Count { of: theirs, .. }) => same_type(of, theirs),
            (
                Goal::Sum { of, amount, .. },
                Goal::Sum {
                    of: theirs,
                    amount: other,
                    ..
                },
            )
            | (
                Goal::Best { of, amount, .. },
                Goal::Best {
                    of: theirs,
                    amount: other,
                    ..
                },
            ) => same(of, theirs, amount, other),
            (
                Goal::Distinct { of, attribute, .. },
                Goal::Distinct {
                    of: theirs,
                    attribute: other,
                    ..
                },
            ) => same_type(of, theirs) && attribute == other,
            (
                Goal::Streak { of, unit, .. },
                Goal::Streak {
                    of: theirs,
                    unit: other,
                    ..
                },
            ) => same_type(of, theirs) && unit == other,
            _ => false,
        }
    }
}

fn says(when: &Option<Predicate>) -> Option<&str> {
    when.as_ref().map(Predicate::source)
}
