//! `questline key`: API keys.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ingest_service::keys::{NewKey, Scope, create};
use types::{BrandId, SourceId};

use crate::console::say;
use crate::exit::Failure;

/// The file of keys in a data folder.
pub(crate) const KEYS_FILE: &str = "keys.json";

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a key and print it: it stands nowhere else
    Create(Create),
}

/// The key to make.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline key create --data ./data --brand acme --source shop --scopes ingest,read
  questline key create --data ./data --brand acme --source '*' --scopes ingest

A running server takes the key at once. Scopes: ingest, read, command, programme, adjust, history, people.")]
pub(crate) struct Create {
    /// The server's data folder
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The brand whose players it is for
    #[arg(long)]
    brand: BrandId,
    /// The source that it may send events as; `*`: any
    #[arg(long, value_parser = source)]
    source: SourceName,
    /// What it may do
    #[arg(long, value_delimiter = ',', required = true, value_parser = scope)]
    scopes: Vec<Scope>,
}

/// One source, or any.
#[derive(Clone, Debug)]
struct SourceName(Option<SourceId>);

fn source(text: &str) -> Result<SourceName, String> {
    if text == "*" {
        return Ok(SourceName(None));
    }
    let source = SourceId::new(text).map_err(|why| why.to_string())?;
    if source.as_str() == SourceId::QUESTLINE {
        return Err("reserved".to_owned());
    }
    Ok(SourceName(Some(source)))
}

fn scope(text: &str) -> Result<Scope, String> {
    let all: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    Scope::named(text).ok_or_else(|| format!("one of {}", all.join(", ")))
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    let Command::Create(create_args) = command;
    std::fs::create_dir_all(&create_args.data)?;
    let key = NewKey {
        brand: create_args.brand,
        source: create_args.source.0,
        scopes: create_args.scopes,
    };
    let text = create(&create_args.data.join(KEYS_FILE), &key).map_err(Failure::failed)?;
    say(text)?;
    Ok(())
}
