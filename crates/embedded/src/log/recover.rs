//! Opening the log: which segments there are, where the last one ends, and whether anything acknowledged is missing.
//!
//! Only the last segment is read through. Of the others the chain of headers is checked (number, length, first frame), and their
//! frames when they are read. In the last segment a bad frame is a torn write, cut off, only if no sound frame follows it: damage
//! before a sound frame may have hit what was acknowledged, and is refused without changing anything.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::{Partition, Position, Timestamp};

use super::frame::{self, Header};
use super::segment::{self, End, Index, SegmentHeader};
use crate::error::OpenError;

/// The log as found.
pub(crate) struct Recovered {
    /// Number of the first segment.
    pub(crate) first: u64,
    /// Where every partition stood before each segment.
    pub(crate) bases: Vec<Arc<[End]>>,
    /// The last segment.
    pub(crate) active: Active,
    /// Where every partition ends.
    pub(crate) ends: Vec<End>,
}

/// The segment that is written to.
pub(crate) struct Active {
    pub(crate) file: File,
    pub(crate) number: u64,
    /// Where the next frame goes.
    pub(crate) offset: u64,
    /// The next frame's number.
    pub(crate) next_frame: u64,
    pub(crate) index: Index,
}

/// Finds the log that stands in `folder`; `None` where there is no segment.
pub(crate) fn recover(
    folder: &Path,
    partitions: u16,
    incarnation: u64,
) -> Result<Option<Recovered>, OpenError> {
    let mut headers = headers(folder, partitions, incarnation)?;
    let (Some(first), Some(last)) = (headers.first(), headers.last()) else {
        return Ok(None);
    };
    let (first, last) = (first.number, last.number);
    let bases = headers
        .iter()
        .map(|header| Arc::from(header.bases.as_slice()))
        .collect();
    let Some(header) = headers.pop() else {
        return Ok(None);
    };
    let (active, ends) = active(folder, last, &header)?;
    Ok(Some(Recovered {
        first,
        bases,
        active,
        ends,
    }))
}

/// The headers of all segments in `folder`, each the next one of the one before it.
pub(super) fn headers(
    folder: &Path,
    partitions: u16,
    incarnation: u64,
) -> Result<Vec<SegmentHeader>, OpenError> {
    let numbers = numbers(folder)?;
    let first = numbers.first().copied().unwrap_or_default();
    let mut headers: Vec<SegmentHeader> = Vec::with_capacity(numbers.len());
    for (number, expected) in numbers.iter().zip(first..) {
        if *number != expected {
            return Err(OpenError::Damaged {
                file: segment::path(folder, expected),
                offset: 0,
                problem: format!("the segment is missing, {number:08}.seg follows"),
            });
        }
        let header = header(folder, *number, partitions, incarnation)?;
        if let Some(before) = headers.last() {
            check_chain(folder, before, &header)?;
        }
        headers.push(header);
    }
    Ok(headers)
}

