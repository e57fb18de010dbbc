//! Everything that is wrong with a programme, each with its place, what was expected and the nearest right spelling.

mod render;

use std::fmt;

use crate::span::Span;

/// One thing that is wrong with a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The bytes of the source that are wrong.
    pub span: Span,
    /// What is wrong, as one sentence without a full stop.
    pub message: String,
    /// What would be right, where that can be said.
    pub expected: Option<String>,
    /// What to write instead, most often the nearest right spelling.
    pub help: Option<String>,
}

/// All that is wrong with one programme, in the order of the file. Never empty.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    file: String,
    source: String,
    all: Vec<Diagnostic>,
    left_off: usize,
}

impl Diagnostics {
    /// How many are kept; the rest is counted.
    pub const KEPT_MAX: usize = 1_000;

    /// The diagnostics, in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Diagnostic> {
        self.all.iter()
    }

    /// How many errors there are, those included that are not kept.
    pub fn count(&self) -> usize {
        self.all.len() + self.left_off
    }

    /// The file they are about.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// `{"file", "count", "errors": [{"line", "column", "start", "end", "message", "expected", "help"}]}`.
    pub fn to_json(&self) -> serde_json::Value {
        let errors: Vec<_> = self
            .all
            .iter()
            .map(|one| {
                serde_json::json!({
                    "line": one.line, "column": one.column, "start": one.span.start, "end": one.span.end,
                    "message": one.message, "expected": one.expected, "help": one.help,
                })
            })
            .collect();
        serde_json::json!({"file": self.file, "count": self.count(), "errors": errors})
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in &self.all {
            render::one(f, &self.file, &self.source, diagnostic)?;
            writeln!(f)?;
        }
        let count = self.count();
        write!(
            f,
            "{count} error{} in {}",
            if count == 1 { "" } else { "s" },
            self.file
        )?;
        if self.left_off > 0 {
            write!(f, " ({} not shown)", self.left_off)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The errors found so far, in any order.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    left_off: usize,
    spare: Problem,
}

/// One error, without line and column.
#[derive(Debug, Default)]
pub(crate) struct Problem {
    span: Span,
    message: String,
    expected: Option<String>,
    help: Option<String>,
}

impl Problem {
    /// Says what would be right.
    pub(crate) fn expected(&mut self, what: impl Into<String>) -> &mut Self {
        self.expected = Some(what.into());
        self
    }

    /// Says what to write instead.
    pub(crate) fn help(&mut self, what: impl Into<String>) -> &mut Self {
        self.help = Some(what.into());
        self
    }

    /// Says what to write instead, where something is known.
    pub(crate) fn maybe_help(&mut self, what: Option<String>) -> &mut Self {
        self.help = what.or_else(|| self.help.take());
        self
    }
}

impl Problems {
    /// Adds an error.
    pub(crate) fn push(&mut self, span: Span, message: impl Into<String>) -> &mut Problem {
        let problem = Problem {
            span,
            message: message.into(),
            ..Problem::default()
        };
        if self.is_full() {
            self.left_off += 1;
            self.spare = problem;
            return &mut self.spare;
        }
        let at = self.found.len();
        self.found.push(problem);
        &mut self.found[at]
    }

    /// Adds a help to the error that was added last.
    pub(crate) fn hint(&mut self, what: &str) {
        if let Some(last) = self.found.last_mut().filter(|_| self.left_off == 0) {
            last.help(what);
        }
    }

    /// Whether more are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= Diagnostics::KEPT_MAX
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.found.len() + self.left_off
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The errors in the order of the file, with lines and columns.
    pub(crate) fn finish(mut self, file: &str, source: &str) -> Diagnostics {
        self.found.sort_by_key(|problem| problem.span);
        let mut place = Place::default();
        let all = self
            .found
            .into_iter()
            .map(|problem| {
                place.advance(source, problem.span.start);
                Diagnostic {
                    line: place.line + 1,
                    column: place.column + 1,
                    span: problem.span,
                    message: problem.message,
                    expected: problem.expected,
                    help: problem.help,
                }
            })
            .collect();
        Diagnostics {
            file: file.to_owned(),
            source: source.to_owned(),
            all,
            left_off: self.left_off,
        }
    }
}

// Walks the source once for all errors: looking from the start for each would be quadratic in a hostile file.
#[derive(Default)]
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    fn advance(&mut self, source: &str, to: usize) {
        for c in source.get(self.offset..).unwrap_or("").chars() {
            if self.offset >= to {
                break;
            }
            self.offset += c.len_utf8();
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += 1;
            }
        }
    }
}
