//! Events out of a file: JSON lines as they stand, or the operator's own rows through a mapping; packed by gzip or not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::exit::Failure;
use crate::lines::{Line, Lines};
use crate::mapping::{Mapped, Mapping};

/// What marks a text as UTF-8, at its start only.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One line or row of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// An event as JSON, not yet validated.
    Event(RawEvent),
    /// Nothing that could be an event, and why.
    Left(Left),
}

/// An event as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawEvent {
    /// Its line in the file, from 1.
    pub(crate) line: u64,
    /// Its text.
    pub(crate) json: Vec<u8>,
}

/// A line or row that is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// Its line in the file, from 1.
    pub(crate) line: u64,
    /// Whether the mapping says to leave it out; else it could not be read.
    pub(crate) on_purpose: bool,
    /// Why: one of few texts, to be counted by.
    pub(crate) reason: String,
    /// What exactly.
    pub(crate) detail: String,
}

/// The items of a file, in the order in which they are to be recorded.
pub(crate) type Feed<'m> = Box<dyn Iterator<Item = io::Result<Item>> + 'm>;

/// How many lines were left out, by reason.
pub(crate) type Tally = BTreeMap<String, u64>;

/// Opens a file.
pub(crate) fn open<'m>(file: &Path, mapping: Option<&'m Mapping>) -> Result<Feed<'m>, Failure> {
    let text = File::open(file)
        .and_then(|text| unpacked(Box::new(text)))
        .map_err(|why| Failure::bad_input(format!("{}: {why}", file.display())))?;
    read(&file.display().to_string(), text, mapping)
}

/// Reads a text that is unpacked already.
pub(crate) fn read<'m>(
    file_name: &str,
    text: Box<dyn Read>,
    mapping: Option<&'m Mapping>,
) -> Result<Feed<'m>, Failure> {
    let text =
        without_mark(text).map_err(|why| Failure::bad_input(format!("{file_name}: {why}")))?;
    let Some(mapping) = mapping else {
        return Ok(Box::new(Lines::new(text).map(|line| Ok(raw(line?)))));
    };
    let rows = mapping
        .rows(file_name, text)
        .map_err(|error| Failure::bad_input(error.to_string()))?;
    if !mapping.sorts() {
        return Ok(Box::new(rows.map(|row| {
            let (line, mapped) = row?;
            Ok(mapped_item(line, mapped))
        })));
    }
    let (mut events, mut items) = (Vec::new(), Vec::new());
    for row in rows {
        match row.map_err(|why| Failure::bad_input(format!("{file_name}: {why}")))? {
            (line, Mapped::Event(event)) => events.push((line, event)),
            (line, other) => items.push(mapped_item(line, other)),
        }
    }
    mapping.sort(&mut events);
    let events = events
        .into_iter()
        .map(|(line, event)| mapped_item(line, Mapped::Event(event)));
    Ok(Box::new(items.into_iter().chain(events).map(Ok)))
}

/// The text under gzip, where the bytes say that it is packed.
pub(crate) fn unpacked(bytes: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut bytes = BufReader::with_capacity(1 << 16, bytes);
    if bytes.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        return Ok(Box::new(MultiGzDecoder::new(bytes)));
    }
    Ok(Box::new(bytes))
}

/// The text without the byte order mark that some programs put before it.
fn without_mark(mut text: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut start = Vec::with_capacity(BYTE_ORDER_MARK.len());
    text.by_ref()
        .take(BYTE_ORDER_MARK.len() as u64)
        .read_to_end(&mut start)?;
    if start == BYTE_ORDER_MARK {
        return Ok(text);
    }
    Ok(Box::new(Cursor::new(start).chain(text)))
}

fn raw((line, text): (u64, Line)) -> Item {
    match text {
        Line::Bytes(json) => Item::Event(RawEvent { line, json }),
        Line::TooLong => Item::Left(Left {
            line,
            on_purpose: false,
            reason: "too_large".to_owned(),
            detail: "a line above 1 MiB".to_owned(),
        }),
    }
}

fn mapped_item(line: u64, mapped: Mapped) -> Item {
    match mapped {
        Mapped::Event(event) => Item::Event(RawEvent {
            line,
            json: event.json,
        }),
        Mapped::Skipped(reason) => Item::Left(Left {
            line,
            on_purpose: true,
            detail: reason.clone(),
            reason,
        }),
        Mapped::Unreadable(detail) => Item::Left(Left {
            line,
            on_purpose: false,
            reason: "unreadable".to_owned(),
            detail,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read, Write};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{Item, RawEvent, read, unpacked};

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let marked = "\u{feff}{\"id\":\"1\"}\n{\"id\":\"\u{feff}\"}\n";
        for (text, expected) in [(marked, 2), ("\u{feff}", 0), ("{}", 1)] {
            let text = Box::new(Cursor::new(text.as_bytes().to_vec()));
            let items: Vec<Item> = read("e.jsonl", text, None)
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(items.len(), expected, "{items:?}");
            let begins = |item: &Item| matches!(item, Item::Event(raw) if raw.json[0] == b'{');
            assert!(items.iter().all(begins), "{items:?}");
        }
    }

    #[test]
    fn packed_and_plain_files_read_the_same() {
        let plain = b"{\"id\":\"1\"}\n\n{\"id\":\"2\"}\n".to_vec();
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&plain).unwrap();
        for bytes in [plain.clone(), packer.finish().unwrap()] {
            let text: Box<dyn Read> = unpacked(Box::new(Cursor::new(bytes))).unwrap();
            let items: Vec<Item> = read("e.jsonl", text, None)
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let event = |line, json: &str| {
                Item::Event(RawEvent {
                    line,
                    json: json.as_bytes().to_vec(),
                })
            };
            assert_eq!(
                items,
                [event(1, r#"{"id":"1"}"#), event(3, r#"{"id":"2"}"#)]
            );
        }
    }
}
