//! How often values fall into each of some ranges, as inline SVG.

use crate::scale::{LEFT, Scale, WIDTH};
use crate::{COLOURS, escaped};

const HEIGHT: f64 = 240.0;
/// Room for the labels below the axis.
const BELOW: f64 = 44.0;
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
        let scale = Scale::to_most(HEIGHT, BELOW, values);
        let mut drawn = String::new();
        let room = (WIDTH - LEFT) / self.labels.len().max(1) as f64;
        let bar = room * FILLED / self.series.len().max(1) as f64;
        for (at, label) in self.labels.iter().enumerate() {
            let (middle, below) = (LEFT + room * (at as f64 + 0.5), scale.axis() + 14.0);
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
                    scale.y(*value),
                    scale.axis() - scale.y(*value)
                );
            }
            drawn += &format!(
                "<text x=\"{}\" y=\"14\" style=\"fill:{colour}\">{}</text>",
                WIDTH - 320.0 + 80.0 * nth as f64,
                escaped(name)
            );
        }
        scale.framed(&escaped(&self.title), &drawn)
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
