//! A mission's period: progress, and what became of its completions.

mod past;

use programme::model::{Mission, PointsIx, Programme, RewardIx};
use smallvec::SmallVec;
use types::{MicroPoints, Timestamp};

use crate::codec::{DecodeError, Reader, Writer};
use crate::goal::{Progress, Trail};
use crate::period::Period;
use crate::waiting::Units;

pub(crate) use past::Past;

/// What a period has besides its progress.
const FATE: u64 = 1;
const TRAIL: u64 = 2;
const BROKEN: u64 = 4;
const PAST: u64 = 8;
const UNITS: u64 = 16;
const REST: u32 = 5;

/// What completions of a period have besides their number.
const STANDING: u64 = 1;
const REOPENED: u64 = 2;
const COMPLETIONS: u32 = 2;

/// What a period has besides its offer.
const PRIZES: u8 = 8;
const OFFERED: u8 = 16;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) period: Period,
    /// When the period ends; the last instant for what never does.
    pub(crate) end: Timestamp,
    /// One for each leaf of the goal.
    pub(crate) parts: SmallVec<[Progress; 1]>,
    /// The events behind the parts, where their order or their times matter.
    pub(crate) trail: Option<Box<Trail>>,
    /// How many streaks of it have been told to be broken.
    pub(crate) broken: u32,
    /// `None` until the period completes for the first time.
    pub(crate) fate: Option<Box<Fate>>,
    /// What of it is of an earlier version of the programme.
    pub(crate) past: Option<Box<Past>>,
    /// `None` until it asks for what players share.
    pub(crate) units: Option<Box<Units>>,
}

/// Completions of one period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    /// Whether a completion stands.
    pub(crate) standing: bool,
    pub(crate) completions: u32,
    pub(crate) reopenings: u32,
    /// When the event of the last completion occurred.
    pub(crate) occurred_at: Timestamp,
    /// When it was recorded.
    pub(crate) recorded_at: Timestamp,
    /// What the last completion gave.
    pub(crate) given: Vec<Given>,
    /// Whether it was to be claimed.
    pub(crate) offer: Offer,
    /// How many offers of points this period has made so far.
    pub(crate) prizes: Vec<(PointsIx, u32)>,
    /// How many of each reward this period has given so far.
    pub(crate) offered: Vec<(RewardIx, u32)>,
}

/// One thing that a completion gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// By which n-th credit of these points, 0 where what it gave is not known apart from the rest.
    Points(PointsIx, MicroPoints, u64),
    Grant(RewardIx, u32),
    /// Points that wait for the claim, and how many offers of them this makes.
    Prize(PointsIx, MicroPoints, u32),
}

/// Where a completion's reward is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Offer {
    /// There is none to claim.
    #[default]
    None,
    /// It waits for the player.
    Open {
        /// The entry that made it: what is claimed without a name is the oldest.
        entry: u64,
        /// When it lapses.
        until: Option<Timestamp>,
    },
    /// The player has it, by a claim of this time.
    Claimed {
        occurred_at: Timestamp,
        recorded_at: Timestamp,
    },
    /// The player let it pass.
    Lapsed,
}

impl Slot {
    pub(crate) fn new(period: Period, end: Timestamp, parts: usize) -> Self {
        Self {
            period,
            end,
            parts: std::iter::repeat_n(Progress::None, parts).collect(),
            trail: None,
            broken: 0,
            fate: None,
            past: None,
            units: None,
        }
    }

    /// The version whose goal the period keeps, where it is not the programme's own.
    pub(crate) fn keeps(&self) -> Option<&str> {
        self.past.as_ref()?.goal.as_deref()
    }

