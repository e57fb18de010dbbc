//! The engine as one node of several: its part in sharing the partitions of a log.

use std::sync::Arc;
use std::time::Duration;

use engine::EngineHandle;
use engine::ownership::{Agent, AgentError, Settings, Standing};
use engine_service::GrpcPeers;
use ports::{Liveness, NodeName, OwnerId};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use crate::exit::Failure;

/// The longest time between two looks at what is to be done.
const DECIDE: Duration = Duration::from_millis(200);

/// A node that takes part.
pub(super) struct Member {
    standing: watch::Receiver<Standing>,
    leave: CancellationToken,
    running: JoinHandle<Result<(), AgentError>>,
}

impl Member {
    /// Takes part from now on. `url`: where others reach this node's cluster address.
    pub(super) fn start(
        config: &Config,
        process: OwnerId,
        url: String,
        engine: EngineHandle,
        turns: mpsc::UnboundedReceiver<engine::Turn>,
        liveness: Arc<dyn Liveness>,
    ) -> Result<Self, Failure> {
        let times = &config.ownership;
        let settings = Settings {
            name: name(config)?,
            process,
            address: url.into(),
            timing: times.timing(),
            beat: Duration::from_millis(times.beat_ms),
            renew: Duration::from_millis(times.renew_ms),
            decide: DECIDE,
            drain: Duration::from_secs(times.drain_s),
        };
        let peers = Arc::new(GrpcPeers::default());
        let agent = Agent::new(settings, engine, liveness, peers);
        let leave = CancellationToken::new();
        Ok(Self {
            standing: agent.standing(),
            running: tokio::spawn(agent.run(turns, leave.clone())),
            leave,
        })
    }

    /// What the node knows of the others.
    pub(super) fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Why it cannot take part any more.
    pub(super) async fn failed(&mut self) -> Failure {
        match (&mut self.running).await {
            Ok(Ok(())) => Failure::failed("the node has left by itself"),
            Ok(Err(error)) => Failure::failed(error),
            Err(error) => Failure::failed(error),
        }
    }

    /// Hands over what it holds, writes the last checkpoints of the rest, and leaves.
    pub(super) async fn leave(self) -> Result<(), Failure> {
        self.leave.cancel();
        if self.running.is_finished() {
            // It said why.
            return Ok(());
        }
        let left = self.running.await.map_err(Failure::failed)?;
        left.map_err(Failure::failed)
    }
}

/// The node's name: the one given, or the host's.
pub(super) fn name(config: &Config) -> Result<NodeName, Failure> {
    let name = config.node.clone().unwrap_or_else(host);
    name.parse()
        .map_err(|error| Failure::bad_usage(format!("node: {error}")))
}

/// Where others reach what listens at the address.
pub(super) fn url(config: &Config, listening: std::net::SocketAddr) -> String {
    match &config.advertise {
        Some(url) => url.clone(),
        None if listening.ip().is_unspecified() => {
            format!("http://{}:{}", host(), listening.port())
        }
        None => format!("http://{listening}"),
    }
}

/// The host's name; of one with a domain the first part.
fn host() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}
