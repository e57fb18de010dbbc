//! The missions that a player has touched, in file order, found by counting bits.
//!
//! Most players have touched few of a programme's missions, and of most of these there is nothing to say but how far they are
//! ([`Running`]): that lies in the list. Each other has a piece of memory of its own.

mod codec;

use std::borrow::Cow;

use programme::model::MissionIx;
use smallvec::SmallVec;
use types::Timestamp;

use super::Running;
use crate::mission::Course;
use crate::period::Period;
use crate::slot::Slot;

/// So many places more, where there is none left: a list that doubles is half empty, and there is one for each player.
const GROWTH: usize = 4;

/// By index; what was never touched is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Missions {
    /// A bit for each mission that is kept.
    touched: SmallVec<[u64; 2]>,
    kept: Vec<Kept>,
}

/// A mission as it is kept.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    Running(Running),
    Whole(Box<MissionState>),
}

/// One mission of the player.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct MissionState {
    /// Completions that stand, of all periods.
    pub(crate) standing: u64,
    /// The current period and others that are not closed: mostly one.
    pub(crate) slots: SmallVec<[Slot; 1]>,
    /// Joining, the start, runs: where the mission has such.
    pub(crate) course: Option<Box<Course>>,
}

impl Kept {
    fn of(state: MissionState) -> Self {
        match Running::of(&state) {
            Some(running) => Self::Running(running),
            None => Self::Whole(Box::new(state)),
        }
    }

    /// What it says, where that is no more than how far it is.
    fn running(&self) -> Option<Running> {
        match self {
            Self::Running(running) => Some(*running),
            Self::Whole(state) => Running::of(state),
        }
    }

    fn state(&self) -> Cow<'_, MissionState> {
        match self {
            Self::Running(running) => Cow::Owned(running.whole()),
            Self::Whole(state) => Cow::Borrowed(state),
        }
    }

    fn shorten(&mut self) {
        if let Some(running) = self.running() {
            *self = Self::Running(running);
        }
    }

    /// As a whole state, from now on.
    fn whole(&mut self) -> &mut MissionState {
        match self {
            Self::Whole(state) => state,
            Self::Running(running) => {
                *self = Self::Whole(Box::new(running.whole()));
                self.whole()
            }
        }
    }
}

fn bit(ix: MissionIx) -> (usize, u64) {
    (usize::from(ix.0 / 64), 1 << (ix.0 % 64))
}

impl Missions {
    /// Where a touched mission is kept, or where it would be.
    #[inline]
    fn place(&self, ix: MissionIx) -> Result<usize, usize> {
        let (at, bit) = bit(ix);
        let words = self.touched.as_slice();
        let before = words.iter().take(at);
        let before: u32 = before.map(|word| word.count_ones()).sum();
        let word = words.get(at).copied().unwrap_or(0);
        let place = (before + (word & (bit - 1)).count_ones()) as usize;
        match word & bit {
            0 => Err(place),
            _ => Ok(place),
        }
    }

    #[inline]
    fn kept(&self, ix: MissionIx) -> Option<&Kept> {
        self.kept.get(self.place(ix).ok()?)
    }

    /// The mission as it is kept, to be counted for.
    #[inline]
    pub(crate) fn kept_mut(&mut self, ix: MissionIx) -> Option<&mut Kept> {
        let place = self.place(ix).ok()?;
        self.kept.get_mut(place)
    }

