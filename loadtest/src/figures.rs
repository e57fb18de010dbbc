//! What a part of the benchmark measured: figures with all their runs, as JSON files that tables and verdicts are made from.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// One figure, measured once or several times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// Stable name, as thresholds have it.
    pub id: String,
    /// What it is, for a reader.
    pub what: String,
    /// Its unit.
    pub unit: String,
    /// Each run's value, in the order of the runs.
    pub runs: Vec<f64>,
}

impl Figure {
    /// A figure of one run.
    pub fn once(id: impl Into<String>, what: impl Into<String>, unit: &str, value: f64) -> Self {
        Self {
            id: id.into(),
            what: what.into(),
            unit: unit.to_owned(),
            runs: vec![value],
        }
    }

    /// The middle run; of an even number the upper one of both.
    pub fn median(&self) -> f64 {
        let sorted = self.sorted();
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The lowest and the highest run.
    pub fn range(&self) -> (f64, f64) {
        let sorted = self.sorted();
        let end = |run: Option<&f64>| run.copied().unwrap_or(f64::NAN);
        (end(sorted.first()), end(sorted.last()))
    }

    fn sorted(&self) -> Vec<f64> {
        let mut runs = self.runs.clone();
        runs.sort_by(f64::total_cmp);
        runs
    }
}

/// A part of the benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name, which is the file's.
    pub name: String,
    /// Sizes, number of runs, conditions: what a reader has to know.
    pub how: String,
    /// Whether sizes were reduced, so that the figures show nothing but that it works.
    pub quick: bool,
    /// Version of the workspace.
    pub version: String,
    /// Cores of the machine.
    pub cores: usize,
    /// What was measured.
    pub figures: Vec<Figure>,
}

impl Part {
    /// A part without figures.
    pub fn new(name: &str, how: impl Into<String>, quick: bool) -> Self {
        Self {
            name: name.to_owned(),
            how: how.into(),
            quick,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            figures: Vec::new(),
        }
    }

    /// Adds a run of a figure, which is made where it is not there yet.
    pub fn add(&mut self, figure: Figure) {
        match self.figures.iter_mut().find(|known| known.id == figure.id) {
            Some(known) => known.runs.extend(figure.runs),
            None => self.figures.push(figure),
        }
    }

    /// A figure's median.
    pub fn median(&self, id: &str) -> Option<f64> {
        let figure = self.figures.iter().find(|figure| figure.id == id)?;
        Some(figure.median())
    }

    /// Adds how many times the one figure is of the other, where both were measured.
    pub fn add_ratio(&mut self, id: &str, what: &str, one: &str, of: &str) {
        if let (Some(one), Some(of)) = (self.median(one), self.median(of)) {
            self.add(Figure::once(id, what, "times", one / of));
        }
    }

    /// Writes `NAME.json` into a folder.
    pub fn write(&self, folder: &Path) -> Result<()> {
        fs::create_dir_all(folder)?;
        let file = folder.join(format!("{}.json", self.name));
        fs::write(&file, serde_json::to_string_pretty(self)?)
            .with_context(|| file.display().to_string())
    }

    /// The part of this name in a folder, where it was measured.
    pub fn read(folder: &Path, name: &str) -> Result<Option<Self>> {
        let file = folder.join(format!("{name}.json"));
        if !file.is_file() {
            return Ok(None);
        }
        let text = fs::read_to_string(&file)?;
        let part = serde_json::from_str(&text).with_context(|| file.display().to_string())?;
        Ok(Some(part))
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, Part};

    #[test]
    fn runs_of_one_figure_gather_and_their_median_is_told() {
        let mut part = Part::new("fold", "small", true);
        for value in [3.0, 1.0, 2.0] {
            part.add(Figure::once("a", "it", "ns", value));
        }
        part.add(Figure::once("b", "other", "ns", 4.0));
        part.add_ratio("c", "how much more", "b", "a");
        assert_eq!(part.figures[0].range(), (1.0, 3.0));
        assert_eq!(
            (part.median("a"), part.median("c"), part.median("d")),
            (Some(2.0), Some(2.0), None)
        );
    }

    #[test]
    fn a_part_reads_back_and_one_that_was_not_measured_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::new("fold", "small", true);
        part.add(Figure::once("a", "it", "ns", 1.5));
        part.write(folder.path()).unwrap();
        assert_eq!(Part::read(folder.path(), "fold").unwrap(), Some(part));
        assert_eq!(Part::read(folder.path(), "other").unwrap(), None);
    }
}