    /// The mission as it is for this period, and its programme: as it was in the version whose goal and window the period keeps.
    pub(crate) fn rules<'p>(
        &self,
        programme: &'p Programme,
        mission: &'p Mission,
    ) -> (&'p Programme, &'p Mission) {
        let kept = self.keeps().and_then(|version| {
            let earlier = programme.of_version(version)?;
            Some((earlier, earlier.same_mission(mission)?))
        });
        kept.unwrap_or((programme, mission))
    }

    /// The leaf that has now what an entry had counted for this one.
    pub(crate) fn leaf(&self, entry: u64, leaf: u8) -> Option<u8> {
        match &self.past {
            Some(past) => past.leaf(entry, leaf),
            None => Some(leaf),
        }
    }

    /// Whether a completion of it waits for an answer.
    pub(crate) fn is_awaited(&self) -> bool {
        self.units.as_ref().is_some_and(|units| units.awaited)
    }

    /// Whether its reward waits to be claimed.
    pub(crate) fn is_offered(&self) -> bool {
        let offer = self.fate.as_ref().map(|fate| fate.offer);
        matches!(offer, Some(Offer::Open { .. }))
    }

    pub(crate) fn stands(&self) -> bool {
        self.fate.as_ref().is_some_and(|fate| fate.standing)
    }

    pub(crate) fn bytes(&self) -> usize {
        let fate = self.fate.as_ref().map_or(0, |fate| {
            size_of::<Fate>() + fate.given.len() * size_of::<Given>() + fate.offered.len() * 8
        });
        let trail = self.trail.as_ref().map_or(0, |trail| trail.bytes());
        let past = self.past.as_ref().map_or(0, |past| past.bytes());
        let units = self.units.as_ref().map_or(0, |units| units.bytes());
        fate + trail + past + units + self.parts.iter().map(Progress::bytes).sum::<usize>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        self.period.encode(writer);
        if self.period != Period::Once {
            writer.time(self.end);
        }
        let rest = u64::from(self.fate.is_some()) * FATE
            + u64::from(self.trail.is_some()) * TRAIL
            + u64::from(self.broken > 0) * BROKEN
            + u64::from(self.past.is_some()) * PAST
            + u64::from(self.units.is_some()) * UNITS;
        writer.number((self.parts.len() as u64) << REST | rest);
        self.parts.iter().for_each(|part| part.encode(writer));
        if self.broken > 0 {
            writer.number(u64::from(self.broken));
        }
        if let Some(trail) = &self.trail {
            trail.encode(writer);
        }
        if let Some(fate) = &self.fate {
            fate.encode(writer);
        }
        if let Some(past) = &self.past {
            past.encode(writer);
        }
        if let Some(units) = &self.units {
            units.encode(writer);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let period = Period::decode(reader)?;
        let end = match period {
            Period::Once => Timestamp::MAX,
            Period::Calendar { .. } | Period::Start(_) | Period::Run(_) => reader.time()?,
        };
        let rest = reader.number()?;
        let parts = (0..rest >> REST)
            .map(|_| Progress::decode(reader))
            .collect::<Result<_, _>>()?;
        let broken = match rest & BROKEN {
            0 => 0,
            _ => reader.number32()?,
        };
        let trail = match rest & TRAIL {
            0 => None,
            _ => Some(Box::new(Trail::decode(reader)?)),
        };
        let fate = match rest & FATE {
            0 => None,
            _ => Some(Box::new(Fate::decode(reader)?)),
        };
        let past = match rest & PAST {
            0 => None,
            _ => Some(Box::new(Past::decode(reader)?)),
        };
        let units = match rest & UNITS {
            0 => None,
            _ => Some(Box::new(Units::decode(reader)?)),
        };
        Ok(Self {
            period,
            end,
            parts,
            trail,
            broken,
            fate,
            past,
            units,
        })
    }
}

impl Offer {
    /// The tag has room for what else stands there.
    fn encode(self, beside: u8, writer: &mut Writer<'_>) {
        match self {
            Self::None => writer.byte(beside),
            Self::Open { entry, until } => {
                writer.byte(beside | (1 + u8::from(until.is_some())));
                writer.number(entry);
                if let Some(until) = until {
                    writer.time(until);
                }
            }
            Self::Claimed {
                occurred_at,
                recorded_at,
            } => {
                writer.byte(beside | 3);
                writer.time(occurred_at);
                writer.time(recorded_at);
            }
            Self::Lapsed => writer.byte(beside | 4),
        }
    }

    fn decode(tag: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match tag {
            0 => Self::None,
            tag @ (1 | 2) => Self::Open {
                entry: reader.number()?,
                until: match tag {
                    2 => Some(reader.time()?),
                    _ => None,
                },
            },
            3 => Self::Claimed {
                occurred_at: reader.time()?,
                recorded_at: reader.time()?,
            },
            4 => Self::Lapsed,
            _ => return Err(DecodeError::Invalid("an offer")),
        })
    }
}

