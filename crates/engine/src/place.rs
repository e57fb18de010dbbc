//! A partition as the engine's handle sees it: whether it is here, and how to reach and to stop it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use types::Epoch;

use crate::query::Command;
use crate::warm::Warm;

/// Questions that may wait at a partition.
const WAITING: usize = 1024;

/// One partition's place in the engine, whether it is there or not.
#[derive(Default)]
pub(crate) struct Place {
    /// Held by who takes the partition or lets it go: one at a time.
    pub(crate) turn: tokio::sync::Mutex<()>,
    /// Held by who warms it up.
    pub(crate) warming: tokio::sync::Mutex<()>,
    now: Mutex<Now>,
}

#[derive(Default)]
struct Now {
    running: Option<Running>,
    warm: Option<Warm>,
    /// How often it was fenced: what was begun before does not go on after.
    fences: u64,
    /// How often it was begun.
    tenures: u64,
}

struct Running {
    tenure: u64,
    commands: mpsc::Sender<Command>,
    phase: Phase,
    stop: CancellationToken,
    ended: watch::Receiver<()>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// It is being taken over.
    Taking,
    Held(Epoch),
    /// It is on its way out, in its own time or at once.
    Leaving,
}

impl Phase {
    fn held(self) -> Option<Epoch> {
        match self {
            Self::Held(epoch) => Some(epoch),
            Self::Taking | Self::Leaving => None,
        }
    }
}

/// What a tenure that begins is given of its place.
pub(crate) struct Begun {
    pub(crate) tenure: u64,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) stop: CancellationToken,
    /// Closed when all of it is gone.
    pub(crate) ended: watch::Sender<()>,
    pub(crate) warm: Option<Warm>,
}

/// Waits for the end of a tenure.
pub(crate) struct Ending(watch::Receiver<()>);

impl Ending {
    pub(crate) async fn wait(mut self) {
        // Nothing is ever sent: it ends with its sender.
        while self.0.changed().await.is_ok() {}
    }
}

impl Place {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fences(&self) -> u64 {
        self.now().fences
    }

    /// Since which epoch the partition is here.
    pub(crate) fn held(&self) -> Option<Epoch> {
        self.now().running.as_ref()?.phase.held()
    }

    /// Where to ask it, if it is here.
    pub(crate) fn commands(&self) -> Option<mpsc::Sender<Command>> {
        let now = self.now();
        let running = now.running.as_ref()?;
        running.phase.held().map(|_| running.commands.clone())
    }

    /// Begins a tenure, unless it was fenced since. `stop` stops it.
    pub(crate) fn begin(&self, fences: u64, stop: CancellationToken) -> Option<Begun> {
        let mut now = self.now();
        if now.fences != fences {
            return None;
        }
        let (commands, receiver) = mpsc::channel(WAITING);
        let (sender, ended) = watch::channel(());
        now.tenures += 1;
        let tenure = now.tenures;
        let warm = now.warm.take();
        now.running = Some(Running {
            tenure,
            commands,
            phase: Phase::Taking,
            stop: stop.clone(),
            ended,
        });
        Some(Begun {
            tenure,
            commands: receiver,
            stop,
            ended: sender,
            warm,
        })
    }

    /// The tenure holds the partition now.
    pub(crate) fn hold(&self, tenure: u64, epoch: Epoch) {
        let mut now = self.now();
        let running = now.running.as_mut().filter(|it| it.tenure == tenure);
        if let Some(running) = running.filter(|it| !matches!(it.phase, Phase::Leaving)) {
            running.phase = Phase::Held(epoch);
        }
    }

    /// The tenure has ended.
    pub(crate) fn leave(&self, tenure: u64) {
        let mut now = self.now();
        now.running.take_if(|running| running.tenure == tenure);
    }

    /// How many players are expected, where that was read a moment ago.
    pub(crate) fn warm_players(&self) -> Option<usize> {
        self.now().warm.as_ref().and_then(Warm::players_if_fresh)
    }

    /// Keeps what was warmed for the next tenure, unless it was fenced since.
    pub(crate) fn keep_warm(&self, fences: u64, warm: Warm) {
        let mut now = self.now();
        if now.fences == fences {
            now.warm = Some(warm);
        }
    }

    /// Takes the partition out of reach, to be let go: where to tell it, and how to see its end. One that is only being taken over is
    /// stopped.
    pub(crate) fn close(&self) -> Option<(Option<mpsc::Sender<Command>>, Ending)> {
        let mut now = self.now();
        now.warm = None;
        let running = now.running.as_mut()?;
        let ending = Ending(running.ended.clone());
        let commands = match std::mem::replace(&mut running.phase, Phase::Leaving) {
            Phase::Held(_) => Some(running.commands.clone()),
            Phase::Taking => {
                running.stop.cancel();
                None
            }
            Phase::Leaving => None,
        };
        Some((commands, ending))
    }

    /// Stops whatever runs here, without a last checkpoint, and whatever has begun before.
    pub(crate) fn fence(&self) -> Option<Ending> {
        let mut now = self.now();
        now.fences += 1;
        now.warm = None;
        let running = now.running.as_mut()?;
        running.phase = Phase::Leaving;
        running.stop.cancel();
        Some(Ending(running.ended.clone()))
    }

    /// Waits for the end of a tenure that is on its way out.
    pub(crate) fn ending(&self) -> Option<Ending> {
        let now = self.now();
        now.running.as_ref().map(|it| Ending(it.ended.clone()))
    }
}
