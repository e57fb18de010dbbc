//! Sealed rows of all journals of a worker, in a file without a name: however the process ends, nothing of it is left.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Bytes that are written at once.
const BUFFER: usize = 1 << 20;

/// The file.
pub(super) struct Rows {
    file: File,
    /// Bytes in the file.
    written: u64,
    /// What comes behind them.
    buffer: Vec<u8>,
}

/// Where the rows of one journal stand.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<Place>);

#[derive(Clone, Copy, Debug)]
struct Place {
    number: u32,
    bytes: u32,
    at: u64,
}

impl Rows {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile()?,
            written: 0,
            buffer: Vec::new(),
        })
    }

    /// Keeps rows; of one number the last one counts.
    pub(super) fn put(&mut self, places: &mut Places, rows: &[(u32, Vec<u8>)]) -> io::Result<()> {
        for (number, row) in rows {
            places.0.push(Place {
                number: *number,
                // A row has a few entries of at most 128 KiB.
                bytes: row.len() as u32,
                at: self.written + self.buffer.len() as u64,
            });
            self.buffer.extend_from_slice(row);
        }
        if self.buffer.len() >= BUFFER {
            self.file.write_all_at(&self.buffer, self.written)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
        }
        Ok(())
    }

    pub(super) fn get(&self, places: &Places, number: u32) -> anyhow::Result<Cow<'_, [u8]>> {
        let mut newest_first = places.0.iter().rev();
        let place = newest_first.find(|place| place.number == number);
        let place = place.ok_or_else(|| anyhow::anyhow!("no journal segment {number}"))?;
        let length = place.bytes as usize;
        if let Some(at) = place.at.checked_sub(self.written) {
            let rest = self.buffer.get(at as usize..).unwrap_or_default();
            return Ok(Cow::Borrowed(rest.get(..length).unwrap_or_default()));
        }
        let mut row = vec![0; length];
        self.file.read_exact_at(&mut row, place.at)?;
        Ok(Cow::Owned(row))
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER, Places, Rows};

    #[test]
    fn rows_are_given_back_from_memory_and_from_the_file() {
        let mut rows = Rows::new().unwrap();
        let (mut one, mut other) = (Places::default(), Places::default());
        rows.put(&mut one, &[(0, vec![1; 10]), (1, vec![2; BUFFER])])
            .unwrap();
        rows.put(&mut other, &[(0, vec![3; 5])]).unwrap();
        let mut later = one.clone();
        rows.put(&mut later, &[(1, vec![4; 7])]).unwrap();
        for (places, number, row) in [
            (&one, 0, vec![1; 10]),
            (&one, 1, vec![2; BUFFER]),
            (&other, 0, vec![3; 5]),
            (&later, 0, vec![1; 10]),
            (&later, 1, vec![4; 7]),
        ] {
            assert!(*rows.get(places, number).unwrap() == *row, "{number}");
        }
        assert!(rows.get(&other, 1).is_err());
    }
}
