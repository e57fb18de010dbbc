//! Comments: that none is lost, and that those behind something stay in their columns.

use std::ops::Range;

use crate::tree;

/// All comments of a text, sorted: the order of keys may have changed theirs.
pub(crate) fn sorted(source: &str) -> Result<Vec<String>, String> {
    let tree = tree::parse(source)?;
    let text = |at: Range<usize>| source[at].trim_end().to_owned();
    let mut all: Vec<String> = tree::comments(&tree).map(text).collect();
    all.sort_unstable();
    Ok(all)
}

/// A comment behind something, and how far.
#[derive(Clone, Copy)]
struct Behind {
    /// Where it begins, in bytes.
    at: usize,
    /// Its column, and that at which what is before it ends, in characters.
    column: usize,
    ends: usize,
}

/// The formatted text, in which a comment that its author set apart by two blanks or more stands in the column in which it stood,
/// where there is room.
pub(crate) fn aligned(before: &str, text: String) -> Result<String, String> {
    let (old, new) = (all(before)?, all(&text)?);
    if old.len() != new.len() {
        return Err("a comment would be lost".to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (was, is) in old.into_iter().zip(new) {
        let (Some(was), Some(is)) = (was, is) else {
            continue;
        };
        let apart = was.column >= was.ends + 2;
        let column = was.column;
        if apart && column >= is.ends + 2 {
            out.push_str(text[done..is.at].trim_end_matches(' '));
            out.extend(std::iter::repeat_n(' ', column - is.ends));
            done = is.at;
        }
    }
    out.push_str(&text[done..]);
    Ok(out)
}

/// Every comment; `None` for one that has its line for itself.
fn all(source: &str) -> Result<Vec<Option<Behind>>, String> {
    let tree = tree::parse(source)?;
    let behind = |at: Range<usize>| {
        let line = source[..at.start].rfind('\n').map_or(0, |end| end + 1);
        let before = &source[line..at.start];
        let what = before.trim_end();
        // What a list's dash stands before has the line for itself too.
        let alone = what.trim_start().chars().all(|it| it == '-' || it == ' ');
        (!alone).then(|| Behind {
            at: at.start,
            column: before.chars().count(),
            ends: what.chars().count(),
        })
    };
    Ok(tree::comments(&tree).map(behind).collect())
}
