//! Who was erased: lines of JSON, so that the file can be read, kept elsewhere and put back.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use ports::{Entity, Erasure};
use serde::{Deserialize, Serialize};
use types::{BrandId, PlayerId, Timestamp};

use super::{ERASED, TOLD};
use crate::error::OpenError;

/// A line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    brand: String,
    player: String,
    /// RFC 3339.
    at: String,
}

impl Line {
    fn of(player: &Entity, at: Timestamp) -> Self {
        Self {
            brand: player.brand.to_string(),
            player: player.player.to_string(),
            at: at.to_string(),
        }
    }

    fn read(&self) -> Option<(Entity, Timestamp)> {
        let brand = BrandId::new(&self.brand).ok()?;
        let player = PlayerId::new(&self.player).ok()?;
        Some((Entity { brand, player }, self.at.parse().ok()?))
    }
}

/// The list, in memory and on disk.
pub(super) struct List {
    folder: PathBuf,
    file: File,
    /// Each with its line's number.
    players: HashMap<Entity, (usize, Timestamp)>,
    lines: usize,
    /// Lines that the log does not know.
    untold: BTreeSet<usize>,
}

impl List {
    pub(super) fn open(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(ERASED);
        let io = || OpenError::io(&path);
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)
            .map_err(io())?;
        let text = fs::read(&path).map_err(io())?;
        // A line that was cut short by a crash was never answered for.
        let whole = text.iter().rposition(|byte| *byte == b'\n');
        let whole = whole.map_or(0, |at| at + 1);
        if whole < text.len() {
            file.set_len(whole as u64).map_err(io())?;
        }
        file.flush().map_err(io())?;
        let read = parse(&text[..whole]).map_err(|problem| OpenError::Meta {
            file: path.clone(),
            problem,
        })?;
        let told = read_told(folder)?.min(read.len());
        let mut players = HashMap::new();
        for (number, (player, at)) in read.iter().enumerate() {
            players
                .entry(player.clone())
                .or_insert_with(|| (number, *at));
        }
        let first = |number: &usize| players[&read[*number].0].0 == *number;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            untold: (told..read.len()).filter(first).collect(),
            lines: read.len(),
            players,
        })
    }

    pub(super) fn players(&self) -> impl Iterator<Item = &Entity> {
        self.players.keys()
    }

    pub(super) fn erasure(&self, player: &Entity) -> Option<Erasure> {
        let (number, at) = self.players.get(player)?;
        Some(Erasure {
            at: *at,
            told: !self.untold.contains(number),
        })
    }

    pub(super) fn all(&self) -> Vec<(Entity, Erasure)> {
        let all = self.players.keys();
        all.filter_map(|player| Some((player.clone(), self.erasure(player)?)))
            .collect()
    }

    /// Lists a player, durably, unless it is listed.
    pub(super) fn add(&mut self, player: &Entity, at: Timestamp) -> io::Result<Erasure> {
        if let Some(erasure) = self.erasure(player) {
            return Ok(erasure);
        }
        let mut line = serde_json::to_vec(&Line::of(player, at))?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_all()?;
        self.untold.insert(self.lines);
        self.players.insert(player.clone(), (self.lines, at));
        self.lines += 1;
        Ok(Erasure { at, told: false })
    }

    /// The log knows of it.
    pub(super) fn tell(&mut self, player: &Entity) -> io::Result<()> {
        let Some((number, _)) = self.players.get(player) else {
            return Ok(());
        };
        if self.untold.remove(number) {
            // Durable or not: told again, the log knows it already.
            let temporary = self.folder.join("told.tmp");
            fs::write(&temporary, self.told_bytes())?;
            fs::rename(&temporary, self.folder.join(TOLD))?;
        }
        Ok(())
    }

    pub(super) fn bytes(&self) -> io::Result<Vec<u8>> {
        fs::read(self.folder.join(ERASED))
    }

    pub(super) fn told_bytes(&self) -> Vec<u8> {
        let told = self.untold.first().copied().unwrap_or(self.lines);
        told.to_string().into_bytes()
    }
}

fn read_told(folder: &Path) -> Result<usize, OpenError> {
    let path = folder.join(TOLD);
    match fs::read_to_string(&path) {
        // What cannot be read is told again.
        Ok(text) => Ok(text.trim().parse().unwrap_or(0)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(OpenError::io(&path)(error)),
    }
}

fn parse(text: &[u8]) -> Result<Vec<(Entity, Timestamp)>, String> {
    let lines = text.split(|byte| *byte == b'\n').zip(1..);
    let lines = lines.filter(|(line, _)| !line.is_empty());
    lines
        .map(|(line, number)| {
            let read = serde_json::from_slice::<Line>(line);
            let read = read.map_err(|error| format!("line {number}: {error}"))?;
            read.read()
                .ok_or_else(|| format!("line {number}: no player of a brand"))
        })
        .collect()
}

/// The players of a list that lies anywhere.
pub(super) fn read(file: &Path) -> Result<Vec<(Entity, Timestamp)>, OpenError> {
    let text = fs::read(file).map_err(OpenError::io(file))?;
    parse(&text).map_err(|problem| OpenError::Meta {
        file: file.to_owned(),
        problem,
    })
}
