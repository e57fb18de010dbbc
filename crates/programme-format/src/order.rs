//! Keys in the order of the reference, each with the comments above it and behind it.

use std::ops::Range;

use programme::Shape;
use yaml_parser::{SyntaxKind, SyntaxNode};

use crate::tree::{self, place};

/// What is to stand in a place of the text.
struct Edit {
    at: Range<usize>,
    text: String,
}

/// A key and its value.
struct Entry {
    at: Range<usize>,
    /// Its place among the keys that the language knows here; behind them for one that it does not.
    rank: usize,
}

/// The text with the keys of each map in order.
pub(crate) fn ordered(source: &str) -> Result<String, String> {
    let tree = tree::parse(source)?;
    let edits = below(source, &tree, programme::shape());
    Ok(edited(source, 0..source.len(), &edits))
}

/// A part of the text with the edits that lie in it, which are in order and apart.
fn edited(source: &str, part: Range<usize>, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(part.len());
    let mut done = part.start;
    for edit in edits {
        if edit.at.start >= done && edit.at.end <= part.end {
            text.push_str(&source[done..edit.at.start]);
            text.push_str(&edit.text);
            done = edit.at.end;
        }
    }
    text.push_str(&source[done..part.end]);
    text
}

// As deep as lists and maps are nested, which the language bounds.
fn below(source: &str, node: &SyntaxNode, shape: Shape) -> Vec<Edit> {
    let shape = match node.kind() {
        SyntaxKind::BLOCK_MAP | SyntaxKind::FLOW_MAP => return map(source, node, shape),
        SyntaxKind::BLOCK_SEQ | SyntaxKind::FLOW_SEQ => shape.item(),
        _ => shape,
    };
    node.children()
        .flat_map(|child| below(source, &child, shape))
        .collect()
}

fn map(source: &str, node: &SyntaxNode, shape: Shape) -> Vec<Edit> {
    let is_block = node.kind() == SyntaxKind::BLOCK_MAP;
    let (mut entries, mut inner) = (Vec::new(), Vec::new());
    for entry in node.descendants().filter(|it| is_entry_of(it, node)) {
        let key = key(&entry);
        let (rank, value) = shape.field(&key).unwrap_or((usize::MAX, Shape::Scalar));
        inner.extend(below_value(source, &entry, value));
        let mut at = place(&entry);
        at.end = at.start + source[at.clone()].trim_end().len();
        entries.push(Entry { at, rank });
    }
    if entries.is_sorted_by_key(|entry| entry.rank) {
        return inner;
    }
    let edit = match is_block {
        true => Some(block(source, &mut entries, &inner)),
        // Whose a comment between braces is cannot be told.
        false if tree::comments(node).next().is_some() => None,
        false => Some(flow(source, &entries, &inner)),
    };
    edit.map_or(inner, |edit| vec![edit])
}

fn is_entry_of(entry: &SyntaxNode, map: &SyntaxNode) -> bool {
    let above = |levels| entry.ancestors().nth(levels);
    match entry.kind() {
        SyntaxKind::BLOCK_MAP_ENTRY => above(1).as_ref() == Some(map),
        SyntaxKind::FLOW_MAP_ENTRY => above(2).as_ref() == Some(map),
        _ => false,
    }
}

fn key(entry: &SyntaxNode) -> String {
    let is_key = |it: &SyntaxNode| {
        matches!(
            it.kind(),
            SyntaxKind::BLOCK_MAP_KEY | SyntaxKind::FLOW_MAP_KEY
        )
    };
    let text = entry
        .children()
        .find(is_key)
        .map(|key| key.text().to_string());
    text.unwrap_or_default()
        .trim_matches(['"', '\'', ' '])
        .to_owned()
}

fn below_value(source: &str, entry: &SyntaxNode, shape: Shape) -> Vec<Edit> {
    let values = entry.children().filter(|it| {
        matches!(
            it.kind(),
            SyntaxKind::BLOCK_MAP_VALUE | SyntaxKind::FLOW_MAP_VALUE
        )
    });
    values
        .flat_map(|value| below(source, &value, shape))
        .collect()
}

/// Places by rank; those of one rank in the order of the text.
fn sorted(entries: &[Entry]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..entries.len()).collect();
    order.sort_by_key(|at| entries[*at].rank);
    order
}

/// Entries between braces change places, and commas stay.
fn flow(source: &str, entries: &[Entry], inner: &[Edit]) -> Edit {
    let mut text = String::new();
    for (at, from) in sorted(entries).into_iter().enumerate() {
        if at > 0 {
            text.push_str(&source[entries[at - 1].at.end..entries[at].at.start]);
        }
        text.push_str(&edited(source, entries[from].at.clone(), inner));
    }
    let at = whole(entries);
    Edit { at, text }
}

/// Entries that have lines of their own take with them the comments above and behind them.
fn block(source: &str, entries: &mut [Entry], inner: &[Edit]) -> Edit {
    let first = entries.first().map_or(0, |entry| entry.at.start);
    let line = source[..first].rfind('\n').map_or(0, |end| end + 1);
    let column = source[line..first].chars().count();
    for entry in entries.iter_mut() {
        entry.at.end = with_comments(source, entry.at.end, column);
    }
    let mut text = String::new();
    for (at, from) in sorted(entries).into_iter().enumerate() {
        let above = match from {
            0 => "",
            _ => &source[entries[from - 1].at.end..entries[from].at.start],
        };
        match (at, above) {
            (0, above) => text.push_str(above.trim_start()),
            (_, "") => text.push_str(&format!("\n{:column$}", "")),
            (_, above) => text.push_str(above),
        }
        text.push_str(&edited(source, entries[from].at.clone(), inner));
    }
    let at = whole(entries);
    Edit { at, text }
}

fn whole(entries: &[Entry]) -> Range<usize> {
    let start = entries.first().map_or(0, |entry| entry.at.start);
    let end = entries.last().map_or(start, |entry| entry.at.end);
    start..end
}

/// Where an entry ends with the comment behind it, and with those below it that are set deeper than its key.
fn with_comments(source: &str, end: usize, column: usize) -> usize {
    let mut end = end;
    let rest = |at: usize| source[at..].split('\n').next().unwrap_or_default();
    let here = rest(end);
    if here.trim_start().starts_with('#') {
        end += here.trim_end().len();
    }
    loop {
        let next = end + rest(end).len() + 1;
        let Some(line) = source.get(next..).map(|_| rest(next)) else {
            return end;
        };
        let blanks = line.len() - line.trim_start().len();
        if !line.trim_start().starts_with('#') || blanks <= column {
            return end;
        }
        end = next + line.trim_end().len();
    }
}
