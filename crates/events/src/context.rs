//! What an event is read against.

use programme::model::Programme;
use types::SourceId;

/// What an event is read against.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The brand's programme: its event types, its currency, its conversion table.
    pub programme: &'a Programme,
    /// Which sources may speak.
    pub sources: Sources<'a>,
    /// Whether a recorded time may be named.
    pub clock: Clock,
    /// Whether points may be adjusted by hand.
    pub adjusts: bool,
}

/// Which sources may speak. `questline` never may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources<'a> {
    /// Any; this one where the event names none.
    Default(&'a SourceId),
    /// This one alone; it need not be named.
    Only(&'a SourceId),
    /// Any, and the event has to name it.
    Named,
}

/// Who says the recorded time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The log: an event that names one is refused.
    Log,
    /// The event: `recorded_at`, else `occurred_at`.
    Event,
}

impl<'a> Context<'a> {
    /// Reads a file: any source, `default_source` where none is named, on event time.
    pub fn file(programme: &'a Programme, default_source: &'a SourceId) -> Self {
        Self {
            programme,
            sources: Sources::Default(default_source),
            clock: Clock::Event,
            adjusts: true,
        }
    }
}
