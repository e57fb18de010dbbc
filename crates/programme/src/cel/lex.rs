//! A predicate's text to tokens.

use types::Decimal;

use super::literal;
use super::{BYTES_MAX, Wrong};
use crate::span::Span;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    Number(Decimal),
    Text(String),
    Word(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 24] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "!", "+", "-", "*", "/", "%", ".", ",", "(", ")",
    "[", "]", "{", "}", "?", ":",
];

pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, Wrong> {
    if text.len() > BYTES_MAX {
        let whole = Span {
            start: 0,
            end: text.len(),
        };
        return Err(
            Wrong::new(whole, format!("the predicate has {} bytes", text.len()))
                .expected(format!("at most {BYTES_MAX}")),
        );
    }
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = match c {
            _ if c.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            '/' if rest.starts_with("//") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            _ if literal::starts_text(rest) => literal::text(rest, at)?,
            _ if literal::starts_number(rest) => literal::number(rest, at)?,
            'a'..='z' | 'A'..='Z' | '_' => {
                let in_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
                (Token::Word(rest[..length].to_owned()), length)
            }
            _ => match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
                Some(sign) => (Token::Sign(sign), sign.len()),
                None => return Err(stranger(c, at)),
            },
        };
        let span = Span {
            start: at,
            end: at + length,
        };
        tokens.push((token, span));
        at += length;
    }
    let end = Span {
        start: text.len(),
        end: text.len(),
    };
    tokens.push((Token::End, end));
    Ok(tokens)
}

fn stranger(c: char, at: usize) -> Wrong {
    let span = Span {
        start: at,
        end: at + c.len_utf8(),
    };
    let help = match c {
        '=' => Some("did you mean `==`?"),
        '&' => Some("did you mean `&&`?"),
        '|' => Some("did you mean `||`?"),
        '“' | '”' | '‘' | '’' => Some("write straight quotes: \" or '"),
        _ => None,
    };
    Wrong::new(span, format!("`{c}` is not part of CEL")).help(help.map(str::to_owned))
}

impl Token {
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Number(number) => format!("`{number}`"),
            Self::Text(_) => "a text".to_owned(),
            Self::Word(word) => format!("`{word}`"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => "the end of the predicate".to_owned(),
        }
    }
}
