//! A store of programmes that is away, at the start and later: what the operator reads, what goes on, and what waits.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bench::{Bench, PROGRAMME};
use engine::{Edit, EngineHandle, Logic, Programmes, PublishError, Threads, Versions};
use testkit::faulty::{Dice, FaultyProgrammes, Link, Service};
use tokio::task::LocalSet;
use tokio::time::timeout;
use types::{BrandId, Partition, Timestamp};

const PARTITIONS: u16 = 3;
/// As long as nobody waits who does not hang: in virtual time.
const LONG: Duration = Duration::from_secs(60);
const WAITS: &str = "the store of programmes does not answer; tried again";

/// What this thread's processes say.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<u8>>>);

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Said {
    /// Listens from now on.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        let said = Self::default();
        let writer = said.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .finish();
        (said, tracing::subscriber::set_default(subscriber))
    }

    /// What was said since this was asked last.
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

/// A bench, and a store of programmes with a way to it that can be cut.
struct World {
    bench: Bench,
    programmes: FaultyProgrammes,
    link: Arc<Link>,
}

impl World {
    fn new() -> Self {
        let dice = Arc::new(Dice::new(1));
        dice.set_calm(true);
        let mut bench = Bench::over(PROGRAMME, PARTITIONS, Arc::clone(&dice));
        bench.threads = Threads::Current;
        let programmes = FaultyProgrammes::new(Arc::clone(&dice), Arc::default());
        let link = Link::new("node", dice, Arc::default(), Arc::default());
        Self {
            bench,
            programmes,
            link,
        }
    }

    fn set_away(&self, away: bool) {
        self.link.cut(Service::Store, away);
    }

    /// What a process knows whose way to the store may be cut, or another's.
    async fn versions(&self, link: &Arc<Link>) -> Arc<Versions> {
        let given: Programmes = [programme::compile("p.yaml", PROGRAMME).unwrap()]
            .into_iter()
            .collect();
        let opened = Versions::open(
            Arc::new(self.programmes.by(link)),
            self.bench.store.as_ref(),
            PARTITIONS,
            given,
            Logic::default(),
            Timestamp::MIN,
        );
        Arc::new(opened.await.unwrap().0)
    }

    async fn points(&self, engine: &EngineHandle) -> String {
        let found = engine.player(&self.bench.entity("ann")).await;
        let line = serde_json::to_value(found.unwrap().unwrap().view.line()).unwrap();
        line["balances"]["xp"].as_str().unwrap().to_owned()
    }
}

fn edit() -> Edit {
    Edit {
        base: Some(programme::version_of(PROGRAMME).0),
        source: PROGRAMME.replace("rate: 10", "rate: 20").into(),
        author: "ann".into(),
        note: "".into(),
        at: Timestamp::MIN,
    }
}

fn brand() -> BrandId {
    "shop".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_start_waits_for_it_and_says_so() {
    let (said, _listening) = Said::listen();
    let world = World::new();
    world.set_away(true);
    let started = timeout(LONG, world.versions(&world.link)).await;
    assert!(started.is_err(), "nothing was read");
    let text = said.take();
    assert!(
        text.contains(WAITS) && text.contains("out of reach"),
        "{text}"
    );
    assert!(text.lines().count() < 60, "it is said, not shouted: {text}");
    world.set_away(false);
    let versions = timeout(LONG, world.versions(&world.link)).await.unwrap();
    assert!(versions.current(&brand()).is_some());
    assert_eq!(said.take(), "");
}

#[tokio::test(start_paused = true)]
async fn players_are_folded_without_it_and_only_what_it_must_give_waits() {
    let (said, _listening) = Said::listen();
    let test = async {
        let world = World::new();
        let versions = world.versions(&world.link).await;
        let (engine, _turns) = world.bench.open_under(1, &versions);
        for partition in (0..PARTITIONS).map(Partition) {
            engine.take(partition).await.unwrap();
        }
        world.bench.order("ann", "o1", "1.00").await;
        world.bench.drained(&engine).await;
        world.set_away(true);
        said.take();

        // What is known is enough to fold by.
        world.bench.order("ann", "o2", "1.00").await;
        timeout(LONG, world.bench.drained(&engine)).await.unwrap();
        assert_eq!(world.points(&engine).await, "25");
        assert_eq!(said.take(), "");
        // Nothing is published through it, and that is answered.
        let published = versions.publish(&brand(), edit()).await;
        let error = published.unwrap_err();
        assert!(matches!(error, PublishError::Store(_)), "{error}");
        let text = error.to_string();
        assert!(
            text.starts_with("the store of programmes does not answer: "),
            "{text}"
        );
        // Who would carry what others publish says that it does not look.
        let carrying = engine.carry_publications(Duration::ZERO);
        assert!(timeout(LONG, carrying).await.is_err());
        let text = said.take();
        assert!(text.contains("publications are not looked for"), "{text}");

        // Another process reaches it, and publishes: the partitions wait where their logs say so.
        let other = Link::new(
            "other",
            Arc::clone(&world.bench.dice),
            Arc::default(),
            Arc::default(),
        );
        let elsewhere = world.versions(&other).await;
        assert_eq!(elsewhere.publish(&brand(), edit()).await.unwrap().number, 2);
        let (log, store) = (world.bench.log.clone(), world.bench.store.clone());
        let carrying = engine::carry_publications(elsewhere, log, store, Duration::ZERO);
        assert!(timeout(LONG, carrying).await.is_err());
        world.bench.order("ann", "o3", "1.00").await;
        let waits = timeout(LONG, world.bench.drained(&engine)).await;
        assert!(waits.is_err(), "it was folded under nobody knows what");
        assert_eq!(world.points(&engine).await, "25");
        let text = said.take();
        assert!(text.contains(WAITS), "{text}");
        world.set_away(false);
        timeout(LONG, world.bench.drained(&engine)).await.unwrap();
        assert_eq!(world.points(&engine).await, "45");
        engine.shutdown().await;
    };
    LocalSet::new().run_until(test).await;
}
