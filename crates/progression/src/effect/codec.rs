//! Effects as bytes.

use programme::model::{MissionIx, PointsIx, RewardIx, RuleIx, TierSetIx};
use smallvec::SmallVec;
use types::{Decimal, MicroPoints};

use super::{
    Because, Effect, GrantStatus, Granted, Movement, Prize, RevokeReason, TierReason, Working,
};
use crate::codec::{DecodeError, Reader, Writer};
use crate::fact::WHOLE_E8;
use crate::period::Period;
use crate::stock::Told;

impl Effect {
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Earned(movement) => {
                writer.byte(0);
                movement.encode(writer);
            }
            Self::Reversed(movement) => {
                writer.byte(1);
                movement.encode(writer);
            }
            Self::Completed { mission, period, n } => {
                writer.byte(2);
                mission_period(writer, *mission, *period, *n);
            }
            Self::Reopened { mission, period, n } => {
                writer.byte(3);
                mission_period(writer, *mission, *period, *n);
            }
            Self::StreakBroken {
                mission,
                period,
                length,
                n,
            } => {
                writer.byte(12);
                mission_period(writer, *mission, *period, *n);
                writer.number(u64::from(*length));
            }
            Self::Offered { grant, status } => {
                writer.byte(4);
                grant.encode(writer);
                writer.byte(GrantStatus::code(Some(*status)));
            }
            Self::PrizeOffered(prize) => {
                writer.byte(13);
                prize.encode(writer);
            }
            Self::PrizeRevoked { prize, reason } => {
                writer.byte(14);
                prize.encode(writer);
                writer.flag(*reason == RevokeReason::ClaimExpired);
            }
            Self::Claimed(grant) => {
                writer.byte(15);
                grant.encode(writer);
            }
            Self::PrizeClaimed(prize) => {
                writer.byte(16);
                prize.encode(writer);
            }
            Self::Revoked { grant, reason } => {
                writer.byte(5);
                grant.encode(writer);
                writer.flag(*reason == RevokeReason::ClaimExpired);
            }
            Self::TierChanged {
                tier,
                from,
                to,
                reason,
                n,
            } => {
                writer.byte(6);
                writer.number(u64::from(tier.0));
                writer.number(u64::from(*from));
                writer.number(u64::from(*to));
                writer.byte(match reason {
                    TierReason::Earned => 0,
                    TierReason::Reversal => 1,
                    TierReason::PeriodEnd => 2,
                });
                writer.number(*n);
            }
            Self::Spent {
                points,
                amount,
                hold,
            } => {
                writer.byte(32);
                moved(writer, *points, *amount);
                writer.text(hold.as_deref().unwrap_or_default());
            }
            Self::Held {
                points,
                amount,
                hold,
                until,
            } => {
                writer.byte(34);
                moved(writer, *points, *amount);
                writer.text(hold);
                writer.time(*until);
            }
            Self::Released {
                points,
                amount,
                hold,
                lapsed,
            } => {
                writer.byte(35);
                moved(writer, *points, *amount);
                writer.text(hold);
                writer.flag(*lapsed);
            }
            Self::Expired {
                points,
                amount,
                n,
                lots,
            } => {
                writer.byte(36);
                moved(writer, *points, *amount);
                writer.number(*n);
                writer.length(lots.len());
                for (n, amount) in lots {
                    writer.number(*n);
                    writer.wide(amount.0);
                }
            }
            Self::Adjusted {
                points,
                amount,
                reason,
            } => {
                writer.byte(33);
                moved(writer, *points, *amount);
                writer.text(reason.as_deref().unwrap_or_default());
            }
            Self::Erased => writer.byte(17),
            Self::Told(told) => {
                writer.byte(48);
                told.encode(writer);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.byte()? {
            0 => Self::Earned(Movement::decode(reader)?),
            1 => Self::Reversed(Movement::decode(reader)?),
            2 => Self::Completed {
                mission: MissionIx(reader.number16()?),
                period: Period::decode(reader)?,
                n: reader.number32()?,
            },
            3 => Self::Reopened {
                mission: MissionIx(reader.number16()?),
                period: Period::decode(reader)?,
                n: reader.number32()?,
            },
            13 => Self::PrizeOffered(Prize::decode(reader)?),
            14 => Self::PrizeRevoked {
                prize: Prize::decode(reader)?,
                reason: match reader.flag()? {
                    true => RevokeReason::ClaimExpired,
                    false => RevokeReason::Reversal,
                },
            },
            15 => Self::Claimed(Granted::decode(reader)?),
            16 => Self::PrizeClaimed(Prize::decode(reader)?),
            12 => Self::StreakBroken {
                mission: MissionIx(reader.number16()?),
                period: Period::decode(reader)?,
                n: reader.number32()?,
                length: reader.number32()?,
            },
            4 => Self::Offered {
                grant: Granted::decode(reader)?,
                status: GrantStatus::of_code(reader.byte()?)?
                    .ok_or(DecodeError::Invalid("a status"))?,
            },
            5 => Self::Revoked {
                grant: Granted::decode(reader)?,
                reason: match reader.flag()? {
                    true => RevokeReason::ClaimExpired,
                    false => RevokeReason::Reversal,
                },
            },
            6 => Self::TierChanged {
                tier: TierSetIx(reader.number16()?),
                from: reader.number16()?,
                to: reader.number16()?,
                reason: match reader.byte()? {
                    0 => TierReason::Earned,
                    1 => TierReason::Reversal,
                    2 => TierReason::PeriodEnd,
                    _ => return Err(DecodeError::Invalid("a reason")),
                },
                n: reader.number()?,
            },
            32 => Self::Spent {
                points: PointsIx(reader.number16()?),
                amount: MicroPoints(reader.wide()?),
                hold: optional(reader)?,
            },
            34 => Self::Held {
                points: PointsIx(reader.number16()?),
                amount: MicroPoints(reader.wide()?),
                hold: reader.text()?.into(),
                until: reader.time()?,
            },
            35 => Self::Released {
                points: PointsIx(reader.number16()?),
                amount: MicroPoints(reader.wide()?),
                hold: reader.text()?.into(),
                lapsed: reader.flag()?,
            },
            36 => Self::Expired {
                points: PointsIx(reader.number16()?),
                amount: MicroPoints(reader.wide()?),
                n: reader.number()?,
                lots: (0..reader.length()?)
                    .map(|_| Ok((reader.number()?, MicroPoints(reader.wide()?))))
                    .collect::<Result<_, DecodeError>>()?,
            },
            33 => Self::Adjusted {
                points: PointsIx(reader.number16()?),
                amount: MicroPoints(reader.wide()?),
                reason: optional(reader)?,
            },
            17 => Self::Erased,
            48 => Self::Told(Told::decode(reader)?),
            _ => return Err(DecodeError::Invalid("an effect")),
        })
    }
}

