//! What the programme may ask about a player.

use programme::model::{PlayerFacts, Programme};
use types::{Attributes, Value};

use crate::codec::{DecodeError, Reader, Writer};
use crate::state::State;

/// Attributes that are kept; further keys are dropped.
pub(crate) const ATTRIBUTES_MAX: usize = 256;
/// Segments that are kept.
pub(crate) const SEGMENTS_MAX: usize = 256;
/// Deeper than any event nests.
pub(crate) const NESTING_MAX: u8 = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) attributes: Attributes,
    /// In byte order, each once.
    pub(crate) segments: Vec<Box<str>>,
}

/// The player as predicates see it.
pub(crate) struct Player<'a> {
    pub(crate) programme: &'a Programme,
    pub(crate) state: &'a State,
}

impl PlayerFacts for Player<'_> {
    fn attribute(&self, name: &str) -> Option<&Value> {
        self.state.profile.attributes.get(name)
    }

    fn in_segment(&self, name: &str) -> bool {
        let segments = &self.state.profile.segments;
        segments.binary_search_by(|it| (**it).cmp(name)).is_ok()
    }

    fn segments(&self) -> Vec<&str> {
        let segments = self.state.profile.segments.iter();
        segments.map(|name| &**name).collect()
    }

    /// The level in the first tier set.
    fn tier(&self) -> Option<&str> {
        let set = self.programme.tiers.first()?;
        let level = self.state.tiers.first().map_or(0, |tier| tier.level);
        set.levels.get(usize::from(level)).map(|level| &*level.id)
    }
}

impl Profile {
    pub(crate) fn set(&mut self, key: &str, value: &Value) {
        if self.attributes.len() < ATTRIBUTES_MAX || self.attributes.contains_key(key) {
            self.attributes.insert(key.into(), value.clone());
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        let segments = self.segments.iter().map(|name| 24 + name.len());
        held_by(&self.attributes) + segments.sum::<usize>()
    }

    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        map(writer, &self.attributes);
        writer.length(self.segments.len());
        self.segments.iter().for_each(|name| writer.text(name));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let attributes = read_map(reader, NESTING_MAX)?;
        let segments = (0..reader.length()?)
            .map(|_| Ok(reader.text()?.into()))
            .collect::<Result<_, DecodeError>>()?;
        Ok(Self {
            attributes,
            segments,
        })
    }
}

/// An estimate of the memory that attributes hold.
fn held_by(attributes: &Attributes) -> usize {
    let mut bytes = 0;
    for (key, value) in attributes {
        bytes += 96 + key.len() + held(value);
    }
    bytes
}

fn held(value: &Value) -> usize {
    match value {
        Value::Bool(_) | Value::Number(_) => 0,
        Value::Text(text) => text.len(),
        Value::List(items) => items
            .iter()
            .map(|item| size_of::<Value>() + held(item))
            .sum(),
        Value::Map(attributes) => held_by(attributes),
    }
}

pub(crate) fn map(writer: &mut Writer<'_>, attributes: &Attributes) {
    writer.length(attributes.len());
    for (key, item) in attributes {
        writer.text(key);
        value(writer, item);
    }
}

fn value(writer: &mut Writer<'_>, item: &Value) {
    match item {
        Value::Bool(truth) => writer.byte(u8::from(*truth)),
        Value::Number(number) => {
            writer.byte(2);
            writer.decimal(*number);
        }
        Value::Text(text) => {
            writer.byte(3);
            writer.text(text);
        }
        Value::List(items) => {
            writer.byte(4);
            writer.length(items.len());
            items.iter().for_each(|item| value(writer, item));
        }
        Value::Map(attributes) => {
            writer.byte(5);
            map(writer, attributes);
        }
    }
}

pub(crate) fn read_map(reader: &mut Reader<'_>, nesting: u8) -> Result<Attributes, DecodeError> {
    (0..reader.length()?)
        .map(|_| Ok((reader.text()?.into(), read_value(reader, nesting)?)))
        .collect()
}

fn read_value(reader: &mut Reader<'_>, nesting: u8) -> Result<Value, DecodeError> {
    let nesting = nesting
        .checked_sub(1)
        .ok_or(DecodeError::Invalid("a nesting"))?;
    match reader.byte()? {
        0 => Ok(Value::Bool(false)),
        1 => Ok(Value::Bool(true)),
        2 => Ok(Value::Number(reader.decimal()?)),
        3 => Ok(Value::Text(reader.text()?.into())),
        4 => (0..reader.length()?)
            .map(|_| read_value(reader, nesting))
            .collect::<Result<_, _>>()
            .map(Value::List),
        5 => read_map(reader, nesting).map(Value::Map),
        _ => Err(DecodeError::Invalid("a value")),
    }
}
