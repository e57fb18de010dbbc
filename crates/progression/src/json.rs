//! Canonical JSON: keys in the order they are written, no blanks, strings escaped as RFC 8259 asks and no further.

use std::fmt::{Arguments, Display};
use std::io::Write;

/// Writes one object.
pub(crate) struct Object {
    bytes: Vec<u8>,
}

impl Object {
    pub(crate) fn new() -> Self {
        Self {
            bytes: Vec::from(*b"{"),
        }
    }

    fn key(&mut self, key: &str) {
        if self.bytes.len() > 1 {
            self.bytes.push(b',');
        }
        string(&mut self.bytes, key);
        self.bytes.push(b':');
    }

    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        self.key(key);
        string(&mut self.bytes, value);
        self
    }

    /// A value whose text needs no escaping: numbers as strings, times, periods.
    pub(crate) fn plain(&mut self, key: &str, value: impl Display) -> &mut Self {
        self.key(key);
        display(&mut self.bytes, format_args!("\"{value}\""));
        self
    }

    /// A value that is JSON already.
    pub(crate) fn raw(&mut self, key: &str, json: impl Display) -> &mut Self {
        self.key(key);
        display(&mut self.bytes, format_args!("{json}"));
        self
    }

    pub(crate) fn object(&mut self, key: &str, inner: Self) -> &mut Self {
        self.key(key);
        self.bytes.extend(inner.finish());
        self
    }

    pub(crate) fn list(&mut self, key: &str, items: impl Iterator<Item = Self>) -> &mut Self {
        self.key(key);
        self.bytes.push(b'[');
        for (at, item) in items.enumerate() {
            if at > 0 {
                self.bytes.push(b',');
            }
            self.bytes.extend(item.finish());
        }
        self.bytes.push(b']');
        self
    }

    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push(b'}');
        self.bytes
    }
}

fn display(bytes: &mut Vec<u8>, text: Arguments<'_>) {
    let written = bytes.write_fmt(text);
    debug_assert!(written.is_ok(), "a Vec takes everything");
}

fn string(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => bytes.extend(b"\\\""),
            b'\\' => bytes.extend(b"\\\\"),
            0..0x20 => display(bytes, format_args!("\\u{byte:04x}")),
            _ => bytes.push(byte),
        }
    }
    bytes.push(b'"');
}
