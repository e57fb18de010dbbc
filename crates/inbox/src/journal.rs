//! The append-only journal: segment files of [frames](crate::frame), each frame one group of records.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::frame;

/// A segment that has grown past this is followed by a new one.
const SEGMENT_BYTES: u64 = 64 << 20;

/// The journal of one folder, open for appending. Blocking: use it on a thread of its own.
pub struct Journal {
    folder: PathBuf,
    file: File,
    bytes: u64,
    next: u64,
    segment_bytes: u64,
}

impl Journal {
    /// Opens or makes the journal. A last frame that was cut short is removed: nobody was told that it is durable.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Self::open_with(folder, SEGMENT_BYTES)
    }

    fn open_with(folder: &Path, segment_bytes: u64) -> Result<Self, Error> {
        fs::create_dir_all(folder)?;
        let last = segments(folder)?.pop();
        let (first, path) = last.unwrap_or_else(|| (0, path_of(folder, 0)));
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .read(true)
            .open(&path)?;
        File::open(folder)?.sync_all()?;
        let content = fs::read(&path)?;
        let mut next = first;
        let good = each_frame(&content, &mut next, |_, _| Ok(()))?;
        if frame::any_valid(&content[good..], next) {
            return Err(damaged(path, good));
        }
        let bytes = good as u64;
        if good < content.len() {
            let cut = content.len() - good;
            tracing::warn!(cut, "the journal ended in a frame that was cut short");
            file.set_len(bytes)?;
            file.sync_all()?;
        }
        file.seek(SeekFrom::End(0))?;
        Ok(Self {
            folder: folder.to_owned(),
            file,
            bytes,
            next,
            segment_bytes,
        })
    }

    /// The number that the next record gets; numbers start at 0 and have no gaps.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Makes the records durable as one group: either all of them are there after a crash or none. After an error the journal
    /// must be opened again.
    pub fn append(&mut self, records: &[Vec<u8>]) -> Result<(), Error> {
        if self.bytes >= self.segment_bytes {
            self.file = File::create_new(path_of(&self.folder, self.next))?;
            File::open(&self.folder)?.sync_all()?;
            self.bytes = 0;
        }
        let mut payload = Vec::new();
        for record in records {
            let length = u32::try_from(record.len()).map_err(|_| Error::Unreadable("record"))?;
            payload.extend_from_slice(&length.to_le_bytes());
            payload.extend_from_slice(record);
        }
        let mut bytes = Vec::with_capacity(payload.len() + frame::HEADER);
        frame::encode(self.next, &payload, &mut bytes);
        self.file.write_all(&bytes)?;
        self.file.sync_data()?;
        self.bytes += bytes.len() as u64;
        self.next += records.len() as u64;
        Ok(())
    }

    /// Gives every record numbered `from` or above, in order.
    pub fn replay(
        &self,
        from: u64,
        mut each: impl FnMut(u64, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let segments = segments(&self.folder)?;
        let start = segments.partition_point(|(first, _)| *first <= from);
        let mut expected = None;
        for (first, path) in segments.into_iter().skip(start.saturating_sub(1)) {
            let content = fs::read(&path)?;
            let mut next = expected.unwrap_or(first);
            let good = each_frame(&content, &mut next, |number, record| {
                if number < from {
                    return Ok(());
                }
                each(number, record)
            })?;
            if good < content.len() || expected.is_some_and(|expected| expected != first) {
                return Err(damaged(path, good));
            }
            expected = Some(next);
        }
        Ok(())
    }
}

/// Walks the records of whole, valid frames in sequence; says where the last of these frames ends.
fn each_frame(
    content: &[u8],
    next: &mut u64,
    mut each: impl FnMut(u64, &[u8]) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut good = 0;
    while let Some(frame) = frame::decode(&content[good..]).filter(|f| f.number == *next) {
        let mut rest = frame.payload;
        while let Some((length, tail)) = rest.split_first_chunk() {
            let length = u32::from_le_bytes(*length) as usize;
            let (record, tail) = tail
                .split_at_checked(length)
                .ok_or(Error::Unreadable("journal record"))?;
            each(*next, record)?;
            *next += 1;
            rest = tail;
        }
        good += frame.bytes();
    }
    Ok(good)
}

fn damaged(file: PathBuf, offset: usize) -> Error {
    Error::Damaged {
        file,
        offset: offset as u64,
    }
}

fn path_of(folder: &Path, first: u64) -> PathBuf {
    folder.join(format!("{first:020}.journal"))
}

/// The segments with their first record's number, oldest first.
fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, Error> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        if path.extension().is_some_and(|e| e == "journal")
            && let Some(first) = stem.and_then(|stem| stem.parse().ok())
        {
            found.push((first, path));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Journal, path_of};
    use crate::error::Error;

    fn read(journal: &Journal, from: u64) -> Vec<(u64, Vec<u8>)> {
        let mut found = Vec::new();
        journal
            .replay(from, |number, record| {
                found.push((number, record.to_vec()));
                Ok(())
            })
            .unwrap();
        found
    }

    fn write(journal: &mut Journal, texts: &[&str]) {
        let records: Vec<_> = texts.iter().map(|t| t.as_bytes().to_vec()).collect();
        journal.append(&records).unwrap();
    }

    #[test]
    fn records_are_read_back_over_segments_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open_with(folder.path(), 30).unwrap();
        write(&mut journal, &["a", "b"]);
        write(&mut journal, &["c"]);
        drop(journal);
        let mut journal = Journal::open_with(folder.path(), 30).unwrap();
        write(&mut journal, &["d"]);
        write(&mut journal, &["", "e"]);
        assert!(fs::read_dir(folder.path()).unwrap().count() > 1);
        let texts = ["a", "b", "c", "d", "", "e"];
        for from in 0..texts.len() {
            let expected: Vec<_> = (from..)
                .zip(&texts[from..])
                .map(|(n, t)| (n as u64, t.as_bytes().to_vec()))
                .collect();
            assert_eq!(read(&journal, from as u64), expected);
        }
        assert_eq!(journal.next(), 6);
    }

    #[test]
    fn a_frame_that_was_cut_short_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        write(&mut journal, &["kept"]);
        let kept = fs::metadata(path_of(folder.path(), 0)).unwrap().len();
        write(&mut journal, &["cut", "short"]);
        drop(journal);
        let whole = fs::read(path_of(folder.path(), 0)).unwrap();
        for end in kept as usize..whole.len() {
            fs::write(path_of(folder.path(), 0), &whole[..end]).unwrap();
            let mut journal = Journal::open(folder.path()).unwrap();
            assert_eq!(read(&journal, 0), [(0, b"kept".to_vec())], "cut at {end}");
            write(&mut journal, &["next"]);
            assert_eq!(read(&journal, 1), [(1, b"next".to_vec())]);
        }
    }

    #[test]
    fn a_hole_before_a_valid_frame_refuses_to_open() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        write(&mut journal, &["first"]);
        write(&mut journal, &["second"]);
        drop(journal);
        let path = path_of(folder.path(), 0);
        let mut bytes = fs::read(&path).unwrap();
        bytes[..20].fill(0);
        fs::write(&path, bytes).unwrap();
        let refused = Journal::open(folder.path()).err();
        assert!(matches!(refused, Some(Error::Damaged { offset: 0, .. })));
    }
}
