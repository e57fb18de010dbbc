//! Entries as bytes. What most entries do not have costs a bit.

use std::sync::Arc;

use programme::model::MissionIx;
use types::{Currency, Decimal, Digest, EventId, SourceId, Timestamp};

use super::{Archived, Bet, Contribution, Entry, Gain, Reversal, Tombstone, Verdicts};
use crate::codec::{DecodeError, Reader, Writer};
use crate::decision::{Outcome, Refusal};
use crate::effect::Effect;
use crate::names::Names;
use crate::orders::currency;
use crate::period::Period;
use crate::slot::Slot;
use crate::timer::Timer;

const AMOUNT: u8 = 1;
const CURRENCY: u8 = 2;
const RATE: u8 = 4;
const TOMBSTONE: u8 = 8;
const UNMATCHED: u8 = 16;
const RETURNS: u8 = 32;
const BET: u8 = 64;
const SUPPRESSED: u8 = 128;

impl Entry {
    pub(crate) fn encode(&self, version: u64, writer: &mut Writer<'_>) {
        writer.number(version);
        writer.position(self.position);
        writer.instant(self.recorded_at);
        offset(writer, self.accepted_at, self.recorded_at);
        offset(writer, self.occurred_at, self.recorded_at);
        writer.text(self.source.as_str());
        writer.text(self.id.as_str());
        writer.fixed128(self.digest.0);
        writer.text(&self.kind);
        writer.byte(outcome_code(self.outcome));
        // Nothing but a timer comes to this.
        if let Some(timer) = &self.timer {
            timer.encode(writer);
        }
        let currency = self.amount.and_then(|(_, currency)| currency);
        let rare = !self.reversals.is_empty() || !self.archived.is_empty() || self.by.is_some();
        let flag = |bit: u8, set: bool| u8::from(set) * bit;
        writer.byte(
            flag(AMOUNT, self.amount.is_some())
                | flag(CURRENCY, currency.is_some())
                | flag(RATE, self.rate.is_some())
                | flag(TOMBSTONE, self.tombstone.is_some())
                | flag(UNMATCHED, self.unmatched.is_some())
                | flag(RETURNS, rare)
                | flag(BET, self.bet.is_some())
                | flag(SUPPRESSED, self.suppressed),
        );
        if let Some((amount, _)) = self.amount {
            writer.decimal(amount);
        }
        if let Some(currency) = currency {
            writer.text(currency.code());
        }
        if let Some(rate) = self.rate {
            writer.decimal(rate);
        }
        if let Some(tombstone) = &self.tombstone {
            writer.text(tombstone.id.as_str());
            writer.text(tombstone.currency.map_or("", Currency::code));
        }
        if let Some(unmatched) = self.unmatched {
            writer.decimal(unmatched);
        }
        if rare {
            writer.length(self.reversals.len());
            self.reversals.iter().for_each(|it| it.encode(writer));
            writer.length(self.archived.len());
            for archived in &self.archived {
                writer.number(u64::from(archived.mission.0));
                archived.slot.encode(writer);
            }
            writer.flag(self.by.is_some());
            if let Some(by) = &self.by {
                writer.text(by.0.as_str());
                writer.text(by.1.as_str());
            }
        }
        if let Some(bet) = &self.bet {
            bet.encode(writer);
        }
        self.judged.encode(writer);
        writer.length(self.effects.len());
        self.effects.iter().for_each(|it| it.encode(writer));
        writer.length(self.counted.len());
        self.counted.iter().for_each(|it| it.encode(writer));
    }

    pub(crate) fn decode(
        number: u64,
        versions: &[Arc<Names>],
        reader: &mut Reader<'_>,
    ) -> Result<Self, DecodeError> {
        let version = usize::try_from(reader.number()?).unwrap_or(usize::MAX);
        let names = versions
            .get(version)
            .ok_or(DecodeError::Invalid("a version"))?;
        let position = reader.position()?;
        let recorded_at = reader.instant()?;
        let (accepted_at, occurred_at) = (
            read_offset(reader, recorded_at)?,
            read_offset(reader, recorded_at)?,
        );
        let of = (source(reader)?, event_id(reader)?);
        let digest = Digest(reader.fixed128()?);
        let kind = reader.text()?.into();
        let mut entry = Self {
            accepted_at,
            occurred_at,
            outcome: outcome_of(reader.byte()?)?,
            ..Self::blank(number, position, recorded_at, of, digest, kind, names)
        };
        entry.decode_parts(reader)?;
        if !reader.is_empty() {
            return Err(DecodeError::Invalid("an entry"));
        }
        Ok(entry)
    }

