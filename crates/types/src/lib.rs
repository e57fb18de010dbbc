//! The words everything else is written in: identifiers, exact decimals, money, points, instants, positions and events.
//!
//! Every type here parses from text and prints back to the same value. Nothing here knows a rule, a clock or I/O.

pub mod attributes;
pub mod currency;
pub mod decimal;
pub mod digest;
pub mod event;
pub mod ids;
pub mod points;
pub mod position;
pub mod ratio;
pub mod text;
pub mod time;
pub mod value;

pub use attributes::Attributes;
pub use currency::{Currency, Money, MoneyError};
pub use decimal::{Decimal, DecimalError};
pub use digest::Digest;
pub use event::{Body, Change, Event, Record, Stage, Tick};
pub use ids::{BrandId, EventId, IdError, PlayerId, SourceId};
pub use points::MicroPoints;
pub use position::{Epoch, Partition, Position};
pub use ratio::round_half_even;
pub use text::Text;
pub use time::{TimeError, Timestamp};
pub use value::Value;
