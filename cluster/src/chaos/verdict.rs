//! Every accepted event against every emission.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::fault::Fault;
use super::moves::Moved;
use crate::load::Accepted;

/// What became of the events of a run.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What was done.
    pub fault: Fault,
    /// Until what it was done to ran again.
    pub fault_lasted: Duration,
    /// Until other engine nodes held what one had held.
    pub taken_over: Option<Duration>,
    /// How long partitions stood still that were handed over, shortest first.
    pub planned: Vec<Duration>,
    /// When it was done.
    pub began_at: jiff::Timestamp,
    /// What became of partitions since, in order.
    pub moves: Vec<Moved>,
    /// Events that ingest accepted.
    pub accepted: usize,
    /// Requests that had to be sent again.
    pub retried: u64,
    /// The longest time in which nothing reached the gateway.
    pub longest_silence: Duration,
    /// The longest in which nothing of one player reached it; each sends two events a second at the usual rate.
    pub players_silence: Duration,
    /// The longest time from accepted to delivered.
    pub slowest: Duration,
    /// Events without an emission.
    pub lost: usize,
    /// Emissions beyond one for each event.
    pub doubled: usize,
    /// Emissions that came after a later one of their player.
    pub reordered: usize,
}

impl Verdict {
    /// The pause that all but one in a hundred of the partitions handed over stayed below; none where none was.
    pub fn planned_p99(&self) -> Option<Duration> {
        let rank = (self.planned.len() * 99).div_ceil(100);
        self.planned.get(rank.checked_sub(1)?).copied()
    }

    /// Whether every event was acted on once and in order.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.doubled, self.reordered) == (0, 0, 0)
    }
}

/// How many events of a run were lost, doubled, reordered. Emissions are in the order in which they came.
pub(super) fn judge(run: u32, accepted: &Accepted, emissions: &[Value]) -> (usize, usize, usize) {
    let of_run = format!("shop/{run}-");
    let mut seen: HashSet<&str> = HashSet::new();
    let mut newest: HashMap<&str, u64> = HashMap::new();
    let (mut doubled, mut reordered) = (0, 0);
    for emission in emissions {
        let body = &emission["body"];
        let (Some(event), Some(player)) =
            (body["cause"]["event"].as_str(), body["player"].as_str())
        else {
            continue;
        };
        let Some(id) = event
            .strip_prefix("shop/")
            .filter(|_| event.starts_with(&of_run))
        else {
            continue;
        };
        if !seen.insert(id) {
            doubled += 1;
            continue;
        }
        let number = id.rsplit('-').next().and_then(|last| last.parse().ok());
        let number: u64 = number.unwrap_or_default();
        let newest = newest.entry(player).or_default();
        if number < *newest {
            reordered += 1;
        }
        *newest = number.max(*newest);
    }
    let lost = accepted
        .events
        .iter()
        .filter(|(id, _)| !seen.contains(id.as_str()));
    (lost.count(), doubled, reordered)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tokio::time::Instant;

    use super::judge;
    use crate::load::Accepted;

    fn emission(event: &str, player: &str) -> Value {
        json!({"body": {"cause": {"event": event}, "player": player}})
    }

    #[test]
    fn what_is_missing_comes_twice_or_too_late_is_counted() {
        let accepted = Accepted {
            events: ["7-0-0", "7-0-1", "7-0-2", "7-0-3"]
                .map(|id| (id.to_owned(), Instant::now()))
                .to_vec(),
            retried: 0,
        };
        type Came = &'static [(&'static str, &'static str)];
        let table: [(Came, (usize, usize, usize)); 4] = [
            (
                &[
                    ("shop/7-0-0", "a"),
                    ("shop/7-0-1", "b"),
                    ("shop/7-0-2", "a"),
                    ("shop/7-0-3", "b"),
                ],
                (0, 0, 0),
            ),
            (
                &[
                    ("shop/7-0-2", "a"),
                    ("shop/7-0-0", "a"),
                    ("shop/7-0-1", "b"),
                    ("shop/7-0-3", "b"),
                ],
                (0, 0, 1),
            ),
            (
                &[
                    ("shop/7-0-0", "a"),
                    ("shop/7-0-0", "a"),
                    ("shop/7-0-1", "b"),
                ],
                (2, 1, 0),
            ),
            (&[("shop/6-0-0", "a")], (4, 0, 0)),
        ];
        for (came, expected) in table {
            let came: Vec<Value> = came
                .iter()
                .map(|(event, player)| emission(event, player))
                .collect();
            assert_eq!(judge(7, &accepted, &came), expected, "{came:?}");
        }
    }
}
