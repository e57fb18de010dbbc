//! The names of a programme version, by index: what makes states and journal entries readable without the programme.

use std::sync::Arc;

use programme::model::{
    MissionIx, PointsIx, Programme, RewardIx, RuleIx, TierSet, TierSetIx, Version,
};

use crate::catalogue::VersionId;
use crate::codec::{DecodeError, Reader, Writer};

/// Names of one programme version, in file order. Indexes in states and entries are indexes into these.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    version: Box<str>,
    id: VersionId,
    points: Vec<Box<str>>,
    rules: Vec<Box<str>>,
    missions: Vec<Box<str>>,
    rewards: Vec<Box<str>>,
    tiers: Vec<(Box<str>, Vec<Box<str>>)>,
}

impl Names {
    pub(crate) fn of(programme: &Programme) -> Arc<Self> {
        let levels = |set: &TierSet| set.levels.iter().map(|level| level.id.clone()).collect();
        Arc::new(Self {
            version: programme.version.0.clone(),
            id: VersionId::of(programme),
            points: programme.points.iter().map(|it| it.id.clone()).collect(),
            rules: programme.rules.iter().map(|it| it.id.clone()).collect(),
            missions: programme.missions.iter().map(|it| it.id.clone()).collect(),
            rewards: programme.rewards.iter().map(|it| it.id.clone()).collect(),
            tiers: programme
                .tiers
                .iter()
                .map(|set| (set.id.clone(), levels(set)))
                .collect(),
        })
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        fn list(writer: &mut Writer<'_>, names: &[Box<str>]) {
            writer.length(names.len());
            names.iter().for_each(|name| writer.text(name));
        }
        writer.text(&self.version);
        list(writer, &self.points);
        list(writer, &self.rules);
        list(writer, &self.missions);
        list(writer, &self.rewards);
        writer.length(self.tiers.len());
        for (set, levels) in &self.tiers {
            writer.text(set);
            list(writer, levels);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        fn list(reader: &mut Reader<'_>) -> Result<Vec<Box<str>>, DecodeError> {
            let length = reader.length()?;
            (0..length).map(|_| Ok(reader.text()?.into())).collect()
        }
        let version = reader.text()?;
        Ok(Self {
            version: version.into(),
            id: VersionId::named(version),
            points: list(reader)?,
            rules: list(reader)?,
            missions: list(reader)?,
            rewards: list(reader)?,
            tiers: (0..reader.length()?)
                .map(|_| Ok((reader.text()?.into(), list(reader)?)))
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
        name(&self.points, ix.0)
    }

    pub(crate) fn rule(&self, ix: RuleIx) -> &str {
        name(&self.rules, ix.0)
    }

    pub(crate) fn mission(&self, ix: MissionIx) -> &str {
        name(&self.missions, ix.0)
    }

    pub(crate) fn reward(&self, ix: RewardIx) -> &str {
        name(&self.rewards, ix.0)
    }

    pub(crate) fn tier(&self, ix: TierSetIx) -> &str {
        self.tiers.get(usize::from(ix.0)).map_or("", |(set, _)| set)
    }

    pub(crate) fn level(&self, ix: TierSetIx, level: u16) -> &str {
        self.tiers
            .get(usize::from(ix.0))
            .map_or("", |(_, levels)| name(levels, level))
    }

    pub(crate) fn all_points(&self) -> &[Box<str>] {
        &self.points
    }

    pub(crate) fn all_rules(&self) -> &[Box<str>] {
        &self.rules
    }

    pub(crate) fn all_missions(&self) -> &[Box<str>] {
        &self.missions
    }

    pub(crate) fn all_rewards(&self) -> &[Box<str>] {
        &self.rewards
    }

    pub(crate) fn all_tiers(&self) -> &[(Box<str>, Vec<Box<str>>)] {
        &self.tiers
    }
}

fn name(names: &[Box<str>], ix: u16) -> &str {
    names.get(usize::from(ix)).map_or("", |name| name)
}
