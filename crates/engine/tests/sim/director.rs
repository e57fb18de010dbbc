//! What befalls processes and services, in any order: the seed says what, when and for how long.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use engine::{EngineError, EngineHandle, QueryError};
use testkit::faulty::{Fault, Link, Service};
use tokio::time::Instant;
use types::Partition;

use super::finish::finish;
use super::process::{Desk, End, Processes};
use super::watch::{Demand, Watch};
use super::world::World;
use super::{Changes, Mishap, ask_around, publish};

/// Something that comes to an end by itself.
enum Undo {
    Resume(String),
    Heal(Arc<Link>, Service),
    Up(Service),
    Fast(Service),
}

struct Director {
    world: Rc<World>,
    processes: Rc<Processes>,
    watch: Rc<RefCell<Watch>>,
    undo: RefCell<Vec<(Instant, Undo)>>,
    mishap: Mishap,
    demand: Demand,
}

/// Runs nodes over one world until everything has been folded and compared.
pub(crate) fn nodes(
    runtime: &tokio::runtime::Runtime,
    world: &Rc<World>,
    mishap: Mishap,
) -> Result<(), String> {
    let demand = match mishap {
        Mishap::TailLost => Demand::Lossy,
        _ => Demand::All,
    };
    let director = Director {
        world: Rc::clone(world),
        processes: Rc::new(Processes::new(world)),
        watch: Rc::new(RefCell::new(Watch::new(world, demand))),
        undo: RefCell::default(),
        mishap,
        demand,
    };
    let (processes, watch) = (Rc::clone(&director.processes), Rc::clone(&director.watch));
    runtime.block_on(async {
        let mut directed = pin!(director.direct());
        poll_fn(|context| {
            if let Poll::Ready(ended) = directed.as_mut().poll(context) {
                return Poll::Ready(ended);
            }
            processes.poll(context);
            match watch.borrow_mut().look(world) {
                Ok(()) => Poll::Pending,
                Err(why) => Poll::Ready(Err(why)),
            }
        })
        .await
    })
}

impl Director {
    async fn direct(&self) -> Result<(), String> {
        let dice = &self.world.dice;
        self.start_any();
        for _ in 0..6 + dice.below(20) {
            self.wait(dice.below(3_000)).await?;
            self.act().await?;
        }
        dice.set_calm(true);
        for (_, undo) in self.undo.take() {
            self.undo(undo);
        }
        for _ in 0..12 {
            if self.last().await? {
                return Ok(());
            }
        }
        Err("no node stays the owner".to_owned())
    }

    /// Starts a node; while they are upgraded one after the other, some are of the release before.
    fn start_any(&self) {
        let newest = match self.world.upgrades {
            true => 1 + u32::from(self.world.dice.chance(500)),
            false => 1,
        };
        self.start(newest);
    }

    /// Starts a node; some have a wrong clock.
    fn start(&self, newest: u32) {
        let dice = &self.world.dice;
        let ahead_us = match dice.below(4) {
            0 => i64::try_from(dice.below(1_200)).unwrap() * 1_000_000 - 600_000_000,
            _ => i64::try_from(dice.below(1_000)).unwrap(),
        };
        if ahead_us.abs() > 60_000_000 {
            dice.count(Fault::ClockSkew);
        }
        let alive = self.processes.all.borrow();
        let owns = |desk: &Desk| desk.engine.borrow().is_some() && desk.ended.borrow().is_none();
        if alive.iter().any(|process| owns(&process.desk)) {
            dice.count(Fault::TwoOwners);
        }
        drop(alive);
        self.processes.start(&self.world, ahead_us, newest);
    }

    /// Lets time pass; what comes to an end by itself does.
    async fn wait(&self, ms: u64) -> Result<(), String> {
        let until = Instant::now() + Duration::from_millis(ms);
        loop {
            let now = Instant::now();
            let (over, left): (Vec<_>, Vec<_>) =
                self.undo.take().into_iter().partition(|(at, _)| *at <= now);
            self.undo.replace(left);
            over.into_iter().for_each(|(_, undo)| self.undo(undo));
            self.reap()?;
            if now >= until {
                return Ok(());
            }
            let next = self.undo.borrow().iter().map(|(at, _)| *at).min();
            let next = next.map_or(until, |next| next.min(until));
            tokio::select! {
                biased;
                () = self.processes.news.notified() => {}
                () = tokio::time::sleep_until(next) => {}
            }
        }
    }

    fn undo(&self, undo: Undo) {
        let weather = &self.world.weather;
        match undo {
            Undo::Resume(name) => {
                let all = self.processes.all.borrow();
                if let Some(process) = all.iter().find(|process| process.name == name) {
                    process.link.note(|| "goes on".to_owned());
                    process.paused.set(false);
                }
            }
            Undo::Heal(link, service) => {
                link.note(|| format!("reaches {service:?} again"));
                link.cut(service, false);
            }
            Undo::Up(service) => weather.set_down(service, false),
            Undo::Fast(service) => weather.set_slow(service, false),
        }
    }

