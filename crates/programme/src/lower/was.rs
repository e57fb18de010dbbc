//! `was`: the id that a thing had in the version before. Here is said what is wrong whatever that version says; what it would have to
//! say is asked where one follows it.

use std::collections::HashSet;

use crate::diagnostics::Problems;
use crate::read::Maybe;
use crate::syntax::scalars::Name;

pub(super) fn was(text: &Maybe<Name>) -> Option<Box<str>> {
    text.as_ref().map(|was| was.value.0.clone())
}

/// Reports what cannot be what it says it was, of the things of one kind and their ids.
pub(super) fn check<'a>(
    what: &str,
    things: impl Iterator<Item = (Option<&'a str>, &'a Maybe<Name>)> + Clone,
    problems: &mut Problems,
) {
    let ids: HashSet<&str> = things.clone().filter_map(|(id, _)| id).collect();
    let mut named = HashSet::new();
    for was in things.filter_map(|(_, was)| was.as_ref()) {
        let id = &*was.value.0;
        if ids.contains(id) {
            problems
                .push(was.span, format!("the {what} `{id}` is still here"))
                .expected("the id that this had before, and nothing has now")
                .help("one thing is not two: remove the other, or this `was`");
        } else if !named.insert(id) {
            problems
                .push(was.span, format!("another {what} was `{id}` already"))
                .expected("at most one that goes on as what it was");
        }
    }
}
