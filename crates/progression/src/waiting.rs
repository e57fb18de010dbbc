//! What waits for the answer of a stock: completions, and rewards of levels.
//!
//! A mission with a limit for all players together, or with a reward of which there are so many, completes once its stocks have
//! answered: first the limit, then each unit of a reward. Where entities lie side by side the answers are there at once; in a log they
//! are records of their own, and until then nothing of the completion is seen but its progress. Whatever takes the progress back in
//! between ends the waiting and gives back what was asked for, answered or not.

mod ask;
mod settle;

use smallvec::SmallVec;
use types::{EventId, SourceId, Timestamp};

use crate::codec::{DecodeError, Reader, Writer};
use crate::effect::Because;
use crate::state::Moves;
use crate::stock::{Ask, Stock};

pub(crate) use ask::{complete, end, level};
pub(crate) use settle::{settle, tell_again};

/// A question is told again after so long, then after twice as long each time: where a year of records is folded in a minute, a
/// question that waits for its answer meanwhile is told again a few times and not thousands.
const AGAIN_NS: i64 = 60 * 1_000_000_000;
/// Longer than all recorded time.
const DOUBLED_MAX: u8 = 26;

/// An occasion that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// A completion or a level.
    pub(crate) because: Because,
    /// What made it.
    occasion: Occasion,
    /// What it has asked for so far.
    asks: SmallVec<[Asked; 1]>,
    /// When what is not answered is told again.
    pub(crate) again_at: Timestamp,
    /// How often it has been.
    again: u8,
    /// An event that counted for it meanwhile: where it is refused, that one looks again.
    later: Option<Box<Occasion>>,
}

/// An event that brings something about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Occasion {
    pub(crate) source: SourceId,
    pub(crate) id: EventId,
    pub(crate) occurred_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    ask: Ask,
    given: Option<bool>,
}

/// What a mission's period has to do with stocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Units {
    /// A completion of it waits.
    pub(crate) awaited: bool,
    /// How many units it has asked for so far.
    asked: u32,
    /// What its standing completion holds, by the number of the question.
    pub(crate) held: Vec<(Stock, u32)>,
}

impl Waiting {
    fn new(because: Because, occasion: Occasion, now: Timestamp) -> Self {
        Self {
            because,
            occasion,
            asks: SmallVec::new(),
            again_at: now.saturating_add_nanos(AGAIN_NS),
            again: 0,
            later: None,
        }
    }

    fn is_open(&self) -> bool {
        self.asks.iter().any(|asked| asked.given.is_none())
    }

    /// Another version of the programme: whether it still has what waits. What it has no more of is not waited for.
    pub(crate) fn carry(&mut self, moves: &Moves) -> bool {
        let Some(because) = moves.because(self.because) else {
            return false;
        };
        self.because = because;
        self.asks.retain(|asked| {
            let unit = &mut asked.ask.unit;
            let stock = moves.stock(unit.stock);
            unit.because = because;
            stock.map(|stock| unit.stock = stock).is_some()
        });
        true
    }

    pub(crate) fn bytes(&self) -> usize {
        let spilled = match self.asks.spilled() {
            true => self.asks.capacity() * size_of::<Asked>(),
            false => 0,
        };
        size_of::<Self>() + spilled + size_of::<Occasion>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        self.because.encode(writer);
        self.occasion.encode(writer);
        writer.length(self.asks.len());
        for asked in &self.asks {
            asked.ask.encode(writer);
            writer.byte(match asked.given {
                None => 0,
                Some(given) => 1 + u8::from(given),
            });
        }
        writer.time(self.again_at);
        writer.byte(self.again);
        writer.flag(self.later.is_some());
        if let Some(later) = &self.later {
            later.encode(writer);
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            because: Because::decode(reader)?,
            occasion: Occasion::decode(reader)?,
            asks: (0..reader.length()?)
                .map(|_| Asked::decode(reader))
                .collect::<Result<_, _>>()?,
            again_at: reader.time()?,
            again: reader.byte()?,
            later: match reader.flag()? {
                true => Some(Box::new(Occasion::decode(reader)?)),
                false => None,
            },
        })
    }
}

impl Asked {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            ask: Ask::decode(reader)?,
            given: match reader.byte()? {
                0 => None,
                1 => Some(false),
                2 => Some(true),
                _ => return Err(DecodeError::Invalid("an answer")),
            },
        })
    }
}

impl Occasion {
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.text(self.source.as_str());
        writer.text(self.id.as_str());
        writer.time(self.occurred_at);
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            source: SourceId::new(reader.text()?).map_err(|_| DecodeError::Invalid("a source"))?,
            id: EventId::new(reader.text()?).map_err(|_| DecodeError::Invalid("an id"))?,
            occurred_at: reader.time()?,
        })
    }
}

impl Units {
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + self.held.capacity() * size_of::<(Stock, u32)>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.flag(self.awaited);
        writer.number(u64::from(self.asked));
        writer.length(self.held.len());
        for (stock, n) in &self.held {
            stock.encode(writer);
            writer.number(u64::from(*n));
        }
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            awaited: reader.flag()?,
            asked: reader.number32()?,
            held: (0..reader.length()?)
                .map(|_| Ok((Stock::decode(reader)?, reader.number32()?)))
                .collect::<Result<_, DecodeError>>()?,
        })
    }
}