    fn later(&self, most_ms: u64, undo: Undo) {
        let ms = 100 + self.world.dice.below(most_ms);
        let at = Instant::now() + Duration::from_millis(ms);
        self.undo.borrow_mut().push((at, undo));
    }

    /// Looks how processes ended; no one may end on its own but by a takeover.
    fn reap(&self) -> Result<(), String> {
        let mut gone = Vec::new();
        let dice = &self.world.dice;
        for process in self.processes.all.borrow().iter() {
            let ended = process.desk.ended.borrow();
            if ended.is_some() && process.desk.seen.replace(true) {
                continue;
            }
            match &*ended {
                None => continue,
                Some(End::Killed) => dice.count(Fault::Killed),
                Some(End::ShutDown) => dice.count(Fault::ShutDown),
                Some(End::Failed(error)) => {
                    self.may_end(error)?;
                    // Some go on with the partitions that they still have.
                    if dice.chance(500) {
                        continue;
                    }
                }
            }
            gone.push(process.name.clone());
        }
        gone.iter().for_each(|name| self.processes.kill(name));
        Ok(())
    }

    fn may_end(&self, error: &EngineError) -> Result<(), String> {
        let lost = |partition, epoch| {
            let heads = self.world.store.heads_set(0);
            let mut of = heads.iter().filter(|set| set.partition == partition);
            of.any(|set| set.head.epoch > epoch)
        };
        match error {
            EngineError::Fenced { partition, epoch } if lost(*partition, *epoch) => Ok(()),
            // It is of the release before: somebody else has the partition go on.
            EngineError::LogicLacking {
                version: 2,
                newest: 1,
                ..
            } if self.world.has_moved() => {
                let changes = self.world.changes.get();
                self.world.changes.set(Changes {
                    lacking: changes.lacking + 1,
                    ..changes
                });
                Ok(())
            }
            // A tail lost twice at one place: the partition stops, and says so.
            EngineError::LogBroken { .. } if self.demand == Demand::Lossy => Ok(()),
            error => Err(format!("one owner: a node stopped: {error}")),
        }
    }

    /// One of those that run.
    fn any(&self) -> Option<(String, Arc<Link>, Rc<Desk>)> {
        let all = self.processes.all.borrow();
        let index = self.world.dice.below(all.len() as u64) as usize;
        let process = all.get(index)?;
        let (link, desk) = (Arc::clone(&process.link), Rc::clone(&process.desk));
        Some((process.name.clone(), link, desk))
    }

    async fn act(&self) -> Result<(), String> {
        let (world, dice) = (&self.world, &self.world.dice);
        self.processes.more.notify_one();
        let Some((name, link, desk)) = self.any() else {
            self.start_any();
            return Ok(());
        };
        match dice.below(19) {
            0..3 if self.processes.all.borrow().len() < 4 => self.start_any(),
            3 => link.crash().after(1 + dice.below(60)),
            4 => {
                dice.count(Fault::Killed);
                self.processes.kill(&name);
            }
            5 | 6 => self.pause(&name),
            7 => desk.stop.notify_one(),
            8 | 9 => self.cut(&link),
            10 => {
                dice.count(Fault::LeaderChange);
                world.weather.set_down(Service::Log, true);
                self.later(9_000, Undo::Up(Service::Log));
            }
            11 => {
                dice.count(Fault::StoreDown);
                world.weather.set_down(Service::Store, true);
                self.later(20_000, Undo::Up(Service::Store));
            }
            12 => {
                let service = [Service::Log, Service::Store][dice.below(2) as usize];
                world.weather.set_slow(service, true);
                self.later(10_000, Undo::Fast(service));
            }
            16 | 17 => self.hand_over().await?,
            18 => self.fence(&desk).await,
            14 | 15 if world.upgrades => {
                if let Some(engine) = &*desk.engine.borrow() {
                    engine.move_to_logic(2);
                }
            }
            13..16 if self.mishap == Mishap::TailLost => {
                if dice.chance(500) {
                    // Who dies in the middle of a checkpoint leaves snapshots past the head.
                    link.crash().after(1 + dice.below(20));
                    self.wait(dice.below(300)).await?;
                }
                world.lose_tail();
            }
            13 | 14 if self.mishap != Mishap::TailLost => self.publish(&desk).await,
            _ => self.ask(&desk).await,
        }
        Ok(())
    }

    fn pause(&self, name: &str) {
        let all = self.processes.all.borrow();
        let Some(process) = all.iter().find(|process| process.name == *name) else {
            return;
        };
        self.world.dice.count(Fault::Paused);
        process.link.note(|| "is paused".to_owned());
        process.paused.set(true);
        self.later(30_000, Undo::Resume(name.to_owned()));
    }

