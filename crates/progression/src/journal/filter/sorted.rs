//! Many numbers, sorted, in little more than the bits that their distances have (Elias-Fano).
//!
//! Of `n` numbers of `width` bits, the lower bits stand as they are, so many that about one number in each bucket of equal upper bits
//! is expected; of the upper bits stands for each bucket a one for each number in it, then a zero. That is `width - log2 n + 2` bits a
//! number. Where there are many, the zeros so far are written down for every block of the upper bits, so that one bucket is found
//! without looking at the others.

use crate::codec::{DecodeError, Reader, Writer};

/// Bits of one word of the upper bits.
const WORD: usize = 64;
/// Bytes of the upper bits for which the zeros before them are written down.
const BLOCK: usize = 64;

/// How so many numbers of a width lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    count: usize,
    /// Bits of a number that stand as they are.
    low: u32,
    buckets: usize,
}

impl Shape {
    pub(super) fn of(count: usize, width: u32) -> Self {
        let upper = count.max(1).ilog2().min(width);
        Self {
            count,
            low: width - upper,
            buckets: 1 << upper,
        }
    }

    /// Bytes that the lower bits take; they stand first.
    fn low_bytes(self) -> usize {
        (self.count * self.low as usize).div_ceil(8)
    }

    fn upper_bytes(self) -> usize {
        (self.count + self.buckets).div_ceil(8)
    }

    /// Bytes of the counts of zeros: one count for each block but the first.
    fn skip_bytes(self) -> usize {
        (self.upper_bytes() - 1) / BLOCK * 4
    }

    pub(super) fn bytes(self) -> usize {
        self.low_bytes() + self.upper_bytes() + self.skip_bytes()
    }
}

/// Numbers as they lie.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sorted<'a> {
    shape: Shape,
    low: &'a [u8],
    upper: &'a [u8],
    skips: &'a [[u8; 4]],
}

impl<'a> Sorted<'a> {
    /// Takes so many bytes as the shape has.
    pub(super) fn read(shape: Shape, reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            shape,
            low: reader.take(shape.low_bytes())?,
            upper: reader.take(shape.upper_bytes())?,
            skips: reader.take(shape.skip_bytes())?.as_chunks().0,
        })
    }

    /// Appends numbers that are sorted and have no more than `width` bits.
    pub(super) fn write(numbers: &[u32], width: u32, writer: &mut Writer<'_>) {
        let shape = Shape::of(numbers.len(), width);
        let start = writer.0.len();
        writer.0.resize(start + shape.bytes(), 0);
        let (low, rest) = writer.0[start..].split_at_mut(shape.low_bytes());
        let (upper, skips) = rest.split_at_mut(shape.upper_bytes());
        for (at, number) in numbers.iter().enumerate() {
            let mask = (1u64 << shape.low) - 1;
            let bit = at * shape.low as usize;
            let shifted = (u64::from(*number) & mask) << (bit % 8);
            put(&mut low[bit / 8..], shifted);
            let one = (u64::from(*number) >> shape.low) as usize + at;
            upper[one / 8] |= 1 << (one % 8);
        }
        let counts = zeros_before_blocks(upper);
        let places = skips.as_chunks_mut().0.iter_mut();
        places
            .zip(counts)
            .for_each(|(place, count)| *place = count.to_le_bytes());
    }

    /// Whether the bits are what some numbers would be written as.
    pub(super) fn is_sound(self) -> bool {
        let ones: u32 = self.upper.iter().map(|byte| byte.count_ones()).sum();
        let spare = self.upper.len() * 8 - (self.shape.count + self.shape.buckets);
        let last = self.upper.last().copied().unwrap_or_default();
        let clear = usize::try_from(last.leading_zeros()).is_ok_and(|clear| clear > spare);
        let skips = self.skips.iter().map(|skip| u32::from_le_bytes(*skip));
        ones as usize == self.shape.count
            && clear
            && skips.eq(zeros_before_blocks(self.upper))
            && self.all().is_sorted()
    }

    /// All numbers, as they are sorted.
    pub(super) fn all(self) -> impl Iterator<Item = u32> {
        let bits = (0..self.shape.count + self.shape.buckets).filter(move |bit| self.is_one(*bit));
        let upper = bits.enumerate().map(|(at, bit)| (at, bit - at));
        upper.map(move |(at, upper)| self.number(upper, at))
    }

    /// The numbers from `from` to before `from + span`, which share their upper bits.
    #[inline]
    pub(super) fn near(self, from: u32, span: u32) -> impl Iterator<Item = u32> {
        let bucket = (u64::from(from) >> self.shape.low) as usize;
        let start = self.start_of(bucket);
        let ones = (start..).take_while(move |bit| self.is_one(*bit));
        let bucketed = ones.map(move |bit| self.number(bucket, bit - bucket));
        bucketed.filter(move |number| number.wrapping_sub(from) < span)
    }

    /// Whether there is any of [`Sorted::near`]: nearly every look ends here.
    #[inline]
    pub(super) fn has_near(self, from: u32, span: u32) -> bool {
        let bucket = (u64::from(from) >> self.shape.low) as usize;
        let mut bit = self.start_of(bucket);
        while self.is_one(bit) {
            if self.number(bucket, bit - bucket).wrapping_sub(from) < span {
                return true;
            }
            bit += 1;
        }
        false
    }

    /// The bit where a bucket begins: behind as many zeros as there are buckets before it.
    fn start_of(self, bucket: usize) -> usize {
        if bucket == 0 {
            return 0;
        }
        let below = |skip: &[u8; 4]| (u32::from_le_bytes(*skip) as usize) < bucket;
        let block = self.skips.partition_point(below);
        let before = match block.checked_sub(1) {
            None => 0,
            Some(at) => u32::from_le_bytes(self.skips[at]) as usize,
        };
        let mut zeros = bucket.saturating_sub(before);
        let rest = self.upper.get(block * BLOCK..).unwrap_or_default();
        for (at, word) in words(rest).enumerate() {
            let here = word.count_zeros() as usize;
            if here >= zeros {
                // The last of them lies in this word.
                return block * BLOCK * 8 + at * WORD + place_of_one(!word, zeros) + 1;
            }
            zeros -= here;
        }
        self.upper.len() * 8
    }

    fn is_one(self, bit: usize) -> bool {
        let byte = self.upper.get(bit / 8);
        byte.is_some_and(|byte| byte >> (bit % 8) & 1 == 1)
    }

    fn number(self, upper: usize, at: usize) -> u32 {
        let bit = at * self.shape.low as usize;
        let rest = self.low.get(bit / 8..).unwrap_or_default();
        let word = match rest.first_chunk() {
            Some(eight) => u64::from_le_bytes(*eight),
            None => filled_up(rest),
        };
        let low = (word >> (bit % 8)) & ((1u64 << self.shape.low) - 1);
        ((upper as u64) << self.shape.low | low) as u32
    }
}

