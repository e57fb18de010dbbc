//! Exact products and shares, rounded once, half to even.
//!
//! Most fit 128 bits, some 64; the slow wide path gives the same result.

use ethnum::I256;
use types::{Decimal, MicroPoints, round_half_even};

/// A number of millionths.
pub(crate) fn micro(number: Decimal) -> Option<i128> {
    match number.to_units(MicroPoints::SCALE) {
        Some(units) => Some(units),
        None => Fraction::of(number).millionths(),
    }
}

/// What share of a whole that was granted falls to `part` of `whole`: `round_half_even(granted × part ÷ whole)`.
pub(crate) fn share(granted: i128, part: i64, whole: i64) -> i128 {
    if part == whole {
        return granted;
    }
    // `whole` is above zero where a part differs from it, and the share is at most what was granted.
    match granted.checked_mul(i128::from(part)) {
        Some(product) => rounded(product, i128::from(whole)),
        None => {
            let product = I256::from(granted).checked_mul(I256::from(part));
            product.and_then(|product| round_half_even(product, I256::from(whole)))
        }
    }
    .unwrap_or(granted)
}

/// A product of decimals and ratios that is divided once, at the end. It is held by as few bits as hold it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fraction {
    /// Nearly all that there are.
    Short(i64, i64),
    Long(i128, i128),
    Wide(I256, I256),
    /// Not even 256 bits hold it.
    Lost,
}

impl Fraction {
    #[inline]
    pub(crate) fn of(number: Decimal) -> Self {
        Self::Short(1, 1).times(number)
    }

    #[inline]
    pub(crate) fn times(self, number: Decimal) -> Self {
        if number == Decimal::ONE {
            return self;
        }
        self.ratio(number.mantissa(), number.unit().into())
    }

    #[inline]
    pub(crate) fn over(self, number: Decimal) -> Self {
        if number == Decimal::ONE {
            return self;
        }
        self.ratio(number.unit().into(), number.mantissa())
    }

    #[inline]
    pub(crate) fn ratio(self, up: i128, down: i128) -> Self {
        if let (Self::Short(our_up, our_down), Ok(up), Ok(down)) =
            (self, i64::try_from(up), i64::try_from(down))
            && let (Some(up), Some(down)) = (our_up.checked_mul(up), our_down.checked_mul(down))
        {
            return Self::Short(up, down);
        }
        self.long_ratio(up, down)
    }

    #[cold]
    fn long_ratio(self, up: i128, down: i128) -> Self {
        let (our_up, our_down) = match self {
            Self::Short(our_up, our_down) => (i128::from(our_up), i128::from(our_down)),
            Self::Long(our_up, our_down) => (our_up, our_down),
            Self::Wide(our_up, our_down) => return wide_ratio(our_up, our_down, up, down),
            Self::Lost => return Self::Lost,
        };
        match (our_up.checked_mul(up), our_down.checked_mul(down)) {
            (Some(up), Some(down)) => Self::Long(up, down),
            _ => wide_ratio(our_up.into(), our_down.into(), up, down),
        }
    }

    /// In millionths, or `None` where it cannot be held.
    #[inline]
    pub(crate) fn millionths(self) -> Option<i128> {
        match self.ratio(1_000_000, 1) {
            Self::Short(up, down) => rounded(up.into(), down.into()),
            Self::Long(up, down) => rounded(up, down),
            Self::Wide(up, down) => round_half_even(up, down),
            Self::Lost => None,
        }
    }
}

fn wide_ratio(our_up: I256, our_down: I256, up: i128, down: i128) -> Fraction {
    let (up, down) = (I256::from(up), I256::from(down));
    // What cancels out need not fit.
    let (across, along) = (common(our_up, down), common(up, our_down));
    match (
        (our_up / across).checked_mul(up / along),
        (our_down / along).checked_mul(down / across),
    ) {
        (Some(up), Some(down)) => Fraction::Wide(up, down),
        _ => Fraction::Lost,
    }
}

/// The greatest common divisor; 1 where that would be 0.
fn common(a: I256, b: I256) -> I256 {
    let (mut a, mut b) = (a.abs(), b.abs());
    while b != I256::ZERO {
        (a, b) = (b, a % b);
    }
    a.max(I256::ONE)
}

#[inline]
fn rounded(up: i128, down: i128) -> Option<i128> {
    if down == 1 {
        return Some(up);
    }
    if let (Ok(up), Ok(down)) = (u64::try_from(up), u64::try_from(down))
        && down > 0
    {
        let (quotient, rest) = (up / down, up % down);
        let more = rest > down - rest || (rest == down - rest && quotient % 2 == 1);
        return Some(i128::from(quotient) + i128::from(more));
    }
    round_half_even(I256::from(up), I256::from(down))
}

#[cfg(test)]
mod tests {
    use ethnum::I256;
    use proptest::prelude::*;
    use types::{Decimal, round_half_even};

    use super::{Fraction, rounded, share};

    proptest! {
        #[test]
        fn the_narrow_path_rounds_as_the_wide_one(up in any::<i64>(), down in 1i64..) {
            let wide = round_half_even(I256::from(up), I256::from(down));
            prop_assert_eq!(rounded(i128::from(up), i128::from(down)), wide);
        }

        #[test]
        fn shares_of_all_parts_end_at_the_whole(granted in 0i128..10i128.pow(20), whole in 1i64..1_000_000, part in 0i64..1_000_000) {
            prop_assert_eq!(share(granted, whole, whole), granted);
            prop_assert!(share(granted, part.min(whole), whole) <= granted);
        }
    }

    #[test]
    fn products_too_long_for_128_bits_are_still_exact() {
        let long: Decimal = "123456789012.123456789012".parse().unwrap();
        let product = Fraction::of(long).times(long).over(long).millionths();
        assert_eq!(product, Some(123_456_789_012_123_457));
    }
}
