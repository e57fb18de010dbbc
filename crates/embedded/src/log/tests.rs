//! The log on a disk that fills up and breaks, and on damaged files.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use ports::{AppendError, Entry, EventLog, ReadError};
use tempfile::TempDir;
use types::{Partition, Position, Timestamp};

use super::disk::{Disk, Os};
use super::segment::path;
use super::shared::lock;
use super::{SegmentLog, Setup};
use crate::error::OpenError;
use crate::folder::FolderLock;
use crate::meta::{ClockMode, Meta};

const P0: Partition = Partition(0);
const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// What the disk does wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Writes so many bytes, then has no room.
    Full(usize),
    /// Writes nothing, with this error.
    Write(i32),
    /// Writes all, fails to sync.
    Sync,
    /// Writes a part, and cannot cut it off.
    Truncate,
}

/// A disk that has the fault as long as it is set.
struct Faulty(Arc<Mutex<Option<Fault>>>);

impl Disk for Faulty {
    fn write(&mut self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (written, errno) = match *lock(&self.0) {
            None | Some(Fault::Sync) => return Os.write(file, bytes, offset),
            Some(Fault::Full(written)) => (written.min(bytes.len()), ENOSPC),
            Some(Fault::Truncate) => (bytes.len() / 2, ENOSPC),
            Some(Fault::Write(errno)) => (0, errno),
        };
        file.write_all_at(&bytes[..written], offset)?;
        Err(io::Error::from_raw_os_error(errno))
    }

    fn sync(&mut self, file: &File) -> io::Result<()> {
        match *lock(&self.0) {
            Some(Fault::Sync) => Err(io::Error::from_raw_os_error(EIO)),
            _ => Os.sync(file),
        }
    }

    fn truncate(&mut self, file: &File, length: u64) -> io::Result<()> {
        match *lock(&self.0) {
            Some(Fault::Truncate) => Err(io::Error::from_raw_os_error(EIO)),
            _ => Os.truncate(file, length),
        }
    }
}

/// A log of two partitions in a folder of its own.
struct Bench {
    temporary: TempDir,
    meta: Meta,
    fault: Arc<Mutex<Option<Fault>>>,
    segment_bytes: u64,
    tail_bytes: usize,
}

impl Bench {
    fn new(clock: ClockMode) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let meta = Meta::new(2, clock, Timestamp::MIN);
        SegmentLog::create(temporary.path(), &meta).unwrap();
        Self {
            temporary,
            meta,
            fault: Arc::default(),
            segment_bytes: 1 << 20,
            tail_bytes: 1 << 20,
        }
    }

    fn folder(&self) -> &Path {
        self.temporary.path()
    }

    fn try_open(&self) -> Result<SegmentLog, OpenError> {
        let setup = Setup {
            now: Arc::new(|| Timestamp::from_nanos(5).unwrap()),
            segment_bytes: self.segment_bytes,
            disk: Box::new(Faulty(Arc::clone(&self.fault))),
            tail_bytes: self.tail_bytes,
        };
        let lock = Arc::new(FolderLock::take(self.folder()).unwrap());
        SegmentLog::open(self.folder(), &self.meta, setup, lock)
    }

    fn open(&self) -> SegmentLog {
        self.try_open().unwrap()
    }

    fn set(&self, fault: impl Into<Option<Fault>>) {
        *lock(&self.fault) = fault.into();
    }

    fn segment_len(&self) -> u64 {
        fs::metadata(path(self.folder(), 1)).unwrap().len()
    }

    fn flip(&self, segment: u64, at: u64) {
        let file = File::options()
            .read(true)
            .write(true)
            .open(path(self.folder(), segment))
            .unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ 0x40], at).unwrap();
    }
}

async fn append(log: &SegmentLog, text: &str) -> Result<Position, AppendError> {
    let entry = Entry {
        recorded_at: None,
        body: Bytes::copy_from_slice(text.as_bytes()),
    };
    log.append(P0, vec![entry]).await.map(|done| done.first)
}

async fn texts(log: &SegmentLog, count: usize) -> Vec<String> {
    let mut reader = log.read(P0, Position::START).await.unwrap();
    let mut texts = Vec::new();
    while texts.len() < count {
        let records = reader.next(count).await.unwrap();
        let text = |record: &ports::LogRecord| String::from_utf8(record.body.to_vec()).unwrap();
        texts.extend(records.iter().map(text));
    }
    texts
}

