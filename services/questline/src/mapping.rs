//! Mappings: an operator's own CSV or JSON lines, turned into events.
//!
//! A mapping says which column (or path) becomes which field, what constants stand beside them, which rows are left out and why, which
//! rows are of which kind, and how the events are put in order. It is read strictly: what it says wrong is an error with its place.
//! What it makes is event JSON, validated by the same code as any other event.

mod compile;
mod row;
mod rows;
mod spec;
mod value;
mod zone;

use std::path::{Path, PathBuf};

use thiserror::Error;

use compile::Compiled;
use spec::{Format, Spec};

/// Why a mapping cannot be used.
#[derive(Debug, Error)]
pub(crate) enum MappingError {
    /// The file cannot be read.
    #[error("{}: {why}", .file.display())]
    Unreadable {
        /// Which file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// Not what a mapping may say.
    #[error("{name}: {why}")]
    Wrong {
        /// Name of the mapping file.
        name: String,
        /// What is wrong, with its place where one is known.
        why: String,
    },
}

/// A mapping that is known to make sense.
#[derive(Debug)]
pub(crate) struct Mapping {
    name: String,
    format: Option<Format>,
    compiled: Compiled,
}

/// What became of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mapped {
    /// An event.
    Event(MappedEvent),
    /// Left out, as the mapping says, for this reason.
    Skipped(String),
    /// A value is not what the mapping says it is.
    Unreadable(String),
}

/// An event made from a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MappedEvent {
    /// The event as JSON.
    pub(crate) json: Vec<u8>,
    order: rows::Order,
}

impl Mapping {
    /// Reads a mapping file: TOML by its ending, else YAML.
    pub(crate) fn load(file: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(file).map_err(|why| MappingError::Unreadable {
            file: file.to_owned(),
            why,
        })?;
        let is_toml = file.extension().is_some_and(|ending| ending == "toml");
        Self::read(&file.display().to_string(), &text, is_toml)
    }

    /// Reads a mapping from its text; `name` stands in its errors.
    pub(crate) fn read(name: &str, text: &str, is_toml: bool) -> Result<Self, MappingError> {
        let wrong = |why: String| MappingError::Wrong {
            name: name.to_owned(),
            why,
        };
        let spec: Spec = if is_toml {
            toml::from_str(text).map_err(|error| wrong(error.to_string()))?
        } else {
            serde_saphyr::from_str(text).map_err(|error| wrong(error.to_string()))?
        };
        let format = spec.format;
        let compiled = Compiled::new(spec).map_err(|all| wrong(all.join("\n")))?;
        Ok(Self {
            name: name.to_owned(),
            format,
            compiled,
        })
    }

    fn format_of(&self, file_name: &str) -> Format {
        self.format.unwrap_or_else(|| {
            let bare = file_name.strip_suffix(".gz").unwrap_or(file_name);
            if bare.ends_with(".csv") || bare.ends_with(".tsv") {
                Format::Csv
            } else {
                Format::Jsonl
            }
        })
    }
}

#[cfg(test)]
mod tests;
