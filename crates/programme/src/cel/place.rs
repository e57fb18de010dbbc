//! From offsets in a predicate to offsets in the file.

use crate::span::Span;

/// For each byte of a scalar's text and for its end, the offset in the file where it is written.
///
/// Quotes, escapes, folded lines and indentation stand in the file and not in the text: the text is found again in the scalar's source,
/// character by character.
pub(super) fn offsets(source: &str, scalar: Span, text: &str) -> Vec<usize> {
    let raw = source.get(scalar.start..scalar.end).unwrap_or("");
    let mut places = Vec::with_capacity(text.len() + 1);
    if let Some(at) = raw.find(text) {
        places.extend((0..=text.len()).map(|byte| scalar.start + at + byte));
        return places;
    }
    let mut rest = raw.char_indices().peekable();
    let mut last = scalar.start;
    for c in text.chars() {
        let found = loop {
            match rest.next() {
                Some((at, written))
                    if written == c || (c.is_whitespace() && written.is_whitespace()) =>
                {
                    break Some(at);
                }
                Some(_) => {}
                None => break None,
            }
        };
        if let Some(at) = found {
            last = scalar.start + at;
            let quoted_quote = c == '\'' && raw.starts_with('\'');
            if quoted_quote {
                rest.next_if(|(_, next)| *next == '\'');
            }
        }
        places.extend(std::iter::repeat_n(last, c.len_utf8()));
    }
    places.push(last + 1);
    places
}

/// The file's bytes of some bytes of the text.
pub(super) fn within(places: &[usize], span: Span) -> Span {
    let at = |byte: usize| places[byte.min(places.len() - 1)];
    let start = at(span.start);
    let end = if span.end > span.start {
        at(span.end - 1) + 1
    } else {
        start
    };
    Span {
        start,
        end: end.max(start),
    }
}
