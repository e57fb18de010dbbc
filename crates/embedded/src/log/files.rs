//! The log's files read from the beginning, whoever writes them: no lock is taken and nothing is changed.
//!
//! What is read is the log as it stands when it is opened, and what was appended to its last segment by the time that one is read. A
//! frame that is being written is the end: nobody has been told yet that it is durable.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ports::LogRecord;
use types::{Partition, Timestamp};

use super::frame;
use super::recover::{self, Scan};
use super::segment::{self, SegmentHeader};
use crate::error::OpenError;
use crate::meta::{FILE, Meta};

/// The log of a data folder that another process may be writing.
#[derive(Debug)]
pub struct LogFiles {
    folder: PathBuf,
    headers: Vec<SegmentHeader>,
    bytes: u64,
}

/// One log message: records of one partition, in order.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Whose.
    pub partition: Partition,
    /// At least one.
    pub records: Vec<LogRecord>,
    /// Bytes of files that it takes, for who shows how far he is.
    pub bytes: u64,
}

impl LogFiles {
    /// Finds the log of a data folder.
    ///
    /// # Errors
    /// Where there is no data folder, or its log is damaged as far as its segments' headers tell.
    pub fn open(data: &Path) -> Result<Self, OpenError> {
        let meta = Meta::read(data)?.ok_or_else(|| OpenError::Meta {
            file: data.join(FILE),
            problem: "missing: this is no data folder".to_owned(),
        })?;
        let folder = data.join("log");
        let headers = recover::headers(&folder, meta.partitions, meta.incarnation)?;
        let mut bytes = 0;
        for header in &headers {
            let path = segment::path(&folder, header.number);
            bytes += fs::metadata(&path).map_err(gone(&path))?.len();
        }
        Ok(Self {
            folder,
            headers,
            bytes,
        })
    }

    /// How many partitions there are.
    pub fn partitions(&self) -> u16 {
        let bases = self.headers.first().map_or(0, |first| first.bases.len());
        // As many as `meta.json` says.
        bases as u16
    }

    /// Bytes of its files when it was opened.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where it does not begin with the first record that was ever appended: the time of the newest record that is gone.
    pub fn cut(&self) -> Option<Timestamp> {
        let first = self.headers.first()?;
        let gone = first.bases.iter().filter(|end| end.position.sequence > 0);
        gone.map(|end| end.time).max()
    }

    /// Its messages in the order in which they were written: those of a partition in order, partitions mixed. Ends after the first
    /// error.
    pub fn batches(&self) -> impl Iterator<Item = Result<Batch, OpenError>> + '_ {
        let mut headers = self.headers.iter();
        let mut open: Option<Segment> = None;
        let mut failed = false;
        std::iter::from_fn(move || {
            loop {
                if failed {
                    return None;
                }
                if let Some(batch) = open.as_mut().and_then(Segment::next) {
                    return Some(Ok(batch));
                }
                let last = open.take().map_or(Ok(()), |segment| segment.ends());
                let next = last.and_then(|()| {
                    let header = headers.next();
                    header.map(|header| self.segment(header)).transpose()
                });
                match next {
                    Ok(Some(segment)) => open = Some(segment),
                    Ok(None) => return None,
                    Err(error) => {
                        failed = true;
                        return Some(Err(error));
                    }
                }
            }
        })
    }

    fn segment(&self, header: &SegmentHeader) -> Result<Segment, OpenError> {
        let path = segment::path(&self.folder, header.number);
        let bytes = fs::read(&path).map_err(gone(&path))?;
        Ok(Segment {
            last: self.headers.last() == Some(header),
            scan: Scan::new(header),
            bytes: bytes.into(),
            path,
        })
    }
}

/// A segment that is being read.
struct Segment {
    path: PathBuf,
    bytes: Bytes,
    scan: Scan,
    /// It may end in a frame that is being written.
    last: bool,
}

impl Segment {
    fn next(&mut self) -> Option<Batch> {
        let at = self.scan.offset;
        let header = self.scan.step(&self.bytes)?;
        let frame = self.bytes.slice(at..self.scan.offset);
        let mut records = Vec::with_capacity(header.records as usize);
        // Sound, so that its payload is what its header says.
        frame::records(&frame, &header, &mut records)?;
        Some(Batch {
            partition: header.partition,
            records,
            bytes: frame.len() as u64,
        })
    }

    /// Whether it was read to its end.
    fn ends(self) -> Result<(), OpenError> {
        let rest = &self.bytes[self.scan.offset..];
        let torn = self.last && frame::find(self.scan.seed, rest).is_none();
        if rest.is_empty() || torn {
            return Ok(());
        }
        Err(OpenError::Damaged {
            file: self.path,
            offset: self.scan.offset as u64,
            problem: "no sound frame here".to_owned(),
        })
    }
}

/// For `map_err`: a segment that was there a moment ago is cut off where it is not now.
fn gone(path: &Path) -> impl FnOnce(std::io::Error) -> OpenError + '_ {
    move |error| match error.kind() {
        ErrorKind::NotFound => OpenError::CutMeanwhile {
            file: path.to_owned(),
        },
        _ => OpenError::io(path)(error),
    }
}

#[cfg(test)]
mod tests;
