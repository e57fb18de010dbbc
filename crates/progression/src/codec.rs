//! The flat binary form of everything that is stored: little-endian varints, lengths before texts.
//!
//! Reading is total: whatever the bytes, a [`Reader`] gives values or a [`DecodeError`], and never reserves more memory than the
//! bytes that are left could fill.

use thiserror::Error;
use types::{Decimal, Position, Timestamp};

use crate::catalogue::VersionId;

/// Bytes that are not what they should be.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    /// They end in the middle of a value.
    #[error("the bytes end too early")]
    Truncated,
    /// A value that cannot stand where it does.
    #[error("{0} is out of range")]
    Invalid(&'static str),
    /// A layout that this build does not know.
    #[error("layout {0} is not known here")]
    Layout(u8),
    /// They speak of a programme version whose table of names is not there.
    #[error("the names of programme version {0} are not there")]
    Unnamed(VersionId),
}

/// Units of instants, in nanoseconds: hours, seconds, milliseconds, nanoseconds.
const UNITS: [u64; 4] = [3_600_000_000_000, 1_000_000_000, 1_000_000, 1];

const TAG_BITS: u32 = 2;
/// Bits of a number that a byte holds; its highest says that more follow.
const GROUP: u32 = 7;
/// Bytes that a word holds.
const EIGHT: u32 = 8;
const HIGH_BITS: u64 = u64::from_le_bytes([0x80; 8]);

/// The seven bits of each group in a byte of their own, of a number of 56 bits: halves move apart, then quarters, then eighths.
#[inline]
const fn spread(value: u64) -> u64 {
    let halves = value & 0x0fff_ffff | (value & 0xff_ffff_f000_0000) << 4;
    let quarters = halves & 0x3fff_0000_3fff | (halves & 0x0fff_c000_0fff_c000) << 2;
    quarters & 0x7f_007f_007f_007f | (quarters & 0x3f80_3f80_3f80_3f80) << 1
}