fn moved(writer: &mut Writer<'_>, points: PointsIx, amount: MicroPoints) {
    writer.number(u64::from(points.0));
    writer.wide(amount.0);
}

/// A text that may not be there: empty, then.
fn optional(reader: &mut Reader<'_>) -> Result<Option<Box<str>>, DecodeError> {
    let text = reader.text()?;
    Ok((!text.is_empty()).then(|| text.into()))
}

fn mission_period(writer: &mut Writer<'_>, mission: MissionIx, period: Period, n: u32) {
    writer.number(u64::from(mission.0));
    period.encode(writer);
    writer.number(u64::from(n));
}

impl Movement {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.points.0));
        writer.wide(self.amount.0);
        self.because.encode(writer);
        writer.number(self.n);
        match &self.working {
            None => writer.byte(0),
            Some(working) => working.encode(writer),
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            points: PointsIx(reader.number16()?),
            amount: MicroPoints(reader.wide()?),
            because: Because::decode(reader)?,
            n: reader.number()?,
            working: match reader.byte()? {
                0 => None,
                parts => Some(Working::decode(parts, reader)?),
            },
        })
    }
}

/// What a working has that most have not: those that are written begin with `WORKING` alone.
const WORKING: u8 = 1;
const WEIGHT: u8 = 2;
const BOOST: u8 = 4;
const RATE: u8 = 8;
const CHARGED: u8 = 16;

