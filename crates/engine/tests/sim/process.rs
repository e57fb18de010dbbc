//! Processes: each an engine of its own, with its own way to the same services, own tasks and own clock. One can be killed at any step,
//! and stopped for a while as by SIGSTOP: then none of its tasks runs, while time goes on for all others.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use engine::{
    Clock, Engine, EngineConfig, EngineError, EngineHandle, Logic, Pace, Threads, Versions,
};
use ports::OwnerId;
use testkit::faulty::Link;
use tokio::sync::Notify;
use tokio::task::LocalSet;
use types::Timestamp;

use super::programmes;
use super::world::World;

/// Where the wall clock stands when virtual time begins, in microseconds.
const BEGIN_US: i64 = 1_700_000_000_000_000;

/// Starts an engine; `ahead_us`: how far its clock is ahead of the others'; `newest`: the newest logic version that it has.
pub(super) async fn start(
    world: &World,
    link: &Arc<Link>,
    ahead_us: i64,
    newest: u32,
) -> Result<EngineHandle, EngineError> {
    let ports = world.ports(link);
    let config = config(world, ahead_us);
    let now = (config.now)();
    let first = [world.first()].into_iter().collect();
    let partitions = ports.log.partitions();
    let store = Arc::clone(&ports.store);
    let logic = Logic {
        versions: 1..=newest,
        read: programmes::read,
    };
    let (programmes, heads) = (ports.programmes, store.as_ref());
    let opened = Versions::open(programmes, heads, partitions, first, logic, now);
    let (versions, _) = opened.await?;
    Engine::start(config, versions, ports.log, ports.store, ports.sinks).await
}

fn config(world: &World, ahead_us: i64) -> EngineConfig {
    let dice = &world.dice;
    let begun = world.begun;
    // It goes on by virtual time, a little in each life: not enough to order stamps by itself.
    let now = move || {
        let elapsed = i64::try_from(begun.elapsed().as_micros()).unwrap();
        Timestamp::from_nanos((BEGIN_US + ahead_us + elapsed) * 1_000).unwrap()
    };
    EngineConfig {
        threads: Threads::Current,
        memory_bytes: 1_000 + dice.below(60_000) as usize,
        outbox_bytes: dice.below(4_000) as usize,
        chunk: 1 + dice.below(40) as usize,
        credits: 1 + dice.below(200) as usize,
        window: 1 + dice.below(30) as usize,
        pace: Pace {
            replay_budget: Duration::from_secs(3_600),
            dirty_bytes: 1 + dice.below(20_000) as usize,
            head_interval: Duration::from_millis(dice.below(200)),
            idle_interval: Duration::from_millis(200 + dice.below(5_000)),
            shutdown: Duration::from_secs(60),
        },
        ..EngineConfig::new(OwnerId(u128::from(dice.next())), Clock::Event, now)
    }
}

/// How a process ended.
#[derive(Debug)]
pub(super) enum End {
    Killed,
    ShutDown,
    Failed(EngineError),
}

/// What a process shows to whoever watches it.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) engine: RefCell<Option<EngineHandle>>,
    pub(super) stop: Notify,
    pub(super) ended: RefCell<Option<End>>,
    /// Whoever watches has seen that it ended.
    pub(super) seen: Cell<bool>,
}

/// A process.
pub(super) struct Process {
    pub(super) name: String,
    pub(super) link: Arc<Link>,
    pub(super) desk: Rc<Desk>,
    pub(super) paused: Cell<bool>,
    local: LocalSet,
}

/// All processes that run.
pub(super) struct Processes {
    pub(super) all: RefCell<Vec<Process>>,
    started: Cell<u32>,
    /// A process has started or ended.
    pub(super) news: Rc<Notify>,
    ingest: RefCell<LocalSet>,
    /// Ingest is to append some more.
    pub(super) more: Rc<Notify>,
    /// Ingest has a batch on its way.
    pub(super) appending: Rc<Cell<bool>>,
}

