//! Instructions of the core, counted by valgrind: noise cannot hide a regression.
//!
//! The bench starts itself under callgrind with `--instrument CASE`; only what runs inside [`measured`] is counted.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use progression::{History, State, apply, try_apply};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::figures::{Figure, Part};
use crate::fold::{self, Encoded, Source};
use crate::population::Shape;

const PLAYERS: u32 = 1_000;
/// Blocks of the source before anything is counted: players have a history then.
const BLOCKS: usize = 1;
/// Events that are counted.
const COUNTED: usize = 8_192;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Case {
    /// From the log's bytes to a record.
    Decode,
    /// The core's step: 20 rules, 20 missions, the journal entry.
    Apply,
    /// From a state to its snapshot's bytes, one for each event.
    Encode,
}

impl Case {
    const ALL: [Self; 3] = [Self::Decode, Self::Apply, Self::Encode];

    fn name(self) -> &'static str {
        match self {
            Self::Decode => "decode",
            Self::Apply => "apply",
            Self::Encode => "encode",
        }
    }
}

/// The counts that are kept in the repository.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// How far above them a count may lie: 0.02 is two in a hundred.
    pub tolerance: f64,
    /// Instructions for each event, by case.
    pub per_event: BTreeMap<String, f64>,
}

impl Baseline {
    /// Reads the file.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        toml::from_str(&text).with_context(|| file.display().to_string())
    }

    /// Every count above its baseline by more than the tolerance, in words.
    pub fn exceeded(&self, part: &Part) -> Vec<String> {
        let above = self.per_event.iter().filter_map(|(case, kept)| {
            let now = part.median(&id(case))?;
            (now > kept * (1.0 + self.tolerance)).then(|| {
                format!("{case}: {now:.0} instructions an event, {kept:.0} in the baseline; find out why, or accept it with --accept-instructions")
            })
        });
        above.collect()
    }

    /// Takes the counts as the new baseline.
    pub fn accept(&mut self, part: &Part, file: &Path) -> Result<()> {
        for case in Case::ALL.map(Case::name) {
            if let Some(now) = part.median(&id(case)) {
                self.per_event.insert(case.to_owned(), now.round());
            }
        }
        let head = "# Instructions of the core for each event, as `make bench` counts them under callgrind; accepted by\n# `questline-bench --only instructions --accept-instructions`.\n";
        std::fs::write(file, format!("{head}{}", toml::to_string(self)?))
            .with_context(|| file.display().to_string())
    }
}

fn id(case: &str) -> String {
    format!("instructions.{case}.per_event")
}

/// Counts all cases; `None` where there is no valgrind.
pub fn measure(quick: bool, folder: &Path, say: &dyn Fn(&str)) -> Result<Option<Part>> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return Ok(None);
    }
    let how = format!(
        "callgrind over {COUNTED} events of {PLAYERS} players, 20 rules and 20 missions, after {} events.",
        BLOCKS * fold::BLOCK
    );
    let mut part = Part::new("instructions", how, quick);
    for case in Case::ALL {
        let count = count(case, folder)?;
        say(&format!("{}: {count} instructions", case.name()));
        let what = format!("{}, for each event", case.name());
        part.add(Figure::once(
            id(case.name()),
            what,
            "instructions",
            count as f64 / COUNTED as f64,
        ));
    }
    Ok(Some(part))
}

fn count(case: Case, folder: &Path) -> Result<u64> {
    let output = Command::new("valgrind")
        .args([
            "--tool=callgrind",
            "--collect-atstart=no",
            "--toggle-collect=*instructions::measured*",
        ])
        .arg(format!(
            "--callgrind-out-file={}",
            folder.join("callgrind.out").display()
        ))
        .arg(std::env::current_exe()?)
        .args(["--instrument", case.name()])
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "callgrind failed:\n{said}");
    let Some(collected) = said.lines().find_map(|line| line.split_once("Collected :")) else {
        bail!("callgrind counted nothing:\n{said}");
    };
    let count: u64 = collected.1.trim().parse()?;
    ensure!(count > 0, "callgrind counted nothing:\n{said}");
    Ok(count)
}

/// The process under callgrind.
pub fn instrument(case: Case) -> Result<()> {
    let programme = fold::programme(20)?;
    let mut source = Source::new(PLAYERS, Shape::Uniform)?;
    let mut states: Vec<State> = (0..PLAYERS).map(|_| State::new()).collect();
    for _ in 0..BLOCKS {
        for encoded in source.block()? {
            step(&programme, &mut states, &encoded)?;
        }
    }
    let block = source.block()?;
    let block = &block[..COUNTED];
    let mut bytes = Vec::new();
    for encoded in block {
        let record = events::record::decode(encoded.position, encoded.recorded_at, &encoded.bytes)?;
        match case {
            Case::Decode => {
                measured(|| {
                    events::record::decode(encoded.position, encoded.recorded_at, &encoded.bytes)
                })?;
            }
            Case::Apply => {
                let state = &mut states[encoded.player as usize];
                let history = History::new();
                measured(|| {
                    try_apply(&programme, state, &history, &record)
                        .unwrap_or_else(|_| apply(&programme, state, &history, &record))
                });
            }
            Case::Encode => {
                step(&programme, &mut states, encoded)?;
                bytes.clear();
                let state = &states[encoded.player as usize];
                measured(|| state.encode(&mut bytes));
            }
        }
    }
    Ok(())
}

/// Callgrind counts from its entry to its end, by its name.
#[inline(never)]
pub fn measured<T>(work: impl FnOnce() -> T) -> T {
    std::hint::black_box(work())
}

fn step(programme: &programme::Programme, states: &mut [State], encoded: &Encoded) -> Result<()> {
    let record = events::record::decode(encoded.position, encoded.recorded_at, &encoded.bytes)?;
    let (state, history) = (&mut states[encoded.player as usize], History::new());
    let decided = try_apply(programme, state, &history, &record);
    decided.unwrap_or_else(|_| apply(programme, state, &history, &record));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Baseline, id};
    use crate::figures::{Figure, Part};

    #[test]
    fn a_count_above_the_tolerance_is_told_and_can_be_accepted() {
        let mut part = Part::new("instructions", "", false);
        part.add(Figure::once(id("apply"), "", "instructions", 1_030.0));
        part.add(Figure::once(id("decode"), "", "instructions", 1_010.0));
        let per_event = ["apply", "decode", "encode"].map(|case| (case.to_owned(), 1_000.0));
        let mut baseline = Baseline {
            tolerance: 0.02,
            per_event: per_event.into(),
        };
        let exceeded = baseline.exceeded(&part);
        assert!(
            exceeded.len() == 1 && exceeded[0].starts_with("apply: 1030"),
            "{exceeded:?}"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("instructions.toml");
        baseline.accept(&part, &file).unwrap();
        let again = Baseline::read(&file).unwrap();
        assert!(again.exceeded(&part).is_empty());
        assert_eq!(again.per_event["encode"], 1_000.0);
    }
}
