//! The condition, if there is one that can be looked up, without which a predicate is false.

use types::Text;

use super::ast::Comparison;
use super::slots;
use super::tree::{Tree, What};
use crate::model::Guard;

/// The first of the parts joined by `&&` that asks whether an attribute of the event is one of some texts. One false part makes the
/// whole false, whatever faults the others have.
pub(super) fn of(tree: &Tree) -> Option<Guard> {
    match &tree.what {
        What::And(parts) => Some(Guard {
            is_all: false,
            ..parts.iter().find_map(of)?
        }),
        What::Compare(Comparison::Equal, left, right) => {
            let (name, text) = slots::named_text(left, right)?;
            Some(guard(name, vec![text.into()]))
        }
        What::OneOf(value, items) => {
            let named = |item| slots::named_text(value, item);
            let (name, _) = named(items.first()?)?;
            let texts = items.iter().map(|item| Some(named(item)?.1.into()));
            Some(guard(name, texts.collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn guard(attribute: &str, mut texts: Vec<Text>) -> Guard {
    texts.sort();
    texts.dedup();
    Guard {
        attribute: attribute.into(),
        texts,
        is_all: true,
    }
}

/// The parts joined by `&&` that are not the guard.
pub(super) fn others(tree: &Tree) -> Vec<&Tree> {
    let What::And(parts) = &tree.what else {
        return Vec::new();
    };
    let guarding = parts.iter().position(|part| of(part).is_some());
    let mut all = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match Some(at) == guarding {
            true => all.extend(others(part)),
            false => all.push(part),
        }
    }
    all
}
