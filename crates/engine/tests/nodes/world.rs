//! Several nodes over one log, one store and what they tell one another, in virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use engine::ownership::{Agent, AgentError, NodeName, Settings, Standing, Timing};
use engine::{EngineHandle, Threads};
use ports::{Liveness, OwnerId, PeerError, Peers};
use testkit::faulty::{Dice, FaultyLiveness};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use types::Partition;

use crate::bench::{Bench, PROGRAMME};

pub(crate) const PARTITIONS: u16 = 8;

/// Engines by the address of their node.
#[derive(Clone, Default)]
struct Addresses(Arc<Mutex<BTreeMap<String, EngineHandle>>>);

#[async_trait]
impl Peers for Addresses {
    async fn warm(&self, address: &str, partition: Partition) -> Result<(), PeerError> {
        let engine = self.0.lock().unwrap().get(address).cloned();
        let engine = engine.ok_or_else(|| PeerError::Unavailable("gone".to_owned()))?;
        let warmed = engine.warm(partition).await;
        warmed
            .map(drop)
            .map_err(|error| PeerError::Unavailable(error.to_string()))
    }
}

/// One process.
pub(crate) struct Node {
    pub(crate) name: NodeName,
    pub(crate) engine: EngineHandle,
    pub(crate) liveness: Arc<FaultyLiveness>,
    pub(crate) standing: watch::Receiver<Standing>,
    address: String,
    addresses: Addresses,
    leave: CancellationToken,
    task: JoinHandle<Result<(), AgentError>>,
}

impl Node {
    /// Ends it, and its engine, with no word to anybody.
    pub(crate) fn kill(self) {
        self.task.abort();
        self.addresses.0.lock().unwrap().remove(&self.address);
    }

    /// Tells it to leave, and waits until it has.
    pub(crate) async fn leave(self) -> Result<(), AgentError> {
        self.leave.cancel();
        let left = self.task.await.unwrap();
        self.addresses.0.lock().unwrap().remove(&self.address);
        left
    }

    /// How it ends by itself.
    pub(crate) async fn ended(self) -> Result<(), AgentError> {
        self.task.await.unwrap()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    pub(crate) fn held(&self) -> Vec<Partition> {
        let held = self.engine.held().into_iter();
        held.map(|(partition, _)| partition).collect()
    }
}

/// What the nodes share.
pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) dice: Arc<Dice>,
    first: FaultyLiveness,
    addresses: Addresses,
    processes: u128,
}

impl World {
    pub(crate) fn new(seed: u64, calm: bool) -> Self {
        let dice = Arc::new(Dice::new(seed));
        dice.set_calm(calm);
        let mut bench = Bench::over(PROGRAMME, PARTITIONS, Arc::clone(&dice));
        bench.threads = Threads::Current;
        Self {
            bench,
            first: FaultyLiveness::new(Timing::default().lease, Arc::clone(&dice)),
            dice,
            addresses: Addresses::default(),
            processes: 0,
        }
    }

    /// Starts a process under a name.
    pub(crate) fn start(&mut self, number: u8) -> Node {
        self.processes += 1;
        let process = OwnerId(self.processes);
        let name: NodeName = format!("engine-{number}").parse().unwrap();
        let (engine, turns) = self.bench.open(process.0);
        let address = format!("http://process-{}", process.0);
        let known = &self.addresses.0;
        known
            .lock()
            .unwrap()
            .insert(address.clone(), engine.clone());
        let liveness = Arc::new(self.first.another());
        let settings = Settings {
            name: name.clone(),
            process,
            address: address.as_str().into(),
            timing: Timing::default(),
            beat: Duration::from_millis(500),
            renew: Duration::from_secs(3),
            decide: Duration::from_millis(200),
            drain: Duration::from_secs(20),
        };
        let told = Arc::clone(&liveness) as Arc<dyn Liveness>;
        let agent = Agent::new(
            settings,
            engine.clone(),
            told,
            Arc::new(self.addresses.clone()),
        );
        let (leave, standing) = (CancellationToken::new(), agent.standing());
        let task = tokio::task::spawn_local(agent.run(turns, leave.clone()));
        Node {
            name,
            engine,
            liveness,
            standing,
            address,
            addresses: self.addresses.clone(),
            leave,
            task,
        }
    }
}

/// Whether each partition is held by exactly one of the nodes, the one that a view of them all calls for.
pub(crate) fn is_settled(nodes: &[&Node]) -> bool {
    let mut held: Vec<Partition> = nodes.iter().flat_map(|node| node.held()).collect();
    held.sort_unstable();
    let all: Vec<Partition> = (0..PARTITIONS).map(Partition).collect();
    if held != all {
        return false;
    }
    nodes.iter().all(|node| {
        let standing = node.standing.borrow();
        let view = &standing.view;
        let mut held = node.held().into_iter();
        view.members.len() == nodes.len()
            && view
                .suspicions
                .iter()
                .all(|told| !view.suspected(told.process))
            && held.all(|partition| view.owner(partition) == Some(&node.name))
    })
}

/// Waits for it, and says how long it took.
pub(crate) async fn until(limit: Duration, mut so: impl FnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < limit, "not within {limit:?}");
        sleep(Duration::from_millis(50)).await;
    }
    began.elapsed()
}
