//! One engine after the other over the same ports, each killed at any step of them.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use engine::EngineHandle;
use testkit::faulty::{Fault, Link};
use tokio::task::LocalSet;

use super::finish::{drain, finish};
use super::process::start;
use super::watch::{Demand, Watch};
use super::world::World;
use super::{Mishap, ask_around, publish, repair};

/// All lives but the last end anywhere; the last is calm, and compared.
pub(crate) fn lives(
    runtime: &tokio::runtime::Runtime,
    world: &Rc<World>,
    mishap: Mishap,
) -> Result<(), String> {
    let demand = match mishap {
        Mishap::RestoredLog => Demand::Restored,
        _ => Demand::All,
    };
    if mishap == Mishap::Damage {
        world.dice.set_dial(Fault::Damage, 150);
    }
    let watch = Rc::new(RefCell::new(Watch::new(world, demand)));
    let lives = 2 + world.dice.below(4);
    for number in 0..lives {
        let life = Life {
            world: Rc::clone(world),
            link: world.link(&format!("life {number}")),
            watch: Rc::clone(&watch),
            number,
            mishap,
            demand,
        };
        let local = LocalSet::new();
        let lived = async {
            match mishap {
                Mishap::RestoredLog if number == lives / 2 => life.put_back().await,
                _ => life.live(number + 1 == lives).await,
            }
        };
        runtime.block_on(async {
            let mut lived = pin!(local.run_until(lived));
            poll_fn(|context| {
                let ended = lived.as_mut().poll(context);
                let seen = watch.borrow_mut().look(world);
                seen.map_or_else(|why| Poll::Ready(Err(why)), |()| ended)
            })
            .await
        })?;
        // Everything of this life ends here, wherever it stands.
        drop(local);
    }
    Ok(())
}

struct Life {
    world: Rc<World>,
    link: Arc<Link>,
    watch: Rc<RefCell<Watch>>,
    number: u64,
    mishap: Mishap,
    demand: Demand,
}

impl Life {
    async fn start(&self) -> Result<EngineHandle, String> {
        // A little later than the life before began: not enough to order stamps by itself.
        let gone_by = i64::try_from(self.world.begun.elapsed().as_micros()).unwrap();
        let ahead_us = self.number.cast_signed() * 1_000 - gone_by;
        let started = start(&self.world, &self.link, ahead_us, 1);
        started.await.map_err(|error| error.to_string())
    }

    /// A quiet life, at whose end everything is written, and the log is put back to an older copy.
    async fn put_back(self) -> Result<(), String> {
        self.world.dice.set_calm(true);
        let engine = self.start().await?;
        self.world.append_some(false).await;
        drain(&self.world, &engine).await?;
        engine.shutdown().await;
        self.watch.borrow_mut().look(&self.world)?;
        self.world.restore_log();
        Ok(())
    }

    async fn live(self, last: bool) -> Result<(), String> {
        let dice = &self.world.dice;
        dice.set_calm(last);
        let steps = if last || dice.chance(100) {
            0
        } else {
            1 + dice.below(250)
        };
        self.link.crash().after(steps);
        tokio::select! {
            biased;
            () = self.link.crash().reached() => {
                dice.count(Fault::Killed);
                self.link.note(|| "is killed".to_owned());
                Ok(())
            }
            ended = self.lived(last) => ended,
            // Virtual time: whatever hangs gets here at once.
            () = tokio::time::sleep(Duration::from_secs(2_000)) => {
                Err(format!("life {} hangs", self.number))
            }
        }
    }

    async fn lived(&self, last: bool) -> Result<(), String> {
        let engine = self.start().await?;
        if last {
            return tokio::select! {
                biased;
                ended = self.end(&engine) => ended,
                () = engine.carry_publications(Duration::ZERO) => Err("nothing is carried".to_owned()),
            };
        }
        let patience = Duration::from_millis(self.world.dice.below(3_000));
        tokio::select! {
            biased;
            ended = self.middle(&engine) => ended,
            () = engine.carry_publications(patience) => Err("nothing is carried".to_owned()),
        }
    }

    async fn end(&self, engine: &EngineHandle) -> Result<(), String> {
        self.world.append_some(true).await;
        publish::in_effect(&self.world, engine).await?;
        if self.mishap == Mishap::Damage {
            repair::repair_all(&self.world, engine).await?;
        }
        finish(&self.world, engine, &self.watch, self.demand).await
    }

    /// Records come, programmes are published, questions are asked, until the life is over.
    async fn middle(&self, engine: &EngineHandle) -> Result<(), String> {
        let (world, dice) = (&self.world, &self.world.dice);
        world.append_some(false).await;
        publish::publish_some(world, engine).await;
        world.append_some(false).await;
        ask_around(world, engine).await;
        if self.mishap == Mishap::Damage {
            repair::repair_some(world, engine).await;
        }
        if dice.chance(300) {
            dice.count(Fault::ShutDown);
            engine.shutdown().await;
            return Ok(());
        }
        tokio::select! {
            biased;
            error = engine.failed() => Err(format!("life {}: {error}", self.number)),
            () = tokio::time::sleep(Duration::from_millis(dice.below(20_000))) => Ok(()),
        }
    }
}
