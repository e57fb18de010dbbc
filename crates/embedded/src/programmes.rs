//! Programmes on local disk: a file for each publication and for each draft.
//!
//! They lie beside the state and not in it: a state that is moved aside is folded anew from the log, which names versions by their
//! numbers. A brand's id has no `@`, so that a file's name says whose it is.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use ports::{Draft, ProgrammeStore, Publication, Published, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use types::{BrandId, Timestamp};

use crate::error::OpenError;
use crate::folder::FolderLock;

/// The folder's name in the data folder.
pub(crate) const FOLDER: &str = "programmes";

/// Programmes in a folder of the data folder.
pub struct ProgrammeFiles {
    inner: Arc<Inner>,
}

struct Inner {
    files: Files,
    /// One change at a time; the lock on the data folder keeps other processes out.
    changing: Mutex<()>,
    _lock: Arc<FolderLock>,
}

/// The folder, and what lies in it.
struct Files {
    folder: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct PublicationFile {
    number: u64,
    version: Box<str>,
    base: Option<Box<str>>,
    author: Box<str>,
    note: Box<str>,
    at: Box<str>,
    source: Box<str>,
}

#[derive(Serialize, Deserialize)]
struct DraftFile {
    author: Box<str>,
    at: Box<str>,
    source: Box<str>,
}

impl ProgrammeFiles {
    pub(crate) fn open(data: &Path, lock: Arc<FolderLock>) -> Result<Self, OpenError> {
        let folder = data.join(FOLDER);
        fs::create_dir_all(&folder).map_err(OpenError::io(&folder))?;
        Ok(Self {
            inner: Arc::new(Inner {
                files: Files { folder },
                changing: Mutex::default(),
                _lock: lock,
            }),
        })
    }

    /// Works on the files off the async threads.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || work(&inner))
            .await
            .map_err(|error| StoreError::Unknown(error.to_string()))?
    }
}

/// The brand's newest publication in a data folder that another process may be using; `None` where it has none. Takes no lock and
/// changes nothing: a publication's file is put in place whole and never changes.
pub fn newest_publication(data: &Path, brand: &BrandId) -> Result<Option<Publication>, StoreError> {
    let files = Files {
        folder: data.join(FOLDER),
    };
    match files.newest(brand)? {
        0 => Ok(None),
        number => files.publication(brand, number).map(Some),
    }
}

#[async_trait]
impl ProgrammeStore for ProgrammeFiles {
    async fn brands(&self) -> Result<Vec<BrandId>, StoreError> {
        self.on_disk(|inner| {
            let published = inner.files.files()?.into_iter();
            let brands: BTreeSet<BrandId> = published.map(|(brand, _)| brand).collect();
            Ok(brands.into_iter().collect())
        })
        .await
    }

    async fn newest(&self, brand: &BrandId) -> Result<u64, StoreError> {
        let brand = brand.clone();
        self.on_disk(move |inner| inner.files.newest(&brand)).await
    }