impl Working {
    fn encode(&self, writer: &mut Writer<'_>) {
        let part = |bit: u8, is: bool| u8::from(is) * bit;
        let parts = part(WEIGHT, self.weight_e8 != WHOLE_E8)
            | part(BOOST, self.boost != Decimal::ONE)
            | part(RATE, self.rate != Decimal::ONE)
            | part(CHARGED, !self.charged.is_empty());
        writer.byte(WORKING | parts);
        if parts & WEIGHT != 0 {
            writer.number(u64::from(self.weight_e8));
        }
        if parts & BOOST != 0 {
            writer.decimal(self.boost);
        }
        if parts & RATE != 0 {
            writer.decimal(self.rate);
        }
        if parts & CHARGED != 0 {
            writer.length(self.charged.len());
            self.charged.iter().for_each(|period| period.encode(writer));
        }
    }

    fn decode(parts: u8, reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if parts & WORKING == 0 || parts > (WORKING | WEIGHT | BOOST | RATE | CHARGED) {
            return Err(DecodeError::Invalid("a working"));
        }
        let mut working = Self {
            weight_e8: WHOLE_E8,
            boost: Decimal::ONE,
            rate: Decimal::ONE,
            charged: SmallVec::new(),
        };
        if parts & WEIGHT != 0 {
            working.weight_e8 = reader.number32()?;
        }
        if parts & BOOST != 0 {
            working.boost = reader.decimal()?;
        }
        if parts & RATE != 0 {
            working.rate = reader.decimal()?;
        }
        if parts & CHARGED != 0 {
            working.charged = (0..reader.length()?)
                .map(|_| Period::decode(reader))
                .collect::<Result<_, _>>()?;
        }
        Ok(working)
    }
}

impl Because {
    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        match self {
            Self::Rule(rule) => writer.tagged(0, rule.0),
            Self::Mission(mission, period) => {
                writer.tagged(1, mission.0);
                period.encode(writer);
            }
            Self::Level(tier, level) => {
                writer.tagged(2, tier.0);
                writer.number(u64::from(level));
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.tagged()? {
            (0, ix) => Self::Rule(RuleIx(ix)),
            (1, ix) => Self::Mission(MissionIx(ix), Period::decode(reader)?),
            (2, ix) => Self::Level(TierSetIx(ix), reader.number16()?),
            _ => return Err(DecodeError::Invalid("a cause of points")),
        })
    }
}

impl Granted {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.reward.0));
        self.because.encode(writer);
        writer.number(u64::from(self.number));
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            reward: RewardIx(reader.number16()?),
            because: Because::decode(reader)?,
            number: reader.number32()?,
        })
    }
}

impl Prize {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.points.0));
        writer.wide(self.amount.0);
        self.because.encode(writer);
        writer.number(u64::from(self.number));
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            points: PointsIx(reader.number16()?),
            amount: MicroPoints(reader.wide()?),
            because: Because::decode(reader)?,
            number: reader.number32()?,
        })
    }
}

impl GrantStatus {
    /// 0 for what was taken back.
    pub(crate) const fn code(status: Option<Self>) -> u8 {
        match status {
            None => 0,
            Some(Self::Requested) => 1,
            Some(Self::Offered) => 2,
            Some(Self::Claimed) => 3,
        }
    }

    pub(crate) const fn of_code(code: u8) -> Result<Option<Self>, DecodeError> {
        match code {
            0 => Ok(None),
            1 => Ok(Some(Self::Requested)),
            2 => Ok(Some(Self::Offered)),
            3 => Ok(Some(Self::Claimed)),
            _ => Err(DecodeError::Invalid("a status")),
        }
    }
}
