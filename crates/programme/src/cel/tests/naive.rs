//! A second reading of the same tree: slow, owned values, every part evaluated.

use types::{Attributes, Decimal, Value};

use super::super::ast::Comparison;
use super::super::tree::{Arithmetic, Part, Slot, TextTest, Tree, What};
use super::fixture::zone;
use crate::model::Facts;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    Bool(bool),
    Number(Decimal),
    Text(String),
    List(Vec<Value>),
    Map(Attributes),
}

/// The value, or nothing where there is a fault.
pub(super) fn value(tree: &Tree, facts: &Facts<'_>) -> Option<Plain> {
    let get = |tree: &Tree| value(tree, facts);
    Some(match &tree.what {
        What::Bool(value) => Plain::Bool(*value),
        What::Number(value) => Plain::Number(*value),
        What::Text(value) => Plain::Text(value.to_string()),
        What::Get(slot) => slot_value(slot, facts)?,
        What::Has(slot) => Plain::Bool(has(slot, facts)?),
        What::Part(part) => Plain::Number(part_value(*part, facts)),
        What::Not(inner) => Plain::Bool(!condition(inner, facts)?),
        What::Minus(inner) => Plain::Number(Decimal::ZERO.checked_sub(number(&get(inner)?)?)?),
        What::And(parts) => {
            let all: Vec<_> = parts.iter().map(|part| condition(part, facts)).collect();
            let decided = all.contains(&Some(false));
            Plain::Bool(!decided && all.into_iter().collect::<Option<Vec<_>>>().map(|_| true)?)
        }
        What::Or(parts) => {
            let all: Vec<_> = parts.iter().map(|part| condition(part, facts)).collect();
            let decided = all.contains(&Some(true));
            Plain::Bool(decided || all.into_iter().collect::<Option<Vec<_>>>().map(|_| false)?)
        }
        What::Compare(comparison, left, right) => {
            let (left, right) = (get(left)?, get(right)?);
            Plain::Bool(match comparison {
                Comparison::Equal => same(&left, &right),
                Comparison::NotEqual => !same(&left, &right),
                Comparison::Less => less(&left, &right)?,
                Comparison::Greater => less(&right, &left)?,
                Comparison::AtMost => !less(&right, &left)?,
                Comparison::AtLeast => !less(&left, &right)?,
            })
        }
        What::OneOf(needle, items) => {
            let needle = get(needle)?;
            let items = items.iter().map(get).collect::<Option<Vec<_>>>()?;
            Plain::Bool(items.iter().any(|item| same(&needle, item)))
        }
        What::Within(needle, list) => {
            let needle = get(needle)?;
            Plain::Bool(match get(list)? {
                Plain::List(items) => items.iter().any(|item| same(&needle, &plain(item))),
                Plain::Map(map) => {
                    matches!(&needle, Plain::Text(key) if map.contains_key(key.as_str()))
                }
                _ => return None,
            })
        }
        What::Arithmetic(operation, left, right) => {
            let (left, right) = (number(&get(left)?)?, number(&get(right)?)?);
            Plain::Number(match operation {
                Arithmetic::Add => left.checked_add(right),
                Arithmetic::Subtract => left.checked_sub(right),
                Arithmetic::Multiply => left.checked_mul(right),
            }?)
        }
        What::Size(of) => {
            let size = match get(of)? {
                Plain::Text(text) => text.chars().count(),
                Plain::List(items) => items.len(),
                Plain::Map(map) => map.len(),
                Plain::Bool(_) | Plain::Number(_) => return None,
            };
            Plain::Number(Decimal::from(size as i64))
        }
        What::TextTest(test, text, part) => match (get(text)?, get(part)?) {
            (Plain::Text(text), Plain::Text(part)) => Plain::Bool(match test {
                TextTest::StartsWith => text.find(&part) == Some(0),
                TextTest::EndsWith => {
                    text.len() >= part.len() && text.as_bytes().ends_with(part.as_bytes())
                }
                TextTest::Contains => text.find(&part).is_some(),
            }),
            _ => return None,
        },
        What::Matches(text, regex) => match get(text)? {
            Plain::Text(text) => Plain::Bool(regex.find(&text).is_some()),
            _ => return None,
        },
    })
}

