//! `questline simulate --from-data` and `--from-server`: stored history through a draft and through the programme in effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use embedded::LogFiles;
use programme::model::Programme;
use tokio::signal::unix::{SignalKind, signal};
use types::{BrandId, Timestamp};

use crate::client::Client;
use crate::commands::block_on;
use crate::console::{remark, say};
use crate::exit::Failure;
use crate::programmes;
use crate::whatif::{Asked, Cost, Costs, History, ServerHistory, compare, page, text};

/// Which history, and what to say of it.
#[derive(Debug, Args)]
pub(super) struct WhatIf {
    /// The history of a data folder, through this programme and through the one in effect; a server may be running on it
    #[arg(long, value_name = "DIR", group = "history", help_heading = HEADING)]
    from_data: Option<PathBuf>,
    /// The history of a server, through this programme and through the one in effect
    #[arg(long, value_name = "URL", group = "history", help_heading = HEADING, requires = "key")]
    from_server: Option<String>,
    /// A key to the server, with the scopes `history` and `programme`
    #[arg(long, value_name = "KEY", env = "QUESTLINE_KEY", hide_env_values = true, help_heading = HEADING)]
    key: Option<String>,
    /// As if the programme had been published at this time: before it everybody plays by the one in effect, and nothing is counted
    /// [default: as if it had always been]
    #[arg(long, value_name = "TIME", requires = "history", help_heading = HEADING)]
    since: Option<Timestamp>,
    /// Compare with this programme instead of the one in effect
    #[arg(long, value_name = "FILE", requires = "history", help_heading = HEADING)]
    against: Option<PathBuf>,
    /// What one grant of a reward, or one point, costs, in the programme's currency; once for each
    #[arg(long, value_name = "ID=AMOUNT", requires = "history", help_heading = HEADING)]
    cost: Vec<Cost>,
    /// One JSON object instead of text
    #[arg(long, requires = "history", help_heading = HEADING)]
    json: bool,
    /// Write a page with plots, which needs nothing else, here too
    #[arg(long, value_name = "FILE", requires = "history", help_heading = HEADING)]
    html: Option<PathBuf>,
}

const HEADING: &str = "What if";
/// As shells say it of a process that SIGINT has ended.
const INTERRUPTED: i32 = 130;

impl WhatIf {
    /// Folds, compares, reports.
    pub(super) fn run(&self, draft: Programme) -> Result<(), Failure> {
        let (mut history, today) = match (&self.from_data, &self.from_server) {
            (Some(data), _) => self.folder(data, &draft.brand)?,
            (None, Some(url)) => self.server(url, &draft.brand)?,
            (None, None) => return Err(Failure::bad_usage("no history is named")),
        };
        if today.brand != draft.brand {
            return Err(Failure::bad_input(format!(
                "the programmes are of two brands: {} and {}",
                today.brand, draft.brand
            )));
        }
        let unknown = Costs::unknown(&self.cost, [&today, &draft]);
        if !unknown.is_empty() {
            return Err(Failure::bad_input(format!(
                "--cost: neither programme has points or a reward `{}`",
                unknown.join("`, `")
            )));
        }
        let today = Arc::new(today);
        let draft = match self.since {
            // It is met by players who play by today's.
            Some(_) => draft.after(vec![Arc::clone(&today)]),
            None => draft.known_after(&today),
        };
        let asked = Asked {
            today: &today,
            draft: &draft,
            since: self.since,
            costs: &self.cost,
        };
        end_at_interrupt()?;
        let difference = compare(asked, &mut history)?;
        if let Some(file) = &self.html {
            std::fs::write(file, page(&difference))
                .map_err(|why| Failure::failed(format!("{}: {why}", file.display())))?;
        }
        match self.json {
            true => say(serde_json::to_string(&difference).map_err(anyhow::Error::from)?)?,
            false => say(text(&difference))?,
        }
        Ok(())
    }

    fn folder(&self, data: &Path, brand: &BrandId) -> Result<(History, Programme), Failure> {
        let files = LogFiles::open(data).map_err(|why| Failure::bad_input(why.to_string()))?;
        let today = match &self.against {
            Some(file) => programmes::load(file)?,
            None => {
                let newest = embedded::newest_publication(data, brand).map_err(Failure::failed)?;
                let newest = newest.ok_or_else(|| nothing_in_effect(brand))?;
                in_effect(&newest.source)?
            }
        };
        Ok((History::Folder(files), today))
    }

    fn server(&self, url: &str, brand: &BrandId) -> Result<(History, Programme), Failure> {
        let client = Client::new(url, self.key.as_deref().unwrap_or_default())?;
        let history = ServerHistory::open(client.clone())?;
        if history.brand() != brand {
            return Err(Failure::bad_input(format!(
                "the key is for brand {}, the programme is brand {brand}'s",
                history.brand()
            )));
        }
        let today = match &self.against {
            Some(file) => programmes::load(file)?,
            None => {
                let path = ["v1", "programme"];
                let said =
                    block_on(async { client.get(&path, &[]).await.map_err(Failure::failed) })?;
                let source = said["source"].as_str();
                in_effect(source.ok_or_else(|| nothing_in_effect(brand))?)?
            }
        };
        Ok((History::Server(history), today))
    }
}

/// Ctrl-C ends the process at once, also where whoever started it has Ctrl-C ignored. What it holds on disk has no name.
fn end_at_interrupt() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut interrupt = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt())?
    };
    std::thread::spawn(move || {
        runtime.block_on(interrupt.recv());
        remark("\ncancelled");
        std::process::exit(INTERRUPTED);
    });
    Ok(())
}

fn nothing_in_effect(brand: &BrandId) -> Failure {
    Failure::bad_input(format!(
        "nothing was ever published for brand {brand} there: name a programme to compare with by --against"
    ))
}

fn in_effect(source: &str) -> Result<Programme, Failure> {
    programme::compile("the programme in effect", source).map_err(Failure::failed)
}
