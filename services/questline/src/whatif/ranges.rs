//! Players by ranges of a value: 1, 2, 5, 10 and so on, so that sums need no bounds known before.

use std::collections::BTreeMap;

use types::MicroPoints;

/// How many values lie in each range: 0; below 1; from 1, 2, 5, 10, 20, 50 and so on to the next; the same below zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(BTreeMap<i16, u64>);

impl Ranges {
    pub(super) fn count(&mut self, value: MicroPoints) {
        *self.0.entry(range(value.0)).or_default() += 1;
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (range, more) in &other.0 {
            *self.0.entry(*range).or_default() += more;
        }
    }

    /// The first and the last range with a value in it.
    pub(super) fn ends(&self) -> Option<(i16, i16)> {
        let first = self.0.first_key_value()?;
        let last = self.0.last_key_value()?;
        Some((*first.0, *last.0))
    }

    /// How many values lie in a range.
    pub(super) fn of(&self, range: i16) -> u64 {
        self.0.get(&range).copied().unwrap_or(0)
    }
}

/// The range of a value in millionths.
fn range(value: i128) -> i16 {
    let (mut range, mut edge) = (1, 1_000_000_u128);
    let magnitude = value.unsigned_abs();
    if magnitude == 0 {
        return 0;
    }
    while magnitude >= edge && range < i16::MAX - 1 {
        range += 1;
        edge = edge_after(range - 1).unwrap_or(u128::MAX);
    }
    match value < 0 {
        true => -range,
        false => range,
    }
}

/// The edge behind the nth range above zero: 1, 2, 5, 10, ... in millionths.
fn edge_after(nth: i16) -> Option<u128> {
    let nth = u32::try_from(nth).ok()?;
    let digit = [1, 2, 5][(nth % 3) as usize];
    10_u128.checked_pow(nth / 3 + 6)?.checked_mul(digit)
}

/// What a range is called.
pub(super) fn label(range: i16) -> String {
    let edge = |nth: i16| edge_after(nth).map_or_else(|| "more".to_owned(), short);
    let sign = if range < 0 { "-" } else { "" };
    match range.unsigned_abs() as i16 {
        0 => "0".to_owned(),
        1 => format!("{sign}<1"),
        nth => format!("{sign}{}..{}", edge(nth - 2), edge(nth - 1)),
    }
}

/// Millionths in at most four characters: `500`, `20k`, `1M`.
fn short(millionths: u128) -> String {
    let whole = millionths / 1_000_000;
    let (divisor, unit) = match whole {
        0..1_000 => (1, ""),
        1_000..1_000_000 => (1_000, "k"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        _ => (1_000_000_000, "G"),
    };
    format!("{}{unit}", whole / divisor)
}

#[cfg(test)]
mod tests {
    use super::{label, range};

    #[test]
    fn a_value_falls_into_one_range() {
        let table = [
            (0, "0"),
            (1, "<1"),
            (999_999, "<1"),
            (1_000_000, "1..2"),
            (1_999_999, "1..2"),
            (2_000_000, "2..5"),
            (5_000_000, "5..10"),
            (10_000_000, "10..20"),
            (999_000_000, "500..1k"),
            (20_000_000_000, "20k..50k"),
            (-1, "-<1"),
            (-3_000_000, "-2..5"),
        ];
        for (millionths, expected) in table {
            assert_eq!(label(range(millionths)), expected, "{millionths}");
        }
        assert!(range(i128::MAX) > range(1));
    }
}
