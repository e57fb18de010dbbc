//! From a checked tree to closures: one for each part, each with its slot and its constants in it.

use std::cmp::Ordering;
use std::sync::Arc;

use types::Decimal;

use super::ast::Comparison;
use super::eval::{Fault, Scope, Val, equal, order};
use super::guard;
use super::slots;
use super::tree::{Arithmetic, Slot, TextTest, Tree, Type, What};
use super::verdict;
use crate::model::{Facts, PlayerFacts, Predicate};

pub(super) type Eval<T> = Box<dyn for<'f> Fn(&Scope<'f>) -> Result<T, Fault> + Send + Sync>;
pub(super) type EvalVal = Box<dyn for<'f> Fn(&Scope<'f>) -> Result<Val<'f>, Fault> + Send + Sync>;

pub(super) fn predicate(source: &str, tree: &Tree, zone: &jiff::tz::TimeZone) -> Predicate {
    let mut compiler = Compiler {
        source,
        zone,
        labels: Vec::new(),
        texts: Vec::new(),
    };
    let test = compiler.condition(tree);
    let guard = guard::of(tree);
    let others = guard.as_ref().map(|_| guard::others(tree));
    let beyond = others
        .filter(|others| !others.is_empty())
        .map(|others| compiler.chain(others.into_iter(), false));
    let (labels, texts): (Arc<[_]>, Arc<[_]>) = (compiler.labels.into(), compiler.texts.into());
    let closure = |test: Eval<bool>| {
        let (labels, texts) = (Arc::clone(&labels), Arc::clone(&texts));
        move |facts: &Facts<'_>| {
            let scope = Scope {
                facts: *facts,
                texts: &texts,
            };
            verdict(test(&scope), &labels)
        }
    };
    let predicate = Predicate::new(source, guard, closure(test));
    match beyond {
        Some(beyond) => predicate.with_beyond(closure(beyond)),
        None => predicate,
    }
}

pub(super) struct Compiler<'a> {
    source: &'a str,
    pub(super) zone: &'a jiff::tz::TimeZone,
    labels: Vec<Box<str>>,
    texts: Vec<Box<str>>,
}

