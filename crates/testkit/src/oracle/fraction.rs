//! Exact fractions: nothing is rounded before the end.

use ethnum::I256;
use types::{Decimal, round_half_even};

/// A fraction in its lowest terms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fraction {
    over: I256,
    under: I256,
}

impl Fraction {
    pub(super) const ONE: Self = Self {
        over: I256::ONE,
        under: I256::ONE,
    };

    pub(super) fn new(over: i128, under: i128) -> Self {
        Self::reduced(I256::from(over), I256::from(under))
    }

    pub(super) fn of(decimal: Decimal) -> Self {
        Self::new(decimal.mantissa(), 10i128.pow(u32::from(decimal.scale())))
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self::reduced(self.over * other.over, self.under * other.under)
    }

    pub(super) fn divided_by(self, other: Self) -> Self {
        Self::reduced(self.over * other.under, self.under * other.over)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self::reduced(
            self.over * other.under + other.over * self.under,
            self.under * other.under,
        )
    }

    pub(super) fn minus(self, other: Self) -> Self {
        self.plus(Self {
            over: -other.over,
            under: other.under,
        })
    }

    pub(super) fn is_above(self, other: Self) -> bool {
        self.over * other.under > other.over * self.under
    }

    pub(super) fn is_zero(self) -> bool {
        self.over == I256::ZERO
    }

    /// In millionths, rounded half to even.
    pub(super) fn millionths(self) -> i128 {
        self.times(Self::new(1_000_000, 1)).rounded()
    }

    /// Rounded half to even.
    pub(super) fn rounded(self) -> i128 {
        round_half_even(self.over, self.under).expect("the oracle is given numbers of a sane size")
    }

    // Denominators stay above zero: they are products of powers of ten, amounts and `per`s above zero.
    fn reduced(over: I256, under: I256) -> Self {
        let (mut a, mut b) = (over.abs(), under);
        while b != I256::ZERO {
            (a, b) = (b, a % b);
        }
        Self {
            over: over / a,
            under: under / a,
        }
    }
}
