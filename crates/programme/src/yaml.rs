//! A YAML file as a tree with places, every scalar as its text.
//!
//! Refused, each with its place: anchors, aliases, tags, directives, merge keys, a second document, keys that are not plain words,
//! the same key twice. Nothing is resolved: what a scalar means is decided by the field it stands in, so `no`, `1e3` and `0x10` are text
//! until someone asks for a number.

mod build;

use std::collections::BTreeMap;

use crate::diagnostics::Problems;
use crate::span::Span;

/// The longest file, in bytes.
pub(crate) const BYTES_MAX: usize = 1 << 20;
/// How deep lists and maps may be nested.
pub(crate) const DEPTH_MAX: usize = 32;

/// A node and where it stands: a map's or a list's place is its opening bracket or its first entry.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    /// A text; empty and plain where nothing is written.
    Scalar { text: String, plain: bool },
    /// Nodes in order.
    List(Vec<Node>),
    /// Keys and values in order; keys are different.
    Map(Vec<(Key, Node)>),
    /// Something refused that has been reported.
    Broken,
}

#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) span: Span,
    pub(crate) text: String,
}

/// What a node says, without its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    Nothing,
    Text(String),
    List(Vec<Plain>),
    /// Keys are different.
    Map(BTreeMap<String, Plain>),
}

impl Node {
    /// What it says.
    pub(crate) fn plain(self) -> Plain {
        if self.is_nothing() {
            return Plain::Nothing;
        }
        match self.kind {
            Kind::Scalar { text, .. } => Plain::Text(text),
            Kind::List(items) => Plain::List(items.into_iter().map(Self::plain).collect()),
            Kind::Map(entries) => {
                let entries = entries.into_iter();
                Plain::Map(
                    entries
                        .map(|(key, value)| (key.text, value.plain()))
                        .collect(),
                )
            }
            Kind::Broken => Plain::Nothing,
        }
    }

    /// What it is, for "expected a list, found ...".
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar { .. } if self.is_nothing() => "nothing".to_owned(),
            Kind::Scalar { text, .. } => {
                let short: String = text.chars().take(60).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                format!("`{short}{dots}`")
            }
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
            Kind::Broken => "something that was refused".to_owned(),
        }
    }

    /// Whether no value is written.
    pub(crate) fn is_nothing(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null"))
    }

    /// Reports that something else was expected here, unless this node has been reported.
    pub(crate) fn unexpected(&self, problems: &mut Problems, expected: &str) {
        if !matches!(self.kind, Kind::Broken) {
            problems
                .push(
                    self.span,
                    format!("expected {expected}, found {}", self.describe()),
                )
                .expected(expected);
        }
    }
}

/// The tree of a file, or `None` where its errors leave none.
pub(crate) fn read(source: &str, problems: &mut Problems) -> Option<Node> {
    if source.len() > BYTES_MAX {
        problems
            .push(
                Span { start: 0, end: 1 },
                format!("the file has {} bytes", source.len()),
            )
            .expected(format!("at most {BYTES_MAX} bytes (1 MiB)"));
        return None;
    }
    build::tree(source, problems)
}

#[cfg(test)]
mod tests;