    fn cut(&self, link: &Arc<Link>) {
        let dice = &self.world.dice;
        let (service, fault) = [
            (Service::Log, Fault::CutFromLog),
            (Service::Store, Fault::CutFromStore),
            (Service::Gateways, Fault::CutFromGateways),
        ][dice.below(3) as usize];
        dice.count(fault);
        link.note(|| format!("is cut off from {service:?}"));
        link.cut(service, true);
        self.later(20_000, Undo::Heal(Arc::clone(link), service));
    }

    async fn publish(&self, desk: &Desk) {
        let engine = desk.engine.borrow().clone();
        if let Some(engine) = engine {
            let published = publish::publish_some(&self.world, &engine);
            drop(tokio::time::timeout(Duration::from_secs(20), published).await);
        }
    }

    /// As a node does that could not renew its lease.
    async fn fence(&self, desk: &Desk) {
        let engine = desk.engine.borrow().clone();
        if let Some(engine) = engine {
            self.world.dice.count(Fault::LeaseLost);
            drop(tokio::time::timeout(Duration::from_secs(5), engine.fence()).await);
        }
    }

    /// As planned: the successor reads ahead, the owner writes and lets go, the successor takes over. Either may be in no state to.
    async fn hand_over(&self) -> Result<(), String> {
        let (Some((_, _, from)), Some((_, link, to))) = (self.any(), self.any()) else {
            return Ok(());
        };
        let engines = (from.engine.borrow().clone(), to.engine.borrow().clone());
        let (Some(from), Some(to)) = engines else {
            return Ok(());
        };
        let partitions = self.world.partitions().count() as u64;
        let partition = Partition(u16::try_from(self.world.dice.below(partitions)).unwrap());
        let moved = async {
            drop(to.warm(partition).await);
            from.release(partition).await;
            to.take(partition).await
        };
        match tokio::time::timeout(Duration::from_secs(20), moved).await {
            Ok(Ok(epoch)) => {
                self.world.dice.count(Fault::HandedOver);
                link.note(|| format!("was handed {partition} over, epoch {epoch}"));
                Ok(())
            }
            Ok(Err(EngineError::Stopped)) | Err(_) => Ok(()),
            Ok(Err(error)) => self.may_end(&error),
        }
    }

    async fn ask(&self, desk: &Desk) {
        let engine = desk.engine.borrow().clone();
        if let Some(engine) = engine {
            ask_around(&self.world, &engine).await;
        }
    }

    /// Calm: a node that owns everything folds what is left, all others end on the way, and the end is compared. `false`: another took
    /// over meanwhile.
    async fn last(&self) -> Result<bool, String> {
        self.start(if self.world.upgrades { 2 } else { 1 });
        let (name, desk) = {
            let all = self.processes.all.borrow();
            let last = all.last().ok_or("nobody was started")?;
            (last.name.clone(), Rc::clone(&last.desk))
        };
        let deadline = Instant::now() + Duration::from_secs(1_000);
        let engine = loop {
            if let Some(engine) = desk.engine.borrow().clone() {
                break engine;
            }
            if let Some(End::Failed(error)) = &*desk.ended.borrow() {
                self.may_end(error)?;
                return Ok(false);
            }
            if Instant::now() > deadline {
                return Err(format!("{name} takes nothing over"));
            }
            self.wait(100).await?;
        };
        let ended = tokio::select! {
            biased;
            ended = self.end(&name, &engine) => ended,
            () = tokio::time::sleep(Duration::from_secs(3_000)) => Err(format!("{name} hangs at the end")),
        };
        match ended {
            Ok(()) => Ok(true),
            Err(why) => {
                if self.demand == Demand::Lossy && why == QueryError::Moving.to_string() {
                    // It found the log to be an older one while it was asked, and takes the partition over again: the next is compared.
                    self.processes.kill(&name);
                    return Ok(false);
                }
                // Was it fenced?
                let failed = tokio::time::timeout(Duration::from_secs(10), engine.failed()).await;
                let error = failed.map_err(|_| why)?;
                self.may_end(&error)?;
                self.processes.kill(&name);
                Ok(false)
            }
        }
    }

    async fn end(&self, name: &str, engine: &EngineHandle) -> Result<(), String> {
        while self.processes.appending.get() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.world.append_some(true).await;
        if self.world.upgrades {
            publish::move_on(&self.world, engine).await?;
        }
        publish::in_effect(&self.world, engine).await?;
        let others: Vec<String> = {
            let all = self.processes.all.borrow();
            all.iter().map(|process| process.name.clone()).collect()
        };
        for other in others.iter().filter(|other| *other != name) {
            self.processes.kill(other);
        }
        let changes = self.world.changes.get();
        self.world.changes.set(Changes {
            moved: usize::from(self.world.upgrades),
            ..changes
        });
        finish(&self.world, engine, &self.watch, self.demand).await
    }
}
