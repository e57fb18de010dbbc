//! The log's files beside the writer that appends to them.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ports::{Entry, EventLog};
use tempfile::TempDir;
use types::{Partition, Timestamp};

use super::super::segment::path;
use super::LogFiles;
use crate::error::OpenError;
use crate::folder::{DataFolder, Options};

/// A folder in use, with a segment for each append: number 1 stays empty.
fn folder(data: &Path) -> DataFolder {
    let mut options = Options::new(Arc::new(|| Timestamp::MIN));
    options.partitions = Some(2);
    options.segment_bytes = 1;
    DataFolder::open(data, options).unwrap()
}

async fn append(folder: &DataFolder, partition: u16, texts: &[&str]) {
    let entries = texts.iter().map(|text| Entry {
        recorded_at: None,
        body: Bytes::copy_from_slice(text.as_bytes()),
    });
    let appended = folder.log.append(Partition(partition), entries.collect());
    appended.await.unwrap();
}

/// Partition and body of every record.
fn read(files: &LogFiles) -> Result<Vec<(u16, String)>, OpenError> {
    let mut all = Vec::new();
    for batch in files.batches() {
        let batch = batch?;
        all.extend(batch.records.iter().map(|record| {
            let text = String::from_utf8(record.body.to_vec()).unwrap();
            (batch.partition.0, text)
        }));
    }
    Ok(all)
}

fn said(all: &[(u16, &str)]) -> Vec<(u16, String)> {
    all.iter().map(|(at, text)| (*at, (*text).into())).collect()
}

#[tokio::test]
async fn what_another_process_has_written_is_read_while_it_holds_the_folder() {
    let data = TempDir::new().unwrap();
    let writer = folder(data.path());
    append(&writer, 0, &["a", "b"]).await;
    append(&writer, 1, &["c"]).await;
    let files = LogFiles::open(data.path()).unwrap();
    append(&writer, 0, &["later"]).await;
    assert_eq!((files.partitions(), files.cut()), (2, None));
    assert_eq!(read(&files).unwrap(), said(&[(0, "a"), (0, "b"), (1, "c")]));
    let again = LogFiles::open(data.path()).unwrap();
    assert_eq!(read(&again).unwrap().len(), 4);
    assert!(again.bytes() > files.bytes());
}

#[tokio::test]
async fn a_frame_that_is_being_written_is_the_end() {
    let data = TempDir::new().unwrap();
    let writer = folder(data.path());
    append(&writer, 0, &["whole"]).await;
    append(&writer, 0, &["torn"]).await;
    drop(writer);
    let last = path(&data.path().join("log"), 3);
    let whole = fs::read(&last).unwrap();
    let frame = super::frame::HEADER + super::frame::RECORD_OVERHEAD + "torn".len();
    for length in (whole.len() - frame)..whole.len() {
        fs::write(&last, &whole[..length]).unwrap();
        let files = LogFiles::open(data.path()).unwrap();
        assert_eq!(read(&files).unwrap(), said(&[(0, "whole")]));
        assert_eq!(fs::read(&last).unwrap().len(), length, "nothing is changed");
    }
}

#[tokio::test]
async fn damage_is_told_and_never_passed_over() {
    let data = TempDir::new().unwrap();
    let writer = folder(data.path());
    append(&writer, 0, &["one"]).await;
    append(&writer, 0, &["two"]).await;
    drop(writer);
    let first = path(&data.path().join("log"), 2);
    let mut bytes = fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&first, bytes).unwrap();
    let files = LogFiles::open(data.path()).unwrap();
    let read = read(&files);
    assert!(
        matches!(&read, Err(OpenError::Damaged { file, .. }) if *file == first),
        "{read:?}"
    );
}

#[tokio::test]
async fn a_log_that_was_cut_says_so_before_and_while_it_is_read() {
    let data = TempDir::new().unwrap();
    let writer = folder(data.path());
    for text in ["one", "two", "three"] {
        append(&writer, 0, &[text]).await;
    }
    drop(writer);
    let files = LogFiles::open(data.path()).unwrap();
    let [empty, first] = [1, 2].map(|number| path(&data.path().join("log"), number));
    fs::remove_file(&empty).unwrap();
    fs::remove_file(&first).unwrap();
    let read_now = read(&files);
    assert!(
        matches!(&read_now, Err(OpenError::CutMeanwhile { file }) if *file == empty),
        "{read_now:?}"
    );
    let files = LogFiles::open(data.path()).unwrap();
    assert_eq!(files.cut(), Some(Timestamp::MIN));
    assert_eq!(read(&files).unwrap(), said(&[(0, "two"), (0, "three")]));
}

#[test]
fn a_folder_without_a_log_is_none() {
    let data = TempDir::new().unwrap();
    let refused = LogFiles::open(data.path()).err();
    assert!(
        matches!(refused, Some(OpenError::Meta { .. })),
        "{refused:?}"
    );
}
