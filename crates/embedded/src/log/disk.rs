//! What the log asks of the file system when it writes: a seam, so that tests can fill the disk and break it.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt as _;

/// The writing half of the file system.
pub(crate) trait Disk: Send + 'static {
    /// Writes all of `bytes` at `offset`, or an error after any part of it.
    fn write(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns after the file's data and length are on the disk.
    fn sync(&mut self, file: &File) -> io::Result<()>;
    /// Cuts the file off.
    fn truncate(&mut self, file: &File, length: u64) -> io::Result<()>;
}

/// The operating system.
pub(crate) struct Os;

impl Disk for Os {
    fn write(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn truncate(&mut self, file: &File, length: u64) -> io::Result<()> {
        file.set_len(length)
    }
}

/// Whether the disk, a quota or a limit on the file's size left no room.
pub(crate) fn no_room(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}
