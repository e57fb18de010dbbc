//! An event's fields as they came, before they mean anything.

use std::borrow::Cow;

use types::{Attributes, Timestamp};

/// The fields of an event from either wire format. Absent, `null` and (on protobuf) empty are all `None`.
#[derive(Debug, Default)]
pub(crate) struct Raw<'a> {
    pub(crate) id: Option<Cow<'a, str>>,
    pub(crate) source: Option<Cow<'a, str>>,
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) player: Option<Cow<'a, str>>,
    pub(crate) occurred_at: Option<Timestamp>,
    pub(crate) amount: Option<Cow<'a, str>>,
    pub(crate) currency: Option<Cow<'a, str>>,
    pub(crate) refers_to: Option<Cow<'a, str>>,
    pub(crate) rate: Option<Cow<'a, str>>,
    /// Of a settlement; the same as the attribute of that name.
    pub(crate) provisional: Option<bool>,
    pub(crate) attributes: Attributes,
    pub(crate) recorded_at: Option<Timestamp>,
}
