//! Exact decimals, taken from their text and never from a float.

use std::cmp::Ordering;
use std::fmt;
use std::num::NonZeroU8;
use std::str::FromStr;

use thiserror::Error;

/// An exact decimal number: `mantissa / 10^scale`, kept without trailing zeros, so equal numbers are equal values.
///
/// At most [`Decimal::DIGITS_MAX`] significant digits and [`Decimal::SCALE_MAX`] decimals.
// The mantissa lies in two halves, since an `i128` aligns whatever holds it to 16 bytes, and the scale is one more than it says, so
// that an optional decimal takes no more room: both together halve an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    high: i64,
    low: u64,
    scale: NonZeroU8,
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
    pub const ZERO: Self = Self::of(0, 0);
    /// One.
    pub const ONE: Self = Self::of(1, 0);

    const fn of(mantissa: i128, scale: u8) -> Self {
        Self {
            high: (mantissa >> 64) as i64,
            low: mantissa as u64,
            scale: NonZeroU8::MIN.saturating_add(scale),
        }
    }

    /// `mantissa / 10^scale`, or `None` where that has more digits than a decimal may have.
    pub fn new(mantissa: i128, scale: u8) -> Option<Self> {
        if let Ok(short) = i64::try_from(mantissa) {
            return Self::of_short(short, scale);
        }
        let (mut mantissa, mut scale) = (mantissa, scale);
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        let fits = scale <= Self::SCALE_MAX
            && mantissa.unsigned_abs() < 10u128.pow(Self::DIGITS_MAX as u32);
        fits.then_some(Self::of(mantissa, scale))
    }

    /// As [`Decimal::new`], where 64 bits hold the digits: nearly always, and far cheaper to divide.
    fn of_short(mut mantissa: i64, mut scale: u8) -> Option<Self> {
        while scale > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            scale -= 1;
        }
        (scale <= Self::SCALE_MAX).then_some(Self::of(mantissa.into(), scale))
    }

    /// The digits without the decimal point, signed.
    pub const fn mantissa(self) -> i128 {
        ((self.high as i128) << 64) | self.low as i128
    }

    /// How many of the digits are decimals.
    pub const fn scale(self) -> u8 {
        self.scale.get() - 1
    }

    /// `10^scale`: how many of its last digit make one.
    pub const fn unit(self) -> i64 {
        TEN_TO[self.scale() as usize]
    }

    /// Whether the number is below zero.
    pub const fn is_negative(self) -> bool {
        self.high < 0
    }

    /// Whether the number is zero.
    pub const fn is_zero(self) -> bool {
        self.high == 0 && self.low == 0
    }

    /// The number times `10^scale` as an integer, or `None` where it has more decimals than `scale` or does not fit.
    #[inline]
    pub fn to_units(self, scale: u8) -> Option<i128> {
        let up = scale.checked_sub(self.scale())?;
        if up == 0 {
            return Some(self.mantissa());
        }
        match (i64::try_from(self.mantissa()), TEN_TO.get(usize::from(up))) {
            // The product of two 64 bit numbers fits.
            (Ok(mantissa), Some(ten_to)) => Some(i128::from(mantissa) * i128::from(*ten_to)),
            _ => self
                .mantissa()
                .checked_mul(10i128.checked_pow(u32::from(up))?),
        }
    }

    /// The exact sum, or `None` where it has too many digits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let scale = self.scale().max(other.scale());
        Self::new(
            self.to_units(scale)?.checked_add(other.to_units(scale)?)?,
            scale,
        )
    }

    /// The exact difference, or `None` where it has too many digits.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(other.negated())
    }

    const fn negated(self) -> Self {
        Self::of(-self.mantissa(), self.scale())
    }

    /// The exact product, or `None` where it has too many digits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let scale = self.scale() + other.scale();
        let mut mantissa = self.mantissa().checked_mul(other.mantissa())?;
        let mut dropped = scale;
        while dropped > 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            dropped -= 1;
        }
        Self::new(mantissa, dropped)
    }
}

impl Default for Decimal {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::of(i128::from(value), 0)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.scale() == other.scale() {
            return self.mantissa().cmp(&other.mantissa());
        }
        let scale = self.scale().max(other.scale());
        match (self.to_units(scale), other.to_units(scale)) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Only a number far longer than the other leaves i128 when scaled up to the other's decimals.
            (None, _) => self.mantissa().cmp(&0),
            (_, None) => 0.cmp(&other.mantissa()),
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
        if let Some(value) = short(digits.as_bytes()) {
            return Ok(if negative { value.negated() } else { value });
        }
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
        Ok(Self::of(mantissa, fraction.len() as u8))
    }
}

/// A number of few digits, as nearly all are; `None` where the digits have to be looked at with more care.
fn short(digits: &[u8]) -> Option<Decimal> {
    /// So many digits fit into 64 bits.
    const MOST: usize = 19;
    if digits.len() > MOST || digits.first() == Some(&b'.') {
        return None;
    }
    let (mut mantissa, mut point) = (0u64, None);
    for (at, byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => mantissa = mantissa * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(at),
            _ => return None,
        }
    }
    // Nothing at all, or nothing behind the point, is no number.
    let mut scale = match point {
        None if digits.is_empty() => return None,
        None => 0,
        Some(at) => digits.len() - 1 - at,
    };
    if point.is_some() && scale == 0 {
        return None;
    }
    while scale > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    Some(Decimal::of(i128::from(mantissa), scale as u8))
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.mantissa().unsigned_abs();
        if let Ok(magnitude) = u64::try_from(magnitude) {
            let mut text = [0; SHORT_TEXT];
            let text = write_short(self.is_negative(), magnitude, self.scale(), &mut text);
            return f.write_str(text);
        }
        let sign = if self.is_negative() { "-" } else { "" };
        if self.scale() == 0 {
            return write!(f, "{sign}{magnitude}");
        }
        let unit = 10u128.pow(u32::from(self.scale()));
        let width = usize::from(self.scale());
        write!(f, "{sign}{}.{:0width$}", magnitude / unit, magnitude % unit)
    }
}

/// Twenty digits, a point and a sign.
const SHORT_TEXT: usize = 22;

/// The text of a number whose digits 64 bits hold, from its last digit to its first.
fn write_short(negative: bool, digits: u64, scale: u8, out: &mut [u8; SHORT_TEXT]) -> &str {
    let (mut rest, mut left, mut at) = (digits, scale, out.len());
    loop {
        at -= 1;
        out[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if left == 0 && rest == 0 {
            break;
        }
        if left == 1 {
            at -= 1;
            out[at] = b'.';
        }
        left = left.saturating_sub(1);
    }
    if negative {
        at -= 1;
        out[at] = b'-';
    }
    // Only ASCII was written.
    std::str::from_utf8(&out[at..]).unwrap_or_default()
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
