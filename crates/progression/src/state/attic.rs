//! What a version took out of the programme: kept as it was, under its name, so that a version that brings it back goes on with it.

use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, TierSetIx};

use super::remap::{Moves, given_and_gone, move_level};
use super::{MissionState, State, TierState, Usage};
use crate::account::Account;
use crate::catalogue::Catalogue;
use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

/// Things that are kept of a player: those that were taken out last.
const KEPT_MAX: usize = 256;

/// Things of versions that are over.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Attic(Vec<Stored>);

#[derive(Clone, Debug, PartialEq)]
struct Stored {
    /// Of the last version that had it: its indexes are into these.
    names: Arc<Names>,
    thing: Thing,
}

/// A player's part in something, and its index.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Thing {
    Points(u16, Account),
    Mission(u16, MissionState),
    Tier(u16, TierState),
    /// A level of a set, whose reward was given.
    Level(u16, u16),
    Cap(Usage),
}

impl Attic {
    pub(super) fn store(&mut self, names: &Arc<Names>, things: Vec<Thing>) {
        let stored = things.into_iter().map(|thing| Stored {
            names: Arc::clone(names),
            thing,
        });
        self.0.extend(stored);
        let over = self.0.len().saturating_sub(KEPT_MAX);
        self.0.drain(..over);
    }

    pub(crate) fn bytes(&self) -> usize {
        let held = |stored: &Stored| match &stored.thing {
            Thing::Points(_, account) => account.bytes(),
            Thing::Mission(_, mission) => mission.bytes(),
            Thing::Tier(_, tier) => tier.term.bytes(),
            Thing::Level(..) | Thing::Cap(_) => 0,
        };
        self.0.capacity() * size_of::<Stored>() + self.0.iter().map(held).sum::<usize>()
    }

    pub(super) fn encode(&self, writer: &mut Writer<'_>) {
        writer.length(self.0.len());
        let mut before: Option<&Arc<Names>> = None;
        for stored in &self.0 {
            let same = before.is_some_and(|before| *before == stored.names);
            writer.flag(same);
            if !same {
                stored.names.id().encode(writer);
            }
            before = Some(&stored.names);
            match &stored.thing {
                Thing::Points(ix, account) => {
                    writer.byte(0);
                    writer.number(u64::from(*ix));
                    account.encode(writer);
                }
                Thing::Mission(ix, mission) => {
                    writer.byte(1);
                    writer.number(u64::from(*ix));
                    mission.encode(writer);
                }
                Thing::Tier(ix, tier) => {
                    writer.byte(2);
                    writer.number(u64::from(*ix));
                    tier.encode(writer);
                }
                Thing::Level(set, level) => {
                    writer.byte(3);
                    writer.number(u64::from(*set));
                    writer.number(u64::from(*level));
                }
                Thing::Cap(usage) => {
                    writer.byte(4);
                    writer.number(0);
                    usage.encode(writer);
                }
            }
        }
    }

    pub(super) fn decode(
        reader: &mut Reader<'_>,
        catalogue: &Catalogue,
    ) -> Result<Self, DecodeError> {
        let mut names: Option<Arc<Names>> = None;
        let mut stored = |reader: &mut Reader<'_>| {
            if !reader.flag()? {
                names = Some(catalogue.read(reader)?);
            }
            let names = names.clone().ok_or(DecodeError::Invalid("what is kept"))?;
            let (kind, ix) = (reader.byte()?, reader.number16()?);
            let thing = match kind {
                0 => Thing::Points(ix, Account::decode(reader)?),
                1 => Thing::Mission(ix, MissionState::decode(reader)?),
                2 => Thing::Tier(ix, TierState::decode(reader)?),
                3 => Thing::Level(ix, reader.number16()?),
                4 => Thing::Cap(Usage::decode(reader)?),
                _ => return Err(DecodeError::Invalid("what is kept")),
            };
            Ok(Stored { names, thing })
        };
        let all = (0..reader.length()?)
            .map(|_| stored(reader))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self(all))
    }
}

/// Puts what a version has again where it has it; which missions came back, and from which version.
pub(super) fn bring_back(state: &mut State, names: &Names) -> Vec<(MissionIx, Box<str>)> {
    let mut back = Vec::new();
    let mut stored = std::mem::take(&mut state.attic.0);
    // What is known of a set's levels goes with the set.
    stored.sort_by_key(|it| matches!(it.thing, Thing::Level(..)));
    for mut stored in stored {
        let moves = Moves::between(&stored.names, names);
        let put = match &mut stored.thing {
            Thing::Points(ix, account) => moves.points(PointsIx(*ix)).map(|new| {
                state.points[usize::from(new.0)] = std::mem::take(account);
            }),
            Thing::Mission(ix, mission) => moves.mission(MissionIx(*ix)).map(|new| {
                mission.slots.iter_mut().for_each(|slot| moves.slot(slot));
                state.missions.insert(new, std::mem::take(mission));
                back.push((new, stored.names.version().into()));
            }),
            Thing::Tier(ix, tier) => moves.tier(TierSetIx(*ix)).map(|(new, levels)| {
                let given = given_and_gone(*ix, tier, levels);
                state.attic.store(&stored.names, given);
                move_level(tier, levels);
                state.tiers[usize::from(new.0)] = std::mem::take(tier);
            }),
            Thing::Level(set, level) => moves.tier(TierSetIx(*set)).and_then(|(new, levels)| {
                let level = levels.get(*level)?;
                let tier = &mut state.tiers[usize::from(new.0)];
                tier.highest = tier.highest.max(level);
                Some(())
            }),
            Thing::Cap(usage) => moves.capped(usage.of).map(|of| {
                let usage = usage.clone();
                state.caps.push(Usage { of, ..usage });
            }),
        };
        if put.is_none() {
            state.attic.0.push(stored);
        }
    }
    back
}
