//! The copying of a folder that is in use.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::manifest::{BackupError, FORMAT, Listed, Manifest, hex};
use super::{CHUNK, MANIFEST, ROWS, rows};
use crate::folder::Now;
use crate::log::SegmentLog;
use crate::people::PeopleFiles;
use crate::state::FjallStore;
use crate::{meta, programmes};

/// What others keep in the data folder, by names below it.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// Folders of files that are only ever appended to, the last of them by name, made of the engine's emissions.
    pub appended: Vec<String>,
    /// Files that are replaced whole.
    pub files: Vec<String>,
}

/// An open data folder, to be copied while it is in use.
#[derive(Clone)]
pub struct Source {
    pub(crate) folder: PathBuf,
    pub(crate) log: Arc<SegmentLog>,
    pub(crate) state: Arc<FjallStore>,
    pub(crate) people: Arc<PeopleFiles>,
    pub(crate) now: Now,
}

/// A part of a copy, in the order in which it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// About how many bytes will come: for a bar.
    Total(u64),
    /// A file begins; the one before is whole. Its path below the copy's folder.
    File(String),
    /// The next bytes of the file.
    Bytes(Vec<u8>),
}

/// Nobody takes the copy any more.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

/// The first so many bytes of a file below the folder.
struct Part {
    path: String,
    bytes: u64,
}

impl Source {
    /// Copies the folder, piece by piece; the manifest is its last file. Blocking: reads all of it.
    pub fn copy(
        &self,
        beside: &Beside,
        to: &mut dyn FnMut(Piece) -> Result<(), Gone>,
    ) -> Result<(), BackupError> {
        // The order is what makes the copy sound: see the module.
        let spaces = self.state.spaces();
        let instant = spaces.db.snapshot();
        let mut appended = Vec::new();
        for folder in &beside.appended {
            appended.extend(self.appended(folder)?);
        }
        let told = self.people.told();
        let log = self.log_parts()?;
        let taken_at = (self.now)().to_string();
        let total = |parts: &[Part]| parts.iter().map(|part| part.bytes).sum::<u64>();
        let rows_bytes = spaces.db.disk_space().unwrap_or(0);
        let bytes = rows_bytes + total(&appended) + total(&log);
        to(Piece::Total(bytes)).map_err(|Gone| BackupError::Gone)?;

        let mut copying = Copying::new(to);
        copying.file(ROWS)?;
        rows::copy(spaces, &instant, &mut copying)?;
        drop(instant);
        for part in &appended {
            self.part(part, &mut copying)?;
        }
        // The newest first: where retention takes the oldest away meanwhile, what is there is without a gap.
        for part in log.iter().rev() {
            match self.part(part, &mut copying) {
                Err(BackupError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                    break;
                }
                copied => copied?,
            }
        }
        let people = self
            .people
            .copied()
            .map_err(BackupError::io(&self.folder))?;
        for (name, bytes) in people.into_iter().chain([told]) {
            copying.file(&name)?;
            copying.bytes(&bytes)?;
        }
        for name in self.programmes()? {
            self.whole(&format!("{}/{name}", programmes::FOLDER), &mut copying)?;
        }
        for name in &beside.files {
            if self.folder.join(name).exists() {
                self.whole(name, &mut copying)?;
            }
        }
        self.whole(meta::FILE, &mut copying)?;
        copying.finish(taken_at)
    }

    /// The files of a folder that is appended to, as long as they are now.
    fn appended(&self, folder: &str) -> Result<Vec<Part>, BackupError> {
        let names = names(&self.folder.join(folder), "")?;
        let part = |name: String| {
            let path = format!("{folder}/{name}");
            let at = self.folder.join(&path);
            let bytes = fs::metadata(&at).map_err(BackupError::io(&at))?.len();
            Ok(Part { path, bytes })
        };
        names.into_iter().map(part).collect()
    }