/// Adds the bits of a word; those for which there is no room are zeros.
fn put(places: &mut [u8], word: u64) {
    if let Some(eight) = places.first_chunk_mut() {
        *eight = (u64::from_le_bytes(*eight) | word).to_le_bytes();
        return;
    }
    let bytes = word.to_le_bytes();
    places
        .iter_mut()
        .zip(bytes)
        .for_each(|(place, byte)| *place |= byte);
}

/// Bytes as words, the last of them filled up with zeros.
fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    let (whole, rest) = bytes.as_chunks::<8>();
    let last = (!rest.is_empty()).then(|| filled_up(rest));
    let whole = whole.iter().map(|eight| u64::from_le_bytes(*eight));
    whole.chain(last)
}

/// The place of the n-th one of a word, from 1: by bytes first, of which few are looked at.
fn place_of_one(word: u64, n: usize) -> usize {
    let (mut rest, mut left, mut byte) = (word, n, 0);
    loop {
        let here = (rest as u8).count_ones() as usize;
        if here >= left || byte == 7 {
            break;
        }
        (rest, left, byte) = (rest >> 8, left - here, byte + 1);
    }
    (1..left).for_each(|_| rest &= rest.wrapping_sub(1));
    byte * 8 + rest.trailing_zeros() as usize
}

fn filled_up(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, byte| word << 8 | u64::from(*byte))
}

/// For each block but the first, how many zeros stand before it.
fn zeros_before_blocks(upper: &[u8]) -> impl Iterator<Item = u32> {
    let zeros = |block: &[u8]| block.iter().map(|byte| byte.count_zeros()).sum::<u32>();
    let blocks = upper.len().div_ceil(BLOCK).saturating_sub(1);
    let counted = upper.chunks(BLOCK).take(blocks);
    counted.scan(0, move |before, block| {
        *before += zeros(block);
        Some(*before)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Shape, Sorted};
    use crate::codec::{Reader, Writer};

    fn width() -> impl Strategy<Value = u32> {
        20..=32u32
    }

    proptest! {
        #[test]
        fn numbers_are_found_among_as_many_as_there_are(width in width(), mut numbers in prop::collection::vec(any::<u32>(), 0..3_000), spread in 0..20u32) {
            // The smaller the spread, the more of them are equal or in one bucket.
            numbers.iter_mut().for_each(|number| *number = (*number >> (32 - width)) >> spread);
            numbers.sort_unstable();
            let mut bytes = Vec::new();
            Sorted::write(&numbers, width, &mut Writer(&mut bytes));
            let shape = Shape::of(numbers.len(), width);
            prop_assert_eq!(bytes.len(), shape.bytes());
            let sorted = Sorted::read(shape, &mut Reader::new(&bytes)).unwrap();
            prop_assert!(sorted.is_sound());
            prop_assert_eq!(sorted.all().collect::<Vec<_>>(), numbers.clone());
            let others = [0, 1, u32::MAX >> (32 - width), 12_345];
            for from in numbers.iter().copied().chain(others) {
                let from = from / 16 * 16;
                let here = numbers.iter().copied().filter(|number| (from..=from + 15).contains(number));
                let near: Vec<_> = sorted.near(from, 16).collect();
                prop_assert_eq!(sorted.has_near(from, 16), !near.is_empty());
                prop_assert_eq!(near, here.collect::<Vec<_>>());
            }
        }

        #[test]
        fn any_bytes_are_looked_through(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0..100usize, from in 0..1u32 << 23) {
            let read = Sorted::read(Shape::of(count, 23), &mut Reader::new(&bytes));
            if let Ok(sorted) = read {
                prop_assert!(sorted.near(from, 1).count() <= bytes.len() * 8);
                prop_assert!(sorted.all().count() <= bytes.len() * 8);
                let _sound = sorted.is_sound();
            }
        }
    }
}
