//! A process' way to the services, and what may befall it.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Dice, Fault};

/// Stops the process under test after so many steps of its ports: the step does not return, and [`Crash::reached`] does.
#[derive(Debug, Default)]
pub struct Crash {
    steps: AtomicU64,
    reached: Notify,
}

impl Crash {
    /// Crash at the step so many steps from now; 0: not at all.
    pub fn after(&self, steps: u64) {
        self.steps.store(steps, Ordering::Relaxed);
    }

    /// Returns when the step is reached.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    pub(super) async fn step(&self) {
        let left = self.steps.load(Ordering::Relaxed);
        if left == 0 {
            return;
        }
        self.steps.store(left - 1, Ordering::Relaxed);
        if left == 1 {
            self.reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

/// What a process talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// The log.
    Log,
    /// The store, that of programmes too.
    Store,
    /// The gateways.
    Gateways,
}

impl Service {
    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of services.
#[derive(Debug, Default)]
struct Services(AtomicU8);

impl Services {
    fn set(&self, service: Service, member: bool) {
        match member {
            true => self.0.fetch_or(service.bit(), Ordering::Relaxed),
            false => self.0.fetch_and(!service.bit(), Ordering::Relaxed),
        };
    }

    fn has(&self, service: Service) -> bool {
        self.0.load(Ordering::Relaxed) & service.bit() != 0
    }
}

/// How the services are, for every process.
#[derive(Debug, Default)]
pub struct Weather {
    down: Services,
    slow: Services,
}

impl Weather {
    /// From now on the service answers nobody, or everybody again.
    pub fn set_down(&self, service: Service, down: bool) {
        self.down.set(service, down);
    }

    /// From now on every call waits for a disk, or none does.
    pub fn set_slow(&self, service: Service, slow: bool) {
        self.slow.set(service, slow);
    }
}

/// What happened, line by line, with the virtual time; kept where somebody asked for it.
#[derive(Debug, Default)]
pub struct History(Mutex<Option<(Instant, Vec<String>)>>);

impl History {
    fn kept(&self) -> MutexGuard<'_, Option<(Instant, Vec<String>)>> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// From now on it is kept. Called where virtual time begins.
    pub fn keep(&self) {
        *self.kept() = Some((Instant::now(), Vec::new()));
    }

    /// Adds a line about somebody.
    pub fn note(&self, who: &dyn fmt::Display, line: impl FnOnce() -> String) {
        if let Some((begun, lines)) = &mut *self.kept() {
            let at = begun.elapsed().as_secs_f64();
            lines.push(format!("{at:>10.3} s  {who:<10} {}", line()));
        }
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.kept()
            .as_ref()
            .map_or_else(Vec::new, |(_, lines)| lines.clone())
    }
}

/// The way of one process: steps at which it may be stopped, services from which it may be cut off.
pub struct Link {
    name: String,
    crash: Arc<Crash>,
    cut: Services,
    weather: Arc<Weather>,
    history: Arc<History>,
    dice: Arc<Dice>,
}

impl Link {
    /// A way that is open.
    pub fn new(
        name: &str,
        dice: Arc<Dice>,
        weather: Arc<Weather>,
        history: Arc<History>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name: name.to_owned(),
            crash: Arc::default(),
            cut: Services::default(),
            weather,
            history,
            dice,
        })
    }

    /// The way of the only process.
    pub(super) fn only(dice: Arc<Dice>, crash: Arc<Crash>) -> Arc<Self> {
        Arc::new(Self {
            name: "process".to_owned(),
            crash,
            cut: Services::default(),
            weather: Arc::default(),
            history: Arc::default(),
            dice,
        })
    }

    /// Where the process is stopped.
    pub fn crash(&self) -> &Arc<Crash> {
        &self.crash
    }

    /// Cuts the process off from a service, or lets it reach it again.
    pub fn cut(&self, service: Service, cut: bool) {
        self.cut.set(service, cut);
    }

    /// Whether what is sent now arrives.
    pub(super) fn is_open(&self, service: Service) -> bool {
        !self.cut.has(service) && !self.weather.down.has(service)
    }

    /// Waits for a slow disk: each call while the service has one, else as many as the dial says.
    pub(super) async fn disk(&self, service: Service) {
        let slow = self.weather.slow.has(service);
        if slow {
            self.dice.count(Fault::SlowDisk);
        }
        if slow || self.dice.strikes(Fault::SlowDisk) {
            let ms = 50 + self.dice.below(1_500);
            tokio::time::sleep(Duration::from_millis(ms)).await;
        }
    }

    /// Sends to a service; an error once whoever waits has waited long enough for an answer that cannot come.
    pub(super) async fn reach(&self, service: Service) -> Result<(), String> {
        self.disk(service).await;
        if self.is_open(service) {
            return Ok(());
        }
        let ms = 20 + self.dice.below(1_000);
        tokio::time::sleep(Duration::from_millis(ms)).await;
        Err(format!("{service:?} is out of reach"))
    }

    /// Notes what the process did.
    pub fn note(&self, line: impl FnOnce() -> String) {
        self.history.note(&self.name, line);
    }
}
