//! People on local disk: a list of who was erased, that a person can read and carry elsewhere, and a file of keys.
//!
//! ```text
//! DATA/people/erased.jsonl   a line for each erased player, only ever appended to
//! DATA/people/told           how many of its lines, from the first, stand in the log
//! DATA/people/keys           a slot for each player with a key
//! ```
//! They lie apart from `state/`, which can be lost, and from `log/`, which is never changed. A list of more players than this one's,
//! put in its place while no server runs, erases them too: that is how a restore brings nobody back.

mod keys;
mod list;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ports::{Entity, Erasure, Key, PeopleStore, Person, StoreError};
use types::Timestamp;

use crate::error::OpenError;
use crate::folder::FolderLock;
use keys::Keys;
use list::List;

/// The folder's name in the data folder.
pub(crate) const FOLDER: &str = "people";
/// Who was erased.
pub(crate) const ERASED: &str = "erased.jsonl";
/// How many of them the log knows.
pub(crate) const TOLD: &str = "told";
/// The keys.
pub(crate) const KEYS: &str = "keys";

/// Erases in a data folder that no server uses everybody on these lists; says how many were not erased in it.
pub(crate) fn erase(data: &Path, lists: &[PathBuf]) -> Result<u64, OpenError> {
    let folder = data.join(FOLDER);
    fs::create_dir_all(&folder).map_err(OpenError::io(&folder))?;
    let mut list = List::open(&folder)?;
    let mut keys = Keys::open(&folder.join(KEYS))?;
    let mut new = 0;
    for file in lists {
        for (player, at) in list::read(file)? {
            new += u64::from(list.erasure(&player).is_none());
            list.add(&player, at).map_err(OpenError::io(&folder))?;
            keys.destroy(&player).map_err(OpenError::io(&folder))?;
        }
    }
    Ok(new)
}

/// People in a folder of the data folder.
pub struct PeopleFiles {
    inner: Arc<Mutex<Inner>>,
    _lock: Arc<FolderLock>,
}

struct Inner {
    list: List,
    keys: Keys,
}

impl PeopleFiles {
    pub(crate) fn open(data: &Path, lock: Arc<FolderLock>) -> Result<Self, OpenError> {
        let folder = data.join(FOLDER);
        fs::create_dir_all(&folder).map_err(OpenError::io(&folder))?;
        let list = List::open(&folder)?;
        let mut keys = Keys::open(&folder.join(KEYS))?;
        // A crash between the two halves of an erasure, or a list of another folder: whoever is listed has no key.
        for player in list.players() {
            keys.destroy(player)
                .map_err(OpenError::io(&folder.join(KEYS)))?;
        }
        Ok(Self {
            inner: Arc::new(Mutex::new(Inner { list, keys })),
            _lock: lock,
        })
    }

    /// Works on the files off the async threads.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&mut locked(&inner)))
            .await
            .map_err(|error| StoreError::Unknown(error.to_string()))?
    }

    /// The files as they are at one instant: names below the data folder, and bytes.
    pub(crate) fn copied(&self) -> std::io::Result<Vec<(String, Vec<u8>)>> {
        let inner = locked(&self.inner);
        Ok(vec![
            (format!("{FOLDER}/{KEYS}"), inner.keys.bytes()?),
            (format!("{FOLDER}/{ERASED}"), inner.list.bytes()?),
        ])
    }

    /// How many of the list stand in the log now, as a file of the copy: taken before the log is.
    pub(crate) fn told(&self) -> (String, Vec<u8>) {
        (
            format!("{FOLDER}/{TOLD}"),
            locked(&self.inner).list.told_bytes(),
        )
    }
}

fn locked(inner: &Mutex<Inner>) -> MutexGuard<'_, Inner> {
    inner.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(error: std::io::Error) -> StoreError {
    StoreError::Unknown(format!("{FOLDER}: {error}"))
}

impl Inner {
    fn person(&self, player: &Entity) -> Result<Option<Person>, StoreError> {
        if let Some(erasure) = self.list.erasure(player) {
            return Ok(Some(Person::Erased(erasure)));
        }
        let key = self.keys.get(player).map_err(failed)?;
        Ok(key.map(Person::Key))
    }
}

#[async_trait]
impl PeopleStore for PeopleFiles {
    async fn find(&self, players: &[Entity]) -> Result<Vec<Option<Person>>, StoreError> {
        let players = players.to_vec();
        self.on_disk(move |inner| players.iter().map(|player| inner.person(player)).collect())
            .await
    }

    async fn keys(&self, players: &[(Entity, Key)]) -> Result<Vec<Person>, StoreError> {
        let players = players.to_vec();
        self.on_disk(move |inner| {
            let mut new = Vec::new();
            for (player, drawn) in &players {
                if inner.person(player)?.is_none() {
                    new.push((player, drawn));
                }
            }
            // All of them with one wait for the disk.
            inner.keys.add(&new).map_err(failed)?;
            let lost = || StoreError::Unknown("a key was not kept".to_owned());
            let standing = players
                .iter()
                .map(|(player, _)| inner.person(player)?.ok_or_else(lost));
            standing.collect()
        })
        .await
    }

    async fn erase(&self, player: &Entity, at: Timestamp) -> Result<Erasure, StoreError> {
        let player = player.clone();
        self.on_disk(move |inner| {
            // The list first: from then on nobody is given the key, and a start destroys it.
            let erasure = inner.list.add(&player, at).map_err(failed)?;
            inner.keys.destroy(&player).map_err(failed)?;
            Ok(erasure)
        })
        .await
    }

    async fn told(&self, player: &Entity) -> Result<(), StoreError> {
        let player = player.clone();
        self.on_disk(move |inner| inner.list.tell(&player).map_err(failed))
            .await
    }

    async fn erased(&self) -> Result<Vec<(Entity, Erasure)>, StoreError> {
        self.on_disk(|inner| Ok(inner.list.all())).await
    }
}
