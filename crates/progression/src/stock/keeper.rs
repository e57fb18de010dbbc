//! The stock's side: takes, gives back, remembers what came too early, answers. And what a player reads of the answer.
//!
//! Which units are out follows from the journal alone: a question that was granted and has no return behind it. So a return that
//! comes before its question is an entry that the question finds when it comes, and leaves the unit in.

use programme::model::Programme;
use types::{Event, EventId, PlayerId, Value};

use super::tell::{GIVEN, PLAYER, SIZE, STOCK};
use super::{Stock, Told};
use crate::decision::{Outcome, Refusal};
use crate::effect::Effect;
use crate::journal::{Entry, Key, Reversal, Search, Tombstone};
use crate::step::Step;

/// What a tell does to a stock.
pub(crate) enum Keep {
    /// A unit is wanted.
    Take {
        by: PlayerId,
        /// By the newer of the programmes of asker and stock.
        size: u64,
        /// It has been given back already.
        returned: bool,
    },
    /// A unit is given back.
    GiveBack {
        ask: EventId,
        /// Whether it is out; `None` where its question has not come.
        out: Option<bool>,
    },
}

/// What a player is answered.
pub(crate) struct Answer {
    pub(crate) ask: EventId,
    /// The name of the stock.
    pub(crate) stock: Box<str>,
    pub(crate) given: bool,
}

impl Keep {
    /// What a record of a stock is about.
    pub(crate) fn of(
        programme: &Programme,
        search: &mut Search<'_>,
        event: &Event,
        stock: &str,
    ) -> Result<Self, Refusal> {
        match &*event.kind {
            Told::ASKED => {
                let by = text(event, PLAYER).ok_or(Refusal::MissingField)?;
                Ok(Self::Take {
                    by: PlayerId::new(by).map_err(|_| Refusal::BadAttribute)?,
                    size: size(programme, event, stock).ok_or(Refusal::MissingField)?,
                    returned: is_returned(search, event),
                })
            }
            Told::RETURNED => {
                let ask = event.refers_to.clone().ok_or(Refusal::MissingField)?;
                let source = &event.source;
                let asked = search.all(Key::event(source, &ask), |entry| entry.is(source, &ask));
                let first = asked.into_iter().next();
                Ok(Self::GiveBack {
                    ask,
                    out: first.map(|entry| entry.outcome == Outcome::Applied),
                })
            }
            _ => Err(Refusal::UnknownType),
        }
    }

    pub(crate) fn carry_out(
        self,
        step: &mut Step<'_>,
        event: &Event,
        entry: &mut Entry,
    ) -> Outcome {
        match self {
            Self::Take { returned: true, .. } => return Outcome::Refused(Refusal::GivenBack),
            Self::Take { by, size, .. } => {
                let given = step.state.taken < size;
                step.state.taken += u64::from(given);
                step.effects.push(Effect::Told(Told::Answered {
                    to: by,
                    ask: event.id.clone(),
                    given,
                }));
                if !given {
                    return Outcome::Refused(Refusal::StockGone);
                }
            }
            Self::GiveBack { ask, out: None } => {
                entry.tombstone = Some(Tombstone {
                    id: ask,
                    currency: None,
                });
            }
            Self::GiveBack {
                out: Some(false), ..
            } => {}
            Self::GiveBack {
                ask,
                out: Some(true),
            } => {
                step.state.taken = step.state.taken.saturating_sub(1);
                entry.reversals.push(Reversal {
                    source: event.source.clone(),
                    id: ask,
                    taken: 1,
                    returned: 1,
                    whole: true,
                });
            }
        }
        Outcome::Applied
    }
}

/// What a player reads of an answer.
pub(crate) fn answer(event: &Event) -> Result<Answer, Refusal> {
    if *event.kind != *Told::ANSWERED {
        return Err(Refusal::UnknownType);
    }
    let given = match event.attributes.get(GIVEN) {
        Some(Value::Bool(given)) => *given,
        _ => return Err(Refusal::BadAttribute),
    };
    Ok(Answer {
        ask: event.refers_to.clone().ok_or(Refusal::MissingField)?,
        stock: text(event, STOCK).ok_or(Refusal::MissingField)?.into(),
        given,
    })
}

/// A stock that the programme here does not know, or does not bound, is judged by what the asker's says: it is of a newer version.
fn size(programme: &Programme, event: &Event, stock: &str) -> Option<u64> {
    let named = event.attributes.get(SIZE).and_then(Value::as_number);
    let named = named
        .and_then(|size| size.to_units(0))
        .and_then(|size| u64::try_from(size).ok());
    Stock::size_of(programme, stock).or(named)
}

/// Whether the return of what is asked for came before.
fn is_returned(search: &mut Search<'_>, event: &Event) -> bool {
    let waits = |entry: &Entry| {
        let tombstone = entry.tombstone.as_ref();
        tombstone.is_some_and(|tombstone| tombstone.id == event.id)
    };
    let early = search.all(Key::returned(&event.source, &event.id), waits);
    !early.is_empty()
}

fn text<'e>(event: &'e Event, key: &str) -> Option<&'e str> {
    event.attributes.get(key).and_then(Value::as_text)
}