fn numbers(folder: &Path) -> Result<Vec<u64>, OpenError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(OpenError::io(folder))? {
        let name = entry.map_err(OpenError::io(folder))?.file_name();
        let number: Option<u64> = name
            .to_str()
            .and_then(|name| name.strip_suffix(".seg"))
            .filter(|digits| digits.len() >= 8)
            .and_then(|digits| digits.parse().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

fn header(
    folder: &Path,
    number: u64,
    partitions: u16,
    incarnation: u64,
) -> Result<SegmentHeader, OpenError> {
    let path = segment::path(folder, number);
    let mut bytes = vec![0; segment::header_bytes(usize::from(partitions))];
    let read = File::open(&path).and_then(|mut file| file.read_exact(&mut bytes));
    let header = match read {
        Ok(()) => SegmentHeader::decode(&bytes, usize::from(partitions)),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => None,
        Err(error) => return Err(OpenError::io(&path)(error)),
    };
    let damaged = |problem: &str| OpenError::Damaged {
        file: path.clone(),
        offset: 0,
        problem: problem.to_owned(),
    };
    let header = header.ok_or_else(|| damaged("the segment's header is not sound"))?;
    if header.incarnation != incarnation {
        return Err(damaged(
            "the segment belongs to another log than meta.json names",
        ));
    }
    if header.number != number {
        return Err(damaged(
            "the segment has another number inside: a renamed file",
        ));
    }
    Ok(header)
}

fn check_chain(
    folder: &Path,
    before: &SegmentHeader,
    header: &SegmentHeader,
) -> Result<(), OpenError> {
    let path = segment::path(folder, before.number);
    let length = fs::metadata(&path).map_err(OpenError::io(&path))?.len();
    if length != header.previous_bytes {
        return Err(OpenError::Damaged {
            file: path,
            offset: length.min(header.previous_bytes),
            problem: format!(
                "the segment has {length} bytes, the next one says {}",
                header.previous_bytes
            ),
        });
    }
    Ok(())
}

/// Reads the last segment through, cuts a torn tail off, and puts what is left on the disk: it may have been read from memory only.
fn active(
    folder: &Path,
    number: u64,
    header: &SegmentHeader,
) -> Result<(Active, Vec<End>), OpenError> {
    let path = segment::path(folder, number);
    let io = || OpenError::io(&path);
    let file = File::options()
        .read(true)
        .write(true)
        .open(&path)
        .map_err(io())?;
    let bytes = fs::read(&path).map_err(io())?;
    let mut scan = Scan::new(header);
    scan.run(&bytes);
    if let Some(rest) = bytes.get(scan.offset..).filter(|rest| !rest.is_empty()) {
        if let Some((at, found)) = frame::find(scan.seed, rest) {
            return Err(OpenError::Damaged {
                file: path,
                offset: scan.offset as u64,
                problem: format!(
                    "no sound frame here, yet frame {} follows at byte {}",
                    found.number,
                    scan.offset + at
                ),
            });
        }
        tracing::warn!(
            file = %path.display(), offset = scan.offset, bytes = rest.len(),
            "cut a torn write off the end of the log; nothing in it was acknowledged"
        );
        file.set_len(scan.offset as u64).map_err(io())?;
    }
    file.sync_all().map_err(io())?;
    let active = Active {
        file,
        number,
        offset: scan.offset as u64,
        next_frame: scan.next_frame,
        index: scan.index,
    };
    Ok((active, scan.ends))
}

/// The index of a sealed segment; refused where its frames do not reach to its end.
pub(crate) fn sealed_index(
    folder: &Path,
    number: u64,
    partitions: u16,
) -> Result<Index, (PathBuf, String)> {
    let path = segment::path(folder, number);
    let bytes = fs::read(&path).map_err(|error| (path.clone(), error.to_string()))?;
    let Some(header) = SegmentHeader::decode(&bytes, usize::from(partitions)) else {
        return Err((path, "the segment's header is not sound".to_owned()));
    };
    let mut scan = Scan::new(&header);
    scan.run(&bytes);
    if scan.offset < bytes.len() {
        return Err((path, format!("no sound frame at byte {}", scan.offset)));
    }
    Ok(scan.index)
}

/// Goes over the frames of a segment as long as each is sound and the next in line.
pub(super) struct Scan {
    pub(super) seed: u32,
    /// Where the next frame begins.
    pub(super) offset: usize,
    next_frame: u64,
    ends: Vec<End>,
    index: Index,
}

impl Scan {
    pub(super) fn new(header: &SegmentHeader) -> Self {
        Self {
            seed: frame::seed(header.incarnation),
            offset: segment::header_bytes(header.bases.len()),
            next_frame: header.first_frame,
            ends: header.bases.clone(),
            index: Index::new(header.bases.len()),
        }
    }

    fn run(&mut self, bytes: &[u8]) {
        while self.step(bytes).is_some() {}
    }

    /// Goes over the next frame of the segment's bytes; `None` where none follows.
    pub(super) fn step(&mut self, bytes: &[u8]) -> Option<Header> {
        let rest = bytes.get(self.offset..)?;
        let header = frame::whole(self.seed, rest).filter(|header| self.follows(header))?;
        let time = last_time(&rest[..header.frame_bytes()], &header)?;
        self.ends[usize::from(header.partition.0)] = End {
            position: Position {
                sequence: header.sequence,
                index: header.records.saturating_sub(1),
            },
            time,
        };
        self.index
            .push(header.partition, self.offset as u64, header.frame_bytes());
        self.offset += header.frame_bytes();
        self.next_frame += 1;
        Some(header)
    }

    fn follows(&self, header: &Header) -> bool {
        let Partition(partition) = header.partition;
        header.number == self.next_frame
            && self
                .ends
                .get(usize::from(partition))
                .is_some_and(|end| end.position.sequence + 1 == header.sequence)
    }
}

/// The time of a frame's last record.
fn last_time(frame: &[u8], header: &Header) -> Option<Timestamp> {
    let mut at = frame::HEADER;
    for index in 0..header.records {
        let (time, next) = frame::record_at(frame, at)?;
        if index + 1 == header.records {
            return Some(time);
        }
        at = next;
    }
    None
}
