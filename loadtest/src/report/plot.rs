//! Lines over what lies equally far apart, such as the seconds of a run, as inline SVG.

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 220.0;
/// Room for the labels of the axes, and for the title above.
const LEFT: f64 = 60.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 24.0;
/// About as wide as a letter.
const LETTER: f64 = 6.5;
const COLOURS: [&str; 4] = ["#57606a", "#1f6feb", "#b3261e", "#18733b"];

/// A value for each step.
pub(super) struct Line {
    name: &'static str,
    values: Vec<f64>,
}

impl Line {
    pub(super) fn new(name: &'static str, values: Vec<f64>) -> Self {
        Self { name, values }
    }
}

/// Up to four lines with one scale from 0.
pub(super) struct Plot {
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
    /// What to write below some of the steps, from the first to the last.
    pub(super) marks: Vec<(usize, String)>,
}

impl Plot {
    pub(super) fn svg(&self) -> String {
        let values = self.lines.iter().flat_map(|line| &line.values);
        let most = values.copied().fold(0.0, f64::max);
        // A plot of nothing but zeros still has a scale.
        let top = if most > 0.0 { most } else { 1.0 };
        let steps = self.lines.iter().map(|line| line.values.len()).max();
        let last = steps.unwrap_or_default().saturating_sub(1).max(1);
        let x = |step: usize| LEFT + (WIDTH - LEFT) * step as f64 / last as f64;
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
        let longest = self.lines.iter().map(|line| line.name.len()).max();
        let names = LETTER * (longest.unwrap_or_default() + 3) as f64;
        for (index, (line, colour)) in self.lines.iter().zip(COLOURS).enumerate() {
            let points = line.values.iter().enumerate();
            let points: Vec<String> = points
                .map(|(step, value)| format!("{:.1},{:.1}", x(step), y(*value)))
                .collect();
            drawn += &format!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\
                 <text x=\"{}\" y=\"14\" style=\"fill:{colour}\">{}</text>",
                points.join(" "),
                WIDTH - names * (self.lines.len() - index) as f64,
                line.name
            );
        }
        for (step, mark) in &self.marks {
            let anchor = if *step < last { "middle" } else { "end" };
            drawn += &format!(
                "<text x=\"{:.1}\" y=\"{HEIGHT}\" text-anchor=\"{anchor}\">{mark}</text>",
                x(*step)
            );
        }
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><text x=\"{LEFT}\" y=\"14\">{title}</text>{drawn}</svg>\n",
            title = self.title,
        )
    }
}
