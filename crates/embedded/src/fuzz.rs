//! What lies in the files as functions over bytes, for `crates/hostile`.

use bytes::{Bytes, BytesMut};
use ports::{Due, Entity, Head, LogRecord, OwnerId, Stamp};
use types::{Epoch, Partition, Position, Timestamp};

use crate::log::frame;
use crate::log::segment::{End, SegmentHeader};
use crate::state::keys;

const SEED: u32 = 7;
const PARTITIONS: usize = 3;

/// A segment from its header on: looked through for frames, then read as if its first frame's checksum were right. Whether that
/// frame gave records.
pub fn frames(bytes: &[u8]) -> bool {
    let _header = SegmentHeader::decode(bytes, PARTITIONS);
    if let Some((at, header)) = frame::find(SEED, bytes) {
        read(&bytes[at..], &header);
    }
    let sealed = sealed(bytes);
    frame::whole(SEED, &sealed).is_some_and(|header| read(&sealed, &header))
}

fn read(bytes: &[u8], header: &frame::Header) -> bool {
    let frame = Bytes::copy_from_slice(&bytes[..header.frame_bytes()]);
    let mut records: Vec<LogRecord> = Vec::new();
    let sound = frame::records(&frame, header, &mut records).is_some();
    assert!(!sound || records.len() == header.records as usize);
    sound
}

/// With the checksum that the bytes ask for, so that what lies behind it is reached.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = bytes.to_vec();
    let length = bytes
        .get(8..12)
        .and_then(|four| four.first_chunk().copied());
    let end = length.map(|four| frame::HEADER + u32::from_le_bytes(four) as usize);
    if let Some(crc) = end.and_then(|end| Some(crc32c::crc32c_append(SEED, bytes.get(8..end)?))) {
        sealed[4..8].copy_from_slice(&crc.to_le_bytes());
    }
    sealed
}

/// Frames, and a segment's beginning with some.
pub fn logs() -> Vec<Vec<u8>> {
    let mut out = BytesMut::new();
    for number in 1..4 {
        let place = frame::Place {
            partition: Partition(2),
            sequence: number,
            number,
        };
        let bodies: Vec<Bytes> = (0..number)
            .map(|n| Bytes::from(vec![n as u8; 20]))
            .collect();
        let records = bodies.iter().map(|body| (Timestamp::MIN, body));
        frame::encode(&mut out, SEED, place, records);
    }
    let header = SegmentHeader {
        incarnation: 1,
        number: 2,
        first_frame: 3,
        previous_bytes: 4,
        bases: vec![End::EMPTY; PARTITIONS],
    };
    vec![out.to_vec(), [header.encode(), out.to_vec()].concat()]
}

/// A key or a value of the state, read as every kind of them; whether it is a head or a key of a player.
pub fn rows(bytes: &[u8]) -> bool {
    let (head, entity) = (keys::decode_head(bytes), keys::entity_of(bytes));
    if let Some(head) = &head {
        assert_eq!(keys::encode_head(head), bytes);
    }
    if let Some(entity) = &entity {
        assert_eq!(keys::entity(Partition(0), entity)[2..], bytes[2..]);
    }
    let _due = keys::due_of(bytes);
    let _number = keys::outbox_number(bytes);
    let _stamp = keys::stamp_of(bytes);
    let _value = keys::bytes_of(Bytes::copy_from_slice(bytes));
    head.is_some() || entity.is_some()
}

/// Keys and values as they are written.
pub fn stored_rows() -> Vec<Vec<u8>> {
    let (Ok(brand), Ok(player)) = ("shop".parse(), "é 1".parse()) else {
        return Vec::new();
    };
    let (of, entity) = (Partition(3), Entity { brand, player });
    let head = Head {
        owner: OwnerId(9),
        epoch: Epoch(2),
        epoch_stamp: Stamp(3),
        last_stamp: Stamp(4),
        cursor: Position {
            sequence: 5,
            index: 6,
        },
        fold: Bytes::from_static(b"fold"),
    };
    vec![
        keys::encode_head(&head),
        keys::entity(of, &entity),
        keys::segment(of, &entity, 7),
        keys::due(of, &Due { minute: 8, entity }),
        keys::outbox(of, 9).to_vec(),
        keys::stamped(Stamp(1), b"bytes"),
    ]
}
