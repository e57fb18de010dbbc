//! A player's missions as bytes: of most, which period of a few, and how far.

use programme::model::MissionIx;
use smallvec::SmallVec;
use types::Timestamp;

use super::{MissionState, Missions};
use crate::codec::{DecodeError, Reader, Writer};
use crate::mission::Course;
use crate::period::Period;
use crate::slot::Slot;
use crate::state::Running;
use crate::state::snapshot::read_each;

/// Periods that running missions are in, each said where it is needed first. Missions are many, the calendar's periods few.
type Periods = SmallVec<[(Period, Timestamp); 4]>;

/// Below how many missions lie between a mission and the one before it.
const RUNNING: u64 = 1;
/// Below the number of its period.
const MONEY: u64 = 1;

impl Missions {
    pub(in crate::state) fn encode(&self, writer: &mut Writer<'_>) {
        let mut periods = Periods::new();
        writer.length(self.kept.len());
        let mut next = 0;
        for (ix, kept) in self.all_kept() {
            let ix = u64::from(ix.0);
            let skipped = (ix - next) << 1;
            next = ix + 1;
            // Not by how it is kept: two that say the same are written alike.
            if let Some(running) = kept.running() {
                writer.number(skipped | RUNNING);
                running.encode(&mut periods, writer);
            } else {
                writer.number(skipped);
                kept.state().encode(writer);
            }
        }
    }

    /// Reads what was written, of a programme with so many missions.
    pub(in crate::state) fn decode(
        reader: &mut Reader<'_>,
        all: usize,
    ) -> Result<Self, DecodeError> {
        let (mut missions, mut periods) = (Self::default(), Periods::new());
        let (length, mut next) = (reader.length()?, 0u64);
        missions.kept.reserve_exact(length.min(all));
        for _ in 0..length {
            let head = reader.number()?;
            let ix = next.saturating_add(head >> 1);
            next = ix.saturating_add(1);
            let ix = known(ix, all)?;
            match head & RUNNING {
                0 => missions.insert(ix, MissionState::decode(reader)?),
                _ => missions.begin(ix, Running::decode(&mut periods, reader)?),
            }
        }
        Ok(missions)
    }

    /// As snapshots of layouts up to 9 have them: each whole.
    pub(in crate::state) fn decode_whole(
        reader: &mut Reader<'_>,
        all: usize,
    ) -> Result<Self, DecodeError> {
        let mut missions = Self::default();
        for _ in 0..reader.length()? {
            let ix = known(reader.number()?, all)?;
            missions.insert(ix, MissionState::decode(reader)?);
        }
        Ok(missions)
    }
}

/// The index of a mission that the programme has.
fn known(ix: u64, all: usize) -> Result<MissionIx, DecodeError> {
    match u16::try_from(ix) {
        Ok(ix) if usize::from(ix) < all => Ok(MissionIx(ix)),
        _ => Err(DecodeError::Invalid("a mission")),
    }
}

impl Running {
    fn encode(&self, periods: &mut Periods, writer: &mut Writer<'_>) {
        let own = (self.period(), self.end());
        let known = periods.iter().position(|period| *period == own);
        let at = known.unwrap_or(periods.len()) as u64;
        writer.number(at << 1 | (u64::from(self.is_money()) * MONEY));
        if known.is_none() {
            periods.push(own);
            own.0.encode(writer);
            if own.0 != Period::Once {
                writer.time(own.1);
            }
        }
        writer.signed(self.progress());
    }

    fn decode(periods: &mut Periods, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        const INVALID: DecodeError = DecodeError::Invalid("a mission");
        let head = reader.number()?;
        let at = usize::try_from(head >> 1).map_err(|_| INVALID)?;
        if at == periods.len() {
            let period = Period::decode(reader)?;
            let end = match period {
                Period::Once => Timestamp::MAX,
                _ => reader.time()?,
            };
            periods.push((period, end));
        }
        let (period, end) = *periods.get(at).ok_or(INVALID)?;
        let progress = reader.signed()?;
        Self::read(period, end, progress, head & MONEY != 0).ok_or(INVALID)
    }
}

