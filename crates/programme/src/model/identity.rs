//! Which things of several versions are one: a thing is known by the first id that it ever had, under whatever name it goes now.
//!
//! An id that was ever used is its thing's for good. So a thing is found by its own id, where that was used before, else by the one
//! that it says it `was`; and what a version leaves out and another brings back is the same thing again.

use std::collections::{BTreeMap, BTreeSet};

use super::{EarnRule, Level, Mission, Points, Programme, Reward, TierSet};

/// Something that is known from version to version.
pub(crate) trait Known {
    /// What it is called.
    fn id(&self) -> &str;
    /// What it says it was called.
    fn was(&self) -> Option<&str>;
    /// The first id that it ever had.
    fn first_id(&self) -> &str;
    /// Sets the first id that it ever had.
    fn begin_as(&mut self, first: Box<str>);
    /// What it is called from now on.
    fn call(&mut self, id: Box<str>);
}

macro_rules! known {
    ($($thing:ty),+) => {$(
        impl Known for $thing {
            fn id(&self) -> &str {
                &self.id
            }
            fn was(&self) -> Option<&str> {
                self.was.as_deref()
            }
            fn first_id(&self) -> &str {
                &self.first_id
            }
            fn begin_as(&mut self, first: Box<str>) {
                self.first_id = first;
            }
            fn call(&mut self, id: Box<str>) {
                self.id = id;
            }
        }
    )+};
}
known!(Points, EarnRule, Mission, TierSet, Level, Reward);

/// Of one kind of thing: every id that was ever used, and the first id of the thing whose it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ids(BTreeMap<Box<str>, Box<str>>);

/// Every id that a programme and the versions before it have used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsedIds {
    pub(crate) points: Ids,
    pub(crate) rules: Ids,
    pub(crate) missions: Ids,
    pub(crate) tiers: Ids,
    /// By the first id of their set.
    pub(crate) levels: BTreeMap<Box<str>, Ids>,
    pub(crate) rewards: Ids,
}

impl Ids {
    /// The first id of the thing that has, or once had, this id.
    pub(crate) fn first(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(AsRef::as_ref)
    }

    /// The first id of a thing of the next version; its own where it is new.
    pub(crate) fn first_of<'a>(&'a self, thing: &'a impl Known) -> &'a str {
        let was = || thing.was().and_then(|was| self.first(was));
        self.first(thing.id())
            .or_else(was)
            .unwrap_or_else(|| thing.id())
    }

    /// The things of the next version: each gets its first id, and its own is used from now on.
    fn know(&mut self, things: &mut [impl Known]) {
        let mut taken = BTreeSet::new();
        for thing in things {
            // Of two that say that they are one, which no version in effect does, the second is another.
            let first: Box<str> = match self.first_of(thing) {
                first if taken.contains(first) => thing.id().into(),
                first => first.into(),
            };
            self.0
                .entry(thing.id().into())
                .or_insert_with(|| first.clone());
            taken.insert(first.clone());
            thing.begin_as(first);
        }
    }
}

impl Programme {
    /// Makes its things the ones that they were in the versions before it, whose ids these are.
    pub(crate) fn known_from(&mut self, mut used: UsedIds) {
        used.points.know(&mut self.points);
        used.rules.know(&mut self.rules);
        used.missions.know(&mut self.missions);
        used.tiers.know(&mut self.tiers);
        for set in &mut self.tiers {
            let levels = used.levels.entry(set.first_id.clone()).or_default();
            levels.know(&mut set.levels);
        }
        used.rewards.know(&mut self.rewards);
        self.used = used;
    }

    /// The same programme, its things known as those of another that they go on as (`was`), for a reader who compares the two.
    #[must_use]
    pub fn known_after(mut self, before: &Self) -> Self {
        self.known_from(before.used.clone());
        self.kept = super::Kept::default();
        self
    }

    /// The mission that this one of another version is, here.
    pub fn same_mission(&self, mission: &Mission) -> Option<&Mission> {
        let mut all = self.missions.iter();
        all.find(|it| it.first_id == mission.first_id)
    }

    /// The place of the mission that has, or once had, this id.
    pub fn mission_called(&self, id: &str) -> Option<super::MissionIx> {
        let first = self.used.missions.first(id)?;
        let mut all = (0..).map(super::MissionIx).zip(&self.missions);
        all.find(|(_, it)| *it.first_id == *first).map(|(ix, _)| ix)
    }

    /// The place of the points that have, or once had, this id.
    pub fn points_called(&self, id: &str) -> Option<super::PointsIx> {
        let first = self.used.points.first(id)?;
        let mut all = (0..).map(super::PointsIx).zip(&self.points);
        all.find(|(_, it)| *it.first_id == *first).map(|(ix, _)| ix)
    }
}