/// Appends values to bytes.
pub(crate) struct Writer<'a>(pub(crate) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(crate) fn byte(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn flag(&mut self, value: bool) {
        self.byte(u8::from(value));
    }

    /// Nearly all numbers are below 128: those are a byte and no call.
    #[inline]
    pub(crate) fn number(&mut self, value: u64) {
        match value {
            0..0x80 => self.0.push(value as u8),
            _ => self.large(value),
        }
    }

    /// All bytes at once: a look at the room that is left, and at what follows, for each would cost more than the bytes.
    #[inline(never)]
    fn large(&mut self, value: u64) {
        if value < 1 << 28 {
            let [a, b, c, d] = [0, 7, 14, 21].map(|at| (value >> at) as u8 | 0x80);
            return match value {
                0..0x4000 => self.0.extend_from_slice(&[a, b & 0x7f]),
                0x4000..0x20_0000 => self.0.extend_from_slice(&[a, b, c & 0x7f]),
                _ => self.0.extend_from_slice(&[a, b, c, d & 0x7f]),
            };
        }
        let bits = u64::BITS - value.leading_zeros();
        let length = bits.div_ceil(GROUP);
        if length > EIGHT {
            return self.largest(value);
        }
        let more = HIGH_BITS & ((1 << (8 * (length - 1))) - 1);
        self.first_of((spread(value) | more).to_le_bytes(), length as usize);
    }

    /// Appends the first of some bytes: all of them, and takes some away, since so many are written without a loop.
    #[inline]
    pub(crate) fn first_of<const MOST: usize>(&mut self, bytes: [u8; MOST], length: usize) {
        let start = self.0.len();
        self.0.extend_from_slice(&bytes);
        self.0.truncate(start + length);
    }

    #[cold]
    fn largest(&mut self, value: u64) {
        let low = value & ((1 << (EIGHT * GROUP)) - 1);
        self.first_of((spread(low) | HIGH_BITS).to_le_bytes(), EIGHT as usize);
        self.number(value >> (EIGHT * GROUP));
    }

    /// An index, with one of four tags below it.
    pub(crate) fn tagged(&mut self, tag: u8, ix: u16) {
        self.number(u64::from(ix) << TAG_BITS | u64::from(tag));
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    /// Zigzag, as [`Writer::signed`]; small values cost what they would there.
    pub(crate) fn wide(&mut self, value: i128) {
        if let Ok(value) = i64::try_from(value) {
            return self.signed(value);
        }
        let mut value = ((value << 1) ^ (value >> 127)) as u128;
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub(crate) fn fixed128(&mut self, value: u128) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn blob(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    /// In the coarsest unit that says it exactly: three bytes for a whole hour of our days, as most periods end on, nine for
    /// any nanosecond.
    pub(crate) fn time(&mut self, time: Timestamp) {
        self.span(time.nanos().unsigned_abs());
    }

    /// Some time in nanoseconds, as [`Writer::time`].
    pub(crate) fn span(&mut self, nanos: u64) {
        // Spelt out, so that each is a division by a constant.
        let (count, unit) = match nanos {
            _ if nanos.is_multiple_of(UNITS[0]) => (nanos / UNITS[0], 0),
            _ if nanos.is_multiple_of(UNITS[1]) => (nanos / UNITS[1], 1),
            _ if nanos.is_multiple_of(UNITS[2]) => (nanos / UNITS[2], 2),
            _ => (nanos, 3),
        };
        self.number(count * UNITS.len() as u64 + unit);
    }

    /// In eight bytes, at no cost: for what is written with every record.
    pub(crate) fn instant(&mut self, time: Timestamp) {
        self.0.extend_from_slice(&time.nanos().to_le_bytes());
    }

    pub(crate) fn position(&mut self, position: Position) {
        self.number(position.sequence);
        self.number(u64::from(position.index));
    }

    pub(crate) fn decimal(&mut self, decimal: Decimal) {
        self.byte(decimal.scale());
        self.wide(decimal.mantissa());
    }
}

/// Takes values from bytes.
#[derive(Clone)]
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.0.split_first().ok_or(DecodeError::Truncated)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, DecodeError> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(DecodeError::Invalid("a flag")),
        }
    }

    pub(crate) fn number(&mut self) -> Result<u64, DecodeError> {
        if let Some((first, rest)) = self.0.split_first()
            && *first < 0x80
        {
            self.0 = rest;
            return Ok(u64::from(*first));
        }
        let value = self.unsigned_wide()?;
        u64::try_from(value).map_err(|_| DecodeError::Invalid("a number"))
    }

    pub(crate) fn number32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.number()?).map_err(|_| DecodeError::Invalid("a number"))
    }

    pub(crate) fn number16(&mut self) -> Result<u16, DecodeError> {
        u16::try_from(self.number()?).map_err(|_| DecodeError::Invalid("a number"))
    }

    /// A tag and the index above it.
    pub(crate) fn tagged(&mut self) -> Result<(u8, u16), DecodeError> {
        let number = self.number()?;
        let tag = (number & ((1 << TAG_BITS) - 1)) as u8;
        let ix = u16::try_from(number >> TAG_BITS);
        Ok((tag, ix.map_err(|_| DecodeError::Invalid("a number"))?))
    }

    /// How many things follow. Each takes a byte at least, so more of them than bytes are refused before anything is reserved.
    pub(crate) fn length(&mut self) -> Result<usize, DecodeError> {
        let length = usize::try_from(self.number()?).map_err(|_| DecodeError::Truncated)?;
        if length > self.0.len() {
            return Err(DecodeError::Truncated);
        }
        Ok(length)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn unsigned_wide(&mut self) -> Result<u128, DecodeError> {
        let mut value = 0u128;
        for shift in (0..128).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(DecodeError::Invalid("a number"));
            }
            value |= shifted;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(DecodeError::Invalid("a number"))
    }

    pub(crate) fn wide(&mut self) -> Result<i128, DecodeError> {
        let value = self.unsigned_wide()?;
        Ok((value >> 1) as i128 ^ -((value & 1) as i128))
    }

    pub(crate) fn fixed128(&mut self) -> Result<u128, DecodeError> {
        let bytes: [u8; 16] = self
            .take(16)?
            .try_into()
            .map_err(|_| DecodeError::Truncated)?;
        Ok(u128::from_le_bytes(bytes))
    }

    pub(crate) fn blob(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        self.take(length)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.blob()?).map_err(|_| DecodeError::Invalid("a text"))
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, DecodeError> {
        let nanos = i64::try_from(self.span()?).ok();
        nanos
            .and_then(Timestamp::from_nanos)
            .ok_or(DecodeError::Invalid("a time"))
    }

    pub(crate) fn span(&mut self) -> Result<u64, DecodeError> {
        let number = self.number()?;
        let units = UNITS.len() as u64;
        let nanos = (number / units).checked_mul(UNITS[(number % units) as usize]);
        nanos.ok_or(DecodeError::Invalid("a time"))
    }

    pub(crate) fn instant(&mut self) -> Result<Timestamp, DecodeError> {
        let bytes: [u8; 8] = self
            .take(8)?
            .try_into()
            .map_err(|_| DecodeError::Truncated)?;
        Timestamp::from_nanos(i64::from_le_bytes(bytes)).ok_or(DecodeError::Invalid("a time"))
    }

    pub(crate) fn position(&mut self) -> Result<Position, DecodeError> {
        Ok(Position {
            sequence: self.number()?,
            index: self.number32()?,
        })
    }

    pub(crate) fn decimal(&mut self) -> Result<Decimal, DecodeError> {
        let scale = self.byte()?;
        Decimal::new(self.wide()?, scale).ok_or(DecodeError::Invalid("a decimal"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use types::Timestamp;

    use super::{Reader, UNITS, Writer};

    proptest! {
        #[test]
        fn numbers_survive_the_round_trip(small in any::<u64>(), signed in any::<i64>(), wide in any::<i128>()) {
            let mut bytes = Vec::new();
            let mut writer = Writer(&mut bytes);
            writer.number(small);
            writer.signed(signed);
            writer.wide(wide);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.number(), Ok(small));
            prop_assert_eq!(reader.signed(), Ok(signed));
            prop_assert_eq!(reader.wide(), Ok(wide));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn instants_survive_the_round_trip_in_few_bytes(nanos in 0..=Timestamp::MAX.nanos(), unit in prop::sample::select(UNITS.to_vec())) {
            let nanos = nanos - nanos % unit as i64;
            let time = Timestamp::from_nanos(nanos).unwrap();
            let mut bytes = Vec::new();
            Writer(&mut bytes).time(time);
            let most = UNITS.into_iter().zip([4, 5, 7, 10]).find(|(it, _)| *it == unit);
            prop_assert!(bytes.len() <= most.unwrap().1);
            Writer(&mut bytes).instant(time);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.time(), Ok(time));
            prop_assert_eq!(reader.instant(), Ok(time));
        }
    }
}
