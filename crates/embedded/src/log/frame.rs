//! A frame: one batch of one partition as it stands in a segment. Integers are little-endian.
//!
//! ```text
//! magic 4 | crc32c 4 | payload bytes 4 | records 4 | partition 2 | zero 2 | partition sequence 8 | frame number 8 | payload
//! payload = records x (recorded time in ns 8 | body bytes 4 | body)
//! ```
//! The checksum covers all that follows it and starts from the log's seed, so that no body can pass for a frame and no frame for one of
//! another log. The frame number counts frames of the whole log, so that a lost frame of any partition
//! shows. Reading is total: any bytes give a frame or nothing.

use bytes::{BufMut as _, Bytes, BytesMut};
use ports::LogRecord;
use types::{Partition, Position, Timestamp};

/// Bytes before the payload.
pub(crate) const HEADER: usize = 36;
/// The most payload bytes of a frame.
pub(crate) const PAYLOAD_MAX: usize = 32 << 20;
/// Bytes that a record takes besides its body.
pub(crate) const RECORD_OVERHEAD: usize = 12;

const MAGIC: [u8; 4] = *b"QLF1";
/// Where the checksummed bytes begin.
const CHECKED: usize = 8;

/// A frame's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// Bytes of the payload.
    pub(crate) payload: usize,
    /// Records in it, at least one.
    pub(crate) records: u32,
    /// The partition.
    pub(crate) partition: Partition,
    /// The batch's sequence in its partition, from 1.
    pub(crate) sequence: u64,
    /// The frame's number in the log, from 1.
    pub(crate) number: u64,
    crc: u32,
}

impl Header {
    /// Bytes of the whole frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        HEADER + self.payload
    }
}

/// What a log's checksums start from.
pub(crate) fn seed(incarnation: u64) -> u32 {
    incarnation as u32
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// The partition.
    pub(crate) partition: Partition,
    /// Its sequence there.
    pub(crate) sequence: u64,
    /// Its number in the log.
    pub(crate) number: u64,
}

