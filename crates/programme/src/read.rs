//! From YAML nodes to what a field may hold: the trait of all such types, and the macros that declare maps and words.
//!
//! A map is declared once; the struct, its reader and its JSON Schema come from the same lines. Reading never stops at an error: what is
//! wrong is reported and left out, so that all of a file's errors are found at once.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::diagnostics::Problems;
use crate::shape::Shape;
use crate::span::{At, Span};
use crate::spell::{nearest, one_of};
use crate::yaml::{Key, Kind, Node};

/// What can stand in a field.
pub(crate) trait Read: Sized {
    /// The value, or `None` where it is wrong and has been reported.
    fn read(node: &Node, problems: &mut Problems) -> Option<Self>;

    /// What it looks like.
    fn shape() -> Shape {
        Shape::Scalar
    }
}

/// A field of a map: one that has to be there, or one that may be absent.
pub(crate) trait Field: Sized {
    const REQUIRED: bool;
    fn shape() -> Shape;
    fn from_value(value: Option<&Node>, problems: &mut Problems) -> Self;
}

/// A field that may be absent.
pub(crate) type Maybe<T> = Option<At<T>>;

/// A field that has to be there; empty only where that has been reported.
#[derive(Debug)]
pub(crate) struct Must<T>(pub(crate) Option<At<T>>);

impl<T> Deref for Must<T> {
    type Target = Option<At<T>>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T: Read> Read for At<T> {
    fn read(node: &Node, problems: &mut Problems) -> Option<Self> {
        let (span, before) = (node.span, problems.count());
        T::read(node, problems).map(|value| Self {
            value,
            span,
            sound: problems.count() == before,
        })
    }

    fn shape() -> Shape {
        T::shape()
    }
}

impl<T: Read> Field for Maybe<T> {
    const REQUIRED: bool = false;

    fn shape() -> Shape {
        T::shape()
    }

    fn from_value(value: Option<&Node>, problems: &mut Problems) -> Self {
        At::read(value?, problems)
    }
}

impl<T: Read> Field for Must<T> {
    const REQUIRED: bool = true;

    fn shape() -> Shape {
        T::shape()
    }

    fn from_value(value: Option<&Node>, problems: &mut Problems) -> Self {
        Self(value.and_then(|node| At::read(node, problems)))
    }
}

/// The entries of a map, its unknown keys already reported.
pub(crate) struct Entries<'a> {
    span: Span,
    entries: &'a [(Key, Node)],
}

impl<'a> Entries<'a> {
    /// The map's entries; `name` says what it is.
    pub(crate) fn open(
        node: &'a Node,
        name: &str,
        keys: &[&str],
        problems: &mut Problems,
    ) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            let keys = one_of(keys.iter().copied());
            node.unexpected(problems, &format!("{name}: a map with {keys}"));
            return None;
        };
        for (key, _) in entries {
            if !keys.contains(&key.text.as_str()) {
                if problems.is_full() {
                    problems.push(key.span, "unknown key");
                    continue;
                }
                problems
                    .push(key.span, format!("unknown key `{}` in {name}", key.text))
                    .expected(one_of(keys.iter().copied()))
                    .maybe_help(nearest(&key.text, keys.iter().copied()));
            }
        }
        let span = node.span;
        Some(Self { span, entries })
    }

    /// The field under a key.
    pub(crate) fn field<F: Field>(&self, name: &str, key: &str, problems: &mut Problems) -> F {
        let value = self.entries.iter().find(|(found, _)| found.text == key);
        if F::REQUIRED && value.is_none() {
            problems
                .push(self.span, format!("{name} has no `{key}`"))
                .expected(format!("`{key}: …`"));
        }
        F::from_value(value.map(|(_, node)| node), problems)
    }
}

/// The text of a scalar, whatever it looks like; `expected` says what it should be.
pub(crate) fn scalar<'a>(
    node: &'a Node,
    expected: &str,
    problems: &mut Problems,
) -> Option<&'a str> {
    match &node.kind {
        Kind::Scalar { text, .. } if !node.is_nothing() => Some(text),
        _ => {
            node.unexpected(problems, expected);
            None
        }
    }
}

macro_rules! section {
    ($(#[doc = $doc:literal])+ $name:ident, $called:literal {
        $($(#[doc = $field_doc:literal])+ $key:ident: $ty:ty,)*
    }) => {
        $(#[doc = $doc])+
        #[derive(Debug, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $($(#[doc = $field_doc])+ pub(crate) $key: $ty,)*
        }

        impl $name {
            pub(crate) const KEYS: &[&str] = &[$(stringify!($key)),*];
        }

        impl $crate::read::Read for $name {
            fn read(node: &$crate::yaml::Node, problems: &mut $crate::diagnostics::Problems) -> Option<Self> {
                let entries = $crate::read::Entries::open(node, $called, Self::KEYS, problems)?;
                Some(Self {
                    $($key: entries.field($called, stringify!($key), problems),)*
                })
            }

            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Map(&[$((stringify!($key), <$ty as $crate::read::Field>::shape)),*])
            }
        }
    };
}
pub(crate) use section;

macro_rules! words {
    ($called:literal, $ty:ty { $($word:literal => $value:expr,)+ }) => {
        impl $crate::read::Read for $ty {
            fn read(node: &$crate::yaml::Node, problems: &mut $crate::diagnostics::Problems) -> Option<Self> {
                let words = [$($word),+];
                let expected = $crate::spell::one_of(words);
                match $crate::read::scalar(node, &expected, problems)? {
                    $($word => Some($value),)+
                    other => {
                        problems
                            .push(node.span, format!("unknown {} `{other}`", $called))
                            .expected(expected)
                            .maybe_help($crate::spell::nearest(other, words));
                        None
                    }
                }
            }
        }

        impl schemars::JsonSchema for $ty {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $called.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "enum": [$($word),+]})
            }
        }
    };
}
pub(crate) use words;

// `At` and `Must` are invisible in the schema.
macro_rules! transparent {
    ($($wrapper:ident),+) => {$(
        impl<T: JsonSchema> JsonSchema for $wrapper<T> {
            fn inline_schema() -> bool {
                T::inline_schema()
            }
            fn schema_name() -> Cow<'static, str> {
                T::schema_name()
            }
            fn schema_id() -> Cow<'static, str> {
                T::schema_id()
            }
            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                T::json_schema(generator)
            }
        }
    )+};
}
transparent!(At, Must);
