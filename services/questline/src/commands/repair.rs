//! `questline repair`: players that are set aside.

use clap::Parser;
use proto::cluster::v1::{
    ListSetAsideRequest, RepairPlayerRequest, RepairPlayerResponse, SetAside,
};
use tonic::Code;

use super::block_on;
use super::cluster::{At, place};
use crate::console::{grouped, say};
use crate::exit::Failure;

/// Whom to repair.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline repair                                     who is set aside, since when and why
  questline repair --brand acme --player ada           once the cause is gone
  questline repair --brand acme --player ada --from-log

A player is set aside when its snapshot or a segment of its journal cannot be read, or when its
fold ended badly. Its records wait in the log, the others go on. A repair reads the snapshot
again and folds what waited; with --from-log it folds the player from the log's beginning,
without its snapshot.")]
pub(crate) struct Args {
    #[command(flatten)]
    at: At,
    /// The player's brand
    #[arg(long, requires = "player")]
    brand: Option<String>,
    /// The player; without one, those that are set aside are listed
    #[arg(long, requires = "brand")]
    player: Option<String>,
    /// Fold the player from the beginning of the log
    #[arg(long, requires = "player")]
    from_log: bool,
}

/// Lists, or repairs one.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    let (Some(brand), Some(player)) = (args.brand, args.player) else {
        return list(&args.at);
    };
    let request = RepairPlayerRequest {
        brand,
        player,
        from_log: args.from_log,
    };
    let repaired = block_on(repair(&args.at, request))?;
    let records = grouped(repaired.records);
    say(format_args!("repaired: {records} records read again"))?;
    Ok(())
}

/// Asks each node: one of them folds the player.
async fn repair(at: &At, request: RepairPlayerRequest) -> Result<RepairPlayerResponse, Failure> {
    let mut said = None;
    for answer in at.all().await? {
        let (mut client, _) = answer.asked.map_err(Failure::failed)?;
        let repaired = client.repair_player(request.clone()).await;
        match repaired {
            Ok(repaired) => return Ok(repaired.into_inner()),
            // Another's, or nobody's at the moment; what a node says that has the player counts more.
            Err(status) if status.code() == Code::Unavailable => {
                said.get_or_insert(status);
            }
            Err(status) => return Err(Failure::failed(status.message())),
        }
    }
    let why = said.map_or_else(String::new, |status| status.message().to_owned());
    Err(Failure::failed(why))
}

fn list(at: &At) -> Result<(), Failure> {
    let players = block_on(async {
        let mut players = Vec::new();
        for answer in at.all().await? {
            let (mut client, _) = answer.asked.map_err(Failure::failed)?;
            let answer = client.list_set_aside(ListSetAsideRequest {}).await;
            let answer = answer.map_err(|status| Failure::failed(status.message()))?;
            players.extend(answer.into_inner().players);
        }
        players.sort_by(|one: &SetAside, other| {
            let key = |it: &SetAside| (it.partition, it.brand.clone(), it.player.clone());
            key(one).cmp(&key(other))
        });
        Ok(players)
    })?;
    if players.is_empty() {
        say("no player is set aside")?;
        return Ok(());
    }
    say("partition  position      brand         player                reason")?;
    for player in &players {
        say(row(player))?;
    }
    Ok(())
}

fn row(aside: &SetAside) -> String {
    format!(
        "{:<9}  {:<12}  {:<12}  {:<20}  {}",
        aside.partition,
        place(aside.position.as_ref()),
        aside.brand,
        aside.player,
        aside.reason
    )
}
