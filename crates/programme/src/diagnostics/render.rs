//! A diagnostic as text: the line of the file with carets below it.
//!
//! Our own, because the source may be hostile: control characters never reach the terminal, and of a long line only what is near the
//! error is shown.

use std::fmt::{self, Write};

use super::Diagnostic;

/// Characters of a source line that are shown.
const SHOWN_MAX: usize = 110;
/// Characters shown before the error where the line is longer than that.
const BEFORE: usize = 40;

pub(super) fn one(
    f: &mut fmt::Formatter<'_>,
    file: &str,
    source: &str,
    diagnostic: &Diagnostic,
) -> fmt::Result {
    let Diagnostic { line, column, .. } = diagnostic;
    let gutter = " ".repeat(line.to_string().len());
    writeln!(f, "error: {}", Clean(&diagnostic.message))?;
    writeln!(f, "{gutter}--> {}:{line}:{column}", Clean(file))?;
    let text = line_around(source, diagnostic.span.start);
    let length = text.chars().count();
    let skipped = if length > SHOWN_MAX {
        (column - 1).saturating_sub(BEFORE)
    } else {
        0
    };
    let shown: String = text.chars().skip(skipped).take(SHOWN_MAX).collect();
    let before = column - 1 - skipped;
    let wrong = source
        .get(diagnostic.span.start..diagnostic.span.end)
        .and_then(|text| text.lines().next())
        .map_or(1, |text| text.chars().count())
        .clamp(1, SHOWN_MAX.saturating_sub(before).max(1));
    writeln!(f, "{gutter} |")?;
    writeln!(f, "{line} | {}", Clean(&shown))?;
    writeln!(f, "{gutter} | {}{}", " ".repeat(before), "^".repeat(wrong))?;
    if let Some(expected) = &diagnostic.expected {
        writeln!(f, "{gutter} = expected: {}", Clean(expected))?;
    }
    if let Some(help) = &diagnostic.help {
        writeln!(f, "{gutter} = help: {}", Clean(help))?;
    }
    Ok(())
}

fn line_around(source: &str, offset: usize) -> &str {
    let (before, after) = source.split_at_checked(offset).unwrap_or((source, ""));
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let end = after
        .find('\n')
        .map_or(source.len(), |at| before.len() + at);
    source[start..end].trim_end_matches('\r')
}

// One column a character: a control character or a bidirectional override is shown as a question mark.
struct Clean<'a>(&'a str);

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            f.write_char(match c {
                '\t' => ' ',
                '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '?',
                c if c.is_control() => '?',
                c => c,
            })?;
        }
        Ok(())
    }
}