    fn decode_parts(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if self.outcome == Outcome::Ticked {
            self.timer = Some(Timer::decode(reader)?);
        }
        let flags = reader.byte()?;
        let set = |bit: u8| flags & bit != 0;
        let amount: Option<Decimal> = set(AMOUNT).then(|| reader.decimal()).transpose()?;
        let currency = set(CURRENCY).then(|| currency(reader)).transpose()?;
        self.amount = amount.map(|amount| (amount, currency));
        self.rate = set(RATE).then(|| reader.decimal()).transpose()?;
        if set(TOMBSTONE) {
            self.tombstone = Some(Tombstone {
                id: event_id(reader)?,
                currency: match reader.text()? {
                    "" => None,
                    code => Some(
                        code.parse()
                            .map_err(|_| DecodeError::Invalid("a currency"))?,
                    ),
                },
            });
        }
        self.unmatched = set(UNMATCHED).then(|| reader.decimal()).transpose()?;
        if set(RETURNS) {
            self.reversals = list(reader, Reversal::decode)?;
            self.archived = list(reader, |reader| {
                Ok(Archived {
                    mission: MissionIx(reader.number16()?),
                    slot: Slot::decode(reader)?,
                })
            })?;
            self.by = match reader.flag()? {
                true => Some(Box::new((source(reader)?, event_id(reader)?))),
                false => None,
            };
        }
        self.suppressed = set(SUPPRESSED);
        if set(BET) {
            self.bet = Some(Box::new(Bet::decode(reader)?));
        }
        self.judged = Verdicts::decode(reader)?;
        self.effects = list(reader, Effect::decode)?;
        self.counted = list(reader, Contribution::decode)?;
        Ok(())
    }
}

fn list<T>(
    reader: &mut Reader<'_>,
    decode: impl Fn(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    (0..reader.length()?).map(|_| decode(reader)).collect()
}

fn source(reader: &mut Reader<'_>) -> Result<SourceId, DecodeError> {
    SourceId::new(reader.text()?).map_err(|_| DecodeError::Invalid("a source"))
}

fn event_id(reader: &mut Reader<'_>) -> Result<EventId, DecodeError> {
    EventId::new(reader.text()?).map_err(|_| DecodeError::Invalid("an id"))
}

fn offset(writer: &mut Writer<'_>, time: Timestamp, base: Timestamp) {
    writer.signed(time.nanos() - base.nanos());
}

fn read_offset(reader: &mut Reader<'_>, base: Timestamp) -> Result<Timestamp, DecodeError> {
    base.nanos()
        .checked_add(reader.signed()?)
        .and_then(Timestamp::from_nanos)
        .ok_or(DecodeError::Invalid("a time"))
}

fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Applied => 0,
        Outcome::Conflict => 1,
        Outcome::Replayed => 2,
        Outcome::Ticked => 3,
        Outcome::Refused(Refusal::UnknownType) => 16,
        Outcome::Refused(Refusal::MissingAmount) => 18,
        Outcome::Refused(Refusal::BadAmount) => 19,
        Outcome::Refused(Refusal::NoConversionRate) => 20,
        Outcome::Refused(Refusal::BadAttribute) => 21,
        Outcome::Refused(Refusal::UnknownMission) => 32,
        Outcome::Refused(Refusal::NotOptIn) => 33,
        Outcome::Refused(Refusal::AlreadyOptedIn) => 34,
        Outcome::Refused(Refusal::MissionEnded) => 35,
        Outcome::Refused(Refusal::Restricted) => 36,
        Outcome::Refused(Refusal::NothingToClaim) => 37,
        Outcome::Refused(Refusal::MissingField) => 48,
        Outcome::Refused(Refusal::UnknownPoints) => 49,
        Outcome::Refused(Refusal::NotSpendable) => 50,
        Outcome::Refused(Refusal::NotEnoughPoints) => 51,
        Outcome::Refused(Refusal::UnknownHold) => 52,
        Outcome::Refused(Refusal::HoldExists) => 53,
        Outcome::Refused(Refusal::TooManyHolds) => 54,
        Outcome::Refused(Refusal::Erased) => 38,
        Outcome::Refused(Refusal::StockGone) => 64,
        Outcome::Refused(Refusal::GivenBack) => 65,
    }
}

