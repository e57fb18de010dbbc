//! Which engine node owns what, as the nodes say.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use proto::cluster::v1::cluster_service_client::ClusterServiceClient;
use proto::cluster::v1::{ListPartitionsRequest, ListPartitionsResponse};
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::Endpoint;

use crate::nodes::Cluster;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// What does not answer within this time has nothing to say.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);
/// How long the owners must have been the same.
const STEADY: Duration = Duration::from_secs(2);
/// How long it may take until they are: past every suspicion, and a move of each partition.
const STEADY_WITHIN: Duration = Duration::from_secs(120);

/// Partitions by number, each with the engine that holds it and its epoch.
pub type Owners = BTreeMap<u32, (usize, u64)>;

/// What the engines but one say that they hold; of two that say so the newer.
pub async fn owners(cluster: &Cluster, but: Option<usize>) -> Result<Owners> {
    let answers = answers(cluster, but).await?;
    Ok(held(&answers))
}

/// What the engines but one answer.
async fn answers(
    cluster: &Cluster,
    but: Option<usize>,
) -> Result<Vec<(usize, ListPartitionsResponse)>> {
    let mut answers = Vec::new();
    for (engine, process) in cluster.engines.iter().enumerate() {
        if Some(engine) != but
            && let Ok(answer) = ask(process.url("cluster")?).await
        {
            answers.push((engine, answer));
        }
    }
    Ok(answers)
}

fn held(answers: &[(usize, ListPartitionsResponse)]) -> Owners {
    let mut owners = Owners::new();
    for (engine, answer) in answers {
        for partition in &answer.partitions {
            let held = owners.entry(partition.number).or_insert((*engine, 0));
            if partition.epoch > held.1 {
                *held = (*engine, partition.epoch);
            }
        }
    }
    owners
}

async fn ask(url: &str) -> Result<ListPartitionsResponse> {
    let asked = async {
        let channel = Endpoint::from_shared(url.to_owned())?.connect().await?;
        let mut client = ClusterServiceClient::new(channel);
        let answer = client.list_partitions(ListPartitionsRequest {}).await;
        anyhow::Ok(answer?.into_inner())
    };
    timeout(ANSWERS_WITHIN, asked).await.context("no answer")?
}

/// Waits until these partitions are held, by other engines than that one; how long that took.
pub async fn taken(cluster: &Cluster, partitions: &[u32], from: usize) -> Result<Duration> {
    let began = Instant::now();
    loop {
        let owners = owners(cluster, Some(from)).await?;
        if partitions.iter().all(|number| owners.contains_key(number)) {
            return Ok(began.elapsed());
        }
        if began.elapsed() > STEADY_WITHIN {
            bail!("{partitions:?} are not taken over");
        }
        sleep(LOOK).await;
    }
}

/// Waits until that engine answers, and says of no partition that it holds it which another holds by now.
pub(crate) async fn fenced(cluster: &Cluster, engine: usize) -> Result<()> {
    let began = Instant::now();
    loop {
        let others = owners(cluster, Some(engine)).await?;
        if let Ok(answer) = ask(cluster.engines[engine].url("cluster")?).await {
            let mut held = answer.partitions.iter();
            let lost = |number: &u32, epoch: u64| others.get(number).is_some_and(|it| it.1 > epoch);
            if !held.any(|partition| lost(&partition.number, partition.epoch)) {
                return Ok(());
            }
        }
        if began.elapsed() > STEADY_WITHIN {
            bail!("engine {engine} goes on with what others took over");
        }
        sleep(LOOK).await;
    }
}

/// Waits until every partition has an owner, every engine sees all of them well, and nothing moves any more.
pub async fn steady(cluster: &Cluster) -> Result<Owners> {
    let began = Instant::now();
    let (mut last, mut since) = (Owners::new(), Instant::now());
    let engines = cluster.engines.len();
    loop {
        let answers = answers(cluster, None).await?;
        let well = answers.iter().filter(|(_, answer)| {
            let mut nodes = answer.nodes.iter();
            answer.nodes.len() == engines && nodes.all(|node| !node.suspected && !node.draining)
        });
        let all_well = well.count() == engines;
        let now = held(&answers);
        if now != last || !all_well {
            (last, since) = (now, Instant::now());
        }
        let whole = last.len() == usize::from(cluster.partitions());
        if whole && since.elapsed() >= STEADY {
            return Ok(last);
        }
        if began.elapsed() > STEADY_WITHIN {
            bail!("the partitions do not come to rest: {last:?}");
        }
        sleep(LOOK).await;
    }
}
