//! The file of keys: read whole, replaced whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use types::{BrandId, SourceId};

use super::{Caller, KeysError, Scope, text};

/// What distinguishes one version of the file from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    modified: SystemTime,
    length: u64,
    #[cfg(unix)]
    inode: u64,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Content {
    keys: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    brand: String,
    source: String,
    scopes: Vec<String>,
    sha256: String,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose players it may speak of.
    pub brand: BrandId,
    /// The one source it speaks for; `None`: any.
    pub source: Option<SourceId>,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// Makes a key and adds it to the file, which is made where it is absent. The answer is the key's text: it stands nowhere else.
pub fn create(path: &Path, key: &NewKey) -> Result<String, KeysError> {
    let io = |error| io_error(path, error);
    // Two commands at once would each keep their own key alone.
    let lock = File::create(beside(path, "lock")).map_err(io)?;
    lock.lock().map_err(io)?;
    let mut content = content(path)?;
    let (id, key_text) = text::new()?;
    content.keys.push(Row {
        id,
        brand: key.brand.to_string(),
        source: key.source.as_ref().map_or("*", SourceId::as_str).to_owned(),
        scopes: key
            .scopes
            .iter()
            .map(|scope| scope.as_str().to_owned())
            .collect(),
        sha256: text::hex(&text::hash(&key_text)),
    });
    replace(path, &content).map_err(io)?;
    Ok(key_text)
}

/// The file's keys with their hashes.
pub(super) fn read(path: &Path) -> Result<Vec<([u8; 32], Caller)>, KeysError> {
    content(path)?
        .keys
        .into_iter()
        .map(|row| known(path, row))
        .collect()
}

/// The version of the file; `None` where there is none.
pub(super) fn seen(path: &Path) -> Option<Seen> {
    let meta = fs::metadata(path).ok()?;
    Some(Seen {
        modified: meta.modified().ok()?,
        length: meta.len(),
        #[cfg(unix)]
        inode: std::os::unix::fs::MetadataExt::ino(&meta),
    })
}

fn content(path: &Path) -> Result<Content, KeysError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(io_error(path, error)),
    };
    serde_json::from_slice(&bytes).map_err(|error| corrupt(path, error.to_string()))
}

fn known(path: &Path, row: Row) -> Result<([u8; 32], Caller), KeysError> {
    let bad = |what: &str| corrupt(path, format!("key {:?} has a bad {what}", row.id));
    let source = match row.source.as_str() {
        "*" => None,
        source => Some(SourceId::new(source).map_err(|_| bad("source"))?),
    };
    let scopes: Option<Vec<Scope>> = row.scopes.iter().map(|name| Scope::named(name)).collect();
    let caller = Caller {
        key: row.id.as_str().into(),
        brand: BrandId::new(&row.brand).map_err(|_| bad("brand"))?,
        source,
        scopes: scopes.ok_or_else(|| bad("scope"))?,
    };
    let hash = text::unhex(&row.sha256).ok_or_else(|| bad("sha256"))?;
    Ok((hash, caller))
}

fn replace(path: &Path, content: &Content) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(content)?;
    let new = beside(path, "new");
    let mut file = private(&new)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

#[cfg(not(unix))]
fn private(path: &Path) -> io::Result<File> {
    File::create(path)
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    name.into()
}

fn io_error(path: &Path, error: io::Error) -> KeysError {
    let path = path.to_owned();
    KeysError::Io { path, error }
}

fn corrupt(path: &Path, why: String) -> KeysError {
    let path = path.to_owned();
    KeysError::Corrupt { path, why }
}
