//! A frame: the body of one log message. Integers are little-endian.
//!
//! ```text
//! magic 4 | crc32c 4 | records 4 | chain 8 | number 8 | records x (time 8 | body bytes 4 | body)
//! ```
//! The checksum covers all that follows it and starts from the log's own number and the partition, so that a message of another log or
//! of another partition does not pass. Chain and number say which batch of which publisher this is (`chain.rs`). The time is the
//! entry's own, in nanoseconds since 1970, or the least number where it has none; it counts only in a log that was made for that
//! (`Clock::Event`). Reading is total: any bytes give a frame or nothing.

use bytes::{BufMut as _, Bytes, BytesMut};
use ports::Entry;
use types::{Partition, Timestamp};

/// The most bytes of a frame.
pub(crate) const BYTES_MAX: usize = 2 << 20;
/// Bytes before the first record.
const HEADER: usize = 28;
/// Bytes that a record takes besides its body.
const RECORD_OVERHEAD: usize = 12;

/// Bytes of a record's time.
const TIME: usize = 8;

const MAGIC: [u8; 4] = *b"QLJ2";
/// Where the checksummed bytes begin.
const CHECKED: usize = 8;

/// What a partition's checksums start from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(u32);

impl Seed {
    pub(crate) fn new(log: u64, partition: Partition) -> Self {
        let seed = crc32c::crc32c(&log.to_le_bytes());
        Self(crc32c::crc32c_append(seed, &partition.0.to_le_bytes()))
    }
}

/// Which batch of which publisher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The publisher's run of batches.
    pub(crate) chain: u64,
    /// The batch in it, from 1.
    pub(crate) number: u64,
}

/// A sound frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) link: Link,
    pub(crate) records: Vec<Record>,
    /// Of the whole frame: tells one message from another.
    pub(crate) checksum: u32,
}

/// What an entry became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) own_time: Option<Timestamp>,
    pub(crate) body: Bytes,
}

/// Bytes of the frame of some entries.
pub(crate) fn bytes(entries: &[Entry]) -> usize {
    let record = |entry: &Entry| RECORD_OVERHEAD + entry.body.len();
    HEADER + entries.iter().map(record).sum::<usize>()
}

/// The frame of some entries, which fit.
pub(crate) fn encode(seed: Seed, link: Link, entries: &[Entry]) -> Bytes {
    let mut frame = BytesMut::with_capacity(bytes(entries));
    frame.put_slice(&MAGIC);
    frame.put_u32_le(0);
    // No more entries than bytes.
    frame.put_u32_le(entries.len() as u32);
    frame.put_u64_le(link.chain);
    frame.put_u64_le(link.number);
    for entry in entries {
        frame.put_i64_le(entry.recorded_at.map_or(i64::MIN, Timestamp::nanos));
        frame.put_u32_le(entry.body.len() as u32);
        frame.put_slice(&entry.body);
    }
    let crc = crc32c::crc32c_append(seed.0, &frame[CHECKED..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    frame.freeze()
}

/// The frame that `message` is, or nothing.
pub(crate) fn decode(seed: Seed, message: &Bytes) -> Option<Frame> {
    let head = message.get(..HEADER)?;
    let checksum = u32_at(head, 4)?;
    if head[..4] != MAGIC || crc32c::crc32c_append(seed.0, &message[CHECKED..]) != checksum {
        return None;
    }
    let count = usize::try_from(u32_at(head, 8)?).ok()?;
    if count == 0 || count > message.len() / RECORD_OVERHEAD {
        return None;
    }
    let link = Link {
        chain: u64_at(head, 12)?,
        number: u64_at(head, 20)?,
    };
    let mut records = Vec::with_capacity(count);
    let mut at = HEADER;
    for _ in 0..count {
        // The least number is no time of day that a clock could show.
        let own_time = Timestamp::from_nanos(u64_at(message, at)?.cast_signed());
        let length = usize::try_from(u32_at(message, at + TIME)?).ok()?;
        let start = at + RECORD_OVERHEAD;
        let end = start.checked_add(length)?;
        if end > message.len() {
            return None;
        }
        records.push(Record {
            own_time,
            body: message.slice(start..end),
        });
        at = end;
    }
    (at == message.len()).then_some(Frame {
        link,
        records,
        checksum,
    })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let eight = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(eight.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use ports::Entry;
    use proptest::prelude::*;
    use types::{Partition, Timestamp};

    use super::{HEADER, Link, Seed, bytes, decode, encode};

    const LINK: Link = Link {
        chain: 7,
        number: 9,
    };

    fn entries(bodies: &[Vec<u8>]) -> Vec<Entry> {
        // Every other has a time of its own.
        let entry = |body: &Vec<u8>| Entry {
            recorded_at: Timestamp::from_nanos(body.len() as i64 - 20)
                .filter(|_| body.len().is_multiple_of(2)),
            body: Bytes::copy_from_slice(body),
        };
        bodies.iter().map(entry).collect()
    }

    fn seed(partition: u16) -> Seed {
        Seed::new(77, Partition(partition))
    }

    proptest! {
        #[test]
        fn a_frame_reads_back(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..9)) {
            let entries = entries(&bodies);
            let message = encode(seed(3), LINK, &entries);
            prop_assert_eq!(message.len(), bytes(&entries));
            let frame = decode(seed(3), &message).unwrap();
            prop_assert_eq!(frame.link, LINK);
            let read: Vec<Entry> = frame
                .records
                .into_iter()
                .map(|record| Entry { recorded_at: record.own_time, body: record.body })
                .collect();
            prop_assert_eq!(read, entries);
        }

        #[test]
        fn a_changed_bit_a_cut_and_a_foreign_place_show(at in 0..HEADER + 32, bit in 0u8..8) {
            let sound = encode(seed(3), LINK, &entries(&[vec![7; 28]]));
            let mut changed = sound.to_vec();
            changed[at] ^= 1 << bit;
            prop_assert_eq!(decode(seed(3), &changed.into()), None);
            prop_assert_eq!(decode(seed(3), &sound.slice(..at)), None);
            prop_assert_eq!(decode(seed(4), &sound), None);
            prop_assert_eq!(decode(Seed::new(78, Partition(3)), &sound), None);
        }

        #[test]
        fn any_bytes_are_read_or_refused(message in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(decode(seed(3), &message.into()), None);
        }
    }
}