/// Appends a frame to `out`.
pub(crate) fn encode<'a>(
    out: &mut BytesMut,
    seed: u32,
    place: Place,
    records: impl Iterator<Item = (Timestamp, &'a Bytes)>,
) {
    let start = out.len();
    out.put_slice(&MAGIC);
    out.put_bytes(0, HEADER - MAGIC.len());
    let mut count = 0u32;
    for (recorded_at, body) in records {
        out.put_i64_le(recorded_at.nanos());
        // A frame's payload is bounded by PAYLOAD_MAX before it gets here.
        out.put_u32_le(body.len() as u32);
        out.put_slice(body);
        count += 1;
    }
    let payload = (out.len() - start - HEADER) as u32;
    let frame = &mut out[start..];
    frame[8..12].copy_from_slice(&payload.to_le_bytes());
    frame[12..16].copy_from_slice(&count.to_le_bytes());
    frame[16..18].copy_from_slice(&place.partition.0.to_le_bytes());
    frame[20..28].copy_from_slice(&place.sequence.to_le_bytes());
    frame[28..36].copy_from_slice(&place.number.to_le_bytes());
    let crc = crc32c::crc32c_append(seed, &frame[CHECKED..]);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

/// The header at the start of `bytes`, not yet checked against the payload.
fn header(bytes: &[u8]) -> Option<Header> {
    let head = bytes.get(..HEADER)?;
    if head[..4] != MAGIC {
        return None;
    }
    let header = Header {
        crc: u32_at(head, 4)?,
        payload: usize::try_from(u32_at(head, 8)?).ok()?,
        records: u32_at(head, 12)?,
        partition: Partition(u16::from_le_bytes([head[16], head[17]])),
        sequence: u64_at(head, 20)?,
        number: u64_at(head, 28)?,
    };
    (header.payload <= PAYLOAD_MAX).then_some(header)
}

/// The whole and sound frame at the start of `bytes`.
pub(crate) fn whole(seed: u32, bytes: &[u8]) -> Option<Header> {
    let header = header(bytes)?;
    let checked = bytes.get(CHECKED..header.frame_bytes())?;
    (crc32c::crc32c_append(seed, checked) == header.crc).then_some(header)
}

/// Offset of the first whole and sound frame in `bytes`, whatever stands before it.
pub(crate) fn find(seed: u32, bytes: &[u8]) -> Option<(usize, Header)> {
    let mut from = 0;
    while let Some(rest) = bytes.get(from..) {
        let at = from + rest.windows(MAGIC.len()).position(|four| four == MAGIC)?;
        if let Some(header) = whole(seed, &bytes[at..]) {
            return Some((at, header));
        }
        from = at + 1;
    }
    None
}

/// Whether a frame begins anywhere in `bytes`, sound or not.
pub(crate) fn begins_anywhere(bytes: &[u8]) -> bool {
    bytes.windows(MAGIC.len()).any(|four| four == MAGIC)
}

/// The records of a checked frame, appended to `out`; `None` if the payload does not hold what the header says.
pub(crate) fn records(
    frame: &Bytes,
    header: &Header,
    out: &mut impl Extend<LogRecord>,
) -> Option<Timestamp> {
    let mut at = HEADER;
    let mut last = None;
    for index in 0..header.records {
        let (recorded_at, end) = record_at(frame, at)?;
        last = Some(recorded_at);
        out.extend([LogRecord {
            position: Position {
                sequence: header.sequence,
                index,
            },
            recorded_at,
            body: frame.slice(at + RECORD_OVERHEAD..end),
        }]);
        at = end;
    }
    last.filter(|_| at == header.frame_bytes())
}

/// Time and end of the record that starts at `at` of a frame.
pub(crate) fn record_at(frame: &[u8], at: usize) -> Option<(Timestamp, usize)> {
    let recorded_at = Timestamp::from_nanos(u64_at(frame, at)?.cast_signed())?;
    let length = usize::try_from(u32_at(frame, at + 8)?).ok()?;
    let end = (at + RECORD_OVERHEAD).checked_add(length)?;
    (end <= frame.len()).then_some((recorded_at, end))
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
    use bytes::{Bytes, BytesMut};
    use proptest::prelude::*;
    use types::{Partition, Timestamp};

    use super::{Place, encode, find, records, whole};

    const SEED: u32 = 77;

    fn frame(bodies: &[Vec<u8>]) -> Bytes {
        let bodies: Vec<Bytes> = bodies
            .iter()
            .map(|body| Bytes::copy_from_slice(body))
            .collect();
        let place = Place {
            partition: Partition(3),
            sequence: 9,
            number: 70,
        };
        let mut out = BytesMut::new();
        encode(
            &mut out,
            SEED,
            place,
            bodies.iter().map(|body| (Timestamp::MIN, body)),
        );
        out.freeze()
    }

    proptest! {
        #[test]
        fn a_frame_reads_back(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..9)) {
            let frame = frame(&bodies);
            let header = whole(SEED, &frame).unwrap();
            prop_assert_eq!((header.partition, header.sequence, header.number), (Partition(3), 9, 70));
            let mut read = Vec::new();
            prop_assert_eq!(records(&frame, &header, &mut read), Some(Timestamp::MIN));
            let read: Vec<Vec<u8>> = read.iter().map(|record| record.body.to_vec()).collect();
            prop_assert_eq!(read, bodies);
        }

        #[test]
        fn a_changed_bit_or_a_cut_shows(at in 0usize..76, bit in 0u8..8) {
            let sound = frame(&[vec![7; 28]]);
            let mut bytes = sound.to_vec();
            bytes[at] ^= 1 << bit;
            // Two bytes are reserved, checksummed as well.
            prop_assert_eq!(whole(SEED, &bytes), None);
            prop_assert_eq!(whole(SEED, &sound[..at]), None);
            prop_assert_eq!(whole(SEED + 1, &sound), None);
        }

        #[test]
        fn a_frame_is_found_behind_any_bytes(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            bytes.extend_from_slice(b"QLF1QLF");
            let at = bytes.len();
            bytes.extend_from_slice(&frame(&[vec![1]]));
            prop_assert_eq!(find(SEED, &bytes).map(|(found, _)| found), Some(at));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(find(SEED, &bytes).is_some(), false);
        }
    }
}
