//! API keys: who may speak for a brand, as which source, and do what.
//!
//! A key is `ql_<id>_<secret>`. The file keeps its SHA-256 alone (the secret has 256 random bits, so no slower hash is needed); it is
//! compared in constant time. The file is read again when it changes, so a key made or taken away on a running server counts at once.

mod file;
mod text;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use std::sync::Arc;
use thiserror::Error;
use types::{BrandId, SourceId};

pub use file::{NewKey, create};

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Ask about players.
    Read,
    /// Act for players: opt in, claim.
    Command,
    /// Read and publish programmes.
    Programme,
    /// Correct points by hand.
    Adjust,
    /// Read the log: every event of every player, what is personal in it sealed.
    History,
    /// Erase players, and read everything held about them.
    People,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::Ingest,
        Self::Read,
        Self::Command,
        Self::Programme,
        Self::Adjust,
        Self::History,
        Self::People,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Command => "command",
            Self::Programme => "programme",
            Self::Adjust => "adjust",
            Self::History => "history",
            Self::People => "people",
        }
    }

    /// The scope with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The key's id, for rates and logs; it is no secret.
    pub key: Box<str>,
    /// Whose players it may speak of.
    pub brand: BrandId,
    /// The one source it speaks for; `None`: any.
    pub source: Option<SourceId>,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

/// Why the keys cannot be read or written.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The file system refused.
    #[error("{path}: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not what `key create` writes.
    #[error("{path}: not a file of keys: {why}")]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// No randomness to make a secret from.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
}

/// The keys of a data folder. An absent file has no keys.
#[derive(Debug)]
pub struct Keys {
    path: PathBuf,
    known: ArcSwap<Known>,
    looked: Mutex<Instant>,
}

#[derive(Debug, Default)]
struct Known {
    by_id: HashMap<Box<str>, ([u8; 32], Arc<Caller>)>,
    seen: Option<file::Seen>,
}

/// How often the file is looked at while known keys are used. An unknown one always looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl Keys {
    /// The keys in this file.
    pub fn open(path: &Path) -> Result<Self, KeysError> {
        Ok(Self {
            path: path.to_owned(),
            known: ArcSwap::from_pointee(load(path)?),
            looked: Mutex::new(Instant::now()),
        })
    }

    /// Who calls with this key text; `None` where nobody does.
    pub fn caller(&self, key: &str) -> Option<Arc<Caller>> {
        let id = text::id(key)?;
        let due = self.looked.lock().is_ok_and(|mut looked| {
            let due = looked.elapsed() >= LOOK_EVERY;
            if due {
                *looked = Instant::now();
            }
            due
        });
        if due || !self.known.load().by_id.contains_key(id) {
            self.look();
        }
        let known = self.known.load();
        let (hash, caller) = known.by_id.get(id)?;
        text::is(key, hash).then(|| caller.clone())
    }

    fn look(&self) {
        if file::seen(&self.path) == self.known.load().seen {
            return;
        }
        match load(&self.path) {
            Ok(known) => self.known.store(Arc::new(known)),
            // Whoever could call still can: a file that is broken now takes nobody's access away.
            Err(error) => tracing::error!(%error, "the keys were not read again"),
        }
    }
}

fn load(path: &Path) -> Result<Known, KeysError> {
    // Looked at before it is read: a change in between is seen the next time.
    let seen = file::seen(path);
    let by_id = file::read(path)?
        .into_iter()
        .map(|(hash, caller)| (caller.key.clone(), (hash, Arc::new(caller))))
        .collect();
    Ok(Known { by_id, seen })
}

#[cfg(test)]
mod tests;
