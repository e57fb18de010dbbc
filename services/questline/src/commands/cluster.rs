//! `questline cluster`: nodes, partitions and their owners.

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use proto::cluster::v1::backup_service_client::BackupServiceClient;
use proto::cluster::v1::cluster_service_client::ClusterServiceClient;
use proto::cluster::v1::{
    ListPartitionsRequest, ListPartitionsResponse, Node, Partition, Position,
};
use tonic::transport::Channel;

use super::block_on;
use crate::console::{called_as, grouped, say};
use crate::exit::Failure;

/// What to ask.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Each partition: its owner, epoch, cursor, lag, last checkpoint, and what the gateways have not acknowledged
    Status(Status),
}

/// Whom to ask.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline cluster status
  questline cluster status --at http://engine-1:8087

The address is the one that `questline serve` prints as cluster. That of any engine node is
enough: it knows the others.")]
pub(crate) struct Status {
    #[command(flatten)]
    at: At,
}

/// A node.
#[derive(Debug, clap::Args)]
pub(crate) struct At {
    /// The cluster address of a node
    #[arg(
        long,
        value_name = "URL",
        env = "QUESTLINE_CLUSTER_URL",
        default_value = "http://127.0.0.1:8087"
    )]
    at: String,
}

pub(crate) type Client = ClusterServiceClient<Channel>;

/// A node that was asked.
pub(crate) struct Answer {
    pub(crate) node: String,
    pub(crate) asked: Result<(Client, ListPartitionsResponse), String>,
}

impl At {
    /// Asks the node, and every other that it knows.
    pub(crate) async fn all(&self) -> Result<Vec<Answer>, Failure> {
        let (client, first) = ask(&self.at).await.map_err(Failure::failed)?;
        let others = first.nodes.iter().filter(|other| other.name != first.node);
        let others: Vec<_> = others.cloned().collect();
        let mut all = vec![Answer {
            node: first.node.clone(),
            asked: Ok((client, first)),
        }];
        for other in others {
            all.push(Answer {
                asked: ask(&other.address).await,
                node: other.name,
            });
        }
        all.sort_by(|one, other| one.node.cmp(&other.node));
        Ok(all)
    }

    /// A client of its backups.
    pub(crate) async fn backups(&self) -> Result<BackupServiceClient<Channel>, Failure> {
        let client = BackupServiceClient::connect(self.at.clone()).await;
        client.map_err(|_| Failure::failed(silent(&self.at)))
    }
}

async fn ask(at: &str) -> Result<(Client, ListPartitionsResponse), String> {
    let client = ClusterServiceClient::connect(at.to_owned()).await;
    let mut client = client.map_err(|_| silent(at))?;
    let answer = client.list_partitions(ListPartitionsRequest {}).await;
    let answer = answer.map_err(|status| status.message().to_owned())?;
    Ok((client, answer.into_inner()))
}

fn silent(at: &str) -> String {
    format!(
        "nobody answers at {at}: is the server running? `questline serve` prints the address as cluster"
    )
}

/// Asks and prints tables.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let Command::Status(status) = command;
    let answers = block_on(status.at.all())?;
    let answered: Vec<&ListPartitionsResponse> = answered(&answers).collect();
    nodes(&answers)?;
    let mut partitions: Vec<&Partition> = answered.iter().flat_map(|it| &it.partitions).collect();
    partitions.sort_by_key(|partition| (partition.number, partition.epoch));
    say(
        "partition  epoch  cursor        end           lag       checkpoint  unacknowledged                owner",
    )?;
    for partition in &partitions {
        say(row(partition))?;
    }
    let total = answered.first().map_or(0, |answer| answer.partitions_total);
    let mut owned: Vec<u32> = partitions.iter().map(|it| it.number).collect();
    owned.dedup();
    say(format_args!(
        "{} of {total} partitions are owned",
        owned.len()
    ))?;
    for answer in &answered {
        for failed in &answer.failed {
            say(format_args!(
                "partition {} does not run on {}: {}",
                failed.number, answer.node, failed.reason
            ))?;
        }
    }
    for partition in partitions {
        noteworthy(partition)?;
    }
    Ok(())
}

