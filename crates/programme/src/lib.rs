//! The programme language: what a marketer writes, parsed strictly, validated as a whole and compiled once.
//!
//! [`compile`] goes from a file's text to [`model`], which is what the core folds with, or to every error in it at once. Knows neither
//! players nor I/O.

mod cel;
mod diagnostics;
mod diff;
mod follow;
mod lower;
pub mod model;
mod read;
mod schema;
mod shape;
mod span;
mod spell;
mod syntax;
mod yaml;

pub use diagnostics::{Diagnostic, Diagnostics};
pub use diff::{Change, What, diff};
pub use follow::may_follow;
pub use lower::version_of;
pub use model::Programme;
pub use schema::json_schema;
pub use shape::{Field, Shape};
pub use span::Span;

use diagnostics::Problems;
use read::Read;

/// The programme that a file's text says. `file_name` is only shown.
///
/// Bounded in time and memory for any text: at most 1 MiB, 32 levels, 1,000 things of a kind, 4 KiB a predicate.
pub fn compile(file_name: &str, source: &str) -> Result<Programme, Diagnostics> {
    let mut problems = Problems::default();
    let compiled = yaml::read(source, &mut problems)
        .and_then(|root| syntax::file::ProgrammeText::read(&root, &mut problems))
        .and_then(|text| lower::programme(&text, source, &mut problems));
    match compiled {
        Some(programme) if problems.is_empty() => Ok(programme),
        _ => Err(problems.finish(file_name, source)),
    }
}

/// The text of a file as the parser reads it, before anything of it is understood.
///
/// Two are equal where the same stands under the same keys and in the same places of lists, however both are written: the order of keys,
/// quotes, blanks and comments are no difference.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed(yaml::Plain);

/// Reads a file's text as YAML, as far as programmes have it, with [`compile`]'s bounds. What is wrong with it as a programme does not
/// matter. `file_name` is only shown.
pub fn parse(file_name: &str, source: &str) -> Result<Parsed, Diagnostics> {
    let mut problems = Problems::default();
    match yaml::read(source, &mut problems) {
        Some(root) if problems.is_empty() => Ok(Parsed(root.plain())),
        _ => Err(problems.finish(file_name, source)),
    }
}

/// What a programme consists of.
pub fn shape() -> Shape {
    syntax::file::ProgrammeText::shape()
}

/// A span as programmes and holds say it: `15m`, `48h`, `14d`, `2w`, `12mo`; `None` for any other text.
pub fn duration(text: &str) -> Option<model::Duration> {
    syntax::times::duration(text)
}

/// As [`compile`], from bytes that need not be UTF-8.
pub fn compile_bytes(file_name: &str, bytes: &[u8]) -> Result<Programme, Diagnostics> {
    match str::from_utf8(bytes) {
        Ok(source) => compile(file_name, source),
        Err(error) => {
            let mut problems = Problems::default();
            let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let readable = String::from_utf8_lossy(readable);
            let span = Span {
                start: readable.len(),
                end: readable.len(),
            };
            problems
                .push(span, "the file is not UTF-8 from here on")
                .help("save it as UTF-8");
            Err(problems.finish(file_name, &readable))
        }
    }
}
