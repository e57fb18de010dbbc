//! Tells as records: what the other entity reads in its log.

use std::sync::Arc;

use types::{Attributes, Decimal, Event, EventId, PlayerId, SourceId, Timestamp, Value};

use super::Told;
use crate::emission::{Subject, hash};
use crate::names::Names;

pub(super) const PLAYER: &str = "player";
pub(super) const STOCK: &str = "stock";
pub(super) const VERSION: &str = "version";
pub(super) const SIZE: &str = "size";
pub(super) const GIVEN: &str = "given";

/// Delivers a tell at once, where entities lie side by side without a log between them; the answer, where it is a question.
pub type Deliver<'d> = dyn FnMut(Tell) -> Option<bool> + 'd;

/// What one entity tells another, ready to be said. Cheap to make, as an emission is.
#[derive(Clone, Debug)]
pub struct Tell {
    pub(crate) names: Arc<Names>,
    pub(crate) at: Timestamp,
    pub(crate) told: Told,
}

/// Whether a record is a tell: nothing from outside has this source.
pub(crate) fn is_tell(event: &Event) -> bool {
    event.source.as_str() == SourceId::QUESTLINE
}

/// The version of the programme that an asker of a stock goes by; `None` for whatever is no such question.
pub fn asked_under(event: &Event) -> Option<&str> {
    if !is_tell(event) || *event.kind != *Told::ASKED {
        return None;
    }
    event.attributes.get(VERSION).and_then(Value::as_text)
}

impl Tell {
    /// When it was decided.
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// What it says.
    pub const fn told(&self) -> &Told {
        &self.told
    }

    /// The event to append for the entity that it names as its player; `subject` is who tells. The same values however often it is
    /// told. `None` where names are too long, which no programme's are.
    pub fn event(&self, subject: Subject<'_>) -> Option<Event> {
        let names = &self.names;
        let shared = |name: &str| PlayerId::shared(name);
        let mut attributes = Attributes::new();
        let mut text = |key: &str, value: &str| {
            attributes.insert(key.into(), Value::Text(value.into()));
        };
        let (to, id, refers_to, at) = match &self.told {
            Told::Asked(ask) => {
                text(PLAYER, subject.player.as_str());
                text(VERSION, names.version());
                let size = Decimal::new(i128::from(ask.size), 0)?;
                attributes.insert(SIZE.into(), Value::Number(size));
                let to = shared(&ask.unit.stock.name(names))?;
                (to, ask.unit.ask_id(names, subject), None, ask.at)
            }
            Told::Returned(unit) => {
                text(PLAYER, subject.player.as_str());
                let ask = unit.ask_id(names, subject);
                let to = shared(&unit.stock.name(names))?;
                (to, self.about(subject, &ask), Some(ask), self.at)
            }
            Told::Unwanted { stock, ask } => {
                text(PLAYER, subject.player.as_str());
                let id = self.about(subject, ask);
                (shared(stock)?, id, Some(ask.clone()), self.at)
            }
            Told::Answered { to, ask, given } => {
                text(STOCK, subject.player.shared_name()?);
                attributes.insert(GIVEN.into(), Value::Bool(*given));
                let id = self.about(subject, ask);
                (to.clone(), id, Some(ask.clone()), self.at)
            }
        };
        Some(Event {
            id,
            source: SourceId::questline(),
            kind: self.told.kind().into(),
            player: to,
            occurred_at: at,
            amount: None,
            currency: None,
            refers_to,
            rate: None,
            attributes,
            sealed: None,
        })
    }

    /// The id of what is told about a question: once for each kind.
    fn about(&self, subject: Subject<'_>, ask: &EventId) -> EventId {
        let (brand, player) = (subject.brand.as_str(), subject.player.as_str());
        EventId::of_hash(hash([brand, player, self.told.kind(), ask.as_str(), "1"]))
    }
}
