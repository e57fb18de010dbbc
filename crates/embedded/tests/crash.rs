//! A process that appends is killed at any moment: what it was told is durable is there, and the next one goes on.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use embedded::{DataFolder, OpenError, Options};
use ports::{Cas, Entity, Entry, EventLog as _, Head, Over, OwnerId, Row, Stamp, StateStore as _};
use types::{BrandId, Epoch, Partition, PlayerId, Position, Timestamp};

/// Names the folder for the child; the test that is the child does nothing without it.
const FOLDER: &str = "EMBEDDED_CRASH_FOLDER";
const KILLS: u64 = 8;
const P0: Partition = Partition(0);

fn open(folder: &Path) -> Result<DataFolder, OpenError> {
    let now = Arc::new(|| Timestamp::MIN);
    DataFolder::open(
        folder,
        Options {
            partitions: Some(2),
            segment_bytes: 4_000,
            ..Options::new(now)
        },
    )
}

fn player() -> Entity {
    Entity {
        brand: BrandId::new("b").unwrap(),
        player: PlayerId::new("p").unwrap(),
    }
}

fn head(sequence: u64) -> Head {
    Head {
        owner: OwnerId(1),
        epoch: Epoch(1),
        epoch_stamp: Stamp(0),
        last_stamp: Stamp(0),
        cursor: Position { sequence, index: 0 },
        fold: Bytes::new(),
    }
}

/// The child: appends, writes a checkpoint of each record, and says so on its output, until it is killed.
#[tokio::test]
async fn appending_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let data = open(Path::new(&folder)).unwrap();
    let standing = data.state.head(P0).await.unwrap();
    let mut over = Over::seen(standing.as_ref());
    loop {
        let (end, _) = data.log.end(P0).await.unwrap();
        let entry = Entry {
            recorded_at: None,
            body: Bytes::from(format!("{:0>300}", end.sequence + 1)),
        };
        let appended = data.log.append(P0, vec![entry]).await.unwrap();
        let sequence = appended.first.sequence;
        let row = Row::Snapshot {
            entity: player(),
            bytes: Bytes::from(sequence.to_string()),
        };
        let stamp = Stamp(sequence.cast_signed());
        data.state.write(P0, stamp, vec![row]).await.unwrap();
        let head = head(sequence);
        let set = data.state.set_head(P0, over, head.clone()).await;
        assert_eq!(set.unwrap(), Cas::Applied);
        over = Over::Own {
            epoch: head.epoch,
            owner: head.owner,
        };
        let mut output = std::io::stdout();
        writeln!(output, "\nACKED {sequence}").unwrap();
        output.flush().unwrap();
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "appending_until_killed", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Reads the child's output up to so many acknowledgements, kills it, and gives the last one it got to say.
fn kill_after(mut child: Child, acknowledgements: u64) -> u64 {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut last = 0;
    let mut seen = 0;
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        // The last line may be cut off by the kill.
        if let Some(number) = line
            .strip_prefix("ACKED ")
            .and_then(|n| n.strip_suffix('\n'))
        {
            last = number.parse().unwrap();
            seen += 1;
            if seen == acknowledgements {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    last
}

#[tokio::test]
async fn what_was_acknowledged_outlives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    for kill in 0..KILLS {
        // 3 to 40 records, over the borders of segments.
        let acknowledged = kill_after(spawn(folder.path()), 3 + kill * 29 % 38);
        let data = open(folder.path()).unwrap();
        let (end, _) = data.log.end(P0).await.unwrap();
        assert!(end.sequence >= acknowledged);
        let mut reader = data.log.read(P0, Position::START).await.unwrap();
        let mut count = 0;
        while count < end.sequence {
            for record in reader.next(100).await.unwrap() {
                count += 1;
                assert_eq!(record.position.sequence, count);
                assert_eq!(record.body, format!("{count:0>300}"));
            }
        }
        let head = data.state.head(P0).await.unwrap().unwrap();
        assert!(head.cursor.sequence >= acknowledged);
        let rows = data.state.snapshots(P0, &[player()]).await.unwrap();
        let row = rows[0].clone().unwrap();
        let snapshot: u64 = std::str::from_utf8(&row).unwrap().parse().unwrap();
        assert!((head.cursor.sequence..=end.sequence).contains(&snapshot));
    }
    assert!(!folder.path().join("state.damaged-1").exists());
}

#[tokio::test]
async fn a_second_process_is_refused_by_name_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("ACKED") {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended");
    }
    let refused = open(folder.path()).err().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    let message = refused.to_string();
    assert!(message.contains(&folder.path().display().to_string()));
    assert!(message.contains("another process"));
    open(folder.path()).unwrap();
}
