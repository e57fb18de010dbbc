//! Hostile inputs: valid ones, damaged in the ways that find bugs. The same seed damages them the same way.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::faulty::Dice;

/// No input grows beyond this.
const BYTES_MAX: usize = 96 * 1024;
/// Bytes on which parsers stumble.
const SHARP: &[u8] = b"\x00\x01\x7f\x80\xff\"'\\{}[]():,-+.eE09 \n\t#&*!%";
/// What opens a level, in one format or another.
const OPENERS: &[&str] = &[
    "[", "{", "(", "!", "-", "{\"a\":", "[[", "- ", "a: {", "\x0a\x7e", "\x12\x7e", "\x1a\x7e",
];

/// A bounded run of hostile inputs.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// What is attacked; stands in the failure.
    pub name: &'a str,
    /// The same seed gives the same inputs.
    pub seed: u64,
    /// How many, beside the valid ones.
    pub cases: u64,
    /// Valid inputs.
    pub corpus: &'a [Vec<u8>],
    /// Words of the input's language.
    pub words: &'a [&'a str],
}

impl Run<'_> {
    /// Gives `check` every valid input, then the hostile ones; where it panics, says the input in hex and its seed.
    pub fn each(&self, check: impl Fn(&[u8])) {
        for input in self.corpus {
            self.one("as it is", input, &check);
        }
        for case in 0..self.cases {
            let seed = self.seed.wrapping_add(case);
            let input = hostile(seed, self.corpus, self.words);
            self.one(&format!("seed {seed}"), &input, &check);
        }
    }

    fn one(&self, which: &str, input: &[u8], check: &impl Fn(&[u8])) {
        if catch_unwind(AssertUnwindSafe(|| check(input))).is_err() {
            let hex: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
            panic!("{}, {which}, {} bytes: {hex}", self.name, input.len());
        }
    }
}

/// The hostile input of a seed: one of the corpus, damaged one to six times.
pub fn hostile(seed: u64, corpus: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let dice = Dice::new(seed);
    let mut bytes = pick(&dice, corpus).cloned().unwrap_or_default();
    // One wound is the one that is hardest to notice.
    let wounds = if dice.chance(500) {
        1
    } else {
        2 + dice.below(5)
    };
    for _ in 0..wounds {
        damage(&dice, &mut bytes, corpus, words);
        bytes.truncate(BYTES_MAX);
    }
    bytes
}

fn damage(dice: &Dice, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
    let at = below(dice, bytes.len() + 1);
    match dice.below(14) {
        0 | 1 => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        2 => {
            if let (Some(byte), Some(sharp)) = (bytes.get_mut(at), pick(dice, SHARP)) {
                *byte = *sharp;
            }
        }
        3 => bytes.truncate(at),
        4 => drop(bytes.drain(span(dice, at, bytes.len()))),
        // Twice, or so often that it hurts.
        5 => {
            let piece = bytes[span(dice, at, bytes.len())].to_vec();
            insert(bytes, at, &piece.repeat(1 << dice.below(10)));
        }
        // The head of one, the tail of another.
        6 => {
            if let Some(other) = pick(dice, corpus) {
                bytes.truncate(at);
                bytes.extend_from_slice(&other[below(dice, other.len() + 1)..]);
            }
        }
        7 => {
            if let Some(other) = pick(dice, corpus) {
                let from = below(dice, other.len() + 1);
                insert(bytes, at, &other[span(dice, from, other.len())]);
            }
        }
        8 => overwrite(bytes, at, &length(dice)),
        9 => insert(bytes, at, &length(dice)),
        10 => {
            let opener = pick(dice, OPENERS).copied().unwrap_or_default();
            insert(bytes, at, opener.repeat(1 << dice.below(13)).as_bytes());
        }
        11 => blow_up_a_number(dice, bytes, at),
        12 | 13 => {
            let word = pick(dice, words).copied().unwrap_or("\u{0}");
            insert(bytes, at, word.as_bytes());
        }
        _ => {}
    }
}

