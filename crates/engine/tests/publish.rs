//! A publication on its way to every partition: who carries it dies at each step of it, partitions have no owner, nodes have not heard.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod bench;

use std::sync::Arc;
use std::time::Duration;

use bench::{Bench, PROGRAMME};
use engine::{
    Edit, EngineHandle, Logic, Programmes, PublishError, Versions, active_by_heads,
    carry_publications,
};
use ports::{EventLog, StateStore};
use testkit::faulty::{Dice, FaultyProgrammes, MemoryLog};
use types::{BrandId, Partition, Stage, Timestamp};

const PARTITIONS: u16 = 3;

/// A bench, and a store of programmes beside it: each append, write and publication is a step at which a process may end.
struct World {
    bench: Bench,
    programmes: Arc<FaultyProgrammes>,
}

fn next() -> String {
    PROGRAMME.replace("rate: 10", "rate: 20")
}

fn brand() -> BrandId {
    "shop".parse().unwrap()
}

impl World {
    fn new() -> Self {
        let dice = Arc::new(Dice::new(1));
        dice.set_calm(true);
        let mut bench = Bench::over(PROGRAMME, PARTITIONS, Arc::clone(&dice));
        let log = MemoryLog::new(PARTITIONS, Arc::clone(&dice));
        bench.log = Arc::new(log.with(Arc::clone(&bench.crash)));
        let programmes = Arc::new(FaultyProgrammes::new(dice, Arc::clone(&bench.crash)));
        Self { bench, programmes }
    }

    /// What a process that starts knows of programmes; `given`: what the brand begins with.
    async fn versions(&self, given: Option<&str>) -> Arc<Versions> {
        let given = given.map(|source| programme::compile("p.yaml", source).unwrap());
        let given: Programmes = given.into_iter().collect();
        let store = self.bench.store.as_ref();
        let opened = Versions::open(
            self.programmes.clone(),
            store,
            PARTITIONS,
            given,
            Logic::default(),
            Timestamp::MIN,
        );
        Arc::new(opened.await.unwrap().0)
    }

    fn carry(&self, versions: &Arc<Versions>) -> impl Future<Output = ()> + use<> {
        let (log, store) = (self.bench.log.clone(), self.bench.store.clone());
        carry_publications(Arc::clone(versions), log, store, Duration::ZERO)
    }

    /// Which steps a partition's log says, in order, each once.
    fn said(&self, partition: Partition) -> Vec<(u64, Stage)> {
        let records = self.bench.log.records(partition).into_iter();
        let changes = records.filter_map(|read| events::record::change(&read.body));
        let mut said: Vec<_> = changes.map(|it| (it.number, it.stage)).collect();
        let mut seen = Vec::new();
        said.retain(|step| {
            let new = !seen.contains(step);
            seen.push(*step);
            new
        });
        said
    }

    fn all_said(&self) -> Vec<Vec<(u64, Stage)>> {
        partitions().map(|partition| self.said(partition)).collect()
    }

    /// Waits until so many heads show the publication.
    async fn shown(&self, number: u64, count: usize) {
        let heads = self.bench.store.as_ref() as &dyn StateStore;
        let brand = brand();
        within(async || {
            let shown = active_by_heads(heads, PARTITIONS, &brand, number).await;
            shown.unwrap() >= count
        })
        .await;
    }

    /// An order of 1.00, folded: what it gave.
    async fn given(&self, engine: &EngineHandle, player: &str, order: &str) -> String {
        let xp = async || {
            // Before the brand is heard of, there is nobody.
            let found = engine.player(&self.bench.entity(player)).await;
            let line = found
                .ok()
                .flatten()
                .map(|it| serde_json::to_value(it.view.line()).unwrap());
            let xp = line.map(|line| line["balances"]["xp"].as_str().unwrap().parse::<u64>());
            xp.map_or(0, Result::unwrap)
        };
        let before = xp().await;
        self.bench.order(player, order, "1.00").await;
        self.bench.drained_of(engine, player).await;
        (xp().await - before).to_string()
    }

    /// A player of a partition, who has ordered before.
    fn player_of(&self, partition: Partition) -> String {
        let names = (0..).map(|number| format!("player{number}"));
        let mut of_it =
            names.filter(|name| self.bench.partition_of(&self.bench.entity(name)) == partition);
        of_it.next().unwrap()
    }
}

/// Waits until something holds, which it does soon.
async fn within(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(60), waiting);
    waited.await.expect("it holds within a minute");
}

fn partitions() -> impl Iterator<Item = Partition> {
    (0..PARTITIONS).map(Partition)
}

fn edit(base: Option<&str>, source: &str) -> Edit {
    Edit {
        base: base.map(|source| programme::version_of(source).0),
        source: source.into(),
        author: "ann".into(),
        note: "".into(),
        at: Timestamp::MIN,
    }
}

