//! Predicates as compiled closures.

use std::fmt;

use types::{Decimal, Event, Text, Timestamp, Value};

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

/// A condition without which a predicate is false: an attribute of the event, where it is there, is one of these texts.
///
/// Lets a reader pass over a predicate without asking it. Where the attribute is missing the predicate has to be asked: that is a
/// fault, which another part may absorb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    /// The attribute's name.
    pub attribute: Box<str>,
    /// What it may be, sorted.
    pub texts: Vec<Text>,
    /// Whether the predicate asks nothing else.
    pub is_all: bool,
}

/// A compiled predicate: its source text, and a closure over field slots.
pub struct Predicate {
    source: Box<str>,
    guard: Option<Guard>,
    eval: Eval,
    beyond: Option<Eval>,
}

type Eval = Box<dyn Fn(&Facts<'_>) -> Verdict + Send + Sync>;

impl Predicate {
    /// A predicate that says what `eval` says; `source` is the CEL it came from. Where there is a guard and the event's attribute is
    /// something else, `eval` says [`Verdict::False`].
    pub fn new(
        source: &str,
        guard: Option<Guard>,
        eval: impl Fn(&Facts<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        Self {
            source: source.into(),
            guard,
            eval: Box::new(eval),
            beyond: None,
        }
    }

    /// The same, with a closure that asks all but the guard: it says what `eval` says of every event whose attribute is one of the
    /// guard's texts.
    pub fn with_beyond(
        mut self,
        beyond: impl Fn(&Facts<'_>) -> Verdict + Send + Sync + 'static,
    ) -> Self {
        self.beyond = Some(Box::new(beyond));
        self
    }

    /// What is left to ask of an event whose attribute is known to be one of the guard's texts. Never panics.
    pub fn beyond_guard<'f>(&self, facts: impl FnOnce() -> Facts<'f>) -> Verdict {
        match (&self.beyond, &self.guard) {
            (Some(beyond), _) => beyond(&facts()),
            (None, Some(guard)) if guard.is_all => Verdict::True,
            _ => self.eval(&facts()),
        }
    }

    /// What it says about these facts. Never panics.
    pub fn eval(&self, facts: &Facts<'_>) -> Verdict {
        (self.eval)(facts)
    }

    /// A condition without which it is false, where it has one that can be looked up.
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
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