/// What those said who answered.
fn answered(answers: &[Answer]) -> impl Iterator<Item = &ListPartitionsResponse> {
    let answered = answers.iter().filter_map(|it| it.asked.as_ref().ok());
    answered.map(|(_, answer)| answer)
}

/// The nodes, where there are several.
fn nodes(answers: &[Answer]) -> Result<(), Failure> {
    let Some(seen) = answered(answers)
        .map(|answer| &answer.nodes)
        .max_by_key(|nodes| nodes.len())
        .filter(|nodes| !nodes.is_empty())
    else {
        return Ok(());
    };
    say("node                  partitions  address                       state")?;
    let logic = answered(answers).map(|answer| answer.logic).max();
    let logic = logic.unwrap_or_default();
    for node in seen {
        let asked = answers.iter().find(|answer| answer.node == node.name);
        let (count, said) = match asked.map(|answer| &answer.asked) {
            Some(Ok((_, answer))) => (answer.partitions.len().to_string(), "runs"),
            _ => ("-".to_owned(), "does not answer"),
        };
        let state = state(node, said, logic);
        say(format_args!(
            "{:<20}  {count:<10}  {:<28}  {state}",
            node.name, node.address
        ))?;
    }
    say("")?;
    Ok(())
}

/// How a node stands, where the logs have come to a logic version; 0: not known.
fn state(node: &Node, said: &str, logic: u32) -> String {
    let state = match (node.suspected, node.draining) {
        (true, _) => "is silent",
        (false, true) => "leaves",
        (false, false) => said,
    };
    if logic == 0 || (node.logic_oldest..=node.logic_newest).contains(&logic) {
        return state.to_owned();
    }
    format!(
        "{state}, owns nothing: the log is at logic version {logic}, its release has {} to {}",
        node.logic_oldest, node.logic_newest
    )
}

fn noteworthy(partition: &Partition) -> Result<(), Failure> {
    if partition.quarantined > 0 {
        say(format_args!(
            "partition {}: {} players are set aside: {} repair",
            partition.number,
            partition.quarantined,
            called_as()
        ))?;
    }
    if let Some(restored) = &partition.restored {
        say(format_args!(
            "partition {}: the log was restored to an older copy ({} times): kept to {}, had been folded to {}",
            partition.number,
            restored.times,
            place(restored.kept.as_ref()),
            place(restored.folded.as_ref())
        ))?;
    }
    Ok(())
}

fn row(partition: &Partition) -> String {
    let sinks: Vec<String> = partition
        .sinks
        .iter()
        .map(|sink| format!("{} {}", sink.name, grouped(sink.unacknowledged)))
        .collect();
    format!(
        "{:<9}  {:<5}  {:<12}  {:<12}  {:<8}  {:<10}  {:<28}  {}",
        partition.number,
        partition.epoch,
        place(partition.cursor.as_ref()),
        place(partition.end.as_ref()),
        grouped(partition.lag),
        age(partition),
        sinks.join(", "),
        partition.owner
    )
}

/// How long ago the last checkpoint was, or the takeover.
fn age(partition: &Partition) -> String {
    partition.last_checkpoint_at.map_or_else(
        || "-".to_owned(),
        |at| {
            format!(
                "{} s ago",
                (Timestamp::now().as_second() - at.seconds).max(0)
            )
        },
    )
}

pub(crate) fn place(position: Option<&Position>) -> String {
    position.map_or_else(
        || "-".to_owned(),
        |at| format!("{}.{}", at.sequence, at.index),
    )
}

#[cfg(test)]
mod tests {
    use proto::cluster::v1::Node;

    use super::state;

    #[test]
    fn a_node_that_lacks_the_logs_logic_version_is_told_apart() {
        let node = |suspected| Node {
            suspected,
            logic_oldest: 1,
            logic_newest: 2,
            ..Node::default()
        };
        let lacks = "owns nothing: the log is at logic version 3, its release has 1 to 2";
        let table = [
            (false, 0, "runs".to_owned()),
            (false, 2, "runs".to_owned()),
            (false, 3, format!("runs, {lacks}")),
            (true, 3, format!("is silent, {lacks}")),
        ];
        for (suspected, logic, expected) in table {
            assert_eq!(state(&node(suspected), "runs", logic), expected);
        }
    }
}