#[tokio::test]
async fn a_full_disk_refuses_appends_until_there_is_room() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    append(&log, "before").await.unwrap();
    let length = bench.segment_len();
    for written in [0, 1, 20, 45] {
        bench.set(Fault::Full(written));
        let refused = append(&log, "refused").await;
        assert!(matches!(refused, Err(AppendError::Full)), "{refused:?}");
        assert_eq!(bench.segment_len(), length, "a partial write is taken back");
    }
    bench.set(None);
    append(&log, "after").await.unwrap();
    assert_eq!(texts(&log, 2).await, ["before", "after"]);
    drop(log);
    assert_eq!(texts(&bench.open(), 2).await, ["before", "after"]);
}

#[tokio::test]
async fn a_full_disk_at_a_new_segment_refuses_appends_until_there_is_room() {
    let mut bench = Bench::new(ClockMode::Log);
    bench.segment_bytes = 1;
    let log = bench.open();
    bench.set(Fault::Full(10));
    for _ in 0..2 {
        let refused = append(&log, "refused").await;
        assert!(matches!(refused, Err(AppendError::Full)), "{refused:?}");
    }
    bench.set(None);
    append(&log, "after").await.unwrap();
    drop(log);
    assert_eq!(texts(&bench.open(), 1).await, ["after"]);
}

#[tokio::test]
async fn a_refused_write_is_unavailable_and_tried_again_by_the_next_append() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    bench.set(Fault::Write(EIO));
    let refused = append(&log, "refused").await;
    assert!(
        matches!(refused, Err(AppendError::Unavailable(_))),
        "{refused:?}"
    );
    bench.set(None);
    append(&log, "after").await.unwrap();
    assert_eq!(texts(&log, 1).await, ["after"]);
}

#[tokio::test]
async fn a_failed_sync_stops_the_log_for_good_and_readers_go_on() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    append(&log, "before").await.unwrap();
    bench.set(Fault::Sync);
    let unknown = append(&log, "lost").await;
    assert!(
        matches!(unknown, Err(AppendError::Unknown(_))),
        "{unknown:?}"
    );
    bench.set(None);
    let stopped = append(&log, "refused").await;
    assert!(
        matches!(stopped, Err(AppendError::Unavailable(_))),
        "{stopped:?}"
    );
    assert_eq!(texts(&log, 1).await, ["before"]);
    drop(log);
    let log = bench.open();
    append(&log, "after").await.unwrap();
    assert_eq!(texts(&log, 2).await, ["before", "after"]);
}

#[tokio::test]
async fn a_partial_write_that_cannot_be_cut_off_stops_the_log_and_is_cut_at_the_next_start() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    append(&log, "before").await.unwrap();
    bench.set(Fault::Truncate);
    let unknown = append(&log, "lost").await;
    assert!(
        matches!(unknown, Err(AppendError::Unknown(_))),
        "{unknown:?}"
    );
    let stopped = append(&log, "refused").await;
    assert!(matches!(stopped, Err(AppendError::Unavailable(_))));
    drop(log);
    bench.set(None);
    let log = bench.open();
    append(&log, "after").await.unwrap();
    assert_eq!(texts(&log, 2).await, ["before", "after"]);
}

#[tokio::test]
async fn a_torn_tail_of_any_length_is_cut_off() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    append(&log, "kept").await.unwrap();
    let kept = bench.segment_len();
    append(&log, "torn").await.unwrap();
    drop(log);
    let whole = fs::read(path(bench.folder(), 1)).unwrap();
    for length in (kept + 1)..whole.len() as u64 {
        fs::write(path(bench.folder(), 1), &whole[..length as usize]).unwrap();
        let log = bench.open();
        assert_eq!(bench.segment_len(), kept);
        assert_eq!(texts(&log, 1).await, ["kept"]);
        assert_eq!(log.end(P0).await.unwrap().0.sequence, 1);
    }
}

#[tokio::test]
async fn damage_before_a_sound_frame_is_refused_and_nothing_is_changed() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    let first = bench.segment_len();
    append(&log, "one").await.unwrap();
    let second = bench.segment_len();
    append(&log, "two").await.unwrap();
    drop(log);
    let whole = fs::read(path(bench.folder(), 1)).unwrap();
    for at in 0..second {
        bench.flip(1, at);
        let damaged = fs::read(path(bench.folder(), 1)).unwrap();
        match bench.try_open() {
            Err(OpenError::Damaged { file, offset, .. }) => {
                assert_eq!(file, path(bench.folder(), 1));
                assert_eq!(offset, if at < first { 0 } else { first });
            }
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("opened with damage at {at}"),
        }
        assert_eq!(fs::read(path(bench.folder(), 1)).unwrap(), damaged);
        fs::write(path(bench.folder(), 1), &whole).unwrap();
    }
}

