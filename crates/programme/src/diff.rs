//! What differs between two programmes, in the words of the programme.
//!
//! Both are laid out as things with facts (`layout`), which are compared by name: what the model can say and the layout
//! does not would not compile, since it takes every type apart field by field.

mod earning;
mod goals;
mod layout;
mod levels;
mod missions;
mod renamed;
mod running;
mod words;

use std::collections::BTreeMap;
use std::fmt;

use crate::model::Programme;
use layout::Thing;

/// One difference: a thing that came, went or changed, or an order that did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind of thing: `mission`, `earn rule`, `level`, ...
    pub kind: &'static str,
    /// Its id; that of a level behind its tier set's (`loyalty/silver`). Empty for what there is once, and for an order.
    pub id: Box<str>,
    /// What happened to it.
    pub what: What,
}

/// What happened to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new; what it says beyond the defaults, as names and values.
    Added(Vec<(String, String)>),
    /// It is gone.
    Removed,
    /// It has another id from now on.
    Renamed {
        /// The one that it had, in the form of the one that it has.
        before: Box<str>,
    },
    /// One of its facts is another.
    Changed {
        /// Which.
        field: String,
        /// How it was; `none` where nothing was said.
        before: String,
        /// How it is now.
        after: String,
    },
    /// What the change of a mission's goal or window means for players in the middle of it, in a sentence.
    Running(String),
    /// Things that both have stand in another order.
    Reordered {
        /// How they stood.
        before: Vec<Box<str>>,
        /// How they stand now.
        after: Vec<Box<str>>,
    },
}

/// What differs from `before` in `after`, in the order of the file; empty where both say the same, whatever their texts look like.
///
/// Things are known by their ids, old ones that they say they had (`was`) among them: one whose id changed without saying so is one
/// that went and one that came.
pub fn diff(before: &Programme, after: &Programme) -> Vec<Change> {
    let (renames, called_anew) = renamed::of(before, after);
    let before = called_anew.as_ref().unwrap_or(before);
    let (old, new) = (layout::of(before), layout::of(after));
    let mut changes = Vec::new();
    for ((kind, was), (_, is)) in old.iter().zip(&new) {
        let (by_id, still) = (by_id(was), by_id(is));
        for thing in is {
            let Some(was) = by_id.get(&*thing.id) else {
                changes.push(thing.came(kind));
                continue;
            };
            if let Some(before) = renames.get(&(*kind, thing.id.clone())) {
                let before = before.clone();
                changes.push(thing.change(kind, What::Renamed { before }));
            }
            changes.extend(facts(kind, was, thing));
            if *kind == missions::KIND {
                let sentence = running::sentence(before, after, &thing.id);
                changes.extend(sentence.map(|it| thing.change(kind, What::Running(it))));
            }
        }
        let gone = was.iter().filter(|was| !still.contains_key(&*was.id));
        changes.extend(gone.map(|was| was.change(kind, What::Removed)));
        if layout::is_ordered(kind) {
            let stood = was.iter().filter(|it| still.contains_key(&*it.id));
            let stand = is.iter().filter(|it| by_id.contains_key(&*it.id));
            changes.extend(reordered(kind, stood, stand));
        }
    }
    changes
}

fn by_id(things: &[Thing]) -> BTreeMap<&str, &Thing> {
    things.iter().map(|it| (&*it.id, it)).collect()
}

fn facts(kind: &'static str, was: &Thing, is: &Thing) -> Vec<Change> {
    let by_name = |thing: &'_ Thing| -> BTreeMap<String, String> {
        let facts = thing.facts.iter();
        facts
            .map(|it| (it.name.clone(), it.value.clone()))
            .collect()
    };
    let (old, new) = (by_name(was), by_name(is));
    let gone = was.facts.iter().filter(|it| !new.contains_key(&it.name));
    let all = is.facts.iter().chain(gone);
    let changed = all.filter_map(|fact| {
        let (before, after) = (old.get(&fact.name), new.get(&fact.name));
        // What only one of them can say at all is a difference where it says more than the default.
        let differs = before != after && (!fact.usual || before.is_some() == after.is_some());
        let said = |value: Option<&String>| value.map_or(words::NONE, |it| it).to_owned();
        differs.then(|| What::Changed {
            field: fact.name.clone(),
            before: said(before),
            after: said(after),
        })
    });
    changed.map(|what| is.change(kind, what)).collect()
}

fn reordered<'t>(
    kind: &'static str,
    stood: impl Iterator<Item = &'t Thing>,
    stand: impl Iterator<Item = &'t Thing>,
) -> Option<Change> {
    let before: Vec<Box<str>> = stood.map(|it| it.id.clone()).collect();
    let after: Vec<Box<str>> = stand.map(|it| it.id.clone()).collect();
    (before != after).then(|| Change {
        kind,
        id: Box::default(),
        what: What::Reordered { before, after },
    })
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = match &self.what {
            What::Renamed { before } => before,
            _ => &self.id,
        };
        f.write_str(self.kind)?;
        if !id.is_empty() {
            write!(f, " {id}")?;
        }
        match &self.what {
            What::Added(facts) => {
                let said: Vec<String> = facts
                    .iter()
                    .map(|(name, value)| format!("{name} {value}"))
                    .collect();
                let colon = if said.is_empty() { "" } else { ": " };
                write!(f, ": added{colon}{}", said.join("; "))
            }
            What::Renamed { .. } => write!(f, " is now called {}", self.id),
            What::Removed => f.write_str(": removed"),
            What::Changed {
                field,
                before,
                after,
            } => write!(f, ": {field} {before} -> {after}"),
            What::Running(sentence) => write!(f, ": {sentence}"),
            What::Reordered { before, after } => {
                let s = if self.kind.ends_with('s') { "" } else { "s" };
                write!(
                    f,
                    "{s}: order {} -> {}",
                    before.join(", "),
                    after.join(", ")
                )
            }
        }
    }
}
