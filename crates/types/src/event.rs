//! Events as they are sent and records as they stand in the log.

use crate::attributes::Attributes;
use crate::currency::Currency;
use crate::decimal::Decimal;
use crate::digest::Digest;
use crate::ids::{BrandId, EventId, PlayerId, SourceId};
use crate::position::Position;
use crate::text::Text;
use crate::time::Timestamp;

/// A fact about one player, said by a source. Its identity is (brand, source, player, id).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The source's own id of it.
    pub id: EventId,
    /// Who says it.
    pub source: SourceId,
    /// Name of its type: built in or declared by the programme.
    pub kind: Text,
    /// Whom it is about.
    pub player: PlayerId,
    /// When it happened, by the source's clock.
    pub occurred_at: Timestamp,
    /// An amount of the major unit, zero or more. With a currency it has no more decimals than the currency.
    pub amount: Option<Decimal>,
    /// The amount's currency.
    pub currency: Option<Currency>,
    /// The id of the event (of the same source and player) that this one is about.
    pub refers_to: Option<EventId>,
    /// Rate to the programme's currency: above zero.
    pub rate: Option<Decimal>,
    /// Everything else.
    pub attributes: Attributes,
    /// The digest of the event as it stands in the log, where some of its attributes are sealed there: the same whether or not they can
    /// still be read. Also of any event whose digest was kept because it is asked for more than once.
    pub sealed: Option<Box<Digest>>,
}

impl Event {
    /// The type of the record that erases a player, of the emission that says so, and the code of what is refused afterwards. Of the
    /// source `questline`: nobody outside can say it.
    pub const ERASED: &str = "player_erased";

    /// Digest of every value but the recorded time: two events with one identity are the same where this is the same.
    pub fn digest(&self) -> Digest {
        self.sealed
            .as_deref()
            .copied()
            .unwrap_or_else(|| Digest::of(self))
    }
}

/// What stands in the log at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where it stands.
    pub position: Position,
    /// The log's time, never running back within a partition: the only clock that the core may read.
    pub recorded_at: Timestamp,
    /// What it says.
    pub body: Body,
}

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Something happened to a player of a brand.
    Event {
        /// Whose player.
        brand: BrandId,
        /// When ingest took it.
        accepted_at: Timestamp,
        /// What happened.
        event: Box<Event>,
        /// W3C trace context of the request that brought it, if there was one.
        traceparent: Option<Box<str>>,
    },
    /// Time passed, nothing else.
    Tick(Tick),
    /// A brand's programme is about to change, or changes.
    Programme(Change),
    /// Every record behind this one is folded under this logic version. One that is not above the last changes nothing.
    Logic(u32),
}

/// A record that only says that time passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick;

/// A step of a publication, as every partition's log says it. Said again it changes nothing: a number is known once, and takes effect once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whose programme.
    pub brand: BrandId,
    /// The publication's number among the brand's.
    pub number: u64,
    /// The content hash of its version.
    pub version: Box<str>,
    /// How far it is.
    pub stage: Stage,
}

/// How far a publication is in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Whoever folds the partition can have it. No partition says that it is active before all say this.
    Known,
    /// Every record behind this one is folded under it.
    Active,
}
