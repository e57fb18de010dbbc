//! The names of a programme version, by index: what makes states and journal entries readable without the programme.

use std::sync::Arc;

use programme::model::{
    MissionIx, PointsIx, Programme, RewardIx, RuleIx, TierSet, TierSetIx, Version,
};

use crate::codec::{DecodeError, Reader, Writer};

/// Names of one programme version, in file order. Indexes in states and entries are indexes into these.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Names {
    version: Box<str>,
    points: Vec<Box<str>>,
    rules: Vec<Box<str>>,
    missions: Vec<Box<str>>,
    rewards: Vec<Box<str>>,
    tiers: Vec<(Box<str>, Vec<Box<str>>)>,
    /// The encoded form, kept because every snapshot repeats it.
    encoded: Box<[u8]>,
}

impl Names {
    pub(crate) fn of(programme: &Programme) -> Arc<Self> {
        let levels = |set: &TierSet| set.levels.iter().map(|level| level.id.clone()).collect();
        let mut names = Self {
            version: programme.version.0.clone(),
            points: programme.points.iter().map(|it| it.id.clone()).collect(),
            rules: programme.rules.iter().map(|it| it.id.clone()).collect(),
            missions: programme.missions.iter().map(|it| it.id.clone()).collect(),
            rewards: programme.rewards.iter().map(|it| it.id.clone()).collect(),
            tiers: programme
                .tiers
                .iter()
                .map(|set| (set.id.clone(), levels(set)))
                .collect(),
            encoded: Box::default(),
        };
        names.encoded = names.spell();
        Arc::new(names)
    }

    fn spell(&self) -> Box<[u8]> {
        fn list(writer: &mut Writer<'_>, names: &[Box<str>]) {
            writer.length(names.len());
            names.iter().for_each(|name| writer.text(name));
        }
        let mut bytes = Vec::new();
        let mut writer = Writer(&mut bytes);
        writer.text(&self.version);
        list(&mut writer, &self.points);
        list(&mut writer, &self.rules);
        list(&mut writer, &self.missions);
        list(&mut writer, &self.rewards);
        writer.length(self.tiers.len());
        for (set, levels) in &self.tiers {
            writer.text(set);
            list(&mut writer, levels);
        }
        bytes.into()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.blob(&self.encoded);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Arc<Self>, DecodeError> {
        fn list(reader: &mut Reader<'_>) -> Result<Vec<Box<str>>, DecodeError> {
            let length = reader.length()?;
            (0..length).map(|_| Ok(reader.text()?.into())).collect()
        }
        let encoded = reader.blob()?;
        if encoded.is_empty() {
            // A state that has met no programme yet.
            return Ok(Arc::default());
        }
        let mut inner = Reader::new(encoded);
        let version = inner.text()?.into();
        let (points, rules) = (list(&mut inner)?, list(&mut inner)?);
        let (missions, rewards) = (list(&mut inner)?, list(&mut inner)?);
        let sets = inner.length()?;
        let tiers = (0..sets)
            .map(|_| Ok((inner.text()?.into(), list(&mut inner)?)))
            .collect::<Result<_, DecodeError>>()?;
        if !inner.is_empty() {
            return Err(DecodeError::Invalid("a table of names"));
        }
        Ok(Arc::new(Self {
            version,
            points,
            rules,
            missions,
            rewards,
            tiers,
            encoded: encoded.into(),
        }))
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