async fn take_all(engine: &EngineHandle) {
    for partition in partitions() {
        engine.take(partition).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_dies_at_any_step_of_a_publication_the_next_one_brings_it_to_its_end_or_nobody_does()
 {
    let (mut step, mut undecided, mut halfway) = (0, 0, 0);
    loop {
        step += 1;
        let world = World::new();
        let versions = world.versions(Some(PROGRAMME)).await;
        world.bench.crash.after(step);
        let publishing = async {
            let published = versions
                .publish(&brand(), edit(Some(PROGRAMME), &next()))
                .await;
            published.unwrap();
            tokio::select! {
                () = world.carry(&versions) => {}
                () = within(async || world.all_said().iter().all(|said| said.len() == 2)) => {}
            }
        };
        let died = tokio::select! {
            biased;
            () = world.bench.crash.reached() => true,
            () = publishing => false,
        };
        world.bench.crash.after(0);
        let number = world.programmes.published(&brand()).len() as u64;
        let said = world.all_said();
        // Wherever it is in effect, it is known everywhere.
        let known = said.iter().filter(|said| said.contains(&(2, Stage::Known)));
        let active = said
            .iter()
            .filter(|said| said.contains(&(2, Stage::Active)));
        let (known, active) = (known.count(), active.count());
        assert!(active == 0 || known == said.len(), "step {step}: {said:?}");
        undecided += usize::from(number == 1);
        halfway += usize::from(known + active > 0 && active < said.len());

        let versions = world.versions(None).await;
        let (engine, _turns) = world.bench.open_under(2, &versions);
        take_all(&engine).await;
        let after = async {
            world.shown(number, said.len()).await;
            for partition in partitions() {
                // A player's first order completes a mission too.
                let player = world.player_of(partition);
                let gives = if number == 2 { "25" } else { "15" };
                let given = world.given(&engine, &player, "o1").await;
                assert_eq!(given, gives, "step {step}, {partition}");
                let steps: &[(u64, Stage)] = match number {
                    2 => &[(2, Stage::Known), (2, Stage::Active)],
                    _ => &[],
                };
                assert_eq!(world.said(partition), steps, "step {step}");
            }
        };
        tokio::select! {
            () = world.carry(&versions) => {}
            () = after => {}
        }
        engine.shutdown().await;
        if !died {
            break;
        }
    }
    // Before and after the number, and before and behind each of the records of each of the partitions.
    assert!(
        step > 2 + 2 * 2 * usize::from(PARTITIONS) as u64,
        "{step} steps"
    );
    assert!(undecided > 0 && halfway > 0, "{undecided} {halfway}");
}

#[tokio::test]
async fn a_partition_without_an_owner_takes_it_in_when_it_has_one() {
    let world = World::new();
    let versions = world.versions(Some(PROGRAMME)).await;
    let (engine, _turns) = world.bench.open_under(1, &versions);
    for partition in partitions().skip(1) {
        engine.take(partition).await.unwrap();
    }
    let orphan = world.player_of(Partition(0));
    let test = async {
        let published = versions
            .publish(&brand(), edit(Some(PROGRAMME), &next()))
            .await;
        assert_eq!(published.unwrap().number, 2);
        world.shown(2, 2).await;
        // It is in its log, and in effect where it is folded.
        assert_eq!(
            world.said(Partition(0)),
            [(2, Stage::Known), (2, Stage::Active)]
        );
        let heads = world.bench.store.as_ref() as &dyn StateStore;
        let active = active_by_heads(heads, PARTITIONS, &brand(), 2).await;
        assert_eq!(active.unwrap(), 2);
        let other = world.player_of(Partition(1));
        assert_eq!(world.given(&engine, &other, "o1").await, "25");
        // What comes meanwhile stands behind it.
        world.bench.order(&orphan, "o1", "1.00").await;
        engine.take(Partition(0)).await.unwrap();
        world.shown(2, 3).await;
        assert_eq!(world.given(&engine, &orphan, "o2").await, "20");
        let seen = engine.player(&world.bench.entity(&orphan)).await;
        let line = serde_json::to_value(seen.unwrap().unwrap().view.line()).unwrap();
        assert_eq!(line["balances"]["xp"], "45");
    };
    tokio::select! {
        () = world.carry(&versions) => {}
        () = test => {}
    }
    engine.shutdown().await;
}

#[tokio::test]
async fn a_node_has_what_others_publish_before_it_folds_under_it() {
    let world = World::new();
    // A node that knows of no brand at all.
    let unaware = world.versions(None).await;
    assert!(unaware.is_empty());
    let (engine, _turns) = world.bench.open_under(1, &unaware);
    take_all(&engine).await;
    // Elsewhere the brand begins, and events of it are taken at once.
    let elsewhere = world.versions(None).await;
    let begun = elsewhere.publish(&brand(), edit(None, PROGRAMME)).await;
    assert_eq!(begun.unwrap().number, 1);
    assert_eq!(world.given(&engine, "ann", "o1").await, "15");
    // Another version, carried by the other: the records that name it are enough.
    let published = elsewhere
        .publish(&brand(), edit(Some(PROGRAMME), &next()))
        .await;
    assert_eq!(published.unwrap().number, 2);
    tokio::select! {
        () = world.carry(&elsewhere) => {}
        () = world.shown(2, 3) => {}
    }
    assert_eq!(world.given(&engine, "ann", "o2").await, "20");
    // Who has it not can publish nothing on what was before.
    let late = unaware
        .publish(&brand(), edit(Some(PROGRAMME), PROGRAMME))
        .await;
    assert!(
        matches!(late, Err(PublishError::Stale { newest: Some(newest) }) if newest.number == 2)
    );
    // A brand that nobody has begun is passed over, and holds up nobody.
    let order = events::record::encode(
        &"nobodys".parse().unwrap(),
        Timestamp::MIN,
        &event("ann"),
        None,
    );
    let at = world.bench.partition_of(&world.bench.entity("ann"));
    let entry = ports::Entry {
        recorded_at: None,
        body: order,
    };
    world.bench.log.append(at, vec![entry]).await.unwrap();
    assert_eq!(world.given(&engine, "ann", "o3").await, "20");
    engine.shutdown().await;
}

fn event(player: &str) -> types::Event {
    types::Event {
        id: "o1".parse().unwrap(),
        source: "shop".parse().unwrap(),
        kind: "order".into(),
        player: player.parse().unwrap(),
        occurred_at: Timestamp::MIN,
        amount: Some("1.00".parse().unwrap()),
        currency: Some("GBP".parse().unwrap()),
        refers_to: None,
        rate: None,
        attributes: Default::default(),
        sealed: None,
    }
}
