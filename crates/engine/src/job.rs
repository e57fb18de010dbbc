//! A partition at run time: taken over, then one tenure after the other until it is let go, stopped, or lost.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use types::{Epoch, Partition as PartitionId};

use crate::arbiter::Load;
use crate::config::EngineConfig;
use crate::context::Ports;
use crate::error::EngineError;
use crate::partition::Partition;
use crate::place::{Begun, Place};
use crate::query::Command;
use crate::takeover::{self, Taken};
use crate::warm::Warm;

/// Something that became of a partition of this engine.
#[derive(Clone, Debug)]
pub struct Turn {
    /// Which.
    pub partition: PartitionId,
    /// What.
    pub kind: TurnKind,
}

/// What became of it. What was asked for (a release, a fence) tells nothing more than its call.
#[derive(Clone, Debug)]
pub enum TurnKind {
    /// It was taken over and is folded here.
    Held(Epoch),
    /// Another owner has it: it stopped by itself.
    Lost(EngineError),
    /// It cannot go on here.
    Failed(EngineError),
}

/// One partition to run, with what connects it to the handle.
pub(crate) struct Job {
    pub(crate) partition: PartitionId,
    pub(crate) place: Arc<Place>,
    pub(crate) begun: Begun,
    /// Told once the partition is taken over, or why it was not.
    pub(crate) ready: oneshot::Sender<Result<Epoch, EngineError>>,
    pub(crate) tell: Tell,
    pub(crate) load: Load,
}

/// Where what becomes of partitions is told.
#[derive(Clone)]
pub(crate) struct Tell {
    pub(crate) turns: mpsc::UnboundedSender<Turn>,
    /// The first failure.
    pub(crate) failure: watch::Sender<Option<EngineError>>,
}

impl Tell {
    fn turn(&self, partition: PartitionId, kind: TurnKind) {
        // Nobody may listen.
        drop(self.turns.send(Turn { partition, kind }));
    }

    fn ended(&self, partition: PartitionId, error: EngineError) {
        match error {
            EngineError::Fenced { .. } => tracing::warn!(%partition, %error, "partition lost"),
            _ => tracing::error!(%partition, %error, "partition stopped"),
        }
        self.failure.send_if_modified(|failure| {
            let first = failure.is_none();
            failure.get_or_insert_with(|| error.clone());
            first
        });
        self.turn(
            partition,
            match error {
                EngineError::Fenced { .. } => TurnKind::Lost(error),
                error => TurnKind::Failed(error),
            },
        );
    }
}

/// Runs the job to its end.
pub(crate) async fn run(config: EngineConfig, ports: Ports, job: Job) {
    let Job {
        partition,
        place,
        begun,
        ready,
        tell,
        load,
    } = job;
    let Begun {
        tenure,
        commands,
        stop,
        ended,
        warm,
    } = begun;
    let taking = takeover::take(partition, &config, &ports, None);
    match unless(&stop, taking).await {
        Ok(taken) => {
            let epoch = taken.tenure.epoch;
            place.hold(tenure, epoch);
            if ready.send(Ok(epoch)).is_ok() {
                tell.turn(partition, TurnKind::Held(epoch));
                let held = |epoch| place.hold(tenure, epoch);
                let left = tenures(&config, &ports, commands, &stop, taken, warm, held).await;
                place.leave(tenure);
                if let Err(error) = left {
                    tell.ended(partition, error);
                }
            } else {
                place.leave(tenure);
            }
        }
        Err(error) => {
            place.leave(tenure);
            // Who wanted it hears of it, or has gone.
            drop(ready.send(Err(error)));
        }
    }
    // Last: who waits for the end finds the ports let go.
    drop((config, ports, load));
    drop(ended);
}

/// What becomes of it, or that it was stopped first.
async fn unless<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    let done = stop.run_until_cancelled(work).await;
    done.unwrap_or(Err(EngineError::Stopped))
}

/// Runs a tenure, and another one where the log turns out to be an older copy in spite of its rungs: after that no state is ahead of
/// it. And another one where the log broke under its reader, unless the one before broke at the same place: a takeover did not help.
async fn tenures(
    config: &EngineConfig,
    ports: &Ports,
    mut commands: mpsc::Receiver<Command>,
    stop: &CancellationToken,
    mut taken: Taken,
    mut warm: Option<Warm>,
    held: impl Fn(Epoch),
) -> Result<(), EngineError> {
    let partition = taken.tenure.partition;
    let mut again = false;
    let mut broke = None;
    loop {
        // An own task, so that partitions on one thread are polled apart.
        let mut running = JoinSet::new();
        running.spawn_local(Partition::new(taken, warm.take()).run(commands));
        let ran = tokio::select! {
            biased;
            () = stop.cancelled() => {
                // Returns when the task is gone.
                running.shutdown().await;
                return Ok(());
            }
            ran = running.join_next() => ran,
        };
        let Some(ran) = ran else { return Ok(()) };
        let (given_back, ended) = ran.map_err(|error| EngineError::Thread(error.to_string()))?;
        let foreign = match ended {
            Err(EngineError::OtherLog { kept, .. }) if !again => {
                again = true;
                Some(kept)
            }
            Err(EngineError::LogBroken { after, why, .. })
                if broke != Some((after, ports.log.incarnation())) =>
            {
                tracing::error!(%partition, %after, why, "the log is compared with what was folded");
                broke = Some((after, ports.log.incarnation()));
                None
            }
            ended => return ended,
        };
        commands = given_back;
        taken = match unless(stop, takeover::take(partition, config, ports, foreign)).await {
            Err(EngineError::Stopped) => return Ok(()),
            taken => taken?,
        };
        held(taken.tenure.epoch);
    }
}
