//! The missions that a player has touched, in file order, found by counting bits.
//!
//! Most players have touched few of a programme's missions. What is touched lies in one piece of memory, so that an event that
//! counts for three of them waits for that piece and not for three lists of lists.

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
    kept: Vec<MissionState>,
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

/// By how many missions the list grows, at least and at most.
const GROWTH: (usize, usize) = (4, 8);

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
        self.kept.get(self.place(ix).ok()?)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, ix: MissionIx) -> Option<&mut MissionState> {
        let place = self.place(ix).ok()?;
        self.kept.get_mut(place)
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
        if self.kept.len() == self.kept.capacity() {
            // Seldom, since what is left behind lies idle; and not by all of it, since missions are most of what a state takes.
            let more = self.kept.len().clamp(GROWTH.0, GROWTH.1);
            self.kept.reserve_exact(more);
        }
        self.kept.insert(place, MissionState::default());
    }

    /// Those that are touched, in file order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (MissionIx, &MissionState)> {
        self.indexes().zip(&self.kept)
    }

    /// As [`Missions::iter`], to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (MissionIx, &mut MissionState)> {
        let indexes: SmallVec<[MissionIx; 32]> = self.indexes().collect();
        indexes.into_iter().zip(&mut self.kept)
    }

    fn indexes(&self) -> impl Iterator<Item = MissionIx> {
        let words = (0u16..).step_by(64).zip(&self.touched);
        words.flat_map(|(first, word)| {
            let set = move |at: &u16| word >> at & 1 == 1;
            (0..64).filter(set).map(move |at| MissionIx(first + at))
        })
    }

    /// Moves each to the index that it has in another version, or lets it go.
    pub(crate) fn carry(&mut self, to: impl Fn(MissionIx) -> Option<MissionIx>) {
        let old = std::mem::take(self);
        let indexes: Vec<MissionIx> = old.indexes().collect();
        for (ix, kept) in indexes.into_iter().zip(old.kept) {
            if let Some(ix) = to(ix) {
                *self.touch(ix) = kept;
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let held = self.kept.iter().map(MissionState::bytes);
        self.kept.capacity() * size_of::<MissionState>() + held.sum::<usize>()
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

    fn bytes(&self) -> usize {
        let spilled = match self.slots.spilled() {
            true => self.slots.capacity() * size_of::<Slot>(),
            false => 0,
        };
        let course = self.course.as_ref().map_or(0, |course| course.bytes());
        spilled + course + self.slots.iter().map(Slot::bytes).sum::<usize>()
    }
}