    async fn publications(
        &self,
        brand: &BrandId,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Publication>, StoreError> {
        let brand = brand.clone();
        self.on_disk(move |inner| {
            let newest = inner.files.newest(&brand)?;
            let last = below.map_or(newest, |below| newest.min(below.saturating_sub(1)));
            let numbers = (1..=last).rev().take(limit);
            numbers
                .map(|number| inner.files.publication(&brand, number))
                .collect()
        })
        .await
    }

    async fn publish(
        &self,
        brand: &BrandId,
        publication: &Publication,
    ) -> Result<Published, StoreError> {
        let (brand, publication) = (brand.clone(), publication.clone());
        self.on_disk(move |inner| {
            let _one = inner
                .changing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if publication.number != inner.files.newest(&brand)? + 1 {
                return Ok(Published::NotNext);
            }
            let name = published(&brand, publication.number);
            inner.files.put(&name, &PublicationFile::of(publication))?;
            Ok(Published::Set)
        })
        .await
    }

    async fn draft(&self, brand: &BrandId) -> Result<Option<Draft>, StoreError> {
        let name = draft(brand);
        self.on_disk(move |inner| {
            let file: Option<DraftFile> = inner.files.get(&name)?;
            file.map(|file| file.draft().ok_or_else(|| damaged(&name, "a time")))
                .transpose()
        })
        .await
    }

    async fn set_draft(&self, brand: &BrandId, set: &Draft) -> Result<(), StoreError> {
        let (name, set) = (draft(brand), set.clone());
        self.on_disk(move |inner| {
            let _one = inner
                .changing
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            inner.files.put(&name, &DraftFile::of(set))
        })
        .await
    }
}

fn published(brand: &BrandId, number: u64) -> String {
    format!("{brand}@{number:08}.json")
}

fn draft(brand: &BrandId) -> String {
    format!("{brand}@draft.json")
}

impl Files {
    /// Brand and number of every publication.
    fn files(&self) -> Result<Vec<(BrandId, u64)>, StoreError> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
            entries => entries.map_err(unavailable)?,
        };
        for entry in entries {
            let name = entry.map_err(unavailable)?.file_name();
            let parts = name.to_str().and_then(|name| name.strip_suffix(".json"));
            let Some((brand, number)) = parts.and_then(|name| name.split_once('@')) else {
                continue;
            };
            if let (Ok(brand), Ok(number)) = (brand.parse(), number.parse()) {
                found.push((brand, number));
            }
        }
        Ok(found)
    }

    /// The number of the brand's newest publication; 0 where there is none.
    fn newest(&self, brand: &BrandId) -> Result<u64, StoreError> {
        let files = self.files()?.into_iter();
        let numbers = files
            .filter(|(of, _)| of == brand)
            .map(|(_, number)| number);
        Ok(numbers.max().unwrap_or(0))
    }

    fn publication(&self, brand: &BrandId, number: u64) -> Result<Publication, StoreError> {
        let name = published(brand, number);
        let file: PublicationFile = self.get(&name)?.ok_or_else(|| damaged(&name, "missing"))?;
        file.publication().ok_or_else(|| damaged(&name, "a time"))
    }

    fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let bytes = match fs::read(self.folder.join(name)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let read = serde_json::from_slice(&bytes);
        read.map(Some)
            .map_err(|error| damaged(name, &error.to_string()))
    }

    /// Puts a file in place whole, or not at all; durable when it returns.
    fn put(&self, name: &str, file: &impl Serialize) -> Result<(), StoreError> {
        let bytes =
            serde_json::to_vec_pretty(file).map_err(|error| damaged(name, &error.to_string()))?;
        let temporary = self.folder.join("writing.tmp");
        let target = self.folder.join(name);
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
        written.map_err(unavailable)?;
        let placed =
            fs::rename(&temporary, &target).and_then(|()| File::open(&self.folder)?.sync_all());
        placed.map_err(|error| StoreError::Unknown(format!("{}: {error}", target.display())))
    }
}

fn unavailable(error: std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("{FOLDER}: {error}"))
}

fn damaged(name: &str, why: &str) -> StoreError {
    StoreError::Corrupt(format!("{FOLDER}/{name}: {why}: restore it from a backup"))
}

impl PublicationFile {
    fn of(publication: Publication) -> Self {
        Self {
            number: publication.number,
            version: publication.version,
            base: publication.base,
            author: publication.author,
            note: publication.note,
            at: publication.at.to_string().into(),
            source: publication.source,
        }
    }

    fn publication(self) -> Option<Publication> {
        Some(Publication {
            number: self.number,
            version: self.version,
            base: self.base,
            author: self.author,
            note: self.note,
            at: time(&self.at)?,
            source: self.source,
        })
    }
}

impl DraftFile {
    fn of(draft: Draft) -> Self {
        Self {
            author: draft.author,
            at: draft.at.to_string().into(),
            source: draft.source,
        }
    }

    fn draft(self) -> Option<Draft> {
        Some(Draft {
            at: time(&self.at)?,
            author: self.author,
            source: self.source,
        })
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
