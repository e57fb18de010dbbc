//! What had to come of one player's accepted events: the core's own fold.

use std::collections::HashSet;

use anyhow::{Result, anyhow};
use events::{Context, parse_json};
use programme::model::Programme;
use progression::{Catalogue, Decision, History, State, Subject, apply, due};
use types::{Body, Position, Record, SourceId, Timestamp};

use super::compare::Expected;

/// An event in the log.
#[derive(Clone, Debug)]
pub(super) struct Accepted {
    pub(super) partition: u16,
    pub(super) position: Position,
    pub(super) recorded_at: Timestamp,
    pub(super) json: String,
}

/// Until when time has passed: what falls due by the first has fired, what falls due by the second may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until {
    pub(super) surely: Timestamp,
    pub(super) perhaps: Timestamp,
}

/// Emissions of these types, in order, and how many of them surely come.
pub(super) fn expected(
    programme: &Programme,
    subject: Subject<'_>,
    source: &SourceId,
    accepted: &[Accepted],
    until: Until,
    kinds: &HashSet<&str>,
) -> Result<(Vec<Expected>, usize)> {
    let context = Context::file(programme, source);
    let mut fold = Fold {
        subject,
        kinds,
        catalogue: Catalogue::of(programme),
        history: History::new(),
        expected: Vec::new(),
    };
    let (mut state, mut clock) = (State::new(), Timestamp::MIN);
    for one in accepted {
        let incoming = parse_json(one.json.as_bytes(), &context)
            .map_err(|rejection| anyhow!("accepted, and not valid here: {rejection}"))?;
        // Never running back within a partition.
        clock = clock.max(one.recorded_at);
        let record = Record {
            position: one.position,
            recorded_at: clock,
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: clock,
                event: Box::new(incoming.event),
                traceparent: None,
            },
        };
        fold.take(apply(programme, &mut state, &fold.history, &record))?;
    }
    fold.take(due(programme, &mut state, until.surely))?;
    let sure = fold.expected.len();
    fold.take(due(programme, &mut state, until.perhaps))?;
    Ok((fold.expected, sure))
}

struct Fold<'a> {
    subject: Subject<'a>,
    kinds: &'a HashSet<&'a str>,
    catalogue: Catalogue,
    /// All that was sealed: more than any record asks for.
    history: History,
    expected: Vec<Expected>,
}

impl Fold<'_> {
    fn take(&mut self, decision: Decision) -> Result<()> {
        let sent = decision.emissions();
        for emission in sent.filter(|emission| self.kinds.contains(emission.kind())) {
            let id = emission.id(self.subject);
            let body = emission.json(self.subject, &id.to_string());
            self.expected.push(Expected { id: id.0, body });
        }
        for (number, bytes) in &decision.sealed {
            self.history.insert(*number, bytes, &self.catalogue)?;
        }
        Ok(())
    }
}