fn read<T>(
    reader: &mut Reader<'_>,
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    (0..reader.length()?).map(|_| decode(reader)).collect()
}

impl Fate {
    /// The next number of a grant of this reward.
    pub(crate) fn number(&mut self, reward: RewardIx) -> u32 {
        match self.offered.iter_mut().find(|(ix, _)| *ix == reward) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.offered.push((reward, 1));
                1
            }
        }
    }

    /// The next number of an offer of these points.
    pub(crate) fn prize_number(&mut self, points: PointsIx) -> u32 {
        match self.prizes.iter_mut().find(|(ix, _)| *ix == points) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.prizes.push((points, 1));
                1
            }
        }
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        let rest = u64::from(self.standing) * STANDING + u64::from(self.reopenings > 0) * REOPENED;
        writer.number(u64::from(self.completions) << COMPLETIONS | rest);
        if self.reopenings > 0 {
            writer.number(u64::from(self.reopenings));
        }
        writer.time(self.recorded_at);
        writer.signed(self.recorded_at.nanos() - self.occurred_at.nanos());
        writer.length(self.given.len());
        for given in &self.given {
            match given {
                Given::Points(points, amount, n) => {
                    writer.tagged(if *n == 0 { 0 } else { 3 }, points.0);
                    writer.wide(amount.0);
                    if *n > 0 {
                        writer.number(*n);
                    }
                }
                Given::Grant(reward, number) => {
                    writer.tagged(1, reward.0);
                    writer.number(u64::from(*number));
                }
                Given::Prize(points, amount, number) => {
                    writer.tagged(2, points.0);
                    writer.wide(amount.0);
                    writer.number(u64::from(*number));
                }
            }
        }
        let prizes = u8::from(!self.prizes.is_empty()) * PRIZES;
        let offered = u8::from(!self.offered.is_empty()) * OFFERED;
        self.offer.encode(prizes | offered, writer);
        if prizes > 0 {
            writer.length(self.prizes.len());
        }
        for (points, count) in &self.prizes {
            writer.number(u64::from(points.0));
            writer.number(u64::from(*count));
        }
        if offered > 0 {
            writer.length(self.offered.len());
        }
        for (reward, count) in &self.offered {
            writer.number(u64::from(reward.0));
            writer.number(u64::from(*count));
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let given = |reader: &mut Reader<'_>| match reader.tagged()? {
            (0, ix) => Ok(Given::Points(PointsIx(ix), MicroPoints(reader.wide()?), 0)),
            (1, ix) => Ok(Given::Grant(RewardIx(ix), reader.number32()?)),
            (2, ix) => Ok(Given::Prize(
                PointsIx(ix),
                MicroPoints(reader.wide()?),
                reader.number32()?,
            )),
            (_, ix) => Ok(Given::Points(
                PointsIx(ix),
                MicroPoints(reader.wide()?),
                reader.number()?,
            )),
        };
        let rest = reader.number()?;
        let completions = u32::try_from(rest >> COMPLETIONS);
        let reopenings = match rest & REOPENED {
            0 => 0,
            _ => reader.number32()?,
        };
        let recorded_at = reader.time()?;
        let before = reader.signed()?.checked_neg();
        let occurred_at = before.map_or(recorded_at, |before| {
            recorded_at.saturating_add_nanos(before)
        });
        let given = read(reader, given)?;
        let tag = reader.byte()?;
        let offer = Offer::decode(tag & !(PRIZES | OFFERED), reader)?;
        let counts = |there: bool, reader: &mut Reader<'_>| match there {
            false => Ok(Vec::new()),
            true => read(reader, |reader| {
                Ok((reader.number16()?, reader.number32()?))
            }),
        };
        let prizes = counts(tag & PRIZES != 0, reader)?.into_iter();
        let offered = counts(tag & OFFERED != 0, reader)?.into_iter();
        Ok(Self {
            standing: rest & STANDING != 0,
            completions: completions.map_err(|_| DecodeError::Invalid("completions"))?,
            reopenings,
            occurred_at,
            recorded_at,
            given,
            offer,
            prizes: prizes.map(|(ix, count)| (PointsIx(ix), count)).collect(),
            offered: offered.map(|(ix, count)| (RewardIx(ix), count)).collect(),
        })
    }
}
