//! What a data folder refuses, and a state that is set aside.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use embedded::{ClockMode, DataFolder, OpenError, Options};
use ports::{Entry, EventLog as _, Head, Over, OwnerId, Stamp, StateStore as _};
use types::{Epoch, Partition, Position, Timestamp};

const P0: Partition = Partition(0);

fn options() -> Options {
    Options::new(Arc::new(|| Timestamp::MIN))
}

fn open(folder: &Path) -> DataFolder {
    DataFolder::open(folder, options()).unwrap()
}

/// Appends a record and folds it: the head stands at the log's end.
async fn append_and_fold(data: &DataFolder) -> Position {
    let entry = Entry {
        recorded_at: None,
        body: Bytes::from_static(b"record"),
    };
    let cursor = data.log.append(P0, vec![entry]).await.unwrap().first;
    let standing = data.state.head(P0).await.unwrap();
    let head = Head {
        owner: OwnerId(7),
        epoch: Epoch(1),
        epoch_stamp: Stamp(1),
        last_stamp: Stamp(1),
        cursor,
        fold: Bytes::new(),
    };
    let over = Over::seen(standing.as_ref());
    data.state.set_head(P0, over, head).await.unwrap();
    cursor
}

#[test]
fn a_new_folder_has_the_defaults_and_keeps_what_it_was_made_with() {
    let folder = tempfile::tempdir().unwrap();
    let data = open(folder.path());
    assert_eq!((data.log.partitions(), data.clock), (8, ClockMode::Log));
    let incarnation = data.log.incarnation();
    drop(data);
    assert_eq!(open(folder.path()).log.incarnation(), incarnation);
}

#[test]
fn other_settings_than_it_was_made_with_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let made = Options {
        partitions: Some(4),
        clock: Some(ClockMode::Event),
        ..options()
    };
    drop(DataFolder::open(folder.path(), made.clone()).unwrap());
    let other = Options {
        partitions: Some(8),
        ..options()
    };
    let refused = DataFolder::open(folder.path(), other).err().unwrap();
    assert!(matches!(
        refused,
        OpenError::Partitions {
            made: 4,
            asked: 8,
            ..
        }
    ));
    let other = Options {
        clock: Some(ClockMode::Log),
        ..options()
    };
    let refused = DataFolder::open(folder.path(), other).err().unwrap();
    assert!(refused.to_string().contains("made with the event clock"));
    drop(DataFolder::open(folder.path(), made).unwrap());
}

#[tokio::test]
async fn a_deleted_state_begins_anew_beside_the_whole_log() {
    let folder = tempfile::tempdir().unwrap();
    let data = open(folder.path());
    let end = append_and_fold(&data).await;
    drop(data);
    fs::remove_dir_all(folder.path().join("state")).unwrap();
    let data = open(folder.path());
    assert_eq!(data.state.head(P0).await.unwrap(), None);
    assert_eq!(data.log.end(P0).await.unwrap().0, end);
}

#[tokio::test]
async fn a_state_that_does_not_open_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=2 {
        let data = open(folder.path());
        append_and_fold(&data).await;
        drop(data);
        damage_journals(&folder.path().join("state"));
        let data = open(folder.path());
        assert_eq!(data.state.head(P0).await.unwrap(), None);
        append_and_fold(&data).await;
        assert!(folder.path().join(format!("state.damaged-{n}")).is_dir());
    }
}

/// Overwrites values in fjall's journals, which then do not pass their checksums.
fn damage_journals(state: &Path) {
    let mut damaged = 0;
    for entry in fs::read_dir(state).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "jnl") {
            let bytes = fs::read(&path).unwrap();
            let at = bytes.windows(11).position(|some| some == b"incarnation");
            let file = File::options().write(true).open(&path).unwrap();
            if let Some(at) = at {
                file.write_all_at(b"INCARNATION", at as u64).unwrap();
                damaged += 1;
            }
        }
    }
    assert!(damaged > 0, "no journal to damage");
}

#[tokio::test]
async fn a_state_of_another_log_is_moved_aside_and_one_ahead_of_its_own_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let data = open(folder.path());
    append_and_fold(&data).await;
    drop(data);
    let backup = fs::read(folder.path().join("log/00000001.seg")).unwrap();
    let data = open(folder.path());
    append_and_fold(&data).await;
    drop(data);
    drop(open(other.path()));

    fs::write(folder.path().join("log/00000001.seg"), backup).unwrap();
    let data = open(folder.path());
    let head = data.state.head(P0).await.unwrap().unwrap();
    let (end, _) = data.log.end(P0).await.unwrap();
    assert!(head.cursor > end, "it has what the log has lost");
    drop(data);
    assert!(!folder.path().join("state.damaged-1").exists());

    fs::remove_dir_all(folder.path().join("state")).unwrap();
    fs::rename(other.path().join("state"), folder.path().join("state")).unwrap();
    drop(open(folder.path()));
    assert!(folder.path().join("state.damaged-1").is_dir());
}

#[test]
fn a_log_without_its_meta_or_a_meta_without_its_log_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()));
    let meta = folder.path().join("meta.json");
    fs::write(&meta, b"{}").unwrap();
    let refused = DataFolder::open(folder.path(), options()).err().unwrap();
    assert!(matches!(refused, OpenError::Meta { .. }), "{refused}");
    fs::remove_file(&meta).unwrap();
    drop(open(folder.path()));
    fs::remove_dir_all(folder.path().join("log")).unwrap();
    let refused = DataFolder::open(folder.path(), options()).err().unwrap();
    assert!(matches!(refused, OpenError::Damaged { .. }), "{refused}");
}
