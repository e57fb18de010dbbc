//! The log as others may read it: one brand's records, a bounded page at a time, up to what is durable now.

use events::record;
use ports::{EventLog, LogRecord, ReadError};
use proto::log::v1 as wire;
use types::{Body, BrandId, Partition, Position};

/// A page ends with the record that brings it to this many bytes, or after it has looked at so many records, of whatever brand.
const PAGE_BYTES: usize = 1 << 20;
const PAGE_LOOKED_AT: usize = 50_000;
/// Records that are taken from the log at once.
const CHUNK: usize = 1_024;

/// Behind which position a partition begins, and where it ends now.
pub(crate) async fn ends(
    log: &dyn EventLog,
    partition: Partition,
) -> Result<(Position, Position), ReadError> {
    let (end, _) = log.end(partition).await?;
    match log.read(partition, Position::START).await {
        Ok(_) => Ok((Position::START, end)),
        Err(ReadError::Truncated { first }) => Ok((first, end)),
        Err(error) => Err(error),
    }
}

/// The brand's records after a position; none at the end.
pub(crate) async fn page(
    log: &dyn EventLog,
    brand: &BrandId,
    partition: Partition,
    after: Position,
) -> Result<wire::Page, ReadError> {
    let (end, _) = log.end(partition).await?;
    let (mut next, mut records) = (after, Vec::new());
    let (mut bytes, mut looked_at) = (0, 0);
    let mut reader = log.read(partition, after).await?;
    // A reader waits at the end, which moves on meanwhile: where it was is far enough.
    while next < end && bytes < PAGE_BYTES && looked_at < PAGE_LOOKED_AT {
        for record in reader.next(CHUNK).await? {
            next = record.position;
            looked_at += 1;
            if is_of(brand, &record) {
                bytes += record.body.len();
                records.push(stored(record));
            }
            if bytes >= PAGE_BYTES {
                break;
            }
        }
    }
    Ok(wire::Page {
        records,
        next: Some(place(next)),
    })
}

/// Whether it is the brand's. What is no record of ours is nobody's.
fn is_of(brand: &BrandId, record: &LogRecord) -> bool {
    let read = record::decode(record.position, record.recorded_at, &record.body);
    match read.map(|record| record.body) {
        Ok(Body::Event { brand: of, .. }) => of == *brand,
        Ok(Body::Programme(change)) => change.brand == *brand,
        Ok(Body::Tick(_) | Body::Logic(_)) | Err(_) => false,
    }
}

fn stored(record: LogRecord) -> wire::StoredRecord {
    wire::StoredRecord {
        position: Some(place(record.position)),
        recorded_at_ns: record.recorded_at.nanos(),
        body: record.body.into(),
    }
}

fn place(at: Position) -> wire::Position {
    wire::Position {
        sequence: at.sequence,
        index: at.index,
    }
}
