//! Points, counted in millionths.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use crate::decimal::Decimal;

/// Points in millionths, signed: the only unit in which points are kept, moved and compared.
///
/// Packed, so that what holds points needs no more than the alignment of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct MicroPoints(pub i128);

impl MicroPoints {
    /// Decimals of a point.
    pub const SCALE: u8 = 6;
    /// No points.
    pub const ZERO: Self = Self(0);

    /// The points that a decimal says, or `None` where it has more than six decimals.
    pub fn from_decimal(points: Decimal) -> Option<Self> {
        points.to_units(Self::SCALE).map(Self)
    }

    /// What a player is shown: whole points, rounded down.
    pub const fn whole(self) -> i128 {
        self.0.div_euclid(1_000_000)
    }
}

impl Add for MicroPoints {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for MicroPoints {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for MicroPoints {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for MicroPoints {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for MicroPoints {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for MicroPoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (magnitude, sign) = (self.0.unsigned_abs(), if self.0 < 0 { "-" } else { "" });
        let (whole, fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = format!("{fraction:06}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

impl serde::Serialize for MicroPoints {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::MicroPoints;
    use crate::decimal::Decimal;

    #[test]
    fn shown_points_are_whole_and_rounded_down() {
        for (micro, shown) in [(1_999_999, 1), (0, 0), (-1, -1), (2_000_000, 2)] {
            assert_eq!(MicroPoints(micro).whole(), shown, "{micro}");
        }
    }

    proptest! {
        #[test]
        fn print_then_parse_is_the_same_amount(micro in -10i128.pow(24)..10i128.pow(24)) {
            let text = MicroPoints(micro).to_string();
            let back = text.parse::<Decimal>().ok().and_then(MicroPoints::from_decimal);
            prop_assert_eq!(back, Some(MicroPoints(micro)));
            prop_assert!(!text.contains('.') || !text.ends_with('0'));
        }
    }
}
