//! Lines over what lies equally far apart, such as the seconds of a run, as inline SVG.

use crate::scale::{LEFT, Scale, WIDTH};
use crate::{COLOURS, escaped};

const HEIGHT: f64 = 220.0;
/// Room for the labels below the axis.
const BELOW: f64 = 24.0;
/// About as wide as a letter.
const LETTER: f64 = 6.5;

/// A value for each step.
#[derive(Clone, Debug)]
pub struct Line {
    name: &'static str,
    values: Vec<f64>,
}

impl Line {
    /// Named so.
    pub fn new(name: &'static str, values: Vec<f64>) -> Self {
        Self { name, values }
    }
}

/// Up to four lines with one scale from 0.
#[derive(Clone, Debug)]
pub struct Plot {
    /// What is shown.
    pub title: &'static str,
    /// The lines.
    pub lines: Vec<Line>,
    /// What to write below some of the steps, from the first to the last.
    pub marks: Vec<(usize, String)>,
}

impl Plot {
    /// The plot.
    pub fn svg(&self) -> String {
        let values = self.lines.iter().flat_map(|line| &line.values);
        let scale = Scale::to_most(HEIGHT, BELOW, values);
        let steps = self.lines.iter().map(|line| line.values.len()).max();
        let last = steps.unwrap_or_default().saturating_sub(1).max(1);
        let x = |step: usize| LEFT + (WIDTH - LEFT) * step as f64 / last as f64;
        let mut drawn = String::new();
        let longest = self.lines.iter().map(|line| line.name.len()).max();
        let names = LETTER * (longest.unwrap_or_default() + 3) as f64;
        for (index, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let points = line.values.iter().enumerate();
            let points: Vec<String> = points
                .map(|(step, value)| format!("{:.1},{:.1}", x(step), scale.y(*value)))
                .collect();
            drawn += &format!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\
                 <text x=\"{}\" y=\"14\" style=\"fill:{colour}\">{}</text>",
                points.join(" "),
                WIDTH - names * (self.lines.len() - index) as f64,
                escaped(line.name)
            );
        }
        for (step, mark) in &self.marks {
            let anchor = if *step < last { "middle" } else { "end" };
            drawn += &format!(
                "<text x=\"{:.1}\" y=\"{HEIGHT}\" text-anchor=\"{anchor}\">{}</text>",
                x(*step),
                escaped(mark)
            );
        }
        scale.framed(&escaped(self.title), &drawn)
    }
}
