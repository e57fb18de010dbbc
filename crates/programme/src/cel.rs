//! Predicates: the part of CEL that the language has, parsed, checked against the event's type and compiled to native closures.
//!
//! Numbers are exact decimals, taken from the predicate's text. Why the parser is our own stands in ADR 0003.

mod ast;
mod check;
mod check_call;
mod compile;
mod eval;
mod fields;
mod guard;
mod lex;
mod literal;
mod never;
mod parse;
mod slots;
mod tree;

use std::sync::Arc;

use crate::diagnostics::Problems;
use crate::model::{EventType, Predicate, Verdict};
use crate::span::{At, Span};
use crate::syntax::scalars::Cel;

/// What a predicate can ask about.
pub(crate) struct Env<'a> {
    /// The type of the event; `None` where there is none to ask about.
    pub(crate) event: Option<&'a EventType>,
    /// The programme's zone.
    pub(crate) zone: &'a jiff::tz::TimeZone,
    /// The file, to point into.
    pub(crate) source: &'a str,
}

/// The longest predicate, in bytes.
pub(crate) const BYTES_MAX: usize = 4_096;
/// How deep a predicate may be nested.
pub(crate) const DEPTH_MAX: usize = 48;

/// An error in a predicate: the bytes of its text, what is wrong, what was expected, what to write instead.
#[derive(Debug)]
pub(crate) struct Wrong {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) expected: Option<String>,
    pub(crate) help: Option<String>,
}

impl Wrong {
    fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            expected: None,
            help: None,
        }
    }

    fn expected(mut self, what: impl Into<String>) -> Self {
        self.expected = Some(what.into());
        self
    }

    fn help(mut self, what: impl Into<Option<String>>) -> Self {
        self.help = what.into();
        self
    }
}

/// The predicate that a text says, or `None` where it is wrong and has been reported.
pub(crate) fn predicate(
    text: &At<Cel>,
    env: &Env<'_>,
    problems: &mut Problems,
) -> Option<Predicate> {
    let tree = tree(text, env, problems)?;
    Some(compile::predicate(&text.value.0, &tree, env.zone))
}

/// As [`predicate`], of players: one that nobody can be in is wrong too.
pub(crate) fn audience(
    text: &At<Cel>,
    env: &Env<'_>,
    problems: &mut Problems,
) -> Option<Predicate> {
    let tree = tree(text, env, problems)?;
    if never::is_never(&tree) {
        problems
            .push(
                text.span,
                "nobody can be in this audience: it contradicts itself",
            )
            .help("join what excludes each other by `||`");
        return None;
    }
    Some(compile::predicate(&text.value.0, &tree, env.zone))
}

fn tree(text: &At<Cel>, env: &Env<'_>, problems: &mut Problems) -> Option<tree::Tree> {
    let source = text.value.0.as_str();
    let tree = match parse::parse(source).map_err(|wrong| vec![wrong]) {
        Ok(parsed) => check::check(&parsed, source, env),
        Err(wrongs) => Err(wrongs),
    };
    match tree {
        Ok(tree) => Some(tree),
        Err(wrongs) => {
            let places = place::offsets(env.source, text.span, source);
            for wrong in wrongs {
                let span = place::within(&places, wrong.span);
                let problem = problems.push(span, wrong.message);
                if let Some(expected) = wrong.expected {
                    problem.expected(expected);
                }
                problem.maybe_help(wrong.help);
            }
            None
        }
    }
}

mod place;

/// The verdict of a fault: which it was and where.
fn verdict(result: Result<bool, eval::Fault>, labels: &Arc<[Box<str>]>) -> Verdict {
    match result {
        Ok(true) => Verdict::True,
        Ok(false) => Verdict::False,
        Err(fault) => Verdict::Error(fault.say(labels).into()),
    }
}

#[cfg(test)]
mod tests;
