//! Lines of a file, numbered and bounded.

use std::io::{self, BufRead, BufReader, Read};

/// The longest line that is held, in bytes. An event is at most 64 KiB; an operator's own row may be longer.
const LINE_BYTES_MAX: usize = 1 << 20;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Without its line end, not empty.
    Bytes(Vec<u8>),
    /// Longer than is held; its bytes are gone.
    TooLong,
}

/// Reads lines that are not blank, with their numbers from 1.
pub(crate) struct Lines {
    input: BufReader<Box<dyn Read>>,
    number: u64,
}

impl Lines {
    /// The lines of a text.
    pub(crate) fn new(text: Box<dyn Read>) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, text),
            number: 0,
        }
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        let mut bytes = Vec::new();
        // One byte more than is held, so that a line of exactly the most is told from a longer one.
        let mut bounded = self.input.by_ref().take(LINE_BYTES_MAX as u64 + 1);
        if bounded.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(None);
        }
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > LINE_BYTES_MAX {
            self.input.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong));
        }
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        Ok(Some(Line::Bytes(bytes)))
    }
}

impl Iterator for Lines {
    type Item = io::Result<(u64, Line)>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.number += 1;
            match self.line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(Line::Bytes(bytes))) if bytes.trim_ascii().is_empty() => {}
                Ok(Some(line)) => return Some(Ok((self.number, line))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{LINE_BYTES_MAX, Line, Lines};

    #[test]
    fn a_line_too_long_is_passed_over_and_the_next_is_read() {
        let mut text = b"a\r\n\n".to_vec();
        text.extend(vec![b'x'; LINE_BYTES_MAX + 1]);
        text.extend(b"\nb");
        let lines: Vec<_> = Lines::new(Box::new(Cursor::new(text)))
            .map(Result::unwrap)
            .collect();
        let expected = [
            (1, Line::Bytes(b"a".to_vec())),
            (3, Line::TooLong),
            (4, Line::Bytes(b"b".to_vec())),
        ];
        assert_eq!(lines, expected);
    }
}
