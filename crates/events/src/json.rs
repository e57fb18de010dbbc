//! A strict JSON scanner over one bounded text.
//!
//! Not a general parser, for three reasons: numbers must reach us as their text (serde_json can do that only through a key that a
//! sender could forge), a key that stands twice must be seen, and nesting is bounded at 16 and not at 128. Strings without
//! escapes are borrowed. A property test holds it to serde_json's idea of JSON.

use std::borrow::Cow;

use crate::NESTING_MAX;
use crate::rejection::{Code, Rejection, excerpt};

/// A value, or the beginning of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Null,
    Bool(bool),
    /// The number's own text, in JSON's grammar.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// `[` was read.
    List,
    /// `{` was read.
    Map,
}

/// Reads one text from left to right.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

type Scan<T> = Result<T, Rejection>;

fn malformed(what: &str) -> Rejection {
    Rejection::new(Code::Malformed, what)
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            depth: 0,
        }
    }

    /// The next value, up to where its content begins if it is a list or a map.
    pub(crate) fn value(&mut self) -> Scan<Token<'a>> {
        self.skip_blanks();
        match self.peek() {
            Some(b'"') => self.string().map(Token::Text),
            Some(b'{') => self.open().map(|()| Token::Map),
            Some(b'[') => self.open().map(|()| Token::List),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word(),
            Some(_) => Err(malformed("not JSON: a value was expected")),
            None => Err(malformed("not JSON: it ends where a value was expected")),
        }
    }

    /// The next key of a map, or `None` at its end. `first` on the first call in this map.
    pub(crate) fn key(&mut self, first: bool) -> Scan<Option<Cow<'a, str>>> {
        if !self.more(first, b'}')? {
            return Ok(None);
        }
        self.skip_blanks();
        if self.peek() != Some(b'"') {
            return Err(malformed("not JSON: a key in quotes was expected"));
        }
        let key = self.string()?;
        self.skip_blanks();
        self.expect(b':')?;
        Ok(Some(key))
    }

    /// Whether the list goes on. `first` on the first call in this list.
    pub(crate) fn item(&mut self, first: bool) -> Scan<bool> {
        self.more(first, b']')
    }

    /// Nothing but blanks may follow.
    pub(crate) fn end(&mut self) -> Scan<()> {
        self.skip_blanks();
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(malformed("not JSON: something follows the event")),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Scan<()> {
        if self.peek() != Some(byte) {
            return Err(malformed(&format!(
                "not JSON: {:?} was expected",
                char::from(byte)
            )));
        }
        self.at += 1;
        Ok(())
    }

    fn open(&mut self) -> Scan<()> {
        if self.depth == NESTING_MAX {
            return Err(Rejection::new(
                Code::TooDeep,
                format!("lists and objects nest deeper than {NESTING_MAX} levels"),
            ));
        }
        self.at += 1;
        self.depth += 1;
        Ok(())
    }

    fn more(&mut self, first: bool, close: u8) -> Scan<bool> {
        self.skip_blanks();
        if self.peek() == Some(close) {
            self.at += 1;
            self.depth -= 1;
            return Ok(false);
        }
        if !first {
            self.expect(b',')?;
        }
        Ok(true)
    }

    fn word(&mut self) -> Scan<Token<'a>> {
        let word = self.take_while(|byte| byte.is_ascii_alphanumeric());
        match word {
            "null" => Ok(Token::Null),
            "true" => Ok(Token::Bool(true)),
            "false" => Ok(Token::Bool(false)),
            "NaN" | "Infinity" => Err(not_a_number(word)),
            _ => Err(malformed(&format!(
                "not JSON: {} is no value",
                excerpt(word)
            ))),
        }
    }

    fn number(&mut self) -> Scan<Token<'a>> {
        let number = self
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'));
        if number == "-Infinity" {
            return Err(not_a_number(number));
        }
        if !is_number(number.as_bytes()) {
            return Err(malformed(&format!(
                "not JSON: {} is no number",
                excerpt(number)
            )));
        }
        Ok(Token::Number(number))
    }

    fn take_while(&mut self, take: impl Fn(u8) -> bool) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(&take) {
            self.at += 1;
        }
        // Only ASCII was taken.
        &self.text[start..self.at]
    }

    fn string(&mut self) -> Scan<Cow<'a, str>> {
        self.at += 1;
        let start = self.at;
        self.at += plain(&self.text.as_bytes()[start..]);
        match self.peek() {
            Some(b'"') => {
                let text = &self.text[start..self.at];
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.escaped(start).map(Cow::Owned),
            Some(_) => Err(malformed("not JSON: a bare control character in a string")),
            None => Err(malformed("not JSON: a string without its end")),
        }
    }

    // From the first backslash on; `start` is where the string began.
    fn escaped(&mut self, start: usize) -> Scan<String> {
        let mut text = String::from(&self.text[start..self.at]);
        loop {
            let from = self.at;
            self.at += plain(&self.text.as_bytes()[from..]);
            text.push_str(&self.text[from..self.at]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                Some(_) => return Err(malformed("not JSON: a bare control character in a string")),
                None => return Err(malformed("not JSON: a string without its end")),
            }
        }
    }

    fn escape(&mut self) -> Scan<char> {
        let unknown = || malformed("not JSON: an escape that does not exist");
        let letter = self.peek().ok_or_else(unknown)?;
        self.at += 1;
        Ok(match letter {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(unknown()),
        })
    }

    fn unicode(&mut self) -> Scan<char> {
        let lone = || malformed("not JSON: half of a surrogate pair");
        let high = self.hex()?;
        if !(0xD800..0xE000).contains(&high) {
            return char::from_u32(high).ok_or_else(lone);
        }
        if high >= 0xDC00 || !self.text[self.at..].starts_with("\\u") {
            return Err(lone());
        }
        self.at += 2;
        let low = self.hex()?;
        if !(0xDC00..0xE000).contains(&low) {
            return Err(lone());
        }
        char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)).ok_or_else(lone)
    }

    fn hex(&mut self) -> Scan<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let value = digits.and_then(|digits| {
            digits.iter().try_fold(0, |sum, digit| {
                Some(sum * 16 + char::from(*digit).to_digit(16)?)
            })
        });
        self.at += 4;
        value.ok_or_else(|| malformed("not JSON: \\u takes four hex digits"))
    }
}

