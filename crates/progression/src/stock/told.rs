//! What is told, as a step decides it and the journal keeps it: with enough to say it again in the same bytes.

use types::{EventId, PlayerId, Timestamp};

use super::Stock;
use crate::codec::{DecodeError, Reader, Writer};
use crate::effect::Because;
use crate::emission::{Subject, hash};
use crate::names::Names;

/// A unit of a stock, asked for on an occasion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Of which stock.
    pub stock: Stock,
    /// A completion or a level.
    pub because: Because,
    /// The n-th unit of any stock that this occasion asks for.
    pub n: u32,
}

/// A question for a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Which.
    pub unit: Unit,
    /// When it was asked for first.
    pub at: Timestamp,
    /// How many units the asker's programme says that there are.
    pub size: u64,
}

/// What one entity tells another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A player asks for a unit.
    Asked(Ask),
    /// A player gives a unit back, or does not want any more what he asked for.
    Returned(Unit),
    /// A unit came that nobody waits for: it goes back.
    Unwanted {
        /// The stock, by its name.
        stock: Box<str>,
        /// Which question it was the answer to.
        ask: EventId,
    },
    /// A stock says whether a unit is given.
    Answered {
        /// Who asked.
        to: PlayerId,
        /// Which question.
        ask: EventId,
        /// Whether there was one left.
        given: bool,
    },
}

impl Unit {
    /// The id of the question for it: the same whenever it is told.
    pub(crate) fn ask_id(&self, names: &Names, subject: Subject<'_>) -> EventId {
        let about = format!("{}/{}", self.stock.name(names), self.because.key(names));
        let n = self.n.to_string();
        let (brand, player) = (subject.brand.as_str(), subject.player.as_str());
        EventId::of_hash(hash([brand, player, Told::ASKED, &about, &n]))
    }

    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        self.stock.encode(writer);
        self.because.encode(writer);
        writer.number(u64::from(self.n));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            stock: Stock::decode(reader)?,
            because: Because::decode(reader)?,
            n: reader.number32()?,
        })
    }
}

impl Ask {
    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        self.unit.encode(writer);
        writer.time(self.at);
        writer.number(self.size);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            unit: Unit::decode(reader)?,
            at: reader.time()?,
            size: reader.number()?,
        })
    }
}

impl Told {
    pub(super) const ASKED: &str = "stock_asked";
    pub(super) const RETURNED: &str = "stock_returned";
    pub(super) const ANSWERED: &str = "stock_answered";

    /// The type of the record that it is.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Asked(_) => Self::ASKED,
            Self::Returned(_) | Self::Unwanted { .. } => Self::RETURNED,
            Self::Answered { .. } => Self::ANSWERED,
        }
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Asked(ask) => {
                writer.byte(0);
                ask.encode(writer);
            }
            Self::Returned(unit) => {
                writer.byte(1);
                unit.encode(writer);
            }
            Self::Unwanted { stock, ask } => {
                writer.byte(2);
                writer.text(stock);
                writer.text(ask.as_str());
            }
            Self::Answered { to, ask, given } => {
                writer.byte(3);
                writer.text(to.as_str());
                writer.text(ask.as_str());
                writer.flag(*given);
            }
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let id = |reader: &mut Reader<'_>| {
            EventId::new(reader.text()?).map_err(|_| DecodeError::Invalid("a question's id"))
        };
        Ok(match reader.byte()? {
            0 => Self::Asked(Ask::decode(reader)?),
            1 => Self::Returned(Unit::decode(reader)?),
            2 => Self::Unwanted {
                stock: reader.text()?.into(),
                ask: id(reader)?,
            },
            3 => Self::Answered {
                to: PlayerId::new(reader.text()?).map_err(|_| DecodeError::Invalid("a player"))?,
                ask: id(reader)?,
                given: reader.flag()?,
            },
            _ => return Err(DecodeError::Invalid("a tell")),
        })
    }
}
