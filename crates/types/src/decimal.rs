//! Exact decimals, taken from their text and never from a float.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// An exact decimal number: `mantissa / 10^scale`, kept without trailing zeros, so equal numbers are equal values.
///
/// At most [`Decimal::DIGITS_MAX`] significant digits and [`Decimal::SCALE_MAX`] decimals. Packed, as it lies in every event and entry.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[repr(packed(8))]
pub struct Decimal {
    mantissa: i128,
    scale: u8,
}

/// Why a text is not a [`Decimal`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecimalError {
    /// Not `-?digits(.digits)?`: exponents, signs other than `-`, NaN, infinities and blanks are no numbers here.
    #[error("not a decimal number")]
    Malformed,
    /// More digits than can be held exactly.
    #[error("more than 36 significant digits or 18 decimals")]
    TooLong,
}

/// The powers of ten that 64 bits hold.
const TEN_TO: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < powers.len() {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

impl Decimal {
    /// The most significant digits that a decimal may have.
    pub const DIGITS_MAX: usize = 36;
    /// The most decimals that a decimal may have.
    pub const SCALE_MAX: u8 = 18;
    /// Zero.
    pub const ZERO: Self = Self {
        mantissa: 0,
        scale: 0,
    };
    /// One.
    pub const ONE: Self = Self {
        mantissa: 1,
        scale: 0,
    };

    /// `mantissa / 10^scale`, or `None` where that has more digits than a decimal may have.
    pub fn new(mantissa: i128, scale: u8) -> Option<Self> {
        if let Ok(short) = i64::try_from(mantissa) {
            return Self::of_short(short, scale);
        }
        let mut value = Self { mantissa, scale };
        while value.scale > 0 && value.mantissa % 10 == 0 {
            value.mantissa /= 10;
            value.scale -= 1;
        }
        let fits = value.scale <= Self::SCALE_MAX
            && value.mantissa.unsigned_abs() < 10u128.pow(Self::DIGITS_MAX as u32);
        fits.then_some(value)
    }

    /// As [`Decimal::new`], where 64 bits hold the digits: nearly always, and far cheaper to divide.
    fn of_short(mut mantissa: i64, mut scale: u8) -> Option<Self> {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (scale <= Self::SCALE_MAX).then_some(Self {
            mantissa: i128::from(mantissa),
            scale,
        })
    }

    /// The digits without the decimal point, signed.
    pub const fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of the digits are decimals.
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// `10^scale`: how many of its last digit make one.
    pub const fn unit(self) -> i64 {
        TEN_TO[self.scale as usize]
    }

    /// Whether the number is below zero.
    pub const fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// Whether the number is zero.
    pub const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// The number times `10^scale` as an integer, or `None` where it has more decimals than `scale` or does not fit.
    pub fn to_units(self, scale: u8) -> Option<i128> {
        let up = scale.checked_sub(self.scale)?;
        match (i64::try_from(self.mantissa), TEN_TO.get(usize::from(up))) {
            // The product of two 64 bit numbers fits.
            (Ok(mantissa), Some(ten_to)) => Some(i128::from(mantissa) * i128::from(*ten_to)),
            _ => self
                .mantissa
                .checked_mul(10i128.checked_pow(u32::from(up))?),
        }
    }

    /// The exact sum, or `None` where it has too many digits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        Self::new(
            self.to_units(scale)?.checked_add(other.to_units(scale)?)?,
            scale,
        )
    }

    /// The exact difference, or `None` where it has too many digits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self {
            mantissa: -other.mantissa,
            scale: other.scale,
        })
    }

    /// The exact product, or `None` where it has too many digits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let scale = self.scale + other.scale;
        let mut mantissa = self.mantissa.checked_mul(other.mantissa)?;
        let mut dropped = scale;
        while dropped > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            dropped -= 1;
        }
        Self::new(mantissa, dropped)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self {
            mantissa: i128::from(value),
            scale: 0,
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let (left, right) = (self.mantissa, other.mantissa);
        if self.scale == other.scale {
            return left.cmp(&right);
        }
        let scale = self.scale.max(other.scale);
        match (self.to_units(scale), other.to_units(scale)) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Only a number far longer than the other leaves i128 when scaled up to the other's decimals.
            (None, _) => left.cmp(&0),
            (_, None) => 0.cmp(&right),
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(DecimalError::Malformed),
            None => (digits, ""),
        };
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(DecimalError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > usize::from(Self::SCALE_MAX) {
            return Err(DecimalError::TooLong);
        }
        let whole = whole.trim_start_matches('0');
        if whole.len() + fraction.len() > Self::DIGITS_MAX {
            return Err(DecimalError::TooLong);
        }
        let magnitude = whole
            .bytes()
            .chain(fraction.bytes())
            .fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        let mantissa = if negative { -magnitude } else { magnitude };
        // The fraction has at most 18 digits by now, and none of them is a trailing zero.
        Ok(Self {
            mantissa,
            scale: fraction.len() as u8,
        })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.mantissa.unsigned_abs();
        let sign = if self.mantissa < 0 { "-" } else { "" };
        if self.scale == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10u128.pow(u32::from(self.scale));
        let width = usize::from(self.scale);
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Decimal {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests;
