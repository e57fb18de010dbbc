//! How often values fall into each of some ranges, as inline SVG.

use crate::{COLOURS, escaped};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 240.0;
/// Room for the labels of the axes, and for the title above.
const LEFT: f64 = 60.0;
const TOP: f64 = 36.0;
const BOTTOM: f64 = 44.0;
/// The share of a range's room that its bars take.
const FILLED: f64 = 0.8;

/// Up to four series side by side, with one scale from 0.
#[derive(Clone, Debug)]
pub struct Bars {
    /// What is shown.
    pub title: String,
    /// Each range.
    pub labels: Vec<String>,
    /// What each series is, and its values: one a range.
    pub series: Vec<(String, Vec<f64>)>,
}

impl Bars {
    /// The plot.
    pub fn svg(&self) -> String {
        let values = self.series.iter().flat_map(|(_, values)| values);
        let most = values.copied().fold(0.0, f64::max);
        // A plot of nothing but zeros still has a scale.
        let top = if most > 0.0 { most } else { 1.0 };
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
        let room = (WIDTH - LEFT) / self.labels.len().max(1) as f64;
        let bar = room * FILLED / self.series.len().max(1) as f64;
        for (at, label) in self.labels.iter().enumerate() {
            let (middle, below) = (LEFT + room * (at as f64 + 0.5), HEIGHT - BOTTOM + 14.0);
            drawn += &format!(
                "<text x=\"{middle:.1}\" y=\"{below:.1}\" text-anchor=\"end\" transform=\"rotate(-30 {middle:.1} {below:.1})\">{}</text>",
                escaped(label)
            );
        }
        for (nth, ((name, values), colour)) in self.series.iter().zip(COLOURS).enumerate() {
            for (at, value) in values.iter().enumerate() {
                let x = LEFT + room * (at as f64 + (1.0 - FILLED) / 2.0) + bar * nth as f64;
                drawn += &format!(
                    "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{bar:.1}\" height=\"{:.1}\" fill=\"{colour}\"/>",
                    y(*value),
                    HEIGHT - BOTTOM - y(*value)
                );
            }
            drawn += &format!(
                "<text x=\"{}\" y=\"14\" style=\"fill:{colour}\">{}</text>",
                WIDTH - 320.0 + 80.0 * nth as f64,
                escaped(name)
            );
        }
        let title = escaped(&self.title);
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{title}\"><text x=\"{LEFT}\" y=\"14\">{title}</text>{drawn}</svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Bars;

    #[test]
    fn the_most_is_the_whole_height_and_half_of_it_is_half() {
        let bars = Bars {
            title: "players".to_owned(),
            labels: vec!["0".to_owned(), "1 to 2".to_owned()],
            series: vec![
                ("today".to_owned(), vec![4.0, 0.0]),
                ("draft".to_owned(), vec![2.0, 2.0]),
            ],
        };
        let svg = bars.svg();
        // 160 is the height between the title and the axis.
        for (drawn, times) in [
            ("height=\"160.0\"", 1),
            ("height=\"80.0\"", 2),
            ("<rect", 4),
        ] {
            assert_eq!(svg.matches(drawn).count(), times, "{drawn}: {svg}");
        }
    }
}
