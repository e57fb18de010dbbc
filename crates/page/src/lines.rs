//! Lines over the seconds of a run, as inline SVG.

use crate::{COLOURS, escaped};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;
/// Room for the labels of the axes, and for the title above.
const LEFT: f64 = 60.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 24.0;

/// A value for each second.
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
}

impl Plot {
    /// The plot.
    pub fn svg(&self) -> String {
        let values = self.lines.iter().flat_map(|line| &line.values);
        let most = values.copied().fold(0.0, f64::max);
        // A plot of nothing but zeros still has a scale.
        let top = if most > 0.0 { most } else { 1.0 };
        let seconds = self.lines.iter().map(|line| line.values.len()).max();
        let last = seconds.unwrap_or_default().saturating_sub(1).max(1);
        let x = |second: usize| LEFT + (WIDTH - LEFT) * second as f64 / last as f64;
        let y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top;
        let mut drawn = String::new();
        for share in [0.0, 0.5, 1.0] {
            let (at, value) = (y(top * share), top * share);
            drawn += &format!(
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#d7dce1\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.1}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        for (index, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let points = line.values.iter().enumerate();
            let points: Vec<String> = points
                .map(|(second, value)| format!("{:.1},{:.1}", x(second), y(*value)))
                .collect();
            drawn += &format!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\
                 <text x=\"{}\" y=\"14\" style=\"fill:{colour}\">{}</text>",
                points.join(" "),
                WIDTH - 320.0 + 80.0 * index as f64,
                escaped(line.name)
            );
        }
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><text x=\"{LEFT}\" y=\"14\">{title}</text>{drawn}\
             <text x=\"{LEFT}\" y=\"{HEIGHT}\">0 s</text><text x=\"{WIDTH}\" y=\"{HEIGHT}\" text-anchor=\"end\">{last} s</text></svg>\n",
            title = escaped(self.title),
        )
    }
}
