//! `questline cluster`: partitions and their owners.

use clap::{Parser, Subcommand};
use proto::cluster::v1::backup_service_client::BackupServiceClient;
use proto::cluster::v1::cluster_service_client::ClusterServiceClient;
use proto::cluster::v1::{ListPartitionsRequest, Partition, Position};
use tonic::transport::Channel;

use super::block_on;
use crate::console::{called_as, grouped, say};
use crate::exit::Failure;

/// What to ask.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Each partition: its owner, epoch, cursor, lag, and what the gateways have not acknowledged
    Status(Status),
}

/// Whom to ask.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline cluster status
  questline cluster status --at http://127.0.0.1:8087

The address is the one that `questline serve` prints as cluster.")]
pub(crate) struct Status {
    #[command(flatten)]
    at: At,
}

/// A node.
#[derive(Debug, clap::Args)]
pub(crate) struct At {
    /// The node's cluster address
    #[arg(
        long,
        value_name = "URL",
        env = "QUESTLINE_CLUSTER_URL",
        default_value = "http://127.0.0.1:8087"
    )]
    at: String,
}

impl At {
    /// A client of it.
    pub(crate) async fn connect(&self) -> Result<ClusterServiceClient<Channel>, Failure> {
        let client = ClusterServiceClient::connect(self.at.clone()).await;
        client.map_err(|_| self.silent())
    }

    /// A client of its backups.
    pub(crate) async fn backups(&self) -> Result<BackupServiceClient<Channel>, Failure> {
        let client = BackupServiceClient::connect(self.at.clone()).await;
        client.map_err(|_| self.silent())
    }

    fn silent(&self) -> Failure {
        Failure::failed(format!(
            "nobody answers at {}: is the server running? `questline serve` prints the address as cluster",
            self.at
        ))
    }
}

/// Asks and prints a table.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let Command::Status(status) = command;
    let answer = block_on(async {
        let mut client = status.at.connect().await?;
        let answer = client.list_partitions(ListPartitionsRequest {}).await;
        let answer = answer.map_err(|status| Failure::failed(status.message()))?;
        Ok(answer.into_inner())
    })?;
    say(
        "partition  epoch  cursor        end           lag       unacknowledged                owner",
    )?;
    for partition in &answer.partitions {
        say(row(partition))?;
    }
    let (here, total) = (answer.partitions.len(), answer.partitions_total);
    say(format_args!("{here} of {total} partitions are owned there"))?;
    for partition in &answer.partitions {
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
        "{:<9}  {:<5}  {:<12}  {:<12}  {:<8}  {:<28}  {}",
        partition.number,
        partition.epoch,
        place(partition.cursor.as_ref()),
        place(partition.end.as_ref()),
        grouped(partition.lag),
        sinks.join(", "),
        partition.owner
    )
}

pub(crate) fn place(position: Option<&Position>) -> String {
    position.map_or_else(
        || "-".to_owned(),
        |at| format!("{}.{}", at.sequence, at.index),
    )
}
