//! A segment file: a header that says where every partition stood, then frames. Integers are little-endian.
//!
//! ```text
//! magic 8 | crc32c 4 | partitions 2 | zero 2 | incarnation 8 | number 8 | first frame number 8 | bytes of the segment before 8
//! | partitions x (last sequence 8 | its last index 4 | its last time in ns 8)
//! ```
//! The header is complete before the file gets its name, so a bad one is damage, never a torn write.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use bytes::{Buf as _, BufMut as _};
use types::{Partition, Position, Timestamp};

use super::disk::Disk;

const MAGIC: [u8; 8] = *b"QLSEG\0\0\x01";
const FIXED: usize = 48;
const PER_PARTITION: usize = 20;

/// The last record of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// Where it stands; `START` where there is none.
    pub(crate) position: Position,
    /// Its time; the earliest where there is none.
    pub(crate) time: Timestamp,
}

impl End {
    /// Of a partition without records.
    pub(crate) const EMPTY: Self = Self {
        position: Position::START,
        time: Timestamp::MIN,
    };
}

/// A segment's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Which log it belongs to.
    pub(crate) incarnation: u64,
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Number of its first frame.
    pub(crate) first_frame: u64,
    /// Bytes of the segment before it; 0 for the first.
    pub(crate) previous_bytes: u64,
    /// Where every partition stood before it.
    pub(crate) bases: Vec<End>,
}

/// Bytes of a header.
pub(crate) fn header_bytes(partitions: usize) -> usize {
    FIXED + partitions * PER_PARTITION
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(header_bytes(self.bases.len()));
        out.put_slice(&MAGIC);
        out.put_u32_le(0);
        out.put_u16_le(self.bases.len() as u16);
        out.put_u16_le(0);
        out.put_u64_le(self.incarnation);
        out.put_u64_le(self.number);
        out.put_u64_le(self.first_frame);
        out.put_u64_le(self.previous_bytes);
        for end in &self.bases {
            out.put_u64_le(end.position.sequence);
            out.put_u32_le(end.position.index);
            out.put_i64_le(end.time.nanos());
        }
        let crc = crc32c::crc32c(&out[12..]);
        out[8..12].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The header at the start of a segment with so many partitions.
    pub(crate) fn decode(bytes: &[u8], partitions: usize) -> Option<Self> {
        let mut bytes = bytes.get(..header_bytes(partitions))?;
        let sound = bytes[..8] == MAGIC
            && crc32c::crc32c(&bytes[12..]).to_le_bytes() == bytes[8..12]
            && usize::from(u16::from_le_bytes([bytes[12], bytes[13]])) == partitions;
        if !sound {
            return None;
        }
        bytes.advance(16);
        Some(Self {
            incarnation: bytes.get_u64_le(),
            number: bytes.get_u64_le(),
            first_frame: bytes.get_u64_le(),
            previous_bytes: bytes.get_u64_le(),
            bases: (0..partitions)
                .map(|_| {
                    let sequence = bytes.get_u64_le();
                    let index = bytes.get_u32_le();
                    let time = Timestamp::from_nanos(bytes.get_i64_le())?;
                    Some(End {
                        position: Position { sequence, index },
                        time,
                    })
                })
                .collect::<Option<_>>()?,
        })
    }
}

/// A segment's file in the log's folder.
pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.seg"))
}

/// Makes a segment durable under its name and gives the open file. After an error there is none under that name.
pub(crate) fn create(
    disk: &mut dyn Disk,
    folder: &Path,
    header: &SegmentHeader,
) -> io::Result<File> {
    let temporary = folder.join("next.tmp");
    let target = path(folder, header.number);
    let made = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(&temporary)
        .and_then(|file| {
            disk.write(&file, &header.encode(), 0)?;
            disk.sync(&file)?;
            fs::rename(&temporary, &target)?;
            // The name must survive a power cut before anything in the file is acknowledged.
            File::open(folder)?.sync_all()?;
            Ok(file)
        });
    if made.is_err() {
        for leftover in [&temporary, &target] {
            if let Err(error) = fs::remove_file(leftover) {
                tracing::debug!(file = %leftover.display(), %error, "no leftover of a segment to remove");
            }
        }
    }
    made
}

/// Where the frames of each partition stand in one segment.
#[derive(Debug)]
pub(crate) struct Index {
    places: Vec<Vec<(u32, u32)>>,
}

impl Index {
    /// Of a segment without frames.
    pub(crate) fn new(partitions: usize) -> Self {
        Self {
            places: vec![Vec::new(); partitions],
        }
    }

    /// Adds the partition's next frame.
    pub(crate) fn push(&mut self, partition: Partition, offset: u64, bytes: usize) {
        // A segment ends soon after SEGMENT_BYTES, far below 4 GiB.
        self.places[usize::from(partition.0)].push((offset as u32, bytes as u32));
    }

    /// Where the last frame ends; `None` where there is none.
    pub(crate) fn end(&self) -> Option<u64> {
        let last = self.places.iter().filter_map(|places| places.last());
        last.map(|&(offset, bytes)| u64::from(offset) + u64::from(bytes))
            .max()
    }

    /// Offset and bytes of the partition's frames, from its `nth` in this segment, up to `span` bytes of file; at least one if
    /// there is one.
    pub(crate) fn run(&self, partition: Partition, nth: u64, span: u32) -> &[(u32, u32)] {
        let all = &self.places[usize::from(partition.0)];
        let from = usize::try_from(nth).map_or(all.len(), |nth| nth.min(all.len()));
        let rest = &all[from..];
        let Some(&(first, _)) = rest.first() else {
            return rest;
        };
        let fits = rest.partition_point(|&(offset, bytes)| offset + bytes - first <= span);
        &rest[..fits.max(1)]
    }
}
