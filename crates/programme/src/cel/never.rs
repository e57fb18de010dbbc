//! Predicates that contradict themselves: no facts make them true.
//!
//! What is found are contradictions between comparisons of one field with values. What is not understood may be true.

use types::Decimal;

use super::ast::Comparison;
use super::tree::{Slot, Tree, What};

/// Ways through a predicate's alternatives that are tried; beyond, it may be true.
const WAYS_MAX: u32 = 256;

/// A value that is written.
#[derive(Clone, Copy, PartialEq)]
enum Fixed<'t> {
    Number(Decimal),
    Text(&'t str),
    Bool(bool),
}

/// What has to hold of one field.
#[derive(Clone, Copy)]
enum Demand<'t> {
    Is(Comparison, Fixed<'t>),
    OneOf(&'t [Tree]),
    There(bool),
}

/// Whether a predicate is false, or a fault, whatever the facts.
pub(super) fn is_never(tree: &Tree) -> bool {
    !is_possible(vec![(tree, true)], Vec::new(), &mut WAYS_MAX.clone())
}

/// Whether all of these can hold (or fail) together with what is demanded already.
fn is_possible<'t>(
    mut open: Vec<(&'t Tree, bool)>,
    mut demands: Vec<(&'t Slot, Demand<'t>)>,
    ways: &mut u32,
) -> bool {
    while let Some((tree, holds)) = open.pop() {
        match (&tree.what, holds) {
            (What::Bool(truth), _) if *truth != holds => return false,
            (What::Not(inner), _) => open.push((inner, !holds)),
            (What::And(parts), true) | (What::Or(parts), false) => {
                open.extend(parts.iter().map(|part| (part, holds)));
            }
            (What::Or(parts), true) | (What::And(parts), false) => {
                return parts.iter().any(|part| {
                    *ways = ways.saturating_sub(1);
                    let mut way = open.clone();
                    way.push((part, holds));
                    *ways == 0 || is_possible(way, demands.clone(), ways)
                });
            }
            (What::Has(slot), _) => demands.push((slot, Demand::There(holds))),
            (What::OneOf(of, values), true) => {
                if let What::Get(slot) = &of.what {
                    demands.push((slot, Demand::OneOf(values)));
                }
            }
            (What::Compare(how, left, right), _) => {
                let how = if holds { *how } else { opposite(*how) };
                match (&left.what, fixed(left), &right.what, fixed(right)) {
                    (_, Some(left), _, Some(right)) if !compares(left, how, right) => return false,
                    (What::Get(slot), _, _, Some(value)) => {
                        demands.push((slot, Demand::Is(how, value)));
                    }
                    (_, Some(value), What::Get(slot), _) => {
                        demands.push((slot, Demand::Is(turned(how), value)));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let slots = demands.iter().map(|(slot, _)| *slot);
    slots.clone().all(|slot| {
        let of_it = demands.iter().filter(|(of, _)| *of == slot);
        are_consistent(&of_it.map(|(_, demand)| *demand).collect::<Vec<_>>())
    })
}

/// Whether one value can meet all demands.
fn are_consistent(demands: &[Demand<'_>]) -> bool {
    let absent = demands.iter().any(|it| matches!(it, Demand::There(false)));
    if absent {
        return demands.iter().all(|it| matches!(it, Demand::There(false)));
    }
    let meets = |value: Fixed<'_>| {
        demands.iter().all(|demand| match demand {
            Demand::Is(how, other) => compares(value, *how, *other),
            Demand::OneOf(values) => {
                let mut all = values.iter().map(fixed);
                all.any(|other| other.is_none_or(|it| compares(value, Comparison::Equal, it)))
            }
            Demand::There(_) => true,
        })
    };
    for demand in demands {
        match demand {
            Demand::Is(Comparison::Equal, value) => return meets(*value),
            Demand::OneOf(values) => {
                let mut all = values.iter().map(fixed);
                return all.any(|value| value.is_none_or(meets));
            }
            _ => {}
        }
    }
    let bounds = demands.iter().filter_map(|demand| match demand {
        Demand::Is(how, Fixed::Number(number)) => Some((*how, *number)),
        _ => None,
    });
    let lows = bounds
        .clone()
        .filter(|(how, _)| matches!(how, Comparison::Greater | Comparison::AtLeast));
    let highs = bounds.filter(|(how, _)| matches!(how, Comparison::Less | Comparison::AtMost));
    lows.into_iter().all(|(low, from)| {
        highs.clone().all(|(high, to)| {
            let touch = low == Comparison::AtLeast && high == Comparison::AtMost;
            from < to || (from == to && touch)
        })
    })
}

fn fixed(tree: &Tree) -> Option<Fixed<'_>> {
    match &tree.what {
        What::Bool(truth) => Some(Fixed::Bool(*truth)),
        What::Number(number) => Some(Fixed::Number(*number)),
        // A text that says a number is that number.
        What::Text(text) => Some(match text.parse() {
            Ok(number) => Fixed::Number(number),
            Err(_) => Fixed::Text(text),
        }),
        _ => None,
    }
}

/// Whether a comparison of two values may hold.
fn compares(left: Fixed<'_>, how: Comparison, right: Fixed<'_>) -> bool {
    match (left, right, how) {
        (Fixed::Number(left), Fixed::Number(right), _) => match how {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::Greater => left > right,
            Comparison::AtLeast => left >= right,
        },
        (_, _, Comparison::Equal) => left == right,
        (_, _, Comparison::NotEqual) => left != right,
        _ => true,
    }
}

const fn opposite(how: Comparison) -> Comparison {
    match how {
        Comparison::Equal => Comparison::NotEqual,
        Comparison::NotEqual => Comparison::Equal,
        Comparison::Less => Comparison::AtLeast,
        Comparison::AtMost => Comparison::Greater,
        Comparison::Greater => Comparison::AtMost,
        Comparison::AtLeast => Comparison::Less,
    }
}

/// The same with the sides changed.
const fn turned(how: Comparison) -> Comparison {
    match how {
        Comparison::Less => Comparison::Greater,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::Greater => Comparison::Less,
        Comparison::AtLeast => Comparison::AtMost,
        same => same,
    }
}
