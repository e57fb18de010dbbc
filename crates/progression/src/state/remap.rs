//! Another programme version: what was kept by index moves to the index that its thing has now: things are known by the first id that they had.
//!
//! What the new version no longer names is kept aside, in case that it comes back; shown grants of it are dropped. The ledger
//! stays in the journal.

use std::sync::Arc;

use programme::model::{MissionIx, PointsIx, RewardIx, RuleIx, TierSetIx};
use smallvec::SmallVec;

use super::attic::{self, Thing};
use super::{Capped, State, TierState};
use crate::effect::Because;
use crate::names::{Id, Names};
use crate::slot::{Given, Slot};
use crate::stock::Stock;

/// Old index to new, where the thing is still there.
pub(crate) struct Map(Vec<Option<u16>>);

impl Map {
    fn of<'n>(
        old: impl IntoIterator<Item = &'n Id>,
        new: impl IntoIterator<Item = &'n Id> + Clone,
    ) -> Self {
        let place = |id: &Id| new.clone().into_iter().position(|it| it.is(id));
        let index = |at: usize| u16::try_from(at).ok();
        let old = old.into_iter();
        Self(old.map(|id| place(id).and_then(index)).collect())
    }

    pub(crate) fn get(&self, old: u16) -> Option<u16> {
        self.0.get(usize::from(old)).copied().flatten()
    }

    /// Moves a list that is kept by index; what has no place any more is told, where there is anything to it.
    fn carry<T: Default + Clone + PartialEq>(
        &self,
        old: &mut [T],
        length: usize,
        mut gone: impl FnMut(u16, T),
    ) -> SmallVec<[T; 1]> {
        let mut new = SmallVec::from_elem(T::default(), length);
        for (at, (item, place)) in (0..).zip(old.iter_mut().zip(&self.0)) {
            let item = std::mem::take(item);
            match place.and_then(|place| new.get_mut(usize::from(place))) {
                Some(slot) => *slot = item,
                None if item != T::default() => gone(at, item),
                None => {}
            }
        }
        new
    }
}

/// The way from the indexes of one version to those of another.
pub(crate) struct Moves {
    points: Map,
    rules: Map,
    missions: Map,
    rewards: Map,
    tiers: Map,
    levels: Vec<Map>,
}

impl Moves {
    pub(crate) fn between<'n>(old: &'n Names, new: &'n Names) -> Self {
        let sets = |names: &'n Names| names.all_tiers().iter().map(|(set, _)| set);
        let tiers = Map::of(sets(old), sets(new));
        let levels = |(at, (_, levels)): (u16, &'n (Id, Vec<Id>))| {
            let set = tiers.get(at).map(usize::from);
            let set = set.and_then(|set| new.all_tiers().get(set));
            Map::of(levels, set.map_or(&[][..], |(_, levels)| levels))
        };
        Self {
            points: Map::of(old.all_points(), new.all_points()),
            rules: Map::of(old.all_rules(), new.all_rules()),
            missions: Map::of(old.all_missions(), new.all_missions()),
            rewards: Map::of(old.all_rewards(), new.all_rewards()),
            levels: (0..).zip(old.all_tiers()).map(levels).collect(),
            tiers,
        }
    }

    pub(crate) fn points(&self, ix: PointsIx) -> Option<PointsIx> {
        self.points.get(ix.0).map(PointsIx)
    }

    pub(crate) fn mission(&self, ix: MissionIx) -> Option<MissionIx> {
        self.missions.get(ix.0).map(MissionIx)
    }

    /// A set's place, and the places of its levels.
    pub(crate) fn tier(&self, ix: TierSetIx) -> Option<(TierSetIx, &Map)> {
        let new = self.tiers.get(ix.0).map(TierSetIx)?;
        Some((new, self.levels.get(usize::from(ix.0))?))
    }

    fn reward(&self, ix: RewardIx) -> Option<RewardIx> {
        self.rewards.get(ix.0).map(RewardIx)
    }

    pub(crate) fn stock(&self, stock: Stock) -> Option<Stock> {
        match stock {
            Stock::Completions(ix) => self.mission(ix).map(Stock::Completions),
            Stock::Reward(ix) => self.reward(ix).map(Stock::Reward),
        }
    }

    pub(crate) fn because(&self, because: Because) -> Option<Because> {
        match because {
            Because::Rule(ix) => self.rules.get(ix.0).map(|new| Because::Rule(RuleIx(new))),
            Because::Mission(ix, period) => {
                self.mission(ix).map(|new| Because::Mission(new, period))
            }
            Because::Level(set, level) => {
                let new = self.tiers.get(set.0)?;
                let level = self.levels.get(usize::from(set.0))?.get(level)?;
                Some(Because::Level(TierSetIx(new), level))
            }
        }
    }

    /// What a completion gave, in the new version's indexes.
    pub(crate) fn slot(&self, slot: &mut Slot) {
        if let Some(units) = &mut slot.units {
            let held = |(stock, n): &(Stock, u32)| Some((self.stock(*stock)?, *n));
            units.held = units.held.iter().filter_map(held).collect();
        }
        let Some(fate) = &mut slot.fate else {
            return;
        };
        let given = |given: &Given| match *given {
            Given::Points(ix, amount, n) => self.points(ix).map(|ix| Given::Points(ix, amount, n)),
            Given::Prize(ix, amount, number) => {
                self.points(ix).map(|ix| Given::Prize(ix, amount, number))
            }
            Given::Grant(ix, number) => self.reward(ix).map(|ix| Given::Grant(ix, number)),
        };
        fate.given = fate.given.iter().filter_map(given).collect();
        let prizes = |(ix, count): &(PointsIx, u32)| Some((self.points(*ix)?, *count));
        fate.prizes = fate.prizes.iter().filter_map(prizes).collect();
        let offered = |(ix, count): &(RewardIx, u32)| Some((self.reward(*ix)?, *count));
        fate.offered = fate.offered.iter().filter_map(offered).collect();
    }

    pub(super) fn capped(&self, of: Capped) -> Option<Capped> {
        match of {
            Capped::Rule(ix) => self.rules.get(ix.0).map(|new| Capped::Rule(RuleIx(new))),
            Capped::Points(ix) => self.points(ix).map(Capped::Points),
        }
    }
}

