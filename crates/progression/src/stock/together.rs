//! Stocks that lie beside their players, without a log between them: `simulate` has them so.

use std::collections::BTreeMap;

use programme::model::Programme;
use types::{Body, PlayerId, Position, Record};

use super::{Tell, Told};
use crate::apply::try_apply;
use crate::catalogue::Catalogue;
use crate::emission::Subject;
use crate::journal::History;
use crate::state::State;

/// All stocks of a programme, each as the store of a server would keep it.
#[derive(Clone, Debug, Default)]
pub struct Stocks {
    kept: BTreeMap<PlayerId, Kept>,
    /// Of each version under which something was told.
    names: Catalogue,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    state: State,
    segments: BTreeMap<u32, Vec<u8>>,
    told: u64,
}

impl Stocks {
    /// None of which anything was asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// Delivers what a player tells; the answer, where it is a question.
    pub fn deliver(
        &mut self,
        programme: &Programme,
        subject: Subject<'_>,
        tell: &Tell,
    ) -> Option<bool> {
        let event = tell.event(subject)?;
        let kept = self.kept.entry(event.player.clone()).or_default();
        kept.told += 1;
        let record = Record {
            position: Position {
                sequence: kept.told,
                index: 0,
            },
            recorded_at: tell.at(),
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: tell.at(),
                event: Box::new(event),
                traceparent: None,
            },
        };
        self.names.learn(programme);
        kept.fold(programme, &self.names, &record)
    }

    /// How many units of each stock are out, by the names of the stocks.
    pub fn taken(&self) -> impl Iterator<Item = (&str, u64)> {
        // Nobody tells anything to a player here.
        self.kept
            .iter()
            .map(|(id, kept)| (id.shared_name().unwrap_or_default(), kept.state.taken()))
    }
}

impl Kept {
    fn fold(&mut self, programme: &Programme, names: &Catalogue, record: &Record) -> Option<bool> {
        let mut history = History::new();
        let decision = loop {
            match try_apply(programme, &mut self.state, &history, record) {
                Ok(decision) => break decision,
                Err(wanted) => {
                    for number in wanted {
                        let bytes = self.segments.get(&number)?;
                        history.insert(number, bytes, names).ok()?;
                    }
                }
            }
        };
        self.segments.extend(decision.sealed);
        decision.tells.iter().find_map(|tell| match tell.told() {
            Told::Answered { given, .. } => Some(*given),
            _ => None,
        })
    }
}
