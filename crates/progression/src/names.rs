//! The names of a programme version, by index: what makes states and journal entries readable without the programme.

use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, Programme, RewardIx, RuleIx, TierSetIx, Version};

use crate::catalogue::VersionId;
use crate::codec::{DecodeError, Reader, Writer};

/// Names of one programme version, in file order. Indexes in states and entries are indexes into these.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    version: Box<str>,
    id: VersionId,
    points: Vec<Id>,
    rules: Vec<Id>,
    missions: Vec<Id>,
    rewards: Vec<Id>,
    tiers: Vec<(Id, Vec<Id>)>,
}

/// What a thing is called, and what it was called first: what has to stay what it is, whatever it is called, goes by that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Id {
    now: Box<str>,
    /// `None`: the same.
    first: Option<Box<str>>,
}

impl Id {
    fn new(now: &str, first: &str) -> Self {
        Self {
            now: now.into(),
            first: Some(first).filter(|first| *first != now).map(Into::into),
        }
    }

    fn first(&self) -> &str {
        self.first.as_ref().unwrap_or(&self.now)
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        self.first() == other.first()
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(&self.now);
        writer.text(self.first.as_deref().unwrap_or_default());
    }

    fn decode(reader: &mut Reader<'_>, firsts: bool) -> Result<Self, DecodeError> {
        let now = reader.text()?.into();
        let first = if firsts { reader.text()? } else { "" };
        Ok(Self {
            now,
            first: Some(first)
                .filter(|first| !first.is_empty())
                .map(Into::into),
        })
    }
}

impl Names {
    pub(crate) fn of(programme: &Programme) -> Arc<Self> {
        macro_rules! ids {
            ($list:expr) => {
                $list
                    .iter()
                    .map(|it| Id::new(&it.id, &it.first_id))
                    .collect()
            };
        }
        let tiers = programme.tiers.iter();
        Arc::new(Self {
            version: programme.version.0.clone(),
            id: VersionId::of(programme),
            points: ids!(programme.points),
            rules: ids!(programme.rules),
            missions: ids!(programme.missions),
            rewards: ids!(programme.rewards),
            tiers: tiers
                .map(|set| (Id::new(&set.id, &set.first_id), ids!(set.levels)))
                .collect(),
        })
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        fn list(writer: &mut Writer<'_>, ids: &[Id]) {
            writer.length(ids.len());
            ids.iter().for_each(|id| id.encode(writer));
        }
        writer.text(&self.version);
        list(writer, &self.points);
        list(writer, &self.rules);
        list(writer, &self.missions);
        list(writer, &self.rewards);
        writer.length(self.tiers.len());
        for (set, levels) in &self.tiers {
            set.encode(writer);
            list(writer, levels);
        }
    }

    /// `firsts`: whether it says what things were called first. Tables of old do not: nothing could have another name.
    pub(crate) fn decode(reader: &mut Reader<'_>, firsts: bool) -> Result<Self, DecodeError> {
        let list = |reader: &mut Reader<'_>| -> Result<Vec<Id>, DecodeError> {
            let length = reader.length()?;
            (0..length).map(|_| Id::decode(reader, firsts)).collect()
        };
        let version = reader.text()?;
        Ok(Self {
            version: version.into(),
            id: VersionId::named(version),
            points: list(reader)?,
            rules: list(reader)?,
            missions: list(reader)?,
            rewards: list(reader)?,
            tiers: (0..reader.length()?)
                .map(|_| Ok((Id::decode(reader, firsts)?, list(reader)?)))
                .collect::<Result<_, DecodeError>>()?,
        })
    }

    /// What they are named by in states and segments; all zeros before any programme.
    pub(crate) fn id(&self) -> VersionId {
        self.id
    }

    pub(crate) fn is_of(&self, version: &Version) -> bool {
        self.version == version.0
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn points(&self, ix: PointsIx) -> &str {
        now(&self.points, ix.0)
    }

    pub(crate) fn rule(&self, ix: RuleIx) -> &str {
        now(&self.rules, ix.0)
    }

    pub(crate) fn mission(&self, ix: MissionIx) -> &str {
        now(&self.missions, ix.0)
    }

    pub(crate) fn reward(&self, ix: RewardIx) -> &str {
        now(&self.rewards, ix.0)
    }

    pub(crate) fn tier(&self, ix: TierSetIx) -> &str {
        let set = self.tiers.get(usize::from(ix.0));
        set.map_or("", |(set, _)| &set.now)
    }

    pub(crate) fn level(&self, ix: TierSetIx, level: u16) -> &str {
        let set = self.tiers.get(usize::from(ix.0));
        set.map_or("", |(_, levels)| now(levels, level))
    }

    pub(crate) fn first_points(&self, ix: PointsIx) -> &str {
        first(&self.points, ix.0)
    }

    pub(crate) fn first_rule(&self, ix: RuleIx) -> &str {
        first(&self.rules, ix.0)
    }

    pub(crate) fn first_mission(&self, ix: MissionIx) -> &str {
        first(&self.missions, ix.0)
    }

    pub(crate) fn first_reward(&self, ix: RewardIx) -> &str {
        first(&self.rewards, ix.0)
    }

    pub(crate) fn first_tier(&self, ix: TierSetIx) -> &str {
        let set = self.tiers.get(usize::from(ix.0));
        set.map_or("", |(set, _)| set.first())
    }

    pub(crate) fn first_level(&self, ix: TierSetIx, level: u16) -> &str {
        let set = self.tiers.get(usize::from(ix.0));
        set.map_or("", |(_, levels)| first(levels, level))
    }

    pub(crate) fn all_points(&self) -> &[Id] {
        &self.points
    }

    pub(crate) fn all_rules(&self) -> &[Id] {
        &self.rules
    }

    pub(crate) fn all_missions(&self) -> &[Id] {
        &self.missions
    }

    pub(crate) fn all_rewards(&self) -> &[Id] {
        &self.rewards
    }

    pub(crate) fn all_tiers(&self) -> &[(Id, Vec<Id>)] {
        &self.tiers
    }
}

fn now(ids: &[Id], ix: u16) -> &str {
    ids.get(usize::from(ix)).map_or("", |id| &id.now)
}

fn first(ids: &[Id], ix: u16) -> &str {
    ids.get(usize::from(ix)).map_or("", Id::first)
}