    /// The mission's state, however it is kept.
    pub(crate) fn get(&self, ix: MissionIx) -> Option<Cow<'_, MissionState>> {
        self.kept(ix).map(Kept::state)
    }

    /// The mission's state, where there is more to say of it than how far it is.
    #[inline]
    pub(crate) fn whole(&self, ix: MissionIx) -> Option<&MissionState> {
        match self.kept(ix)? {
            Kept::Running(_) => None,
            Kept::Whole(state) => Some(state),
        }
    }

    /// The mission's state, to be changed in any way.
    pub(crate) fn get_mut(&mut self, ix: MissionIx) -> Option<&mut MissionState> {
        self.kept_mut(ix).map(Kept::whole)
    }

    /// The mission's state, from now on touched.
    pub(crate) fn touch(&mut self, ix: MissionIx) -> &mut MissionState {
        let place = match self.place(ix) {
            Ok(place) => place,
            Err(place) => {
                self.put(ix, place, Kept::Whole(Box::default()));
                place
            }
        };
        self.kept[place].whole()
    }

    /// A mission that is not touched yet begins to count.
    pub(crate) fn begin(&mut self, ix: MissionIx, running: Running) {
        self.set(ix, Kept::Running(running));
    }

    /// Puts a mission's state in the place of what there is.
    pub(super) fn insert(&mut self, ix: MissionIx, state: MissionState) {
        self.set(ix, Kept::of(state));
    }

    /// Keeps a mission as short as it can be kept.
    pub(crate) fn shorten(&mut self, ix: MissionIx) {
        if let Some(kept) = self.kept_mut(ix) {
            kept.shorten();
        }
    }

    fn set(&mut self, ix: MissionIx, kept: Kept) {
        match self.place(ix) {
            Ok(place) => self.kept[place] = kept,
            Err(place) => self.put(ix, place, kept),
        }
    }

    #[cold]
    fn put(&mut self, ix: MissionIx, place: usize, kept: Kept) {
        let (at, bit) = bit(ix);
        if self.touched.len() <= at {
            self.touched.resize(at + 1, 0);
        }
        self.touched[at] |= bit;
        if self.kept.len() == self.kept.capacity() {
            self.kept.reserve_exact(GROWTH);
        }
        self.kept.insert(place, kept);
    }

    /// Those that are touched, in file order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MissionIx, Cow<'_, MissionState>)> {
        self.all_kept().map(|(ix, kept)| (ix, kept.state()))
    }

    /// Those of which there is more to say than how far they are.
    pub(crate) fn all_whole(&self) -> impl Iterator<Item = (MissionIx, &MissionState)> {
        self.all_kept().filter_map(|(ix, kept)| match kept {
            Kept::Running(_) => None,
            Kept::Whole(state) => Some((ix, &**state)),
        })
    }

    /// As [`Missions::iter`], as they are kept.
    pub(super) fn all_kept(&self) -> impl Iterator<Item = (MissionIx, &Kept)> {
        self.indexes().zip(&self.kept)
    }

    /// Changes each.
    pub(crate) fn change_each(&mut self, mut change: impl FnMut(MissionIx, &mut MissionState)) {
        let indexes: SmallVec<[MissionIx; 32]> = self.indexes().collect();
        for (ix, kept) in indexes.into_iter().zip(&mut self.kept) {
            change(ix, kept.whole());
            kept.shorten();
        }
    }

    fn indexes(&self) -> impl Iterator<Item = MissionIx> {
        let words = (0u16..).step_by(64).zip(&self.touched);
        words.flat_map(|(first, word)| {
            let set = move |at: &u16| word >> at & 1 == 1;
            (0..64).filter(set).map(move |at| MissionIx(first + at))
        })
    }

    /// Moves each to the index that it has in another version; what has none is told.
    pub(super) fn carry(
        &mut self,
        to: impl Fn(MissionIx) -> Option<MissionIx>,
        mut gone: impl FnMut(MissionIx, MissionState),
    ) {
        let old = std::mem::take(self);
        let indexes: Vec<MissionIx> = old.indexes().collect();
        for (ix, mut kept) in indexes.into_iter().zip(old.kept) {
            match to(ix) {
                Some(ix) => self.set(ix, kept),
                None => gone(ix, std::mem::take(kept.whole())),
            }
        }
    }

    /// Something of the list.
    pub(super) fn lines(&self) -> u64 {
        let ends = [self.kept.first(), self.kept.last()];
        let words = ends.into_iter().flatten().map(|kept| match kept {
            Kept::Running(running) => running.progress().unsigned_abs(),
            Kept::Whole(_) => 1,
        });
        words.fold(0, |all, word| all ^ word)
    }

    pub(crate) fn bytes(&self) -> usize {
        let held = self.all_whole();
        let held = held.map(|(_, state)| size_of::<MissionState>() + state.bytes());
        self.kept.capacity() * size_of::<Kept>() + held.sum::<usize>()
    }
}

/// Two that say the same are equal, however they are kept.
impl PartialEq for Missions {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl MissionState {
    /// Where a period is kept.
    #[inline]
    pub(crate) fn place(&self, period: Period) -> Option<usize> {
        self.slots.iter().position(|slot| slot.period == period)
    }

    #[inline]
    pub(crate) fn slot(&self, period: Period) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.period == period)
    }

    #[inline]
    pub(crate) fn slot_mut(&mut self, period: Period) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.period == period)
    }

    /// When the events of the earliest standing completions occurred, by time; kept where another mission waits for this one.
    pub(crate) fn unlocks(&self) -> &[Timestamp] {
        self.course.as_ref().map_or(&[], |course| &course.unlocks)
    }

    pub(super) fn bytes(&self) -> usize {
        let spilled = match self.slots.spilled() {
            true => self.slots.capacity() * size_of::<Slot>(),
            false => 0,
        };
        let course = self.course.as_ref().map_or(0, |course| course.bytes());
        spilled + course + self.slots.iter().map(Slot::bytes).sum::<usize>()
    }
}
