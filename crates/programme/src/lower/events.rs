//! Event types: built in and declared; and which of them a rule or a goal may count.

use super::{Lower, THINGS_MAX};
use crate::diagnostics::Problems;
use crate::model::{AmountOf, AttributeType, BuiltIn, EventType, EventTypeIx, EventTypes};
use crate::span::At;
use crate::spell::{nearest, one_of};
use crate::syntax::file::EventTypeText;
use crate::syntax::lists::Table;
use crate::syntax::scalars::{Text, is_name};

pub(super) fn types(
    declared: Option<&At<Table<EventTypeText>>>,
    problems: &mut Problems,
) -> EventTypes {
    let mut all: Vec<_> = BuiltIn::ALL.into_iter().map(BuiltIn::event_type).collect();
    let built_in = all.len();
    for (name, text) in declared.iter().flat_map(|table| &table.value.0) {
        let id = &name.value.0;
        if !is_name(id) {
            problems
                .push(name.span, format!("`{id}` is not an id"))
                .expected("an id of 1 to 64 letters, digits, `_` or `-`");
        } else if BuiltIn::ALL.iter().any(|known| known.name() == &**id) {
            problems
                .push(name.span, format!("the event type `{id}` is built in"))
                .expected("a name of its own");
        }
        if all.len() == built_in + THINGS_MAX {
            problems.push(
                name.span,
                format!("there are more than {THINGS_MAX} event types"),
            );
            break;
        }
        let attributes = text
            .value
            .attributes
            .iter()
            .flat_map(|table| &table.value.0);
        let personal = attributes.clone().filter(|(_, it)| it.value.personal);
        all.push(EventType {
            name: id.clone(),
            built_in: None,
            personal: personal.map(|(name, _)| name.value.0.clone()).collect(),
            // What has no type has been reported.
            attributes: attributes
                .filter_map(|(name, it)| Some((name.value.0.clone(), it.value.holds?)))
                .collect(),
        });
    }
    EventTypes::new(all)
}

/// Why a rule cannot read an attribute: an erasure would change what it has decided.
pub(crate) fn personal(attribute: &str) -> String {
    format!("the attribute `{attribute}` is personal: no rule, goal or predicate can read it")
}

impl Lower<'_> {
    /// The type that a rule or a goal counts.
    pub(crate) fn counted_type(&mut self, name: &At<Text>) -> Option<EventTypeIx> {
        let text = &name.value.0;
        let countable = |kind: &EventType| kind.built_in.is_none_or(BuiltIn::counts);
        let Some(ix) = self.types.find(text) else {
            let known: Vec<_> = self
                .types
                .iter()
                .filter(|kind| countable(kind))
                .map(|kind| &*kind.name)
                .collect();
            self.problems
                .push(name.span, format!("there is no event type `{text}`"))
                .expected(one_of(known.iter().copied()))
                .maybe_help(nearest(text, known));
            return None;
        };
        let kind = self.types.get(ix);
        if countable(kind) {
            return Some(ix);
        }
        let known: Vec<_> = self
            .types
            .iter()
            .filter(|kind| countable(kind))
            .map(|kind| &*kind.name)
            .collect();
        let message = format!(
            "events of type `{text}` cannot be counted: they undo, correct or command something"
        );
        self.problems
            .push(name.span, message)
            .expected(one_of(known));
        None
    }

    /// `amount`, or a numeric attribute of an event type.
    pub(crate) fn amount_of(
        &mut self,
        text: &At<Text>,
        of: Option<EventTypeIx>,
    ) -> Option<AmountOf> {
        if &*text.value.0 == "amount" {
            return Some(AmountOf::Amount);
        }
        let path = self.attribute(text, of, "`amount`, or `attributes.name`", true)?;
        Some(AmountOf::Attribute(path))
    }

    /// The path below `attributes` of an attribute that events of a type can have.
    pub(crate) fn attribute(
        &mut self,
        text: &At<Text>,
        of: Option<EventTypeIx>,
        expected: &str,
        numeric: bool,
    ) -> Option<Box<[Box<str>]>> {
        let path: Option<Box<[Box<str>]>> = text
            .value
            .0
            .strip_prefix("attributes.")
            .map(|path| path.split('.').map(Box::from).collect());
        let Some(path) =
            path.filter(|path| path.len() <= 16 && path.iter().all(|key| !key.is_empty()))
        else {
            // As predicates write it.
            let name = &*text.value.0;
            let name = name.strip_prefix("event.").unwrap_or(name);
            let name = name.strip_prefix("attributes.").unwrap_or(name);
            let attribute = format!("attributes.{name}");
            let amount = numeric.then_some("amount");
            let known = amount.into_iter().chain([attribute.as_str()]);
            self.problems
                .push(
                    text.span,
                    format!("`{}` names no value of an event", text.value.0),
                )
                .expected(expected)
                .maybe_help(
                    nearest(name, known)
                        .or_else(|| Some(format!("an attribute is written `{attribute}`"))),
                );
            return None;
        };
        let kind = of.map(|ix| self.types.get(ix));
        let Some(kind) = kind.filter(|kind| kind.built_in.is_none()) else {
            return Some(path);
        };
        let names = || kind.attributes.iter().map(|(name, _)| &**name);
        let declared = kind
            .attributes
            .iter()
            .find(|(name, _)| *name == path[0])
            .map(|(_, ty)| *ty);
        let number = matches!(declared, Some(AttributeType::Int | AttributeType::Decimal));
        let message = match declared {
            None => format!(
                "events of type `{}` have no attribute `{}`",
                kind.name, path[0]
            ),
            Some(_) if kind.is_personal(&path[0]) => {
                let message = personal(&path[0]);
                self.problems
                    .push(text.span, message)
                    .expected("an attribute that is not personal");
                return None;
            }
            Some(_) if path.len() > 1 => format!("the attribute `{}` has no fields", path[0]),
            Some(_) if numeric && !number => format!("the attribute `{}` is not a number", path[0]),
            Some(_) => return Some(path),
        };
        let (expected, help) = (one_of(names()), nearest(&path[0], names()));
        self.problems
            .push(text.span, message)
            .expected(expected)
            .maybe_help(help.filter(|_| declared.is_none()));
        None
    }
}
