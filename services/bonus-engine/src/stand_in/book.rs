//! What the stand-in did, kept in a file of JSON lines.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Something that was done.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Effect {
    /// The key that it was asked for with.
    pub(crate) key: String,
    /// Of the body that asked for it.
    pub(crate) digest: u64,
}

#[derive(Debug, Default)]
struct Entry {
    /// Effects under this key: a stand-in that is right has one.
    effects: u64,
    /// Requests with this key since the start.
    requests: u64,
    digest: u64,
}

/// Effects and requests by key.
#[derive(Debug)]
pub(crate) struct Book {
    entries: BTreeMap<String, Entry>,
    file: Option<File>,
}

impl Book {
    /// Reads what was done before; a last line that was cut short was never answered for.
    pub(crate) fn open(path: Option<&Path>) -> io::Result<Self> {
        let mut book = Self {
            entries: BTreeMap::new(),
            file: None,
        };
        let Some(path) = path else { return Ok(book) };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(path)?;
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut line = String::new();
        while reader.read_line(&mut line)? > 0 {
            let Ok(effect) = serde_json::from_str::<Effect>(&line) else {
                break;
            };
            if !line.ends_with('\n') {
                break;
            }
            whole += line.len() as u64;
            let entry = book.entries.entry(effect.key).or_default();
            entry.effects += 1;
            entry.digest = effect.digest;
            line.clear();
        }
        file.set_len(whole)?;
        book.file = Some(file);
        Ok(book)
    }

    /// Counts a request; gives its number under this key, from 1.
    pub(crate) fn request(&mut self, key: &str) -> u64 {
        let entry = self.entries.entry(key.to_owned()).or_default();
        entry.requests += 1;
        entry.requests
    }

    /// Does what the key asks for, unless it is done; `false` where it was asked for with another body.
    pub(crate) fn apply(&mut self, key: &str, body: &[u8]) -> io::Result<bool> {
        let mut hasher = DefaultHasher::new();
        hasher.write(body);
        let digest = hasher.finish();
        let entry = self.entries.entry(key.to_owned()).or_default();
        if entry.effects > 0 {
            return Ok(entry.digest == digest);
        }
        if let Some(file) = &mut self.file {
            let effect = Effect {
                key: key.to_owned(),
                digest,
            };
            let mut line = serde_json::to_vec(&effect)?;
            line.push(b'\n');
            file.write_all(&line)?;
        }
        entry.effects += 1;
        entry.digest = digest;
        Ok(true)
    }

    /// `{"effects":{key: count},"keys":n,"effects_total":n,"requests":n}`.
    pub(crate) fn summary(&self) -> Value {
        let done = self.entries.iter().filter(|(_, entry)| entry.effects > 0);
        let effects: BTreeMap<_, _> = done.map(|(key, entry)| (key, entry.effects)).collect();
        let total: u64 = effects.values().sum();
        let requests: u64 = self.entries.values().map(|entry| entry.requests).sum();
        json!({"keys": effects.len(), "effects_total": total, "requests": requests, "effects": effects})
    }
}