pub(super) fn condition(tree: &Tree, facts: &Facts<'_>) -> Option<bool> {
    match value(tree, facts)? {
        Plain::Bool(value) => Some(value),
        _ => None,
    }
}

fn plain(value: &Value) -> Plain {
    match value {
        Value::Bool(value) => Plain::Bool(*value),
        Value::Number(value) => Plain::Number(*value),
        Value::Text(value) => Plain::Text(value.to_string()),
        Value::List(items) => Plain::List(items.clone()),
        Value::Map(map) => Plain::Map(map.clone()),
    }
}

fn number(value: &Plain) -> Option<Decimal> {
    match value {
        Plain::Number(number) => Some(*number),
        Plain::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn same(left: &Plain, right: &Plain) -> bool {
    match (number(left), number(right)) {
        (Some(left), Some(right)) => left == right,
        _ => left == right,
    }
}

fn less(left: &Plain, right: &Plain) -> Option<bool> {
    match (number(left), number(right), left, right) {
        (Some(left), Some(right), ..) => Some(left < right),
        (_, _, Plain::Text(left), Plain::Text(right)) => Some(left < right),
        _ => None,
    }
}

fn slot_value(slot: &Slot, facts: &Facts<'_>) -> Option<Plain> {
    let text = |text: &str| Plain::Text(text.to_owned());
    Some(match slot {
        Slot::EventType => text(&facts.event?.kind),
        Slot::Amount => Plain::Number(facts.amount?),
        Slot::Currency => text(facts.event?.currency?.code()),
        Slot::EventAttribute(path) => {
            let all = Value::Map(facts.event?.attributes.clone());
            plain(&path.iter().try_fold(all, |value, key| child(value, key))?)
        }
        Slot::PlayerAttribute(path) => {
            let first = facts.player.attribute(&path[0])?.clone();
            plain(
                &path[1..]
                    .iter()
                    .try_fold(first, |value, key| child(value, key))?,
            )
        }
        Slot::Segments => {
            let segments = facts.player.segments();
            Plain::List(
                segments
                    .into_iter()
                    .map(|segment| Value::Text(segment.into()))
                    .collect(),
            )
        }
        Slot::Tier => text(facts.player.tier()?),
    })
}

fn child(value: Value, key: &str) -> Option<Value> {
    match value {
        Value::Map(map) => map.get(key).cloned(),
        _ => None,
    }
}

fn has(slot: &Slot, facts: &Facts<'_>) -> Option<bool> {
    let above = |path: &[Box<str>]| path[..path.len() - 1].into();
    let container = match slot {
        Slot::EventAttribute(path) if path.len() > 1 => {
            Some((Slot::EventAttribute(above(path)), path))
        }
        Slot::PlayerAttribute(path) if path.len() > 1 => {
            Some((Slot::PlayerAttribute(above(path)), path))
        }
        _ => None,
    };
    match container {
        None => Some(slot_value(slot, facts).is_some()),
        Some((container, path)) => match slot_value(&container, facts)? {
            Plain::Map(map) => Some(map.contains_key(&path[path.len() - 1])),
            _ => None,
        },
    }
}

fn part_value(part: Part, facts: &Facts<'_>) -> Decimal {
    let local = jiff::Timestamp::from(facts.occurred_at).to_zoned(zone());
    let format = match part {
        Part::FullYear => "%Y",
        Part::Month => "%m",
        Part::Date => "%d",
        Part::DayOfWeek => "%w",
        Part::Hours => "%H",
        Part::Minutes => "%M",
    };
    let number: Decimal = local.strftime(format).to_string().parse().unwrap();
    if part == Part::Month {
        number.checked_sub(Decimal::ONE).unwrap()
    } else {
        number
    }
}