/// A length that promises more than there is: as a varint, or in two, four or eight bytes of either order.
fn length(dice: &Dice) -> Vec<u8> {
    let value = u64::MAX >> dice.below(64);
    match dice.below(5) {
        0 => vec![0xff; 1 + below(dice, 18)],
        1 => (value as u16).to_le_bytes().to_vec(),
        2 => (value as u32).to_le_bytes().to_vec(),
        3 => (value as u32).to_be_bytes().to_vec(),
        _ => value.to_le_bytes().to_vec(),
    }
}

/// The next digit becomes a number that no type holds.
fn blow_up_a_number(dice: &Dice, bytes: &mut Vec<u8>, at: usize) {
    let digit = bytes.iter().skip(at).position(u8::is_ascii_digit);
    let digits = [
        "9".repeat(45),
        "0".repeat(300),
        "-9223372036854775808".to_owned(),
        "1e999999999".to_owned(),
        "0.0000000000001".to_owned(),
    ];
    if let (Some(digit), Some(number)) = (digit, pick(dice, &digits)) {
        bytes.splice(at + digit..=at + digit, number.bytes());
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let room = BYTES_MAX.saturating_sub(bytes.len());
    bytes.splice(at..at, piece.iter().copied().take(room));
}

fn overwrite(bytes: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let end = (at + piece.len()).min(bytes.len());
    bytes.splice(at..end, piece.iter().copied());
}

/// From `at` on, mostly short, within `length`.
fn span(dice: &Dice, at: usize, length: usize) -> std::ops::Range<usize> {
    let most = if dice.chance(800) { 16 } else { length };
    at..(at + below(dice, most + 1)).min(length)
}

fn below(dice: &Dice, bound: usize) -> usize {
    dice.below(bound as u64) as usize
}

fn pick<'a, T>(dice: &Dice, items: &'a [T]) -> Option<&'a T> {
    items.get(below(dice, items.len()))
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::{BYTES_MAX, Run, hostile};

    fn corpus() -> Vec<Vec<u8>> {
        vec![
            b"{\"id\":\"o1\",\"amount\":12}".to_vec(),
            vec![8, 2, 0, 0, 0, 7, 7],
        ]
    }

    #[test]
    fn a_seed_gives_one_input_and_seeds_give_many() {
        let inputs: BTreeSet<Vec<u8>> = (0..1_000)
            .map(|seed| hostile(seed, &corpus(), &["word"]))
            .collect();
        assert!(inputs.len() > 600, "{}", inputs.len());
        assert!(inputs.iter().all(|input| input.len() <= BYTES_MAX));
        assert!(inputs.iter().any(|input| input.len() > 4_096));
        for seed in 0..50 {
            assert_eq!(hostile(seed, &corpus(), &[]), hostile(seed, &corpus(), &[]));
        }
    }

    #[test]
    fn every_valid_input_and_every_case_is_given_once() {
        let (corpus, seen) = (corpus(), RefCell::new(Vec::new()));
        let run = Run {
            name: "all",
            seed: 5,
            cases: 40,
            corpus: &corpus,
            words: &[],
        };
        run.each(|input| seen.borrow_mut().push(input.to_vec()));
        let seen = seen.into_inner();
        assert_eq!((seen.len(), &seen[..2]), (42, &corpus[..]));
        assert_eq!(seen[2], hostile(5, &corpus, &[]));
    }

    #[test]
    fn a_failing_input_is_told_in_hex_with_its_seed() {
        let (corpus, calls) = (vec![vec![1, 0xab]], Cell::new(0));
        let run = Run {
            name: "it",
            seed: 9,
            cases: 3,
            corpus: &corpus,
            words: &[],
        };
        let failed = catch_unwind(AssertUnwindSafe(|| {
            run.each(|_| {
                calls.set(calls.get() + 1);
                assert!(calls.get() < 3);
            });
        }));
        let why = failed.expect_err("the third input fails");
        let why = why.downcast_ref::<String>().expect("a message");
        assert!(why.starts_with("it, seed 10, "), "{why}");
        assert_eq!(why.split(": ").nth(1).map(|hex| hex.len() % 2), Some(0));
    }
}
