//! The names that a predicate can use.

use super::ast::{Kind, Node};
use super::tree::{Slot, Type};
use super::{Env, Wrong};
use crate::model::AttributeType;
use crate::span::Span;
use crate::spell::{nearest, one_of};

const EVENT: [&str; 5] = ["type", "amount", "currency", "attributes", "occurred_at"];
const PLAYER: [&str; 4] = ["attributes", "segments", "tier", "country"];

/// Whose attributes.
pub(super) enum Place {
    Event,
    Player,
}

/// Whether this is all the attributes of the event or of the player.
pub(super) fn attributes(node: &Node) -> Option<Place> {
    match &node.kind {
        Kind::Select(root, field) if field == "attributes" => match &root.kind {
            Kind::Ident(name) if name == "event" => Some(Place::Event),
            Kind::Ident(name) if name == "player" => Some(Place::Player),
            _ => None,
        },
        _ => None,
    }
}

/// The place in the facts that a chain of fields names, and what is known to be there.
pub(super) fn resolve(node: &Node, env: &Env<'_>) -> Result<(Slot, Type), Wrong> {
    let mut path = Vec::new();
    let root = walk(node, &mut path)?;
    let (root_name, root_span) = root;
    let all = node.span;
    let Some(((first, first_span), below)) = path.split_first() else {
        return Err(match root_name {
            "event" | "player" => {
                Wrong::new(all, format!("`{root_name}` has to be followed by a field")).expected(
                    one_of(
                        if root_name == "event" {
                            EVENT.as_slice()
                        } else {
                            &PLAYER
                        }
                        .iter()
                        .copied(),
                    ),
                )
            }
            _ => unknown_name(root_name, root_span),
        });
    };
    let keys = || {
        below
            .iter()
            .map(|(key, _)| (*key).into())
            .collect::<Box<[Box<str>]>>()
    };
    let alone = |slot, ty| match below.first() {
        None => Ok((slot, ty)),
        Some((_, span)) => Err(Wrong::new(
            *span,
            format!("`{root_name}.{first}` has no fields"),
        )),
    };
    match (root_name, *first) {
        ("event", field) if EVENT.contains(&field) && env.event.is_none() => Err(Wrong::new(
            all,
            "there is no event to ask about: an audience is about the player",
        )
        .expected("player.attributes, player.segments, player.tier or player.country")),
        ("event", "type") => alone(Slot::EventType, Type::Text),
        ("event", "amount") => alone(Slot::Amount, Type::Number),
        ("event", "currency") => alone(Slot::Currency, Type::Text),
        ("event", "occurred_at") => Err(Wrong::new(
            all,
            "`event.occurred_at` can only be asked for its parts",
        )
        .expected(
            "getFullYear(), getMonth(), getDate(), getDayOfWeek(), getHours() or getMinutes()",
        )),
        ("event" | "player", "attributes") if below.is_empty() => {
            Err(Wrong::new(all, "which attribute?")
                .expected(format!("{root_name}.attributes.name")))
        }
        ("event", "attributes") => {
            let slot = Slot::EventAttribute(keys());
            let ty = known(&slot, below[0].1, env)?;
            Ok((slot, ty))
        }
        ("player", "attributes") => Ok((Slot::PlayerAttribute(keys()), Type::Any)),
        ("player", "country") => alone(
            Slot::PlayerAttribute(Box::new(["country".into()])),
            Type::Any,
        ),
        ("player", "segments") => alone(Slot::Segments, Type::List),
        ("player", "tier") => alone(Slot::Tier, Type::Text),
        ("event", field) => Err(unknown_field("event", field, *first_span, &EVENT)),
        ("player", field) => Err(unknown_field("player", field, *first_span, &PLAYER)),
        (name, _) => Err(unknown_name(name, root_span)),
    }
}

/// What a declared attribute holds; an error where the event's type does not declare it.
pub(super) fn known(slot: &Slot, span: Span, env: &Env<'_>) -> Result<Type, Wrong> {
    let (Slot::EventAttribute(path), Some(event)) = (slot, env.event) else {
        return Ok(Type::Any);
    };
    if event.built_in.is_some() {
        return Ok(Type::Any);
    }
    let names = || event.attributes.iter().map(|(name, _)| &**name);
    let Some((_, declared)) = event.attributes.iter().find(|(name, _)| *name == path[0]) else {
        return Err(Wrong::new(
            span,
            format!(
                "events of type `{}` have no attribute `{}`",
                event.name, path[0]
            ),
        )
        .expected(one_of(names()))
        .help(nearest(&path[0], names())));
    };
    if event.is_personal(&path[0]) {
        let why = crate::lower::personal(&path[0]);
        return Err(Wrong::new(span, why).expected("an attribute that is not personal"));
    }
    if path.len() > 1 {
        return Err(Wrong::new(
            span,
            format!("the attribute `{}` has no fields", path[0]),
        ));
    }
    Ok(match declared {
        AttributeType::Text => Type::Text,
        AttributeType::Int | AttributeType::Decimal => Type::Number,
        AttributeType::Bool => Type::Bool,
    })
}

// From the outermost field down to the name at the root; `path` is left in reading order.
fn walk<'n>(node: &'n Node, path: &mut Vec<(&'n str, Span)>) -> Result<(&'n str, Span), Wrong> {
    match &node.kind {
        Kind::Ident(name) => Ok((name, node.span)),
        Kind::Select(inner, field) => {
            let root = walk(inner, path)?;
            let end = node.span.end;
            let start = end.saturating_sub(field.len());
            path.push((field, Span { start, end }));
            Ok(root)
        }
        Kind::Index(inner, index) => {
            let root = walk(inner, path)?;
            match &index.kind {
                Kind::Text(key) => {
                    path.push((key, index.span));
                    Ok(root)
                }
                _ => Err(
                    Wrong::new(index.span, "only a text can stand between `[` and `]`")
                        .expected("event.attributes[\"name\"]"),
                ),
            }
        }
        _ => Err(Wrong::new(
            node.span,
            "only `event` and `player` have fields",
        )),
    }
}

fn unknown_field(root: &str, field: &str, span: Span, known: &[&str]) -> Wrong {
    Wrong::new(span, format!("`{root}` has no field `{field}`"))
        .expected(one_of(known.iter().copied()))
        .help(nearest(field, known.iter().copied()).or_else(|| {
            Some(format!(
                "attributes are written `{root}.attributes.{field}`"
            ))
        }))
}

fn unknown_name(name: &str, span: Span) -> Wrong {
    let help = nearest(name, ["event", "player", "true", "false"]).or_else(|| {
        Some(format!(
            "a text is written in quotes: \"{name}\"; an attribute event.attributes.{name}"
        ))
    });
    Wrong::new(span, format!("unknown name `{name}`"))
        .expected("`event`, `player` or a literal")
        .help(help)
}
