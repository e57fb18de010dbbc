//! Lists and maps of things.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::scalars::Text;
use crate::diagnostics::Problems;
use crate::read::Read;
use crate::shape::Shape;
use crate::span::At;
use crate::yaml::{Kind, Node};

/// Things in the order of the file.
#[derive(Debug)]
pub(crate) struct List<T>(pub(crate) Vec<At<T>>);

/// Things under keys, in the order of the file.
#[derive(Debug)]
pub(crate) struct Table<T>(pub(crate) Vec<(At<Text>, At<T>)>);

impl<T: Read> Read for List<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Kind::List(items) = &node.kind else {
            node.unexpected(problems, "a list");
            return None;
        };
        let read = items.iter().filter_map(|item| At::read(item, problems));
        Some(Self(read.collect()))
    }

    fn shape() -> Shape {
        Shape::List(T::shape)
    }
}

impl<T: Read> Read for Table<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            node.unexpected(problems, "a map");
            return None;
        };
        let mut table = Vec::new();
        for (key, value) in entries {
            let value = At::read(value, problems);
            let span = key.span;
            if key.text.len() > 256 || key.text.chars().any(char::is_control) {
                problems
                    .push(span, "this key is too long or has a control character")
                    .expected("a key of 1 to 256 bytes");
            } else if let Some(value) = value {
                let text = Text(key.text.as_str().into());
                let key = At {
                    value: text,
                    span,
                    sound: true,
                };
                table.push((key, value));
            }
        }
        Some(Self(table))
    }

    fn shape() -> Shape {
        Shape::Table(T::shape)
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("List_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "array", "items": generator.subschema_for::<T>()})
    }
}

impl<T: JsonSchema> JsonSchema for Table<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Table_of_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object", "additionalProperties": generator.subschema_for::<T>()})
    }
}
