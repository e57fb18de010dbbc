//! What the engine nodes say of partitions that change hands, as their logs have it.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;

use crate::nodes::Cluster;

/// The end of each engine's log when the fault begins.
pub(super) struct Moves(Vec<u64>);

/// A line of the timeline.
#[derive(Clone, Debug)]
pub struct Moved {
    /// When it was said.
    pub at: Timestamp,
    /// By which engine node.
    pub engine: String,
    /// Of which partition.
    pub partition: String,
    /// What became of it.
    pub step: Step,
}

/// What becomes of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its owner let it go: after so long without folding the last checkpoint stood, and the others were told.
    LetGo {
        /// Until the last checkpoint stood.
        stopped: Duration,
        /// Until the others were told.
        told: Duration,
    },
    /// Another took it; so long that took.
    Held(Duration),
    /// Another folded the first record, which had waited so long in the log.
    FoldsOn {
        /// The others were prepared for it.
        planned: bool,
        /// How long it stood still.
        waited: Duration,
    },
}

impl Moves {
    pub(super) fn start(cluster: &Cluster) -> Self {
        Self(cluster.engines.iter().map(|it| it.said()).collect())
    }

    /// All that was said since, in order.
    pub(super) fn read(&self, cluster: &Cluster) -> Result<Vec<Moved>> {
        let mut all = Vec::new();
        for (engine, from) in cluster.engines.iter().zip(&self.0) {
            let said = engine.said_since(*from)?;
            all.extend(said.lines().filter_map(|line| moved(&engine.name, line)));
        }
        all.sort_by_key(|moved| moved.at);
        Ok(all)
    }
}

/// How long partitions stood still that were handed over, shortest first.
pub(super) fn planned(moves: &[Moved]) -> Vec<Duration> {
    let mut pauses: Vec<Duration> = moves
        .iter()
        .filter_map(|moved| match moved.step {
            Step::FoldsOn {
                planned: true,
                waited,
            } => Some(waited),
            _ => None,
        })
        .collect();
    pauses.sort();
    pauses
}

fn moved(engine: &str, line: &str) -> Option<Moved> {
    let line: Value = serde_json::from_str(line).ok()?;
    let ms = |field: &str| Some(Duration::from_millis(line[field].as_u64()?));
    let step = match line["message"].as_str()? {
        "let go" => Step::LetGo {
            stopped: ms("stopped_ms")?,
            told: ms("told_ms")?,
        },
        "held" => Step::Held(ms("took_ms")?),
        "folds on" => Step::FoldsOn {
            planned: line["planned"].as_bool()?,
            waited: ms("waited_ms")?,
        },
        _ => return None,
    };
    Some(Moved {
        at: line["timestamp"].as_str()?.parse().ok()?,
        engine: engine.to_owned(),
        partition: line["partition"].as_str()?.to_owned(),
        step,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Step, moved, planned};

    #[test]
    fn lines_of_an_engine_s_log_make_the_timeline() {
        let table = [
            (
                r#"{"timestamp":"2026-11-25T10:00:00.000001Z","message":"let go","partition":"3","stopped_ms":40,"told_ms":55}"#,
                Some(Step::LetGo {
                    stopped: Duration::from_millis(40),
                    told: Duration::from_millis(55),
                }),
            ),
            (
                r#"{"timestamp":"2026-11-25T10:00:00.1Z","message":"folds on","partition":"3","planned":true,"waited_ms":130}"#,
                Some(Step::FoldsOn {
                    planned: true,
                    waited: Duration::from_millis(130),
                }),
            ),
            (
                r#"{"timestamp":"2026-11-25T10:00:00.1Z","message":"ready"}"#,
                None,
            ),
            ("not JSON", None),
        ];
        let moves: Vec<_> = table
            .map(|(line, step)| {
                let moved = moved("engine-1", line);
                assert_eq!(moved.as_ref().map(|moved| moved.step), step, "{line}");
                moved
            })
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(planned(&moves), [Duration::from_millis(130)]);
    }
}
