//! The ids of one kind of thing: unique, and found again by references.

use std::collections::HashMap;

use super::THINGS_MAX;
use crate::diagnostics::Problems;
use crate::read::Must;
use crate::span::{At, Span};
use crate::spell::{nearest, one_of};
use crate::syntax::lists::Table;
use crate::syntax::scalars::{Name, Text, is_name};

/// Ids of one kind, in the order of the file.
pub(crate) struct Names<'a> {
    what: &'static str,
    all: Vec<&'a str>,
    index: HashMap<&'a str, u16>,
}

impl<'a> Names<'a> {
    /// Ids of the things of a list.
    pub(crate) fn of_list(
        what: &'static str,
        ids: impl Iterator<Item = &'a Must<Name>>,
        problems: &mut Problems,
    ) -> Self {
        let mut names = Self::empty(what);
        for id in ids {
            match id.as_ref() {
                Some(id) => names.add(&id.value.0, id.span, problems),
                // Its place is kept: what follows keeps its index.
                None => names.all.push(""),
            }
        }
        names
    }

    /// Ids that are the keys of a map.
    pub(crate) fn of_table<T>(
        what: &'static str,
        table: Option<&'a At<Table<T>>>,
        problems: &mut Problems,
    ) -> Self {
        let mut names = Self::empty(what);
        for (key, _) in table.iter().flat_map(|table| &table.value.0) {
            if !is_name(&key.value.0) {
                problems
                    .push(key.span, format!("`{}` is not an id", key.value.0))
                    .expected("an id of 1 to 64 letters, digits, `_` or `-`");
            }
            names.add(&key.value.0, key.span, problems);
        }
        names
    }

    fn empty(what: &'static str) -> Self {
        Self {
            what,
            all: Vec::new(),
            index: HashMap::new(),
        }
    }

    fn add(&mut self, id: &'a str, span: Span, problems: &mut Problems) {
        let ix = self.all.len();
        self.all.push(id);
        if ix == THINGS_MAX {
            problems
                .push(
                    span,
                    format!("there are more than {THINGS_MAX} of these: {}", self.what),
                )
                .expected(format!("at most {THINGS_MAX}"));
        }
        // Indexes fit: a file of 1 MiB has no room for 65,536 things with ids.
        if self.index.contains_key(id) {
            problems
                .push(span, format!("the {} `{id}` is here twice", self.what))
                .expected("an id of its own");
        } else {
            self.index.insert(id, u16::try_from(ix).unwrap_or(u16::MAX));
        }
    }

    /// The index of the thing with this id.
    pub(crate) fn find(&self, reference: &At<Text>, problems: &mut Problems) -> Option<u16> {
        let found = self.index.get(&*reference.value.0).copied();
        if found.is_none() && problems.is_full() {
            problems.push(reference.span, "an unknown id");
        } else if found.is_none() {
            let known = || self.all.iter().copied().filter(|name| !name.is_empty());
            problems
                .push(
                    reference.span,
                    format!("there is no {} `{}`", self.what, reference.value.0),
                )
                .expected(one_of(known()))
                .maybe_help(nearest(&reference.value.0, known()));
        }
        found
    }
}
