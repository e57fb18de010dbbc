//! The audit of a data folder: the snapshots and journals as the last checkpoint left them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use embedded::{DataFolder, Options};
use engine::{Logic, Programmes, Versions};
use ports::{Entity, EventLog, ProgrammeStore, ReadError, StateStore};
use progression::{Catalogue, Effect, State, Subject, Told, journal, view};
use serde_json::Value;
use types::{Partition, Position, Timestamp};

use super::Findings;
use crate::commands::block_on;
use crate::console::{Progress, remark};
use crate::exit::Failure;
use crate::ledger::Ledger;
use crate::programmes;

/// Players read at once.
const PAGE: usize = 256;

pub(super) fn audit(data: &Path, files: &[PathBuf]) -> Result<Findings, Failure> {
    let programmes = files
        .iter()
        .map(|file| programmes::load(file))
        .collect::<Result<Programmes, _>>()?;
    if !data.join("meta.json").is_file() {
        return Err(Failure::bad_input(format!(
            "{}: no data folder",
            data.display()
        )));
    }
    let folder = DataFolder::open(data, Options::new(Arc::new(|| Timestamp::MIN)))
        .map_err(Failure::failed)?;
    block_on(async {
        let versions = published(&folder, programmes).await?;
        let mut findings = Findings::default();
        let mut progress = Progress::new("auditing players", 0);
        for partition in (0..folder.log.partitions()).map(Partition) {
            one(&folder, partition, &versions, &mut findings, &mut progress).await?;
        }
        progress.finish();
        say_where_the_log_begins(&folder).await;
        Ok(findings)
    })
}

/// Balances are held against journals, which are whole; but who wants to fold the log again reads here what of it there is.
async fn say_where_the_log_begins(folder: &DataFolder) {
    for partition in (0..folder.log.partitions()).map(Partition) {
        let begins = folder.log.read(partition, Position::START).await;
        if let Err(cut @ ReadError::Truncated { .. }) = begins {
            remark(format_args!(
                "partition {partition}: {cut}; the journals have it"
            ));
        }
    }
}

/// What is published in the folder; of one that was never published to, what is named.
async fn published(folder: &DataFolder, named: Programmes) -> Result<Versions, Failure> {
    let brands = folder.programmes.brands().await.map_err(Failure::failed)?;
    if brands.is_empty() {
        return Versions::fixed(named, Logic::default()).map_err(Failure::failed);
    }
    let (state, partitions) = (folder.state.as_ref(), folder.log.partitions());
    let store = folder.programmes.clone();
    let known = Programmes::default();
    let opened = Versions::open(
        store,
        state,
        partitions,
        known,
        Logic::default(),
        Timestamp::MIN,
    );
    opened
        .await
        .map(|(versions, _)| versions)
        .map_err(Failure::failed)
}

async fn one(
    folder: &DataFolder,
    partition: Partition,
    versions: &Versions,
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
            player_of(store, partition, versions, player, &snapshot, findings)
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
    versions: &Versions,
    player: &Entity,
    snapshot: &[u8],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    // A snapshot as the engine writes it: its own header, then the core's record.
    let snapshot = engine::snapshot(snapshot).context("a snapshot of another version")?;
    let programme = versions.learn(&player.brand, snapshot.number).await;
    let programme = programme.context("name the brand's programme")?;
    let mut catalogue = Catalogue::of(&programme);
    for earlier in &programme.earlier {
        catalogue.learn(earlier);
    }
    let state = State::decode(snapshot.state, &catalogue)?;
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
    let shown = view(&programme, &state, subject, Timestamp::MIN);
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
