//! A row as it is sent: its table, its partition in it, its values.

use bytes::Bytes;
use ports::{Due, Row};
use scylla::serialize::SerializationError;
use scylla::serialize::row::{RowSerializationContext, SerializeRow};
use scylla::serialize::writers::RowWriter;
use types::Partition;

use crate::keys;
use crate::statements::Change;

/// What a server keeps for a row besides its values, about.
const OVERHEAD: usize = 48;

/// One row of one table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    State {
        bucket: i32,
        entity: String,
        bytes: Bytes,
    },
    Segment {
        partition: i32,
        entity: String,
        number: i64,
        bytes: Bytes,
    },
    Outbox {
        partition: i32,
        span: i64,
        number: i64,
        bytes: Bytes,
    },
    OutboxSpan {
        partition: i32,
        span: i64,
    },
    Due {
        partition: i32,
        minute: i64,
        hash: i32,
        entity: String,
    },
    DueMinute {
        partition: i32,
        minute: i64,
    },
    Quarantine {
        partition: i32,
        entity: String,
        bytes: Bytes,
    },
}

/// A partition of a table: what one batch may touch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) table: Change,
    key: (i32, i64, i32, String),
}

impl Line {
    /// The lines of a row: its own, and the one that says that there is something in its span or minute.
    ///
    /// `None` where a number is larger than a column holds.
    pub(crate) fn of(partition: Partition, row: Row) -> Option<(Self, Option<Self>)> {
        let column = i32::from(partition.0);
        let line = match row {
            Row::Snapshot { entity, bytes } => {
                let entity = keys::entity(&entity);
                let bucket = keys::bucket(partition, &entity);
                Self::State {
                    bucket,
                    entity,
                    bytes,
                }
            }
            Row::Segment {
                entity,
                number,
                bytes,
            } => Self::Segment {
                partition: column,
                entity: keys::entity(&entity),
                number: number.into(),
                bytes,
            },
            Row::Outbox { number, bytes } => Self::Outbox {
                partition: column,
                span: i64::try_from(keys::span(number)).ok()?,
                number: i64::try_from(number).ok()?,
                bytes,
            },
            Row::Due(Due { minute, entity }) => {
                let entity = keys::entity(&entity);
                Self::Due {
                    partition: column,
                    minute: minute.into(),
                    hash: keys::due_hash(&entity),
                    entity,
                }
            }
            Row::Quarantine { entity, bytes } => Self::Quarantine {
                partition: column,
                entity: keys::entity(&entity),
                bytes,
            },
        };
        let index = line.index();
        Some((line, index))
    }

    fn index(&self) -> Option<Self> {
        match *self {
            Self::Outbox {
                partition, span, ..
            } => Some(Self::OutboxSpan { partition, span }),
            Self::Due {
                partition, minute, ..
            } => Some(Self::DueMinute { partition, minute }),
            _ => None,
        }
    }

    /// Where it lies.
    pub(crate) fn place(&self) -> Place {
        let (table, key) = match self {
            Self::State { bucket, .. } => (Change::State, (*bucket, 0, 0, "")),
            Self::Segment {
                partition, entity, ..
            } => (Change::Journal, (*partition, 0, 0, entity.as_str())),
            Self::Outbox {
                partition, span, ..
            } => (Change::Outbox, (*partition, *span, 0, "")),
            Self::OutboxSpan { partition, .. } => (Change::OutboxSpan, (*partition, 0, 0, "")),
            Self::Due {
                partition,
                minute,
                hash,
                ..
            } => (Change::Due, (*partition, *minute, *hash, "")),
            Self::DueMinute { partition, .. } => (Change::DueMinute, (*partition, 0, 0, "")),
            Self::Quarantine { partition, .. } => (Change::Quarantine, (*partition, 0, 0, "")),
        };
        let key = (key.0, key.1, key.2, key.3.to_owned());
        Place { table, key }
    }

    /// What it weighs in a batch.
    pub(crate) fn size(&self) -> usize {
        let (entity, bytes) = match self {
            Self::State { entity, bytes, .. }
            | Self::Segment { entity, bytes, .. }
            | Self::Quarantine { entity, bytes, .. } => (entity.len(), bytes.len()),
            Self::Outbox { bytes, .. } => (0, bytes.len()),
            Self::Due { entity, .. } => (entity.len(), 0),
            Self::OutboxSpan { .. } | Self::DueMinute { .. } => (0, 0),
        };
        OVERHEAD + entity + bytes
    }
}

impl SerializeRow for Line {
    fn serialize(
        &self,
        context: &RowSerializationContext<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), SerializationError> {
        match self {
            Self::State {
                bucket,
                entity,
                bytes,
            } => (bucket, entity, bytes).serialize(context, writer),
            Self::Segment {
                partition,
                entity,
                number,
                bytes,
            } => (partition, entity, number, bytes).serialize(context, writer),
            Self::Outbox {
                partition,
                span,
                number,
                bytes,
            } => (partition, span, number, bytes).serialize(context, writer),
            Self::OutboxSpan { partition, span } => (partition, span).serialize(context, writer),
            Self::Due {
                partition,
                minute,
                hash,
                entity,
            } => (partition, minute, hash, entity).serialize(context, writer),
            Self::DueMinute { partition, minute } => (partition, minute).serialize(context, writer),
            Self::Quarantine {
                partition,
                entity,
                bytes,
            } => (partition, entity, bytes).serialize(context, writer),
        }
    }

    fn is_empty(&self) -> bool {
        false
    }
}
