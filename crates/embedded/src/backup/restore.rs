//! A data folder from a copy.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::ROWS;
use super::manifest::{BackupError, Listed, Manifest, checked};
use super::rows::Filling;
use super::writing::sync_folder;
use crate::error::OpenError;
use crate::meta::Meta;
use crate::{people, state};

/// Makes a data folder at `to`, where there must be none, from the copy at `from`, and erases in it whoever stands on these lists
/// (`people/erased.jsonl` of a folder) and was erased after the copy was taken. Every file is held against the manifest. The folder is at its place when all of it is durable, or not at all. `each` hears of bytes read, and
/// first, how many there are in all.
pub fn restore(
    from: &Path,
    to: &Path,
    erased: &[PathBuf],
    mut each: impl FnMut(u64, u64),
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(from)?;
    let aside = place(to)?;
    let total = manifest.files.iter().map(|file| file.bytes).sum();
    each(0, total);
    let mut read = |bytes: &[u8]| each(bytes.len() as u64, total);
    let (rows, files): (Vec<_>, Vec<_>) = manifest.files.iter().partition(|file| file.path == ROWS);
    for file in files {
        copy(from, &aside, file, &mut read)?;
    }
    let meta = Meta::read(&aside)
        .map_err(opened)?
        .ok_or_else(|| BackupError::unsound(from, "it has no meta.json"))?;
    let Some(rows) = rows.first() else {
        return Err(BackupError::unsound(from, "it has no state.rows"));
    };
    let folder = aside.join(state::FOLDER);
    {
        let spaces = state::empty(&folder).map_err(BackupError::State)?;
        let mut filling = Filling::new(&spaces);
        checked(from, rows, |bytes| {
            read(bytes);
            filling.take(bytes)
        })?;
        filling.finish()?;
        state::check(&spaces, meta.incarnation, meta.partitions).map_err(BackupError::State)?;
    }
    let erased = people::erase(&aside, erased).map_err(opened)?;
    sync_folder(&aside)?;
    fs::rename(&aside, to).map_err(BackupError::io(to))?;
    sync_folder(&parent(to))?;
    Ok(Restored {
        taken_at: manifest.taken_at,
        erased,
    })
}

/// What became of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When it was taken, RFC 3339.
    pub taken_at: String,
    /// Players that the copy still knew and that the lists erase.
    pub erased: u64,
}

fn opened(error: OpenError) -> BackupError {
    match error {
        OpenError::Meta { file, problem } => BackupError::Unsound { file, problem },
        OpenError::Io { path, source } => BackupError::Io { path, source },
        other => BackupError::State(other.to_string()),
    }
}

/// Where the folder is put together: beside its place.
fn place(to: &Path) -> Result<PathBuf, BackupError> {
    let used = |folder: &Path, taken: &str| BackupError::Used {
        folder: folder.to_owned(),
        taken: taken.to_owned(),
    };
    let inside = fs::read_dir(to).map(|mut inside| inside.next().is_some());
    match inside {
        Ok(false) => {}
        Ok(true) => {
            return Err(used(
                to,
                "is in use or was: a backup is restored to a new folder, so name another, or move this one away",
            ));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(BackupError::io(to)(error)),
    }
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(".restoring");
    let aside = parent(to).join(name);
    fs::create_dir_all(parent(to)).map_err(BackupError::io(to))?;
    fs::create_dir(&aside).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => used(
            &aside,
            "is left of a restore that did not come to its end: remove it",
        ),
        _ => BackupError::io(&aside)(error),
    })?;
    Ok(aside)
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn copy(
    from: &Path,
    to: &Path,
    listed: &Listed,
    read: &mut impl FnMut(&[u8]),
) -> Result<(), BackupError> {
    let at = to.join(&listed.path);
    let folder = parent(&at);
    fs::create_dir_all(&folder).map_err(BackupError::io(&folder))?;
    let mut file = File::create_new(&at).map_err(BackupError::io(&at))?;
    checked(from, listed, |bytes| {
        read(bytes);
        file.write_all(bytes).map_err(BackupError::io(&at))
    })?;
    file.sync_all().map_err(BackupError::io(&at))?;
    sync_folder(&folder)
}
