//! A mission of which there is nothing to say but how far its one period is: most of a player's.

use programme::model::PeriodKind;
use types::{MicroPoints, Timestamp};

use super::MissionState;
use crate::goal::Progress;
use crate::journal::Gain;
use crate::period::Period;
use crate::slot::Slot;
use crate::zone::Current;

/// Events or money counted in one period that has never been complete: a state of three words where a whole one has two dozen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    end: Timestamp,
    /// Events, or millionths of the currency.
    progress: i64,
    ordinal: i32,
    /// `None`: the one period of what never restarts.
    kind: Option<PeriodKind>,
    is_money: bool,
}

impl Running {
    /// A period before its first event, which gains something of this kind.
    pub(crate) fn new(current: Current, gain: Gain) -> Option<Self> {
        Some(Self {
            is_money: matches!(gain, Gain::Amount { .. }),
            ..Self::at(current.period, current.end)?
        })
    }

    /// What a mission's state says, where it says no more.
    pub(super) fn of(state: &MissionState) -> Option<Self> {
        let ([slot], 0, None) = (&*state.slots, state.standing, &state.course) else {
            return None;
        };
        let bare = slot.trail.is_none()
            && slot.fate.is_none()
            && slot.past.is_none()
            && slot.units.is_none()
            && slot.broken == 0;
        let (progress, is_money) = match &*slot.parts {
            [Progress::Count(count)] => (i64::try_from(*count).ok()?, false),
            [Progress::Sum(sum)] => (i64::try_from(sum.0).ok()?, true),
            _ => return None,
        };
        Self::read(slot.period, slot.end, progress, is_money).filter(|_| bare)
    }

    fn at(period: Period, end: Timestamp) -> Option<Self> {
        let (kind, ordinal) = match period {
            Period::Once if end == Timestamp::MAX => (None, 0),
            Period::Calendar { kind, ordinal } => (Some(kind), ordinal),
            _ => return None,
        };
        Some(Self {
            end,
            progress: 0,
            ordinal,
            kind,
            is_money: false,
        })
    }

    /// So much, of a kind; `None` where no mission runs so.
    pub(super) fn read(
        period: Period,
        end: Timestamp,
        progress: i64,
        is_money: bool,
    ) -> Option<Self> {
        let running = Self::at(period, end).filter(|_| is_money || progress >= 0)?;
        Some(Self {
            progress,
            is_money,
            ..running
        })
    }

    #[inline]
    pub(super) fn period(&self) -> Period {
        let ordinal = self.ordinal;
        self.kind
            .map_or(Period::Once, |kind| Period::Calendar { kind, ordinal })
    }

    /// Adds what an event of this period gains; how much there is then. `None` where it is another period's or does not fit, and
    /// nothing has happened.
    #[inline]
    pub(crate) fn add(&mut self, current: Current, gain: Gain) -> Option<i64> {
        let more = match gain {
            Gain::One if !self.is_money => 1,
            Gain::Amount { micro, money: true } if self.is_money => i64::try_from(micro).ok()?,
            _ => return None,
        };
        if self.period() != current.period {
            return None;
        }
        self.progress = self.progress.checked_add(more)?;
        self.end = self.end.max(current.end);
        Some(self.progress)
    }

    /// As a mission's whole state.
    #[cold]
    pub(super) fn whole(&self) -> MissionState {
        let mut slot = Slot::new(self.period(), self.end, 1);
        slot.parts[0] = self.part();
        MissionState {
            slots: smallvec::smallvec![slot],
            ..MissionState::default()
        }
    }

    pub(super) fn end(&self) -> Timestamp {
        self.end
    }

    /// Events, or millionths.
    pub(super) fn progress(&self) -> i64 {
        self.progress
    }

    pub(super) fn is_money(&self) -> bool {
        self.is_money
    }

    /// Its progress, as the one part of a goal.
    fn part(&self) -> Progress {
        match self.is_money {
            true => Progress::Sum(MicroPoints(self.progress.into())),
            false => Progress::Count(self.progress.unsigned_abs()),
        }
    }
}
