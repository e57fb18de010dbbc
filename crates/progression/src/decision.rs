//! What folding a record decides.

use types::Event;

use crate::emission::Emission;
use crate::journal::Entry;
use crate::stock::Tell;

/// What a record came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The event was taken. It may have counted for nothing: the journal says why.
    Applied,
    /// The same event again: nothing changed.
    Replayed,
    /// A known id with another body: kept in the journal, nothing else changed.
    Conflict,
    /// The event was taken, and what it asks for was not done.
    Refused(Refusal),
    /// Time passed.
    Ticked,
}

/// Why what an event asks for was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The programme has no such event type.
    UnknownType,
    /// No amount, or no currency, where the type needs one.
    MissingAmount,
    /// An amount that its currency cannot hold.
    BadAmount,
    /// Neither the event nor the programme has a rate.
    NoConversionRate,
    /// Not there, and the type needs it.
    MissingField,
    /// The programme has no such points.
    UnknownPoints,
    /// Status points are never spent.
    NotSpendable,
    /// More than can be spent now.
    NotEnoughPoints,
    /// No hold of that id is open, or none of those points.
    UnknownHold,
    /// A hold of that id is open already.
    HoldExists,
    /// More holds are open than may be.
    TooManyHolds,
    /// A reserved attribute with a value that it cannot have.
    BadAttribute,
    /// A command about a mission that the programme does not have.
    UnknownMission,
    /// Joining a mission that starts by itself.
    NotOptIn,
    /// Joining a mission a second time.
    AlreadyOptedIn,
    /// Joining a mission that counts nothing any more.
    MissionEnded,
    /// A claim where nothing is on offer, or not any more.
    NothingToClaim,
    /// A command of a player who is restricted.
    Restricted,
    /// An event of a player who was erased.
    Erased,
    /// A unit of a stock that has none left.
    StockGone,
    /// A unit that was given back before it was asked for.
    GivenBack,
}

impl Refusal {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UnknownType => "unknown_type",
            Self::MissingAmount | Self::MissingField => "missing_field",
            Self::UnknownPoints => "unknown_points",
            Self::NotSpendable => "not_spendable",
            Self::NotEnoughPoints => "not_enough_points",
            Self::UnknownHold => "unknown_hold",
            Self::HoldExists => "hold_exists",
            Self::TooManyHolds => "too_many_holds",
            Self::BadAmount => "bad_amount",
            Self::NoConversionRate => "no_conversion_rate",
            Self::BadAttribute => "bad_attribute",
            Self::UnknownMission => "unknown_mission",
            Self::NotOptIn => "not_opt_in",
            Self::AlreadyOptedIn => "already_opted_in",
            Self::MissionEnded => "mission_ended",
            Self::Restricted => "restricted",
            Self::NothingToClaim => "no_open_offer",
            Self::Erased => Event::ERASED,
            Self::StockGone => "stock_gone",
            Self::GivenBack => "given_back",
        }
    }
}

/// What one record decided, and before it the timers that were due by then.
#[derive(Debug)]
pub struct Decision {
    /// What it came to.
    pub outcome: Outcome,
    /// The journal entries that were written, in order.
    pub written: Vec<Entry>,
    /// For other entities, in order: each to be appended to the log of the one it is for.
    pub tells: Vec<Tell>,
    /// Segments that this record filled: the caller keeps them until they are durable.
    pub sealed: Vec<(u32, Vec<u8>)>,
    /// Cells of the filter, each in the place of any of its number: the caller keeps them until they are durable.
    pub cells: Vec<(u32, Vec<u8>)>,
    /// For a replay, the entry of the event that came first.
    pub replayed: Option<Box<Entry>>,
}

impl Decision {
    pub(crate) fn plain(outcome: Outcome) -> Self {
        Self {
            outcome,
            written: Vec::new(),
            tells: Vec::new(),
            sealed: Vec::new(),
            cells: Vec::new(),
            replayed: None,
        }
    }

    /// What leaves for the outside, in order, of all types.
    pub fn emissions(&self) -> impl Iterator<Item = Emission<'_>> {
        self.written.iter().flat_map(Entry::emissions)
    }
}
