//! `questline serve` with any roles, as a child that can be killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::running::Running;
use super::{arg, questline, stdout_of};

/// A running child.
pub(crate) struct Process {
    running: Option<Running>,
    addresses: BTreeMap<String, String>,
    /// What it says on standard error.
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts it over a folder with these settings; returns when it is ready. `name` is for its files.
    pub(crate) fn start(folder: &Path, name: &str, args: &[&str], settings: &str) -> Self {
        let (file, log) = (
            folder.join(format!("{name}.toml")),
            folder.join(format!("{name}.log")),
        );
        std::fs::write(&file, settings).unwrap();
        let errors = File::options().create(true).append(true).open(&log);
        let started = Running::start(
            questline()
                .args(["serve", "--config", arg(&file)])
                .args(args)
                .env("RUST_LOG", "info,inbox=debug")
                .stderr(errors.unwrap()),
        );
        let Some((running, addresses)) = started else {
            let said = std::fs::read_to_string(&log).unwrap();
            panic!("{name} ended before it was ready: {said}");
        };
        Self {
            running: Some(running),
            addresses,
            log,
        }
    }

    /// The URL of one of its parts.
    pub(crate) fn url(&self, part: &str) -> &str {
        &self.addresses[part]
    }

    /// Where a part listens, as settings name it.
    pub(crate) fn address(&self, part: &str) -> &str {
        self.url(part).trim_start_matches("http://")
    }

    /// Everything that it said on standard error.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take());
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.running.take().unwrap().stop()
    }
}

/// A new key of brand `acme` for a data folder.
pub(crate) fn key(data: &Path, source: &str, scopes: &str) -> String {
    let made = questline()
        .args(["key", "create", "--data", arg(data), "--brand", "acme"])
        .args(["--source", source, "--scopes", scopes])
        .output()
        .unwrap();
    stdout_of(made).trim().to_owned()
}
