//! `questline audit`: every balance recomputed from the journal.

mod offline;
mod online;

use std::path::PathBuf;

use clap::Parser;
use serde_json::Value;

use crate::console::{grouped, say};
use crate::exit::Failure;
use crate::ledger::Ledger;

/// What to audit.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline audit --key ql_...
  questline audit --data ./data --programme programme.yaml       while no server runs on it

Each player's journal is summed, and each balance held against the sum. Exit code 1 where one differs.")]
pub(crate) struct Args {
    /// The server's HTTP address
    #[arg(
        long = "from",
        value_name = "URL",
        env = "QUESTLINE_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    url: String,
    /// The API key, with scope `read`
    #[arg(
        long,
        value_name = "KEY",
        env = "QUESTLINE_KEY",
        hide_env_values = true
    )]
    key: Option<String>,
    /// A data folder on which no server runs
    #[arg(
        long,
        value_name = "DIR",
        requires = "programme",
        conflicts_with = "url"
    )]
    data: Option<PathBuf>,
    /// The programme that the data folder was folded with; once for each brand
    #[arg(long, value_name = "FILE")]
    programme: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    players: u64,
    entries: u64,
    wrong: u64,
}

impl Findings {
    /// Holds a player's balances against the sums of its journal.
    fn compare(&mut self, player: &Value, ledger: &Ledger) -> Result<(), Failure> {
        self.players += 1;
        self.entries += ledger.entries();
        for (points, balance, sum) in ledger.differences(player) {
            self.wrong += 1;
            let name = player["player"].as_str().unwrap_or("?");
            say(format_args!(
                "player {name}: {points} is {balance}, its journal adds up to {sum}"
            ))?;
        }
        Ok(())
    }

    /// Holds what is out of a stock against its journal.
    fn compare_stock(&mut self, stock: &str, taken: u64, sum: i64) -> Result<(), Failure> {
        if i64::try_from(taken) != Ok(sum) {
            self.wrong += 1;
            say(format_args!(
                "{stock}: {taken} are out, its journal adds up to {sum}"
            ))?;
        }
        Ok(())
    }
}

/// Audits everything, and fails where a balance is wrong.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let findings = match (&args.data, &args.key) {
        (Some(data), _) => offline::audit(data, &args.programme)?,
        (None, Some(key)) => online::audit(&args.url, key)?,
        (None, None) => {
            return Err(Failure::bad_usage(
                "what to audit: a server with --key KEY, or --data DIR --programme FILE",
            ));
        }
    };
    say(format_args!(
        "{} players, {} journal entries: {}",
        grouped(findings.players),
        grouped(findings.entries),
        if findings.wrong == 0 {
            "every balance is the sum of its movements".to_owned()
        } else {
            format!("{} balances are wrong", grouped(findings.wrong))
        }
    ))?;
    if findings.wrong > 0 {
        return Err(Failure::failed("the audit found differences"));
    }
    Ok(())
}
