//! From a body to the events in it, each on its own: one that is broken never fails its neighbours.
//!
//! Only brackets and quotes are looked at here. What is between them is judged event by event.

use thiserror::Error;

use crate::json::plain;

/// The body around the events is broken, so there are no results to give.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum BatchError {
    /// Not the JSON that a batch is.
    #[error("not a batch: {0}")]
    Malformed(&'static str),
    /// More events than one request may bring.
    #[error("more than {max} events")]
    TooMany {
        /// The most.
        max: usize,
    },
}

/// Lines of NDJSON: without line ends, blank ones left out.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The lines of a body.
    pub fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let (line, rest) = match end {
                Some(end) => (&self.rest[..end], &self.rest[end + 1..]),
                None => (self.rest, &self.rest[self.rest.len()..]),
            };
            self.rest = rest;
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }
}

/// The events of `{"events":[..]}`, each as its own bytes; `None` where the body is something else, such as a single event.
pub fn envelope(body: &[u8], max: usize) -> Result<Option<Vec<&[u8]>>, BatchError> {
    let mut cut = Cutter { body, at: 0 };
    if !(cut.take(b'{') && cut.literal(b"\"events\"")) {
        return Ok(None);
    }
    if !cut.take(b':') {
        return Err(BatchError::Malformed("`:` was expected after \"events\""));
    }
    let events = cut.items(max)?;
    if !cut.take(b'}') {
        return Err(BatchError::Malformed("nothing may stand beside \"events\""));
    }
    cut.end()?;
    Ok(Some(events))
}

/// The events of a JSON array, each as its own bytes.
pub fn array(body: &[u8], max: usize) -> Result<Vec<&[u8]>, BatchError> {
    let mut cut = Cutter { body, at: 0 };
    let events = cut.items(max)?;
    cut.end()?;
    Ok(events)
}

struct Cutter<'a> {
    body: &'a [u8],
    at: usize,
}

impl<'a> Cutter<'a> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn literal(&mut self, text: &[u8]) -> bool {
        self.peek();
        let found = self.body[self.at..].starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn end(&mut self) -> Result<(), BatchError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(BatchError::Malformed("something follows it")),
        }
    }

    fn items(&mut self, max: usize) -> Result<Vec<&'a [u8]>, BatchError> {
        if !self.take(b'[') {
            return Err(BatchError::Malformed("a list of events was expected"));
        }
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            if items.len() == max {
                return Err(BatchError::TooMany { max });
            }
            items.push(self.item()?);
            if self.take(b']') {
                return Ok(items);
            }
            if !self.take(b',') {
                return Err(BatchError::Malformed(
                    "`,` or `]` was expected after an event",
                ));
            }
        }
    }

    // From the item's first byte to where its brackets are closed and a comma or the list's end follows.
    fn item(&mut self) -> Result<&'a [u8], BatchError> {
        self.peek();
        let start = self.at;
        let mut open = 0usize;
        while let Some(byte) = self.body.get(self.at) {
            match byte {
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                b'{' | b'[' => open += 1,
                b',' if open == 0 => break,
                b'}' | b']' if open == 0 => break,
                b'}' | b']' => open -= 1,
                _ => {}
            }
            self.at += 1;
        }
        if open > 0 {
            return Err(BatchError::Malformed("it ends within an event"));
        }
        match self.body[start..self.at].trim_ascii() {
            [] => Err(BatchError::Malformed("an event was expected")),
            item => Ok(item),
        }
    }

    fn skip_string(&mut self) -> Result<(), BatchError> {
        self.at += 1;
        while let Some(rest) = self.body.get(self.at..) {
            self.at += plain(rest);
            match self.body.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => break,
            }
        }
        Err(BatchError::Malformed("it ends within a string"))
    }
}

#[cfg(test)]
mod tests;
