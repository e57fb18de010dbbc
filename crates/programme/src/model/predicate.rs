//! Predicates as compiled closures.

use std::fmt;

use types::{Decimal, Event, Timestamp, Value};

/// What a predicate may ask about the player.
pub trait PlayerFacts {
    /// An attribute of the player.
    fn attribute(&self, name: &str) -> Option<&Value>;
    /// Whether the player is in a segment.
    fn in_segment(&self, name: &str) -> bool;
    /// The player's segments, in byte order.
    fn segments(&self) -> Vec<&str>;
    /// The level in the first tier set.
    fn tier(&self) -> Option<&str>;
}

/// What a predicate is evaluated over.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The event; `None` where only the player is asked about (audiences of views).
    pub event: Option<&'a Event>,
    /// The event's amount in the programme's currency.
    pub amount: Option<Decimal>,
    /// When it counts as having occurred (never after its recorded time).
    pub occurred_at: Timestamp,
    /// The player.
    pub player: &'a dyn PlayerFacts,
}

/// What a predicate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not.
    False,
    /// An error was left at the top, which makes it false: most often a field that is not there.
    Error(Box<str>),
}

/// A compiled predicate: its source text, and a closure over field slots.
pub struct Predicate {
    source: Box<str>,
    eval: Box<dyn Fn(&Facts<'_>) -> Verdict + Send + Sync>,
}

impl Predicate {
    /// A predicate that says what `eval` says; `source` is the CEL it came from.
    pub fn new(source: &str, eval: impl Fn(&Facts<'_>) -> Verdict + Send + Sync + 'static) -> Self {
        Self {
            source: source.into(),
            eval: Box::new(eval),
        }
    }

    /// What it says about these facts. Never panics.
    pub fn eval(&self, facts: &Facts<'_>) -> Verdict {
        (self.eval)(facts)
    }

    /// The CEL it came from.
    pub fn source(&self) -> &str {
        &self.source
    }
}

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Predicate").field(&self.source).finish()
    }
}
