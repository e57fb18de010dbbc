//! What entries say of bets: a settlement looks here for its bet, and for what an earlier settlement has caused.

use types::{Attributes, Decimal, EventId, Value};

use crate::codec::{DecodeError, Reader, Writer};
use crate::profile::{NESTING_MAX, map, read_map};

/// A bet, or something about one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bet {
    /// What a bet said, for its settlement; what a settlement said that came before its bet.
    pub attributes: Attributes,
    /// Of the stake, returned so far by the partial void that stands, in minor units.
    pub voided: i64,
    /// What the entry says of the bet's result.
    pub settled: Option<Settled>,
}

/// A result of a bet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The bet; its source is the entry's.
    pub bet: EventId,
    /// How it ended.
    pub result: BetResult,
    /// What was paid out, or the stake that a partial void returns.
    pub payout: Decimal,
    /// Whether the entry carried it out, so that another result has to undo it.
    pub stands: bool,
    /// From which effect of the entry on they are the settlement's: those before it are the bet's own.
    pub effects_from: u32,
    /// The same of what missions counted.
    pub counted_from: u32,
}

/// How a bet ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BetResult {
    /// It won.
    Won,
    /// It lost.
    Lost,
    /// The player took an early payout.
    CashOut,
    /// It was refunded as a whole.
    Void,
    /// A part of the stake was refunded.
    PartialVoid,
}

impl BetResult {
    const ALL: [Self; 5] = [
        Self::Won,
        Self::Lost,
        Self::CashOut,
        Self::Void,
        Self::PartialVoid,
    ];

    /// Its name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Lost => "lost",
            Self::CashOut => "cash_out",
            Self::Void => "void",
            Self::PartialVoid => "partial_void",
        }
    }

    /// The result that a settlement's attributes name.
    pub(crate) fn of(attributes: &Attributes) -> Option<Self> {
        let name = attributes.get("result").and_then(Value::as_text)?;
        Self::ALL.into_iter().find(|result| result.name() == name)
    }
}

impl Bet {
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        map(writer, &self.attributes);
        writer.signed(self.voided);
        writer.flag(self.settled.is_some());
        if let Some(settled) = &self.settled {
            writer.text(settled.bet.as_str());
            writer.byte(settled.result as u8);
            writer.decimal(settled.payout);
            writer.flag(settled.stands);
            writer.number(u64::from(settled.effects_from));
            writer.number(u64::from(settled.counted_from));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            attributes: read_map(reader, NESTING_MAX)?,
            voided: reader.signed()?,
            settled: match reader.flag()? {
                false => None,
                true => Some(Settled::decode(reader)?),
            },
        })
    }
}

impl Settled {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bet = EventId::new(reader.text()?).map_err(|_| DecodeError::Invalid("an id"))?;
        let result = BetResult::ALL.get(usize::from(reader.byte()?));
        Ok(Self {
            bet,
            result: *result.ok_or(DecodeError::Invalid("a result"))?,
            payout: reader.decimal()?,
            stands: reader.flag()?,
            effects_from: reader.number32()?,
            counted_from: reader.number32()?,
        })
    }
}