/// Which missions came back with the version, and the version that had them last.
pub(super) fn remap(state: &mut State, names: Arc<Names>) -> Vec<(MissionIx, Box<str>)> {
    let mut gone = Vec::new();
    let moves = Moves::between(&state.names, &names);
    state.repeats |= state.accepted > 0;
    state.points = moves.points.carry(
        &mut state.points,
        names.all_points().len(),
        |ix, account| {
            gone.push(Thing::Points(ix, account));
        },
    );
    state.missions.carry(
        |ix| moves.mission(ix),
        |ix, mission| gone.push(Thing::Mission(ix.0, mission)),
    );
    state.missions.change_each(|_, mission| {
        mission.slots.iter_mut().for_each(|slot| moves.slot(slot));
    });
    for (ix, tier) in (0..).map(TierSetIx).zip(&mut state.tiers) {
        if let Some((_, levels)) = moves.tier(ix) {
            gone.extend(given_and_gone(ix.0, tier, levels));
            move_level(tier, levels);
        }
    }
    state.tiers = moves
        .tiers
        .carry(&mut state.tiers, names.all_tiers().len(), |ix, tier| {
            gone.push(Thing::Tier(ix, tier));
        });
    let clock = state.clock;
    state.caps.retain_mut(|usage| {
        let new = moves.capped(usage.of);
        match new {
            Some(new) => usage.of = new,
            None if usage.end > clock => gone.push(Thing::Cap(usage.clone())),
            None => {}
        }
        new.is_some()
    });
    state.grants.retain_mut(|grant| {
        let new = moves.reward(grant.reward).zip(moves.because(grant.because));
        new.map(|new| (grant.reward, grant.because) = new).is_some()
    });
    state.waiting.retain_mut(|waiting| waiting.carry(&moves));
    let back = attic::bring_back(state, &names);
    state.attic.store(&state.names, gone);
    state.names = names;
    back
}

/// The levels of a set that are gone and have given their rewards: they do not give them again when they come back.
pub(super) fn given_and_gone(set: u16, tier: &TierState, levels: &Map) -> Vec<Thing> {
    let given = (1..=tier.highest).filter(|level| levels.get(*level).is_none());
    given.map(|level| Thing::Level(set, level)).collect()
}

/// The highest place that a level which has given its reward has now: none below it gives one again.
fn highest(level: u16, levels: &Map) -> u16 {
    let all = (0..=level).filter_map(|level| levels.get(level));
    all.max().unwrap_or(0)
}

/// A level that is gone becomes the one below it that is not.
pub(super) fn move_level(tier: &mut TierState, levels: &Map) {
    tier.level = kept(tier.level, levels);
    tier.term.move_levels(|level| kept(level, levels));
    tier.highest = highest(tier.highest, levels);
}

fn kept(level: u16, levels: &Map) -> u16 {
    let mut below = (0..=level).rev();
    below.find_map(|level| levels.get(level)).unwrap_or(0)
}