/// How many bytes stand for themselves in a string, up to a quote, a backslash or a control character. Looks at eight at a time: most
/// of an event is in its strings.
pub(crate) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    // Of the bytes below a bound the lowest is exact; those above it may be found by its borrow, and are not asked for.
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let (eights, rest) = bytes.as_chunks::<8>();
    for (number, eight) in eights.iter().enumerate() {
        let word = u64::from_le_bytes(*eight);
        let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let ends = (below(word, b' ') | is(b'"') | is(b'\\')) & (ONES * 0x80);
        if ends != 0 {
            return number * 8 + (ends.trailing_zeros() / 8) as usize;
        }
    }
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    let more = rest.iter().position(ends).unwrap_or(rest.len());
    bytes.len() - rest.len() + more
}

fn not_a_number(word: &str) -> Rejection {
    Rejection::new(Code::BadNumber, format!("{word} is no number"))
}

/// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(text);
    if whole == 0 || (whole > 1 && text[0] == b'0') {
        return false;
    }
    let mut rest = &text[whole..];
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = &fraction[length..];
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let exponent = match exponent {
            [b'+' | b'-', unsigned @ ..] => unsigned,
            unsigned => unsigned,
        };
        return !exponent.is_empty() && digits(exponent) == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    proptest! {
        #[test]
        fn a_string_goes_on_to_the_first_byte_that_ends_or_escapes_or_may_not_be(
            bytes in prop::collection::vec(prop_oneof![8 => 0x20u8..=255, 1 => any::<u8>(), 1 => Just(b'"'), 1 => Just(b'\\')], 0..40),
        ) {
            let ends = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
            let first = bytes.iter().position(ends);
            prop_assert_eq!(plain(&bytes), first.unwrap_or(bytes.len()));
        }
    }
}
