//! Exact division with one rounding.

use ethnum::I256;

/// `numerator / denominator` rounded to an integer, half to even; `None` for a zero denominator or a result that does not fit.
///
/// Wide enough that products of amounts, rates, weights and boosts are rounded once, at the end (rule 6 of the semantics).
pub fn round_half_even(numerator: I256, denominator: I256) -> Option<i128> {
    if denominator == I256::ZERO {
        return None;
    }
    let negative = (numerator < 0) != (denominator < 0);
    let (numerator, denominator) = (numerator.unsigned_abs(), denominator.unsigned_abs());
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    // rest < denominator, so `denominator - rest` cannot underflow where doubling might overflow.
    let up = match rest.cmp(&(denominator - rest)) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => quotient % 2 == 1,
    };
    let magnitude = i128::try_from(if up { quotient + 1 } else { quotient }).ok()?;
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use ethnum::I256;

    use super::round_half_even;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let table = [
            (1, 2, 0),
            (3, 2, 2),
            (5, 2, 2),
            (7, 2, 4),
            (-1, 2, 0),
            (-3, 2, -2),
            (10, 3, 3),
            (11, 3, 4),
            (6, -4, -2),
        ];
        for (numerator, denominator, expected) in table {
            let got = round_half_even(I256::from(numerator), I256::from(denominator));
            assert_eq!(got, Some(expected), "{numerator}/{denominator}");
        }
    }

    #[test]
    fn what_cannot_be_said_is_none() {
        assert_eq!(round_half_even(I256::ONE, I256::ZERO), None);
        assert_eq!(round_half_even(I256::MAX, I256::ONE), None);
    }
}