impl Processes {
    /// Ingest alone.
    pub(super) fn new(world: &Rc<World>) -> Self {
        let processes = Self {
            all: RefCell::default(),
            started: Cell::default(),
            news: Rc::default(),
            ingest: RefCell::default(),
            more: Rc::default(),
            appending: Rc::default(),
        };
        let (world, log) = (Rc::clone(world), world.log.by(&world.link("ingest")));
        let (more, appending) = (Rc::clone(&processes.more), Rc::clone(&processes.appending));
        processes.ingest.borrow().spawn_local(async move {
            loop {
                more.notified().await;
                appending.set(true);
                world.ingest_some(&log, false).await;
                appending.set(false);
            }
        });
        processes
    }

    /// Starts one; `ahead_us`: how far its clock is ahead; `newest`: the newest logic version that it has.
    pub(super) fn start(&self, world: &Rc<World>, ahead_us: i64, newest: u32) {
        let number = self.started.get();
        self.started.set(number + 1);
        let name = format!("node {number}");
        let link = world.link(&name);
        let desk = Rc::new(Desk::default());
        let local = LocalSet::new();
        let run = run(
            Rc::clone(world),
            Arc::clone(&link),
            Rc::clone(&desk),
            Rc::clone(&self.news),
            (ahead_us, newest),
        );
        local.spawn_local(run);
        link.note(|| format!("starts with logic up to {newest}, its clock {ahead_us} us ahead"));
        let paused = Cell::new(false);
        self.all.borrow_mut().push(Process {
            name,
            link,
            desk,
            paused,
            local,
        });
    }

    /// Lets every process that is not paused go on as far as it goes now. Of one that was killed nothing is left.
    pub(super) fn poll(&self, context: &mut Context<'_>) {
        let go_on = |local: &mut LocalSet, context: &mut Context<'_>| {
            let polled = Pin::new(local).poll(context);
            debug_assert!(polled.is_pending(), "a process ends when it is ended");
        };
        go_on(&mut self.ingest.borrow_mut(), context);
        for process in self.all.borrow_mut().iter_mut() {
            if !process.paused.get() {
                go_on(&mut process.local, context);
            }
        }
    }

    /// Ends a process where it stands.
    pub(super) fn kill(&self, name: &str) {
        let mut all = self.all.borrow_mut();
        let gone = all.iter().position(|process| process.name == name);
        let gone = gone.map(|index| all.remove(index));
        drop(all);
        if let Some(process) = gone {
            process.link.note(|| "is gone".to_owned());
        }
    }
}

async fn run(
    world: Rc<World>,
    link: Arc<Link>,
    desk: Rc<Desk>,
    news: Rc<Notify>,
    made: (i64, u32),
) {
    let end = tokio::select! {
        biased;
        () = link.crash().reached() => End::Killed,
        end = serve(&world, &link, &desk, &news, made) => end,
    };
    link.note(|| format!("ends: {end:?}"));
    desk.ended.replace(Some(end));
    news.notify_one();
    // With what else it has it goes on until somebody ends it.
    std::future::pending::<()>().await;
}

async fn serve(
    world: &World,
    link: &Arc<Link>,
    desk: &Desk,
    news: &Notify,
    (ahead_us, newest): (i64, u32),
) -> End {
    let engine = match start(world, link, ahead_us, newest).await {
        Ok(engine) => engine,
        Err(error) => return End::Failed(error),
    };
    link.note(|| "has taken over".to_owned());
    desk.engine.replace(Some(engine.clone()));
    news.notify_one();
    let patience = Duration::from_millis(world.dice.below(3_000));
    tokio::select! {
        biased;
        () = desk.stop.notified() => {
            engine.shutdown().await;
            End::ShutDown
        }
        error = engine.failed() => End::Failed(error),
        () = engine.carry_publications(patience) => End::ShutDown,
    }
}