    /// The log's segments up to the last acknowledged record.
    fn log_parts(&self) -> Result<Vec<Part>, BackupError> {
        let (segments, last_bytes) = self.log.extent();
        let last = *segments.end();
        let mut parts = Vec::new();
        for number in segments {
            let path = format!("{}/{number:08}.seg", crate::log::FOLDER);
            let at = self.folder.join(&path);
            let bytes = match number == last {
                true => last_bytes,
                false => fs::metadata(&at).map_err(BackupError::io(&at))?.len(),
            };
            parts.push(Part { path, bytes });
        }
        Ok(parts)
    }

    fn programmes(&self) -> Result<Vec<String>, BackupError> {
        names(&self.folder.join(programmes::FOLDER), ".json")
    }

    fn part(&self, part: &Part, to: &mut Copying<'_>) -> Result<(), BackupError> {
        let path = self.folder.join(&part.path);
        let file = File::open(&path).map_err(BackupError::io(&path))?;
        to.file(&part.path)?;
        let mut file = file.take(part.bytes);
        let (mut chunk, mut copied) = (vec![0; CHUNK], 0);
        loop {
            let read = file.read(&mut chunk).map_err(BackupError::io(&path))?;
            if read == 0 {
                break;
            }
            copied += read as u64;
            to.bytes(&chunk[..read])?;
        }
        match copied == part.bytes {
            true => Ok(()),
            false => Err(BackupError::unsound(
                &path,
                format!("it has {copied} bytes where {} were", part.bytes),
            )),
        }
    }

    fn whole(&self, name: &str, to: &mut Copying<'_>) -> Result<(), BackupError> {
        let path = self.folder.join(name);
        let bytes = fs::read(&path).map_err(BackupError::io(&path))?;
        to.file(name)?;
        to.bytes(&bytes)
    }
}

/// The names in a folder that end so, in order; none where there is no folder.
fn names(folder: &Path, ending: &str) -> Result<Vec<String>, BackupError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(BackupError::io(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(BackupError::io(folder))?.file_name();
        let name = name.into_string().ok();
        found.extend(name.filter(|name| name.ends_with(ending)));
    }
    found.sort_unstable();
    Ok(found)
}

/// A copy on its way: keeps the list of what went.
pub(super) struct Copying<'a> {
    to: &'a mut dyn FnMut(Piece) -> Result<(), Gone>,
    listed: Vec<Listed>,
    current: Option<(Listed, Sha256)>,
    waiting: Vec<u8>,
}

impl<'a> Copying<'a> {
    fn new(to: &'a mut dyn FnMut(Piece) -> Result<(), Gone>) -> Self {
        Self {
            to,
            listed: Vec::new(),
            current: None,
            waiting: Vec::with_capacity(CHUNK),
        }
    }

    fn give(&mut self, piece: Piece) -> Result<(), BackupError> {
        (self.to)(piece).map_err(|Gone| BackupError::Gone)
    }

    /// Begins the next file.
    fn file(&mut self, path: &str) -> Result<(), BackupError> {
        self.end()?;
        let listed = Listed {
            path: path.to_owned(),
            bytes: 0,
            sha256: String::new(),
        };
        self.current = Some((listed, Sha256::new()));
        self.give(Piece::File(path.to_owned()))
    }

    /// Goes on with the file.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.waiting.extend_from_slice(bytes);
        match self.waiting.len() >= CHUNK {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), BackupError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::replace(&mut self.waiting, Vec::with_capacity(CHUNK));
        if let Some((listed, hash)) = &mut self.current {
            listed.bytes += bytes.len() as u64;
            hash.update(&bytes);
        }
        self.give(Piece::Bytes(bytes))
    }

    fn end(&mut self) -> Result<(), BackupError> {
        self.flush()?;
        if let Some((mut listed, hash)) = self.current.take() {
            listed.sha256 = hex(hash);
            self.listed.push(listed);
        }
        Ok(())
    }

    fn finish(mut self, taken_at: String) -> Result<(), BackupError> {
        self.end()?;
        let manifest = Manifest {
            format: FORMAT,
            taken_at,
            files: std::mem::take(&mut self.listed),
        };
        let file = Path::new(MANIFEST);
        let bytes = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| BackupError::unsound(file, error.to_string()))?;
        self.file(MANIFEST)?;
        self.bytes(&bytes)?;
        self.end()
    }
}
