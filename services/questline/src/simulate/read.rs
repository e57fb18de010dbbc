//! From lines to records: validated, put in order, numbered, grouped by player.

use std::collections::BTreeMap;
use std::io;

use events::{Context, Incoming, parse_json};
use programme::model::Programme;
use types::{Body, PlayerId, Position, Record, SourceId, Timestamp};

use crate::console::remark;
use crate::feed::{Feed, Item, Tally};

/// The source of an event that names none.
const SOURCE: &str = "file";

/// What a file holds for the core.
#[derive(Debug)]
pub(crate) struct Records {
    /// Each player's records in log order, players by their bytes.
    pub(crate) players: BTreeMap<PlayerId, Vec<Record>>,
    /// How many records there are.
    pub(crate) events: u64,
    /// When the run ends; `None` where nothing was recorded.
    pub(crate) end: Option<Timestamp>,
    /// Lines that are no events, by reason.
    pub(crate) left_out: Tally,
    /// Events that were rejected, by code.
    pub(crate) rejected: Tally,
}

/// Reads everything up to `until`. `verbose` says on stderr what was left out and why.
pub(crate) fn read(
    items: Feed<'_>,
    programme: &Programme,
    until: Option<Timestamp>,
    verbose: bool,
) -> io::Result<Records> {
    let source = SourceId::new(SOURCE).map_err(io::Error::other)?;
    let context = Context::file(programme, &source);
    let (mut left_out, mut rejected) = (Tally::new(), Tally::new());
    let mut recorded: Vec<(Timestamp, Incoming)> = Vec::new();
    for item in items {
        match item? {
            Item::Left(left) => {
                if verbose && !left.on_purpose {
                    remark(format_args!("line {}: {}", left.line, left.detail));
                }
                *left_out.entry(left.reason).or_default() += 1;
            }
            Item::Event(raw) => match parse_json(&raw.json, &context) {
                Ok(incoming) => {
                    let at = incoming.recorded_at.unwrap_or(incoming.event.occurred_at);
                    recorded.push((at, incoming));
                }
                Err(rejection) => {
                    if verbose {
                        let id = rejection.id.as_deref().unwrap_or("?");
                        remark(format_args!("line {} ({id}): {rejection}", raw.line));
                    }
                    *rejected
                        .entry(rejection.code.as_str().to_owned())
                        .or_default() += 1;
                }
            },
        }
    }
    recorded.sort_by_key(|(at, _)| *at);
    if let Some(until) = until {
        recorded.truncate(recorded.partition_point(|(at, _)| *at <= until));
    }
    let end = until.or_else(|| recorded.last().map(|(at, _)| *at));
    let events = recorded.len() as u64;
    Ok(Records {
        players: by_player(programme, recorded),
        events,
        end,
        left_out,
        rejected,
    })
}

fn by_player(
    programme: &Programme,
    recorded: Vec<(Timestamp, Incoming)>,
) -> BTreeMap<PlayerId, Vec<Record>> {
    let mut players: BTreeMap<PlayerId, Vec<Record>> = BTreeMap::new();
    for (sequence, (recorded_at, incoming)) in (1..).zip(recorded) {
        let record = Record {
            position: Position { sequence, index: 0 },
            recorded_at,
            body: Body::Event {
                brand: programme.brand.clone(),
                accepted_at: recorded_at,
                event: Box::new(incoming.event),
                traceparent: None,
            },
        };
        if let Body::Event { event, .. } = &record.body {
            players
                .entry(event.player.clone())
                .or_default()
                .push(record);
        }
    }
    players
}
