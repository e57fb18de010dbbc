//! The replay: the bundled orders through the server's own HTTP API.

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::bundled;
use crate::client::Client;
use crate::console::Progress;
use crate::exit::Failure;
use crate::feed::Item;
use crate::send::{ProgressFile, Sender, Sent};

/// How long the server of this very process may take nothing.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of the replay.
#[derive(Debug)]
pub(crate) struct Replay {
    /// The sending.
    pub(crate) sent: Sent,
    /// Each rejected event of this run: its id, code and why.
    pub(crate) rejected: Vec<String>,
}

/// Sends the orders; goes on where an interrupted replay into the same data folder was.
pub(crate) async fn replay(client: &Client, data: &Path) -> Result<Replay, Failure> {
    let mapping = bundled::mapping()?;
    let mut total = 0;
    for item in bundled::events(&mapping)? {
        total += u64::from(matches!(item?, Item::Event(_)));
    }
    let digest = Sha256::digest(bundled::ORDERS);
    let mapped = Sha256::digest(bundled::MAPPING);
    // The server is always this process: what distinguishes one replay from another is the data folder.
    let progress_file = ProgressFile::new(data, "replay", "", &[&digest, &mapped]);
    let mut rejected = Vec::new();
    let mut progress = Progress::new("replaying orders", total);
    let sender = Sender {
        client,
        progress_file: Some(progress_file),
        events_per_second: None,
        patience: PATIENCE,
        wait: true,
        on_rejected: &mut |_, result| {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            rejected.push(format!(
                "{} · {}: {}",
                text(&result.id),
                text(&result.code),
                text(&result.detail)
            ));
        },
    };
    let sent = sender
        .send(bundled::events(&mapping)?, &mut progress)
        .await?;
    progress.finish();
    Ok(Replay { sent, rejected })
}