fn outcome_of(code: u8) -> Result<Outcome, DecodeError> {
    Ok(match code {
        0 => Outcome::Applied,
        1 => Outcome::Conflict,
        2 => Outcome::Replayed,
        3 => Outcome::Ticked,
        16 => Outcome::Refused(Refusal::UnknownType),
        18 => Outcome::Refused(Refusal::MissingAmount),
        19 => Outcome::Refused(Refusal::BadAmount),
        20 => Outcome::Refused(Refusal::NoConversionRate),
        21 => Outcome::Refused(Refusal::BadAttribute),
        32 => Outcome::Refused(Refusal::UnknownMission),
        33 => Outcome::Refused(Refusal::NotOptIn),
        34 => Outcome::Refused(Refusal::AlreadyOptedIn),
        35 => Outcome::Refused(Refusal::MissionEnded),
        36 => Outcome::Refused(Refusal::Restricted),
        37 => Outcome::Refused(Refusal::NothingToClaim),
        48 => Outcome::Refused(Refusal::MissingField),
        49 => Outcome::Refused(Refusal::UnknownPoints),
        50 => Outcome::Refused(Refusal::NotSpendable),
        51 => Outcome::Refused(Refusal::NotEnoughPoints),
        52 => Outcome::Refused(Refusal::UnknownHold),
        53 => Outcome::Refused(Refusal::HoldExists),
        54 => Outcome::Refused(Refusal::TooManyHolds),
        38 => Outcome::Refused(Refusal::Erased),
        64 => Outcome::Refused(Refusal::StockGone),
        65 => Outcome::Refused(Refusal::GivenBack),
        _ => return Err(DecodeError::Invalid("an outcome")),
    })
}

impl Reversal {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(self.source.as_str());
        writer.text(self.id.as_str());
        writer.signed(self.taken);
        writer.signed(self.returned);
        writer.flag(self.whole);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            source: source(reader)?,
            id: event_id(reader)?,
            taken: reader.signed()?,
            returned: reader.signed()?,
            whole: reader.flag()?,
        })
    }
}

impl Contribution {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.number(u64::from(self.mission.0));
        writer.byte(self.part);
        self.period.encode(writer);
        self.gain.encode(writer);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            mission: MissionIx(reader.number16()?),
            part: reader.byte()?,
            period: Period::decode(reader)?,
            gain: Gain::decode(reader)?,
        })
    }
}

impl Gain {
    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        match self {
            Self::One => writer.byte(0),
            Self::Amount { micro, money } => {
                writer.byte(1 + u8::from(money));
                writer.wide(micro);
            }
            Self::Value(value) => {
                writer.byte(3);
                writer.fixed128(value);
            }
            Self::Unit(unit) => {
                writer.byte(6);
                writer.signed(i64::from(unit));
            }
            Self::Single { micro, money } => {
                writer.byte(4 + u8::from(money));
                writer.wide(micro);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(match reader.byte()? {
            0 => Self::One,
            tag @ (1 | 2) => Self::Amount {
                micro: reader.wide()?,
                money: tag == 2,
            },
            3 => Self::Value(reader.fixed128()?),
            tag @ (4 | 5) => Self::Single {
                micro: reader.wide()?,
                money: tag == 5,
            },
            6 => Self::Unit(
                i32::try_from(reader.signed()?)
                    .ok()
                    .filter(|unit| (-10..60_000).contains(unit))
                    .ok_or(DecodeError::Invalid("a gain"))?,
            ),
            _ => return Err(DecodeError::Invalid("a gain")),
        })
    }
}
