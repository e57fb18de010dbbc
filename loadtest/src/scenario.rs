//! What is sent, how fast, by whom, and what has to come of it: a file.

mod streams;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use programme::model::Programme;
use serde::Deserialize;

use crate::thresholds::{Bar, Thresholds};

pub use streams::{Arriving, Occurred, Sessions, StreamText, Via};

/// Events that one run may send: what is remembered of each until it is matched takes some 60 bytes.
pub const EVENTS_MAX: f64 = 20_000_000.0;
/// Seconds that a run may last.
const SECONDS_MAX: f64 = 86_400.0;

/// The file, as it is written.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioText {
    /// Its name: the name of the result files, too.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// The same seed sends the same events.
    #[serde(default = "one")]
    pub seed: u64,
    /// Seconds at the start that are not measured; they are matched as all others.
    #[serde(default)]
    pub warm_up_s: f64,
    /// Seconds that it lasts, the warm-up included.
    pub lasts_s: f64,
    /// Requests under way at once, over all streams.
    #[serde(default = "in_flight")]
    pub max_in_flight: usize,
    /// Seconds to wait for the last emissions.
    #[serde(default = "drain")]
    pub drain_s: f64,
    /// What recorded time is on the server.
    #[serde(default)]
    pub clock: Clock,
    /// How far the clocks of the server and of this machine may differ, in milliseconds.
    #[serde(default = "skew")]
    pub clock_skew_ms: u32,
    /// Types of emissions that the server sends to this tool.
    pub emissions: Vec<String>,
    /// The brands.
    #[serde(rename = "brand")]
    pub brands: Vec<BrandText>,
    /// What is sent.
    #[serde(rename = "stream")]
    pub streams: Vec<StreamText>,
    /// When the tool was the limit.
    #[serde(default)]
    pub tool: Tool,
    /// What has to come of it.
    #[serde(default, rename = "bar")]
    pub bars: Vec<Bar>,
}

/// A brand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrandText {
    /// Its programme's file, seen from the scenario's folder.
    pub programme: PathBuf,
}

/// What recorded time is on the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The log's own, as in production.
    #[default]
    Log,
    /// The event's, for time that runs otherwise than here: `serve --clock event`.
    Event,
}

impl Clock {
    /// As the server's configuration has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Event => "event",
        }
    }
}

/// Bounds beyond which the tool itself was the limit, so that what it timed says nothing of the server.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tool {
    /// Of 100 requests 99 start at most so many milliseconds after they were due.
    pub lag_p99_ms: f64,
    /// Share of its time that the sending thread computes.
    pub busy: f64,
    /// Events that were due while the in-flight bound was reached.
    pub skipped: u64,
}

impl Default for Tool {
    fn default() -> Self {
        Self {
            lag_p99_ms: 20.0,
            busy: 0.9,
            skipped: 0,
        }
    }
}

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What the file says.
    pub text: ScenarioText,
    /// The brands' programmes, in the order of the file.
    pub programmes: Vec<Arc<Programme>>,
}

impl Scenario {
    /// Reads and validates a file, and the programmes that it names.
    pub fn read(file: &Path) -> Result<Self> {
        let source = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let folder = file.parent().unwrap_or_else(|| Path::new("."));
        Self::parse(&source, folder).with_context(|| file.display().to_string())
    }

    /// The scenario that a text says; programmes are looked for from `folder`.
    pub fn parse(source: &str, folder: &Path) -> Result<Self> {
        let text: ScenarioText = toml::from_str(source)?;
        let mut programmes = Vec::new();
        for brand in &text.brands {
            let file = folder.join(&brand.programme);
            let bytes = fs::read(&file).with_context(|| file.display().to_string())?;
            let name = file.display().to_string();
            let programme =
                programme::compile_bytes(&name, &bytes).map_err(|errors| anyhow!("{errors}"))?;
            programmes.push(Arc::new(programme));
        }
        let scenario = Self { text, programmes };
        scenario.validate()?;
        Ok(scenario)
    }

    fn validate(&self) -> Result<()> {
        let text = &self.text;
        let named = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
            (1..=64).contains(&name.len()) && name.bytes().all(plain)
        };
        ensure!(
            named(&text.name),
            "`name` is 1 to 64 letters, digits, `_` and `-`"
        );
        ensure!(
            text.lasts_s > 0.0 && text.lasts_s <= SECONDS_MAX,
            "`lasts_s` is above 0 and at most {SECONDS_MAX}"
        );
        ensure!(
            text.warm_up_s >= 0.0 && text.warm_up_s < text.lasts_s,
            "`warm_up_s` is from 0 and below `lasts_s`"
        );
        ensure!(
            text.drain_s >= 0.0 && text.drain_s <= SECONDS_MAX,
            "`drain_s` is from 0 to {SECONDS_MAX}"
        );
        ensure!(
            (1..=65_536).contains(&text.max_in_flight),
            "`max_in_flight` is 1 to 65,536"
        );
        ensure!(!text.brands.is_empty(), "at least one `[[brand]]`");
        ensure!(
            (1..=64).contains(&text.streams.len()),
            "1 to 64 `[[stream]]`s"
        );
        let (mut brands, mut names) = (HashSet::new(), HashSet::new());
        for programme in &self.programmes {
            let brand = programme.brand.as_str();
            ensure!(
                brands.insert(brand),
                "two programmes of the brand `{brand}`"
            );
            ensure!(
                !programme.is_shared(),
                "the programme of `{brand}` has a stock that players share: who gets the last of it is not in what was sent, so it \
                 cannot be foretold"
            );
        }
        for stream in &text.streams {
            ensure!(
                names.insert(&stream.name) && named(&stream.name),
                "a stream's `name` is 1 to 64 letters, digits, `_` and `-`, and its own: `{}`",
                stream.name
            );
            self.brand_of(stream)
                .and_then(|_| stream.validate(text.clock))
                .with_context(|| format!("stream `{}`", stream.name))?;
        }
        let events = self.events();
        ensure!(
            events <= EVENTS_MAX,
            "{events:.0} events are due, the most is {EVENTS_MAX:.0}"
        );
        Thresholds::validate(&text.bars)
    }

    /// Index of a stream's brand: the one that it names, or the only one.
    pub fn brand_of(&self, stream: &StreamText) -> Result<usize> {
        let Some(name) = &stream.brand else {
            ensure!(
                self.programmes.len() == 1,
                "`brand` is needed where there are several"
            );
            return Ok(0);
        };
        let mut programmes = self.programmes.iter();
        let found = programmes.position(|programme| programme.brand.as_str() == name);
        found.with_context(|| format!("no programme is of the brand `{name}`"))
    }

    /// Events due in all.
    pub fn events(&self) -> f64 {
        let streams = self.text.streams.iter();
        streams
            .map(|stream| stream.rate.events(stream.lasts(&self.text)))
            .sum()
    }

    /// The same with every rate so many times as high.
    pub fn times(&self, factor: f64) -> Self {
        let mut scaled = self.clone();
        for stream in &mut scaled.text.streams {
            stream.rate = stream.rate.times(factor);
        }
        scaled
    }

    /// How long it lasts.
    pub fn lasts(&self) -> Duration {
        Duration::from_secs_f64(self.text.lasts_s)
    }
}

fn one() -> u64 {
    1
}

fn in_flight() -> usize {
    256
}

fn drain() -> f64 {
    60.0
}

fn skew() -> u32 {
    1_000
}

#[cfg(test)]
mod tests;
