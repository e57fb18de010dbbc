//! What a copy consists of, and what can be wrong with one.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{CHUNK, MANIFEST};

/// The layout this code reads and writes.
pub(super) const FORMAT: u32 = 1;

/// A copy's contents.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// RFC 3339.
    pub(super) taken_at: String,
    pub(super) files: Vec<Listed>,
}

/// One file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Listed {
    /// Below the copy's folder, with `/`.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// In hex.
    pub(super) sha256: String,
}

/// Why there is no copy, or no folder made from one. Every message names the file and says what to do.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The place is taken.
    #[error("{folder} {taken}")]
    Used {
        /// The place.
        folder: PathBuf,
        /// By what, and what to do.
        taken: String,
    },
    /// The copy is not whole, or not sound.
    #[error("{file}: {problem}")]
    Unsound {
        /// Which file.
        file: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The operating system refused.
    #[error("{path}: {source}")]
    Io {
        /// What was being read or written.
        path: PathBuf,
        /// Its answer.
        source: io::Error,
    },
    /// The state could not be read or written.
    #[error("the state: {0}")]
    State(String),
    /// Whom the copy was for does not take it any more.
    #[error("nobody takes the copy any more")]
    Gone,
}

impl BackupError {
    /// For `map_err`: the operating system's answer about a path.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn unsound(file: &Path, problem: impl Into<String>) -> Self {
        Self::Unsound {
            file: file.to_owned(),
            problem: problem.into(),
        }
    }
}

impl Manifest {
    /// What stands in a copy's folder.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let file = folder.join(MANIFEST);
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(BackupError::unsound(
                    &file,
                    "missing: this is no backup, or one that did not come to its end",
                ));
            }
            Err(error) => return Err(BackupError::io(&file)(error)),
        };
        Self::parse(&file, &bytes)
    }

    pub(super) fn parse(file: &Path, bytes: &[u8]) -> Result<Self, BackupError> {
        let manifest: Self = serde_json::from_slice(bytes)
            .map_err(|error| BackupError::unsound(file, format!("not readable: {error}")))?;
        if manifest.format != FORMAT {
            return Err(BackupError::unsound(
                file,
                format!(
                    "format {} is not known to this version, which reads format {FORMAT}",
                    manifest.format
                ),
            ));
        }
        if let Some(bad) = manifest
            .files
            .iter()
            .find(|file| below(&file.path).is_none())
        {
            let problem = format!("{:?} is no path below the backup", bad.path);
            return Err(BackupError::unsound(file, problem));
        }
        Ok(manifest)
    }
}

/// A listed path as one below a folder; `None` where it would lead elsewhere.
pub(super) fn below(path: &str) -> Option<&Path> {
    let path = Path::new(path);
    let mut parts = path.components();
    let plain = parts.all(|part| matches!(part, Component::Normal(_)));
    (plain && !path.as_os_str().is_empty()).then_some(path)
}

pub(super) fn hex(hash: Sha256) -> String {
    let bytes = hash.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a listed file to its end and holds it against the list, handing over what it reads.
pub(super) fn checked(
    folder: &Path,
    listed: &Listed,
    mut each: impl FnMut(&[u8]) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    let path = folder.join(&listed.path);
    let mut file = File::open(&path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => BackupError::unsound(&path, "missing from the backup"),
        _ => BackupError::io(&path)(error),
    })?;
    let (mut hash, mut bytes) = (Sha256::new(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = file.read(&mut chunk).map_err(BackupError::io(&path))?;
        if read == 0 {
            break;
        }
        hash.update(&chunk[..read]);
        bytes += read as u64;
        each(&chunk[..read])?;
    }
    if bytes != listed.bytes || hex(hash) != listed.sha256 {
        return Err(BackupError::unsound(
            &path,
            "damaged: it is not what the manifest says; use another backup",
        ));
    }
    Ok(())
}