/// What a mission has besides its periods, below their number.
const COURSE: u64 = 1;
const UNLOCKS: u64 = 2;
const PARTS: u32 = 2;

fn part(bit: u64, is: bool) -> u64 {
    u64::from(is) * bit
}

impl MissionState {
    pub(in crate::state) fn encode(&self, writer: &mut Writer<'_>) {
        let unlocks = self.unlocks();
        let parts = part(COURSE, self.course.is_some()) | part(UNLOCKS, !unlocks.is_empty());
        writer.number((self.slots.len() as u64) << PARTS | parts);
        writer.number(self.standing);
        if !unlocks.is_empty() {
            writer.length(unlocks.len());
            unlocks.iter().for_each(|at| writer.time(*at));
        }
        self.slots.iter().for_each(|slot| slot.encode(writer));
        if let Some(course) = &self.course {
            course.encode(writer);
        }
    }

    pub(in crate::state) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (parts, standing) = (reader.number()?, reader.number()?);
        let unlocks: Vec<_> = match parts & UNLOCKS {
            0 => Vec::new(),
            _ => read_each(reader, |reader| reader.time())?,
        };
        let slots = (0..parts >> PARTS).map(|_| Slot::decode(reader));
        let slots = slots.collect::<Result<_, _>>()?;
        let mut course = match parts & COURSE {
            0 => (!unlocks.is_empty()).then(Box::default),
            _ => Some(Box::new(Course::decode(reader)?)),
        };
        if let Some(course) = &mut course {
            course.unlocks = unlocks;
        }
        Ok(Self {
            standing,
            slots,
            course,
        })
    }
}

#[cfg(test)]
mod tests {
    use programme::model::{MissionIx, PeriodKind};
    use proptest::prelude::*;
    use types::Timestamp;

    use super::{MissionState, Missions, Reader, Running, Writer};
    use crate::period::Period;

    /// More than a programme of these tests has.
    const ALL: usize = 300;

    fn running() -> impl Strategy<Value = Running> {
        let kinds = prop::sample::select(vec![PeriodKind::Day, PeriodKind::Week]);
        let calendar = (kinds, 0..3i32).prop_map(|(kind, ordinal)| {
            let end = Timestamp::MIN.saturating_add_nanos(i64::from(ordinal + 1) * 1_000);
            (Period::Calendar { kind, ordinal }, end)
        });
        let period = prop_oneof![Just((Period::Once, Timestamp::MAX)), calendar];
        (period, 0..=i64::MAX, any::<bool>()).prop_map(|((period, end), progress, is_money)| {
            Running::read(period, end, progress, is_money).unwrap()
        })
    }

    fn written(missions: &Missions) -> Vec<u8> {
        let mut bytes = Vec::new();
        missions.encode(&mut Writer(&mut bytes));
        bytes
    }

    proptest! {
        #[test]
        fn missions_are_the_same_however_they_are_kept(all in prop::collection::btree_map(0..ALL as u16, (running(), 0..2u64), 0..40)) {
            let mut missions = Missions::default();
            for (ix, (running, standing)) in &all {
                let state = MissionState { standing: *standing, ..running.whole() };
                missions.insert(MissionIx(*ix), state);
            }
            let completed = all.values().filter(|(_, standing)| *standing > 0).count();
            prop_assert_eq!(missions.all_whole().count(), completed);
            let bytes = written(&missions);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(Missions::decode(&mut reader, ALL), Ok(missions.clone()));
            prop_assert!(reader.is_empty());
            let mut whole = missions.clone();
            for ix in all.keys() {
                whole.touch(MissionIx(*ix));
            }
            prop_assert_eq!(whole.all_whole().count(), all.len());
            prop_assert_eq!(&whole, &missions);
            prop_assert_eq!(written(&whole), bytes.clone());
            whole.change_each(|_, _| {});
            prop_assert_eq!(whole.all_whole().count(), completed);
            prop_assert_eq!(written(&whole), bytes);
        }

        #[test]
        fn any_bytes_are_missions_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(missions) = Missions::decode(&mut Reader::new(&bytes), ALL) {
                let again = written(&missions);
                prop_assert_eq!(Missions::decode(&mut Reader::new(&again), ALL), Ok(missions));
            }
        }
    }
}
