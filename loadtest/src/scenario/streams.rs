//! One stream of a scenario: who does what, how often, and how it is sent.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde::Deserialize;
use types::Timestamp;

use super::{Clock, ScenarioText};
use crate::arrivals::{Rate, Spacing};
use crate::population::Shape;
use crate::traffic::MixText;

/// Events a request may bring.
const BATCH_MAX: usize = 1_000;
/// Players, and sessions at once.
const PLAYERS_MAX: u32 = 10_000_000;
/// Events a second.
const RATE_MAX: f64 = 10_000_000.0;

/// A stream.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamText {
    /// Its name.
    pub name: String,
    /// Its brand; absent: the only one.
    pub brand: Option<String>,
    /// How it is sent.
    #[serde(default)]
    pub via: Via,
    /// Events a request.
    #[serde(default = "one")]
    pub batch: usize,
    /// Events a second, over time.
    pub rate: Rate,
    /// How requests lie in the rate.
    #[serde(default)]
    pub spacing: Spacing,
    /// Players, numbered from 0; streams of one brand share them.
    pub players: u32,
    /// How often each plays.
    #[serde(default)]
    pub shape: Shape,
    /// What they do.
    pub mix: MixText,
    /// Whether they stay for some events in a row.
    pub sessions: Option<Sessions>,
    /// Share of the events that are sent again right behind the first time.
    #[serde(default)]
    pub repeats: f64,
    /// When the events occur; absent: when they are due.
    pub occurred: Option<Occurred>,
    /// Seconds after the scenario's start at which it starts,
    #[serde(default)]
    pub starts_s: f64,
    /// and for how many; absent: to the end.
    pub lasts_s: Option<f64>,
}

/// How requests are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// `POST /v1/events`.
    #[default]
    Http,
    /// `IngestService.Publish`.
    Grpc,
}

/// Players who stay.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Sessions at once.
    pub open: u32,
    /// Mean events of one.
    pub events: u32,
}

/// When events occur, where it is not now.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurred {
    /// At the start of the scenario.
    #[serde(deserialize_with = "timestamp")]
    pub from: Timestamp,
    /// Seconds that pass in a second.
    #[serde(default = "real_time")]
    pub speed: f64,
}

/// When a stream's requests arrive, by numbers of its own.
#[derive(Clone, Copy, Debug)]
pub struct Arriving {
    /// After the start of the scenario.
    pub starts: Duration,
    /// From then on.
    pub lasts: Duration,
}

impl StreamText {
    /// For how long requests are due.
    pub fn lasts(&self, scenario: &ScenarioText) -> Duration {
        self.arriving(scenario).lasts
    }

    /// When requests are due: never after the scenario's end.
    pub fn arriving(&self, scenario: &ScenarioText) -> Arriving {
        let left = (scenario.lasts_s - self.starts_s).max(0.0);
        let lasts = self.lasts_s.unwrap_or(left).min(left);
        Arriving {
            starts: Duration::from_secs_f64(self.starts_s),
            lasts: Duration::from_secs_f64(lasts),
        }
    }

    pub(super) fn validate(&self, clock: Clock) -> Result<()> {
        ensure!(
            (1..=BATCH_MAX).contains(&self.batch),
            "`batch` is 1 to {BATCH_MAX}"
        );
        ensure!(
            (1..=PLAYERS_MAX).contains(&self.players),
            "`players` is 1 to {PLAYERS_MAX}"
        );
        let rates = self.rate.named();
        ensure!(
            rates.iter().all(|rate| (0.0..=RATE_MAX).contains(rate)) && rates.len() <= 10_000,
            "rates are from 0 to {RATE_MAX} events a second, and at most 10,000 of them"
        );
        ensure!(rates.iter().any(|rate| *rate > 0.0), "no rate is above 0");
        if let Rate::Spike { at_s, for_s, .. } = self.rate {
            ensure!(
                at_s >= 0.0 && for_s > 0.0,
                "`at_s` is from 0, `for_s` above 0"
            );
        }
        ensure!(
            (0.0..=0.5).contains(&self.repeats),
            "`repeats` is from 0 to 0.5"
        );
        ensure!(
            self.starts_s >= 0.0 && self.starts_s.is_finite(),
            "`starts_s` is from 0"
        );
        ensure!(
            self.lasts_s
                .is_none_or(|lasts| lasts > 0.0 && lasts.is_finite()),
            "`lasts_s` is above 0"
        );
        if let Some(sessions) = self.sessions {
            ensure!(
                (1..=PLAYERS_MAX).contains(&sessions.open)
                    && (1..=1_000_000).contains(&sessions.events),
                "`sessions` has `open` and `events` of at least 1"
            );
        }
        match self.occurred {
            Some(occurred) => ensure!(
                (0.0..=1_000_000.0).contains(&occurred.speed),
                "`occurred.speed` is from 0 to 1,000,000"
            ),
            None => ensure!(
                clock == Clock::Log,
                "`occurred` is needed with `clock = \"event\"`: whose time it is has to be said"
            ),
        }
        self.mix.mix().map(|_| ())
    }
}

fn timestamp<'de, D: serde::Deserializer<'de>>(text: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(text)?;
    text.parse().map_err(serde::de::Error::custom)
}

fn one() -> usize {
    1
}

fn real_time() -> f64 {
    1.0
}
