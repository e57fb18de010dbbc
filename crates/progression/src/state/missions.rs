//! The missions that a player has touched, in file order, found by counting bits.
//!
//! Most players have touched few of a programme's missions. Each that is touched has a piece of memory of its own, so that the list
//! grows without moving them: what they leave behind would be of a size that nothing else asks for.

use programme::model::MissionIx;
use smallvec::SmallVec;
use types::Timestamp;

use crate::mission::Course;
use crate::period::Period;
use crate::slot::Slot;

/// By index; what was never touched is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Missions {
    /// A bit for each mission that is kept.
    touched: SmallVec<[u64; 2]>,
    #[expect(clippy::vec_box, reason = "the list grows by words, not by missions")]
    kept: Vec<Box<MissionState>>,
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
    pub(crate) fn get(&self, ix: MissionIx) -> Option<&MissionState> {
        self.kept.get(self.place(ix).ok()?).map(|kept| &**kept)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, ix: MissionIx) -> Option<&mut MissionState> {
        let place = self.place(ix).ok()?;
        self.kept.get_mut(place).map(|kept| &mut **kept)
    }

    /// The mission's state, from now on touched.
    #[inline]
    pub(crate) fn touch(&mut self, ix: MissionIx) -> &mut MissionState {
        let place = match self.place(ix) {
            Ok(place) => place,
            Err(place) => {
                self.put(ix, place);
                place
            }
        };
        &mut self.kept[place]
    }

    #[cold]
    fn put(&mut self, ix: MissionIx, place: usize) {
        let (at, bit) = bit(ix);
        if self.touched.len() <= at {
            self.touched.resize(at + 1, 0);
        }
        self.touched[at] |= bit;
        self.kept.insert(place, Box::default());
    }

    /// Those that are touched, in file order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MissionIx, &MissionState)> {
        self.indexes().zip(self.all())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &MissionState> {
        self.kept.iter().map(|kept| &**kept)
    }

    /// As [`Missions::iter`], to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (MissionIx, &mut MissionState)> {
        let indexes: SmallVec<[MissionIx; 32]> = self.indexes().collect();
        let kept = self.kept.iter_mut().map(|kept| &mut **kept);
        indexes.into_iter().zip(kept)
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
        for (ix, kept) in indexes.into_iter().zip(old.kept) {
            match to(ix) {
                Some(ix) => *self.touch(ix) = *kept,
                None => gone(ix, *kept),
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let held = self.kept.iter();
        let held = held.map(|kept| size_of::<MissionState>() + kept.bytes());
        self.kept.capacity() * size_of::<Box<MissionState>>() + held.sum::<usize>()
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
