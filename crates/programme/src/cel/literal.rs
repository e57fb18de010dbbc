//! Numbers and texts in a predicate.

use types::Decimal;

use super::Wrong;
use super::lex::Token;
use crate::span::Span;

pub(super) fn starts_number(rest: &str) -> bool {
    let mut bytes = rest.bytes();
    match bytes.next() {
        Some(b'.') => bytes.next().is_some_and(|byte| byte.is_ascii_digit()),
        first => first.is_some_and(|byte| byte.is_ascii_digit()),
    }
}

pub(super) fn number(rest: &str, at: usize) -> Result<(Token, usize), Wrong> {
    let digits = |from: usize| {
        let count = rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        from + count
    };
    let mut end = digits(0);
    if rest[end..].starts_with('.') && digits(end + 1) > end + 1 {
        end = digits(end + 1);
    }
    let word = |from: usize| {
        let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        rest[from..].bytes().take_while(in_word).count()
    };
    let mut tail = word(end);
    // The sign of an exponent belongs to the mistake.
    if tail > 0
        && rest[end + tail..].starts_with(['-', '+'])
        && rest[end..end + tail].ends_with(['e', 'E'])
    {
        tail += 1 + word(end + tail + 1);
    }
    let span = Span {
        start: at,
        end: at + end + tail,
    };
    if tail > 0 {
        let wrong = Wrong::new(
            span,
            format!("`{}` is not a number here", &rest[..end + tail]),
        );
        return Err(wrong
            .expected("a decimal such as 10 or 0.50: no exponents, no other bases, no suffixes"));
    }
    let text = &rest[..end];
    let text = if text.starts_with('.') {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    match text.parse::<Decimal>() {
        Ok(number) => Ok((Token::Number(number), end)),
        Err(error) => Err(Wrong::new(span, format!("`{text}` is no number: {error}"))),
    }
}

fn prefix(rest: &str) -> (bool, bool, usize) {
    let (mut raw, mut bytes, mut length) = (false, false, 0);
    for c in rest.chars().take(2) {
        match c {
            'r' | 'R' if !raw => raw = true,
            'b' | 'B' if !bytes => bytes = true,
            _ => break,
        }
        length += 1;
    }
    (raw, bytes, length)
}

pub(super) fn starts_text(rest: &str) -> bool {
    let (_, _, length) = prefix(rest);
    rest[length..].starts_with(['"', '\''])
}

pub(super) fn text(rest: &str, at: usize) -> Result<(Token, usize), Wrong> {
    let (raw, bytes, start) = prefix(rest);
    let body = &rest[start..];
    let quote = if body.starts_with("\"\"\"") || body.starts_with("'''") {
        &body[..3]
    } else {
        &body[..1]
    };
    let span = |from: usize, to: usize| Span {
        start: at + from,
        end: at + to,
    };
    if bytes {
        return Err(
            Wrong::new(span(0, start + 1), "bytes are not carried by the language")
                .expected("a text: \"…\""),
        );
    }
    let mut place = start + quote.len();
    let mut found = String::new();
    loop {
        let left = &rest[place..];
        if left.starts_with(quote) {
            return Ok((Token::Text(found), place + quote.len()));
        }
        match left.chars().next() {
            None => {
                return Err(Wrong::new(span(0, rest.len()), "the text does not end")
                    .expected(format!("a closing {quote}")));
            }
            Some('\n' | '\r') if quote.len() == 1 => {
                return Err(
                    Wrong::new(span(0, place), "the text does not end on its line")
                        .expected(format!("a closing {quote}")),
                );
            }
            Some('\\') if !raw => {
                let (c, length) = escape(left).ok_or_else(|| {
                    let shown = left.chars().nth(1).map_or(1, |c| 1 + c.len_utf8());
                    Wrong::new(span(place, place + shown), "unknown escape in the text")
                        .expected("\\\\ \\\" \\' \\n \\r \\t \\uXXXX")
                })?;
                found.push(c);
                place += length;
            }
            Some(c) => {
                found.push(c);
                place += c.len_utf8();
            }
        }
    }
}

// `rest` begins with the backslash; the length includes it.
fn escape(rest: &str) -> Option<(char, usize)> {
    let code = |from: usize, length: usize, radix: u32| {
        let digits = rest
            .get(from..from + length)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        let value = u32::from_str_radix(digits, radix).ok()?;
        Some((char::from_u32(value)?, from + length))
    };
    let simple = |c: char| Some((c, 2));
    match rest.chars().nth(1)? {
        'a' => simple('\u{7}'),
        'b' => simple('\u{8}'),
        'f' => simple('\u{c}'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\u{b}'),
        c @ ('\\' | '"' | '\'' | '`' | '?') => simple(c),
        'x' | 'X' => code(2, 2, 16),
        'u' => code(2, 4, 16),
        'U' => code(2, 8, 16),
        '0'..='3' => code(1, 3, 8),
        _ => None,
    }
}
