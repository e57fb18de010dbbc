//! Events on the wire: JSON, protobuf and the log's bytes, bounded and validated.
//!
//! [`parse_json`] and [`from_proto`] are the two ways in; both end in the same validation against a programme, so an event means the
//! same however it came. [`record`] is how an accepted event stands in the log. Everything here is total: any bytes give a value or
//! a reason, in time and memory bounded by their length.

mod attributes;
mod batch;
pub mod cloudevents;
mod context;
mod erasure;
mod json;
mod partition;
mod proto_event;
mod raw;
mod read;
pub mod record;
mod rejection;
mod required;
mod validate;

#[cfg(test)]
mod fixture;

pub use batch::{BatchError, Lines, array, envelope};
pub use context::{Clock, Context, Sources};
pub use erasure::erasure;
pub use partition::partition_of;
pub use proto_event::{attribute_bytes, attributes_of, from_proto, to_proto};
pub use read::parse_json;
pub use rejection::{Code, Rejection};

use types::{Event, Timestamp};

/// The most bytes that one event may have, as JSON or as protobuf.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// How deep lists and objects may nest in an event; the event itself is the first level.
pub const NESTING_MAX: usize = 16;

/// A valid event, as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// The event, its source filled in.
    pub event: Event,
    /// The recorded time that the caller named; only where the context runs on event time.
    pub recorded_at: Option<Timestamp>,
}
