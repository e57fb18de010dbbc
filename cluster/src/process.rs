//! A part of the cluster: `questline serve` as a child that says where it listens, and then that it is ready.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a part may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(120);
/// How long a part may take to end after it was told to.
const END_WITHIN: Duration = Duration::from_secs(60);

/// A part that runs, or did.
#[derive(Debug)]
pub struct Process {
    /// What it is called in tables and files.
    pub name: String,
    binary: PathBuf,
    folder: PathBuf,
    child: Option<Child>,
    addresses: BTreeMap<String, String>,
}

impl Process {
    /// Writes its settings and starts it; returns when it is ready.
    pub async fn start(binary: &Path, folder: &Path, name: &str, settings: &str) -> Result<Self> {
        let mut process = Self {
            name: name.to_owned(),
            binary: binary.to_owned(),
            folder: folder.to_owned(),
            child: None,
            addresses: BTreeMap::new(),
        };
        std::fs::write(process.file("toml"), settings)?;
        process.start_again().await?;
        Ok(process)
    }

    fn file(&self, ending: &str) -> PathBuf {
        self.folder.join(format!("{}.{ending}", self.name))
    }

    /// Starts it over its files, with the settings that stand there; returns when it is ready.
    pub async fn start_again(&mut self) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.file("log"))?;
        let mut child = Command::new(&self.binary)
            .args(["serve", "--config"])
            .arg(self.file("toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", self.binary.display()))?;
        let said = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(said).lines();
        let addresses = &mut self.addresses;
        let ready = async {
            while let Some(line) = lines.next_line().await? {
                if line == "ready" {
                    return Ok(true);
                }
                if let Some((part, url)) = line.split_once(' ') {
                    addresses.insert(part.to_owned(), url.trim().to_owned());
                }
            }
            anyhow::Ok(false)
        };
        let ready = timeout(READY_WITHIN, ready).await;
        self.child = Some(child);
        match ready {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => bail!("{} ended before it was ready:\n{}", self.name, self.log()),
            Ok(Err(error)) => Err(error),
            Err(_) => bail!(
                "{} was not ready in {READY_WITHIN:?}:\n{}",
                self.name,
                self.log()
            ),
        }
    }

    /// The URL of one of its parts.
    pub fn url(&self, part: &str) -> Result<&str> {
        let url = self.addresses.get(part).map(String::as_str);
        url.with_context(|| format!("{} has no part {part}", self.name))
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// The end of what it said on standard error.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.file("log")).unwrap_or_default();
        let from = text.char_indices().rev().nth(4_000).map_or(0, |(at, _)| at);
        text[from..].to_owned()
    }

    /// How many bytes it has said on standard error.
    pub(crate) fn said(&self) -> u64 {
        std::fs::metadata(self.file("log")).map_or(0, |file| file.len())
    }

    /// What it has said since it had said so many bytes.
    pub(crate) fn said_since(&self, bytes: u64) -> Result<String> {
        let mut file = File::open(self.file("log"))?;
        file.seek(SeekFrom::Start(bytes))?;
        let mut said = Vec::new();
        file.read_to_end(&mut said)?;
        Ok(String::from_utf8_lossy(&said).into_owned())
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// SIGSTOP: it stands still, and does not know.
    pub async fn pause(&self) -> Result<()> {
        self.signal("-STOP").await
    }

    /// SIGCONT.
    pub async fn wake(&self) -> Result<()> {
        self.signal("-CONT").await
    }

    /// SIGTERM, and its exit code.
    pub async fn stop(&mut self) -> Result<Option<i32>> {
        self.signal("-TERM").await?;
        let Some(mut child) = self.child.take() else {
            return Ok(None);
        };
        let ended = timeout(END_WITHIN, child.wait()).await;
        let ended = ended.with_context(|| format!("{} does not end", self.name))?;
        Ok(ended?.code())
    }

    async fn signal(&self, signal: &str) -> Result<()> {
        let pid = self
            .pid()
            .with_context(|| format!("{} does not run", self.name))?;
        let told = Command::new("kill")
            .args([signal, &pid.to_string()])
            .status()
            .await?;
        if !told.success() {
            bail!("kill {signal} {pid} ({}) failed", self.name);
        }
        Ok(())
    }
}