impl Compiler<'_> {
    // A predicate has at most 4,096 bytes, so there are fewer parts than a u16 can number, also where each is compiled twice.
    pub(super) fn label(&mut self, tree: &Tree) -> u16 {
        let text = self
            .source
            .get(tree.span.start..tree.span.end)
            .unwrap_or("");
        self.labels.push(text.into());
        (self.labels.len() - 1) as u16
    }

    fn condition(&mut self, tree: &Tree) -> Eval<bool> {
        match &tree.what {
            What::Bool(value) => {
                let value = *value;
                Box::new(move |_| Ok(value))
            }
            What::Has(slot) => slots::has(slot, self.label(tree)),
            What::Not(inner) => {
                let inner = self.condition(inner);
                Box::new(move |scope| inner(scope).map(|value| !value))
            }
            What::And(parts) => self.chain(parts.iter(), false),
            What::Or(parts) => self.chain(parts.iter(), true),
            What::Compare(comparison, left, right) => self.compare(tree, *comparison, left, right),
            What::OneOf(value, items) => {
                let value = self.value(value);
                let items: Vec<_> = items.iter().map(|item| self.value(item)).collect();
                Box::new(move |scope| {
                    let value = value(scope)?;
                    // A fault in any item is a fault of the list, found or not.
                    items
                        .iter()
                        .try_fold(false, |found, item| Ok(equal(value, item(scope)?) || found))
                })
            }
            What::Within(value, list) => {
                let label = self.label(list);
                let (value, list) = (self.value(value), self.value(list));
                Box::new(move |scope| {
                    let value = value(scope)?;
                    match (list(scope)?, value) {
                        (Val::List(items), _) => {
                            Ok(items.iter().any(|item| equal(value, item.into())))
                        }
                        (Val::Segments(player), value) => Ok(in_segments(player, value)),
                        (Val::Map(map), Val::Text(key)) => Ok(map.contains_key(key)),
                        (Val::Map(_), _) => Ok(false),
                        _ => Err(Fault::NotList(label)),
                    }
                })
            }
            What::TextTest(test, text, part) => self.text_test(*test, text, part),
            What::Matches(text, regex) => {
                let (text, regex) = (self.text(text), regex.clone());
                Box::new(move |scope| match text(scope)? {
                    Val::Text(text) => Ok(regex.is_match(text)),
                    _ => Ok(false),
                })
            }
            _ => {
                let (label, value) = (self.label(tree), self.value(tree));
                Box::new(move |scope| match value(scope)? {
                    Val::Bool(value) => Ok(value),
                    _ => Err(Fault::NotCondition(label)),
                })
            }
        }
    }

    // `&&` (decided by false) and `||` (decided by true): one part that decides absorbs the faults of the others.
    fn chain<'t>(&mut self, parts: impl Iterator<Item = &'t Tree>, decided: bool) -> Eval<bool> {
        let mut parts: Vec<_> = parts.map(|part| self.condition(part)).collect();
        if parts.len() == 1 {
            return parts.remove(0);
        }
        Box::new(move |scope| {
            let mut fault = None;
            for part in &parts {
                match part(scope) {
                    Ok(value) if value == decided => return Ok(decided),
                    Ok(_) => {}
                    Err(first) => fault = fault.or(Some(first)),
                }
            }
            fault.map_or(Ok(!decided), Err)
        })
    }

    fn compare(
        &mut self,
        tree: &Tree,
        comparison: Comparison,
        left: &Tree,
        right: &Tree,
    ) -> Eval<bool> {
        let label = self.label(tree);
        if let (Comparison::Equal, Some((name, text))) =
            (comparison, slots::named_text(left, right))
        {
            return slots::attribute_is(name, text, self.label(left));
        }
        let constant = match &right.what {
            What::Number(number) => Some(*number),
            _ => None,
        };
        let of_amount = matches!(left.what, What::Get(Slot::Amount));
        let missing = Fault::Missing(self.label(left));
        let (left, right) = (self.value(left), self.value(right));
        let holds: fn(Ordering) -> bool = match comparison {
            Comparison::Equal => {
                return Box::new(move |scope| Ok(equal(left(scope)?, right(scope)?)));
            }
            Comparison::NotEqual => {
                return Box::new(move |scope| Ok(!equal(left(scope)?, right(scope)?)));
            }
            Comparison::Less => Ordering::is_lt,
            Comparison::AtMost => Ordering::is_le,
            Comparison::Greater => Ordering::is_gt,
            Comparison::AtLeast => Ordering::is_ge,
        };
        // Thresholds are what most predicates compare with, and amounts what they compare.
        if let Some(constant) = constant {
            if of_amount {
                return Box::new(move |scope| {
                    let amount = scope.facts.amount.ok_or(missing)?;
                    Ok(holds(amount.cmp(&constant)))
                });
            }
            return Box::new(move |scope| {
                let number = left(scope)?.number().ok_or(Fault::NoOrder(label))?;
                Ok(holds(number.cmp(&constant)))
            });
        }
        Box::new(move |scope| {
            order(left(scope)?, right(scope)?)
                .map(holds)
                .ok_or(Fault::NoOrder(label))
        })
    }

    fn text_test(&mut self, test: TextTest, text: &Tree, part: &Tree) -> Eval<bool> {
        let (text, part) = (self.text(text), self.text(part));
        let holds: fn(&str, &str) -> bool = match test {
            TextTest::StartsWith => |text, part| text.starts_with(part),
            TextTest::EndsWith => |text, part| text.ends_with(part),
            TextTest::Contains => |text, part| text.contains(part),
        };
        Box::new(move |scope| match (text(scope)?, part(scope)?) {
            (Val::Text(text), Val::Text(part)) => Ok(holds(text, part)),
            _ => Ok(false),
        })
    }

    // A value that is a text, or a fault.
    fn text(&mut self, tree: &Tree) -> EvalVal {
        let (label, value) = (self.label(tree), self.value(tree));
        Box::new(move |scope| match value(scope)? {
            text @ Val::Text(_) => Ok(text),
            _ => Err(Fault::NotText(label)),
        })
    }

    fn number(&mut self, tree: &Tree) -> Eval<Decimal> {
        match &tree.what {
            What::Number(number) => {
                let number = *number;
                Box::new(move |_| Ok(number))
            }
            What::Part(part) => slots::part(*part, self.zone.clone()),
            What::Minus(inner) => {
                let inner = self.number(inner);
                let label = self.label(tree);
                Box::new(move |scope| {
                    Decimal::ZERO
                        .checked_sub(inner(scope)?)
                        .ok_or(Fault::TooManyDigits(label))
                })
            }
            What::Arithmetic(operation, left, right) => {
                let label = self.label(tree);
                let (left, right) = (self.number(left), self.number(right));
                let operate: fn(Decimal, Decimal) -> Option<Decimal> = match operation {
                    Arithmetic::Add => Decimal::checked_add,
                    Arithmetic::Subtract => Decimal::checked_sub,
                    Arithmetic::Multiply => Decimal::checked_mul,
                };
                Box::new(move |scope| {
                    operate(left(scope)?, right(scope)?).ok_or(Fault::TooManyDigits(label))
                })
            }
            What::Size(of) => {
                let label = self.label(of);
                let of = self.value(of);
                Box::new(move |scope| size(of(scope)?).ok_or(Fault::NoSize(label)))
            }
            _ => {
                let (label, value) = (self.label(tree), self.value(tree));
                Box::new(move |scope| value(scope)?.number().ok_or(Fault::NotNumber(label)))
            }
        }
    }

    fn value(&mut self, tree: &Tree) -> EvalVal {
        match &tree.what {
            What::Text(text) => {
                self.texts.push(text.clone());
                let at = self.texts.len() - 1;
                Box::new(move |scope| Ok(Val::Text(&scope.texts[at])))
            }
            What::Get(slot) => slots::get(slot, self.label(tree)),
            _ if tree.ty == Type::Number => {
                let number = self.number(tree);
                Box::new(move |scope| number(scope).map(Val::Number))
            }
            _ => {
                let condition = self.condition(tree);
                Box::new(move |scope| condition(scope).map(Val::Bool))
            }
        }
    }
}

// As in any list, a decimal finds its equal in other words; a name is only looked up.
fn in_segments(player: &dyn PlayerFacts, value: Val<'_>) -> bool {
    match value {
        Val::Text(name) if player.in_segment(name) => true,
        _ if value.number().is_none() => false,
        _ => player
            .segments()
            .into_iter()
            .any(|segment| equal(value, Val::Text(segment))),
    }
}

fn size(of: Val<'_>) -> Option<Decimal> {
    let count = match of {
        Val::Text(text) => text.chars().count(),
        Val::List(items) => items.len(),
        Val::Map(map) => map.len(),
        Val::Segments(player) => player.segments().len(),
        Val::Bool(_) | Val::Number(_) => return None,
    };
    i64::try_from(count).ok().map(Decimal::from)
}
