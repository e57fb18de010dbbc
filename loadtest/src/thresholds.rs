//! The bars that figures are held to, from a file.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::figures::Part;

/// The file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// All bars, in the order of the file.
    #[serde(rename = "bar")]
    pub bars: Vec<Bar>,
}

/// A bar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bar {
    /// The figure's id.
    pub figure: String,
    /// Its median may not be above,
    pub at_most: Option<f64>,
    /// or not below.
    pub at_least: Option<f64>,
    /// What one would like.
    pub stretch: Option<f64>,
}

/// What came of a bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Met.
    Met,
    /// Missed.
    Missed,
    /// Not measured, or with reduced sizes alone.
    NotMeasured,
}

impl Verdict {
    /// For tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "**missed**",
            Self::NotMeasured => "not measured",
        }
    }
}

impl Thresholds {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
        let thresholds: Self = toml::from_str(&text).with_context(|| file.display().to_string())?;
        Self::validate(&thresholds.bars).with_context(|| file.display().to_string())?;
        Ok(thresholds)
    }

    /// Whether each bar has one side.
    pub fn validate(bars: &[Bar]) -> Result<()> {
        for bar in bars {
            ensure!(
                bar.at_most.is_some() != bar.at_least.is_some(),
                "the bar on {} needs at_most or at_least",
                bar.figure
            );
        }
        Ok(())
    }

    /// The bar on a figure.
    pub fn on(&self, figure: &str) -> Option<&Bar> {
        self.bars.iter().find(|bar| bar.figure == figure)
    }
}

impl Bar {
    /// What comes of it, and the value that it was judged by.
    pub fn judge(&self, parts: &[Part]) -> (Verdict, Option<f64>) {
        let found = parts
            .iter()
            .find_map(|part| Some((part.median(&self.figure)?, part.quick)));
        match found {
            None => (Verdict::NotMeasured, None),
            Some((value, true)) => (Verdict::NotMeasured, Some(value)),
            Some((value, false)) => (self.verdict(value), Some(value)),
        }
    }

    /// What comes of a value.
    pub fn verdict(&self, value: f64) -> Verdict {
        let met = self.at_most.is_none_or(|most| value <= most)
            && self.at_least.is_none_or(|least| value >= least);
        if met { Verdict::Met } else { Verdict::Missed }
    }
}

#[cfg(test)]
mod tests {
    use super::{Thresholds, Verdict};
    use crate::figures::{Figure, Part};

    fn thresholds(text: &str) -> anyhow::Result<Thresholds> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("t.toml");
        std::fs::write(&file, text)?;
        Thresholds::read(&file)
    }

    #[test]
    fn bars_are_met_or_missed_and_reduced_sizes_prove_nothing() {
        let mut part = Part::new("p", "", false);
        part.add(Figure::once("ns", "", "ns", 800.0));
        let mut quick = Part::new("q", "", true);
        quick.add(Figure::once("rate", "", "events/s", 9.0));
        let text = "[[bar]]\nfigure = 'ns'\nat_most = 800\nstretch = 434\n[[bar]]\nfigure = 'ns'\nat_least = 801\n\
                    [[bar]]\nfigure = 'rate'\nat_least = 1\n[[bar]]\nfigure = 'none'\nat_most = 1\n";
        let judged: Vec<_> = thresholds(text)
            .unwrap()
            .bars
            .iter()
            .map(|bar| bar.judge(&[part.clone(), quick.clone()]))
            .collect();
        assert_eq!(
            judged,
            [
                (Verdict::Met, Some(800.0)),
                (Verdict::Missed, Some(800.0)),
                (Verdict::NotMeasured, Some(9.0)),
                (Verdict::NotMeasured, None),
            ]
        );
    }

    #[test]
    fn a_bar_has_one_side_and_no_unknown_key() {
        for text in [
            "[[bar]]\nfigure = 'a'\n",
            "[[bar]]\nfigure = 'a'\nat_most = 1\nat_least = 0\n",
            "[[bar]]\nfigure = 'a'\nat_mots = 1\n",
        ] {
            assert!(thresholds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_bars_of_the_repository_read() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/thresholds.toml");
        assert!(!Thresholds::read(file.as_ref()).unwrap().bars.is_empty());
    }
}