#[tokio::test]
async fn a_missing_or_shortened_segment_is_refused() {
    let mut bench = Bench::new(ClockMode::Log);
    bench.segment_bytes = 1;
    let log = bench.open();
    for text in ["one", "two", "three"] {
        append(&log, text).await.unwrap();
    }
    drop(log);
    let second = path(bench.folder(), 2);
    let whole = fs::read(&second).unwrap();
    fs::write(&second, &whole[..whole.len() - 1]).unwrap();
    let refused = bench.try_open().err();
    assert!(
        matches!(&refused, Some(OpenError::Damaged { file, .. }) if *file == second),
        "{refused:?}"
    );
    fs::remove_file(&second).unwrap();
    let refused = bench.try_open().err();
    assert!(
        matches!(&refused, Some(OpenError::Damaged { file, .. }) if *file == second),
        "{refused:?}"
    );
}

#[tokio::test]
async fn damage_in_a_closed_segment_is_a_gap_for_the_reader_that_comes_to_it() {
    let mut bench = Bench::new(ClockMode::Log);
    bench.segment_bytes = 1;
    let log = bench.open();
    let mut positions = Vec::new();
    for text in ["one", "two", "three"] {
        positions.push(append(&log, text).await.unwrap());
    }
    drop(log);
    let bytes = fs::metadata(path(bench.folder(), 3)).unwrap().len();
    bench.flip(3, bytes - 1);
    let log = bench.open();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    assert_eq!(reader.next(9).await.unwrap().len(), 1);
    let gap = reader.next(9).await;
    assert!(
        matches!(gap, Err(ReadError::Gap { after }) if after == positions[0]),
        "{gap:?}"
    );
}

#[tokio::test]
async fn a_log_that_begins_later_says_where() {
    let mut bench = Bench::new(ClockMode::Log);
    bench.segment_bytes = 1;
    let log = bench.open();
    for text in ["one", "two", "three"] {
        append(&log, text).await.unwrap();
    }
    drop(log);
    for dropped in [1, 2] {
        fs::remove_file(path(bench.folder(), dropped)).unwrap();
    }
    let log = bench.open();
    let truncated = log.read(P0, Position::START).await.err();
    let Some(ReadError::Truncated { first }) = truncated else {
        panic!("{truncated:?}");
    };
    let mut reader = log.read(P0, first).await.unwrap();
    assert_eq!(reader.next(1).await.unwrap()[0].body, "two");
}

#[tokio::test]
async fn a_position_that_the_log_never_gave_is_refused() {
    let bench = Bench::new(ClockMode::Log);
    let log = bench.open();
    let first = append(&log, "one").await.unwrap();
    let past = Position {
        sequence: first.sequence,
        index: 1,
    };
    let refused = log.read(P0, past).await.err();
    assert!(matches!(refused, Some(ReadError::OtherIncarnation)));
}

#[tokio::test]
async fn readers_that_fall_behind_the_tail_in_memory_read_the_files() {
    let mut bench = Bench::new(ClockMode::Log);
    bench.segment_bytes = 2_000;
    bench.tail_bytes = 300;
    let log = bench.open();
    let expected: Vec<String> = (0..200).map(|number| format!("record {number}")).collect();
    for text in &expected {
        append(&log, text).await.unwrap();
    }
    assert_eq!(texts(&log, 200).await, expected);
    drop(log);
    assert_eq!(texts(&bench.open(), 200).await, expected);
}

#[tokio::test]
async fn the_event_clock_takes_the_entries_times_raised_to_the_last() {
    let bench = Bench::new(ClockMode::Event);
    let log = bench.open();
    let entry = |nanos: Option<i64>| Entry {
        recorded_at: nanos.and_then(Timestamp::from_nanos),
        body: Bytes::from_static(b"x"),
    };
    let times = [Some(50), Some(20), None, Some(70)];
    log.append(P0, times.map(entry).to_vec()).await.unwrap();
    drop(log);
    let log = bench.open();
    log.append(P0, vec![entry(Some(60))]).await.unwrap();
    let mut reader = log.read(P0, Position::START).await.unwrap();
    let mut read = Vec::new();
    while read.len() < 5 {
        let records = reader.next(9).await.unwrap();
        read.extend(records.iter().map(|record| record.recorded_at.nanos()));
    }
    assert_eq!(read, [50, 50, 50, 70, 70]);
}
