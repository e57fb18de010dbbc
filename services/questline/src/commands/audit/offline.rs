//! The audit of a data folder: the snapshots and journals as the last checkpoint left them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use embedded::{DataFolder, Options};
use ports::{Entity, EventLog, StateStore};
use programme::model::Programme;
use progression::{Catalogue, Effect, State, Subject, Told, journal, view};
use serde_json::Value;
use types::{Partition, Timestamp};

use super::Findings;
use crate::commands::block_on;
use crate::console::Progress;
use crate::exit::Failure;
use crate::ledger::Ledger;
use crate::programmes;

/// Players read at once.
const PAGE: usize = 256;

pub(super) fn audit(data: &Path, files: &[PathBuf]) -> Result<Findings, Failure> {
    let programmes = files
        .iter()
        .map(|file| programmes::load(file))
        .collect::<Result<Vec<_>, _>>()?;
    if !data.join("meta.json").is_file() {
        return Err(Failure::bad_input(format!(
            "{}: no data folder",
            data.display()
        )));
    }
    let folder = DataFolder::open(data, Options::new(Arc::new(|| Timestamp::MIN)))
        .map_err(Failure::failed)?;
    block_on(async {
        let mut findings = Findings::default();
        let mut progress = Progress::new("auditing players", 0);
        for partition in (0..folder.log.partitions()).map(Partition) {
            one(
                &folder,
                partition,
                &programmes,
                &mut findings,
                &mut progress,
            )
            .await?;
        }
        progress.finish();
        Ok(findings)
    })
}

async fn one(
    folder: &DataFolder,
    partition: Partition,
    programmes: &[Programme],
    findings: &mut Findings,
    progress: &mut Progress,
) -> Result<(), Failure> {
    let mut after: Option<Entity> = None;
    loop {
        let store = folder.state.as_ref();
        let players = store
            .entities(partition, after.as_ref(), PAGE)
            .await
            .map_err(Failure::failed)?;
        let snapshots = store
            .snapshots(partition, &players)
            .await
            .map_err(Failure::failed)?;
        for (player, snapshot) in players.iter().zip(snapshots) {
            let Some(snapshot) = snapshot else { continue };
            let Some(programme) = programmes.iter().find(|one| one.brand == player.brand) else {
                let why = format!("no programme was named for brand {}", player.brand);
                return Err(Failure::bad_input(why));
            };
            player_of(store, partition, programme, player, &snapshot, findings)
                .await
                .with_context(|| format!("player {}", player.player))?;
            progress.add(1);
        }
        match players.last() {
            Some(last) => after = Some(last.clone()),
            None => return Ok(()),
        }
    }
}

async fn player_of(
    store: &dyn StateStore,
    partition: Partition,
    programme: &Programme,
    player: &Entity,
    snapshot: &[u8],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    // A snapshot as the engine writes it: its own header, then the core's record.
    let state = engine::snapshot_state(snapshot).context("a snapshot of another version")?;
    let catalogue = Catalogue::of(programme);
    let state = State::decode(state, &catalogue)?;
    let mut entries = Vec::new();
    for number in 0..state.open_segment() {
        let segments = store.segments(partition, player, &[number]).await?;
        let bytes = segments.into_iter().flatten().next();
        let bytes = bytes.with_context(|| format!("journal segment {number} is missing"))?;
        entries.extend(journal::decode_segment(&bytes, &catalogue)?);
    }
    entries.extend(journal::open_entries(&state));
    if let Some(stock) = player.player.shared_name() {
        return findings
            .compare_stock(stock, state.taken(), out_by(&entries))
            .map_err(|failure| anyhow::anyhow!("{failure}"));
    }
    let mut ledger = Ledger::default();
    for entry in &entries {
        add(&mut ledger, entry)?;
    }
    let subject = Subject {
        brand: &player.brand,
        player: &player.player,
    };
    // As of the state itself: what is due since is not in its journal.
    let shown = view(programme, &state, subject, Timestamp::MIN);
    let shown: Value = serde_json::to_value(shown)?;
    findings
        .compare(&shown, &ledger)
        .map_err(|failure| anyhow::anyhow!("{failure}"))
}

/// How many units of a stock are out by its journal: given less returned.
fn out_by(entries: &[journal::Entry]) -> i64 {
    let given = entries.iter().flat_map(|entry| &entry.effects);
    let given =
        given.filter(|effect| matches!(effect, Effect::Told(Told::Answered { given: true, .. })));
    let returned: i64 = entries
        .iter()
        .flat_map(|entry| &entry.reversals)
        .map(|returned| returned.taken)
        .sum();
    i64::try_from(given.count()).unwrap_or(i64::MAX) - returned
}

fn add(ledger: &mut Ledger, entry: &journal::Entry) -> anyhow::Result<()> {
    let entry: Value = serde_json::from_slice(&journal::entry_json(entry))?;
    ledger.add(&entry).map_err(anyhow::Error::msg)
}
