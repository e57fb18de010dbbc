//! When the log recorded what was accepted: known to the instant where the events say it, else within the time a request took.

use std::time::Duration;

use anyhow::Result;
use types::{Position, Timestamp};

use super::expect::Until;
use super::{Place, Traces};
use crate::client::Fate;
use crate::ledger::RequestFate;
use crate::scenario::Clock;
use crate::stream::Stream;

/// Periods begin, end and close at multiples of it, in every time zone.
const QUARTER_HOUR_NS: i64 = 15 * 60 * 1_000_000_000;

/// Recorded times.
#[derive(Debug)]
pub(super) enum Recorded {
    /// The log's own clock, which may differ from ours by so much.
    Log { started: Timestamp, skew: Duration },
    /// The events' own, raised to the highest before it in its partition; by place.
    Event(Vec<(Place, Timestamp)>),
}

impl Recorded {
    pub(super) fn new(traces: &Traces<'_>) -> Result<Self> {
        let text = &traces.scenario.text;
        if text.clock == Clock::Log {
            return Ok(Self::Log {
                started: traces.run.started,
                skew: Duration::from_millis(u64::from(text.clock_skew_ms)),
            });
        }
        let mut times = Vec::new();
        for (index, requests) in traces.requests.iter().enumerate() {
            let stream = Stream::new(traces.scenario, index, traces.run, traces.source)?;
            let mut fates = requests.iter().peekable();
            for request in stream {
                let Some(fate) = fates.next_if(|fate| fate.number == request.number) else {
                    continue;
                };
                let places = fate.fates.iter().filter_map(|fate| match fate {
                    Fate::Accepted(partition, position) => Some((*partition, *position)),
                    Fate::Refused | Fate::Unknown => None,
                });
                times.extend(places.map(|place| (place, request.occurred_at)));
            }
        }
        Ok(Self::Event(raised(times)))
    }

    /// When it was recorded; `None` where that may lie on either side of a period's end.
    pub(super) fn of(
        &self,
        partition: u16,
        position: Position,
        request: &RequestFate,
    ) -> Option<Timestamp> {
        match self {
            Self::Log { started, skew } => {
                let earliest = after(*started, request.sent.saturating_sub(*skew));
                let latest = after(*started, request.answered + *skew);
                let quarter = |at: Timestamp| at.nanos() / QUARTER_HOUR_NS;
                (quarter(earliest) == quarter(latest)).then(|| after(*started, request.answered))
            }
            Self::Event(times) => {
                let place = (partition, position);
                let found = times.binary_search_by_key(&place, |(place, _)| *place);
                found.ok().map(|at| times[at].1)
            }
        }
    }

    /// Until when time has passed in a partition, once everything was waited for.
    pub(super) fn end(&self, partition: u16, drained: Duration) -> Until {
        match self {
            // A timer that was due while the last emissions were waited for has time to fire; one at the very end may not have.
            Self::Log { started, skew } => Until {
                surely: after(*started, drained.saturating_sub(*skew + DRAIN)),
                perhaps: after(*started, drained + *skew),
            },
            Self::Event(times) => {
                let behind = times.partition_point(|((it, _), _)| *it <= partition);
                let last = times[..behind].last().map_or(Timestamp::MIN, |(_, at)| *at);
                Until {
                    surely: last,
                    perhaps: last,
                }
            }
        }
    }
}

/// A timer that is due has fired and its emission has come after so long.
const DRAIN: Duration = Duration::from_secs(1);

fn after(start: Timestamp, passed: Duration) -> Timestamp {
    start.saturating_add_nanos(i64::try_from(passed.as_nanos()).unwrap_or(i64::MAX))
}

/// In the order of the log, each raised to the highest before it in its partition.
fn raised(mut times: Vec<(Place, Timestamp)>) -> Vec<(Place, Timestamp)> {
    times.sort_unstable();
    let mut highest: Option<(u16, Timestamp)> = None;
    for ((partition, _), at) in &mut times {
        if let Some((_, before)) = highest.filter(|(it, _)| it == partition) {
            *at = before.max(*at);
        }
        highest = Some((*partition, *at));
    }
    times
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::{Position, Timestamp};

    use super::{Recorded, raised};
    use crate::ledger::RequestFate;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_nanos(second * 1_000_000_000).unwrap()
    }

    fn place(partition: u16, sequence: u64) -> super::Place {
        (partition, Position { sequence, index: 0 })
    }

    #[test]
    fn event_time_never_runs_back_within_a_partition() {
        let times = vec![
            (place(1, 1), at(3)),
            (place(0, 2), at(5)),
            (place(0, 1), at(9)),
            (place(1, 2), at(4)),
        ];
        let expected = [
            (place(0, 1), at(9)),
            (place(0, 2), at(9)),
            (place(1, 1), at(3)),
            (place(1, 2), at(4)),
        ];
        let recorded = Recorded::Event(raised(times));
        for ((partition, position), at) in expected {
            let request = request(0, 0);
            assert_eq!(recorded.of(partition, position, &request), Some(at));
        }
        assert_eq!(recorded.end(0, Duration::ZERO).surely, at(9));
        assert_eq!(recorded.end(7, Duration::ZERO).perhaps, at(4));
    }

    fn request(sent_s: u64, answered_s: u64) -> RequestFate {
        RequestFate {
            number: 0,
            sent: Duration::from_secs(sent_s),
            answered: Duration::from_secs(answered_s),
            fates: Box::default(),
        }
    }

    #[test]
    fn on_the_logs_time_a_request_over_a_quarter_of_an_hour_is_undecided() {
        let recorded = Recorded::Log {
            started: at(800),
            skew: Duration::from_secs(2),
        };
        let table = [
            (90, 95, true),
            (90, 98, false),
            (102, 103, true),
            (101, 103, false),
        ];
        for (sent, answered, decided) in table {
            let found = recorded.of(0, Position::START, &request(sent, answered));
            assert_eq!(found.is_some(), decided, "{sent} {answered}");
        }
    }
}
