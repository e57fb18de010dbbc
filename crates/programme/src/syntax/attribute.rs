//! Attributes of event types, as they are written.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalars::Flag;
use crate::diagnostics::Problems;
use crate::model::AttributeType;
use crate::read::{Maybe, Must, Read, section, words};
use crate::shape::Shape;
use crate::yaml::{Kind, Node};

section! {
    /// An attribute of which more is said than what it holds.
    AttributeFields, "an attribute" {
        /// What it holds.
        kind: Must<AttributeType>,
        /// Whether it says who the player is: it is sealed in the log, gone with an erasure, and no rule can read it. Default: false.
        personal: Maybe<Flag>,
    }
}

/// An attribute: what it holds, or a map that says more.
#[derive(Debug)]
pub(crate) struct AttributeText {
    pub(crate) holds: Option<AttributeType>,
    pub(crate) personal: bool,
}

impl Read for AttributeText {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        if !matches!(node.kind, Kind::Map(_)) {
            let holds = AttributeType::read(node, problems)?;
            return Some(Self {
                holds: Some(holds),
                personal: false,
            });
        }
        let fields = AttributeFields::read(node, problems)?;
        Some(Self {
            holds: fields.kind.as_ref().map(|it| it.value),
            personal: fields.personal.is_some_and(|it| it.value.0),
        })
    }

    fn shape() -> Shape {
        AttributeFields::shape()
    }
}

impl JsonSchema for AttributeText {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "an attribute".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (word, map) = (
            generator.subschema_for::<AttributeType>(),
            generator.subschema_for::<AttributeFields>(),
        );
        json_schema!({"anyOf": [word, map]})
    }
}

words! { "attribute type", AttributeType {
    "string" => AttributeType::Text,
    "int" => AttributeType::Int,
    "decimal" => AttributeType::Decimal,
    "bool" => AttributeType::Bool,
}}
