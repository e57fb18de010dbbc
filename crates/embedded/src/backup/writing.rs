//! A copy as it is put on a disk.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::MANIFEST;
use super::manifest::{BackupError, Listed, Manifest, below, hex};
use super::source::Piece;

/// The manifest's file until everything before it is durable.
const UNFINISHED: &str = "manifest.json.tmp";

/// Writes a copy into a folder.
pub struct Writing {
    folder: PathBuf,
    written: Vec<Listed>,
    current: Option<Current>,
}

struct Current {
    listed: Listed,
    hash: Sha256,
    file: File,
}

impl Writing {
    /// Begins in a folder, which must be empty, or not be there.
    pub fn begin(folder: &Path) -> Result<Self, BackupError> {
        fs::create_dir_all(folder).map_err(BackupError::io(folder))?;
        let mut inside = fs::read_dir(folder).map_err(BackupError::io(folder))?;
        if inside.next().is_some() {
            return Err(BackupError::Used {
                folder: folder.to_owned(),
                taken: "is not empty: a backup goes to a folder of its own".to_owned(),
            });
        }
        Ok(Self {
            folder: folder.to_owned(),
            written: Vec::new(),
            current: None,
        })
    }

    /// Writes the next piece.
    pub fn take(&mut self, piece: Piece) -> Result<(), BackupError> {
        match piece {
            Piece::Total(_) => Ok(()),
            Piece::File(path) => {
                self.end()?;
                self.file(path)
            }
            Piece::Bytes(bytes) => {
                let Some(current) = &mut self.current else {
                    return Err(BackupError::unsound(&self.folder, "bytes of no file"));
                };
                current.listed.bytes += bytes.len() as u64;
                current.hash.update(&bytes);
                let path = self.folder.join(&current.listed.path);
                let written = current.file.write_all(&bytes);
                written.map_err(BackupError::io(&path))
            }
        }
    }

    fn file(&mut self, path: String) -> Result<(), BackupError> {
        let name = match path == MANIFEST {
            true => Path::new(UNFINISHED),
            false => below(&path)
                .ok_or_else(|| BackupError::unsound(Path::new(&path), "no path of a backup"))?,
        };
        let at = self.folder.join(name);
        if let Some(parent) = at.parent() {
            fs::create_dir_all(parent).map_err(BackupError::io(parent))?;
        }
        let file = File::create_new(&at).map_err(BackupError::io(&at))?;
        self.current = Some(Current {
            file,
            listed: Listed {
                path,
                bytes: 0,
                sha256: String::new(),
            },
            hash: Sha256::new(),
        });
        Ok(())
    }

    fn end(&mut self) -> Result<(), BackupError> {
        if let Some(mut current) = self.current.take() {
            let path = self.folder.join(&current.listed.path);
            current.file.sync_all().map_err(BackupError::io(&path))?;
            current.listed.sha256 = hex(current.hash);
            self.written.push(current.listed);
        }
        Ok(())
    }

    /// Holds what was written against the manifest, and puts that in its place. Gives the number of files and of bytes.
    pub fn finish(mut self) -> Result<(u64, u64), BackupError> {
        self.end()?;
        let last = self.written.pop();
        if last.is_none_or(|last| last.path != MANIFEST) {
            return Err(BackupError::unsound(
                &self.folder,
                "the backup did not come to its end: remove it and make another",
            ));
        }
        let unfinished = self.folder.join(UNFINISHED);
        let bytes = fs::read(&unfinished).map_err(BackupError::io(&unfinished))?;
        let manifest = Manifest::parse(&unfinished, &bytes)?;
        if manifest.files != self.written {
            return Err(BackupError::unsound(
                &self.folder,
                "what was written is not what was sent: remove it and make another",
            ));
        }
        let folders = self.written.iter();
        let mut folders: Vec<PathBuf> = folders
            .filter_map(|file| Some(self.folder.join(&file.path).parent()?.to_owned()))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        for folder in &folders {
            sync_folder(folder)?;
        }
        let file = self.folder.join(MANIFEST);
        fs::rename(&unfinished, &file).map_err(BackupError::io(&file))?;
        sync_folder(&self.folder)?;
        let bytes = self.written.iter().map(|file| file.bytes).sum();
        Ok((self.written.len() as u64, bytes))
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(BackupError::io(folder))
}
