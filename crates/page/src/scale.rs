//! What plots have in common: their frame, and one scale from 0.

/// The width of every plot; a page scales it to its own.
pub(crate) const WIDTH: f64 = 900.0;
/// Room for the labels of the scale, and for the title above.
pub(crate) const LEFT: f64 = 60.0;
const TOP: f64 = 36.0;

/// A plot's height, how much of it lies below the axis, and the value at the top.
pub(crate) struct Scale {
    height: f64,
    below: f64,
    most: f64,
}

impl Scale {
    /// Up to the largest of the values.
    pub(crate) fn to_most<'v>(
        height: f64,
        below: f64,
        values: impl Iterator<Item = &'v f64>,
    ) -> Self {
        let most = values.copied().fold(0.0, f64::max);
        // A plot of nothing but zeros still has a scale.
        let most = if most > 0.0 { most } else { 1.0 };
        Self {
            height,
            below,
            most,
        }
    }

    /// Where the axis is.
    pub(crate) fn axis(&self) -> f64 {
        self.height - self.below
    }

    /// Where a value is.
    pub(crate) fn y(&self, value: f64) -> f64 {
        self.axis() - (self.axis() - TOP) * value / self.most
    }

    /// The plot: its title, the lines of the scale, and what was drawn. `title` is HTML.
    pub(crate) fn framed(&self, title: &str, drawn: &str) -> String {
        let mut lines = String::new();
        for share in [0.0, 0.5, 1.0] {
            let value = self.most * share;
            let at = self.y(value);
            lines += &format!(
                "<line x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#d7dce1\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{value:.1}</text>",
                LEFT - 6.0,
                at + 4.0
            );
        }
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"{title}\"><text x=\"{LEFT}\" y=\"14\">{title}</text>{lines}{drawn}</svg>\n",
            self.height
        )
    }
}
