//! What was answered for is there after any end of the process, and is folded once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use inbox::{Emission, Error, Inbox, Projection, Record, Table, Tables, Totals, Tx};

/// Counts how often each emission was folded, and keeps the notes.
struct Folds(Table);

impl Projection for Folds {
    const VERSION: u32 = 1;

    fn open(tables: &Tables) -> Result<Self, Error> {
        tables.table("folds").map(Self)
    }

    fn fold(&self, tx: &mut Tx<'_>, _: u64, record: Record<'_>) -> Result<(), Error> {
        let key = match record {
            Record::Emission(emission) => emission.id.as_bytes(),
            Record::Note(note) => note,
        };
        let before = tx.get(&self.0, key)?.unwrap_or_default();
        tx.put(&self.0, key, [before, vec![b'x']].concat());
        Ok(())
    }
}

fn emission(n: u32, body: &str) -> Emission {
    Emission {
        seq: n.into(),
        id: format!("{n:032x}"),
        r#type: "mission_completed".to_owned(),
        player: "p".to_owned(),
        brand: "b".to_owned(),
        body: body.into(),
        ..Emission::default()
    }
}

async fn open(folder: &Path) -> Inbox<Folds> {
    Inbox::open(folder, "test").await.unwrap()
}

async fn deliver(inbox: &Inbox<Folds>, batch: Vec<Emission>) {
    inbox.submit(batch).await.unwrap().durable().await.unwrap();
}

async fn totals(inbox: &Inbox<Folds>) -> Totals {
    inbox.read(|_, reader| reader.totals()).await.unwrap()
}

/// Keys and how often each was folded.
async fn folds(inbox: &Inbox<Folds>) -> Vec<(String, usize)> {
    let page = inbox.read(|folds, reader| reader.page(&folds.0, b"", None, 1_000));
    let rows = page.await.unwrap().rows.into_iter();
    rows.map(|(key, row)| (String::from_utf8(key).unwrap(), row.len()))
        .collect()
}

#[tokio::test]
async fn a_repeat_is_answered_and_folded_once_in_any_order_and_after_any_restart() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let inbox = open(folder.path()).await;
        deliver(
            &inbox,
            vec![emission(1, "a"), emission(2, "b"), emission(1, "a")],
        )
        .await;
        deliver(&inbox, vec![emission(2, "b"), emission(1, "a")]).await;
        inbox.close().await.unwrap();
    }
    let inbox = open(folder.path()).await;
    let once = |n: u32| (format!("{n:032x}"), 1);
    assert_eq!(folds(&inbox).await, [once(1), once(2)]);
    let expected = Totals {
        received: 15,
        distinct: 2,
        alarms: 0,
    };
    assert_eq!(totals(&inbox).await, expected);
}

#[tokio::test]
async fn another_body_of_a_known_id_is_an_alarm_once_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = open(folder.path()).await;
    deliver(&inbox, vec![emission(1, "a")]).await;
    deliver(&inbox, vec![emission(1, "other")]).await;
    deliver(&inbox, vec![emission(1, "other")]).await;
    assert_eq!(totals(&inbox).await.alarms, 1);
    assert_eq!(folds(&inbox).await.len(), 1);
    let kept = inbox.read(|_, reader| reader.emission(0)).await.unwrap();
    assert_eq!(kept.unwrap().body, b"a");
}

#[tokio::test]
async fn tables_that_do_not_open_are_folded_anew_from_the_journal() {
    let folder = tempfile::tempdir().unwrap();
    let inbox = open(folder.path()).await;
    deliver(&inbox, (1..=50).map(|n| emission(n, "a")).collect()).await;
    deliver(&inbox, vec![emission(3, "other")]).await;
    inbox.note(b"note".to_vec()).await.unwrap();
    let before = folds(&inbox).await;
    inbox.close().await.unwrap();
    for entry in fs::read_dir(folder.path().join("tables")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::write(path, b"noise").unwrap();
        }
    }
    let inbox = open(folder.path()).await;
    assert_eq!(folds(&inbox).await, before);
    let counted = totals(&inbox).await;
    assert_eq!((counted.distinct, counted.alarms), (50, 1));
}

#[tokio::test]
async fn a_folder_belongs_to_one_inbox() {
    let folder = tempfile::tempdir().unwrap();
    let _inbox = open(folder.path()).await;
    let second = Inbox::<Folds>::open(folder.path(), "test").await;
    assert!(matches!(second.err(), Some(Error::Locked(_))));
}

/// Says on its output what was answered for, until it is killed. Runs only as a child of the test below.
#[tokio::test]
async fn child() {
    let Ok(folder) = std::env::var("INBOX_TEST_FOLDER") else {
        return;
    };
    let inbox = open(Path::new(&folder)).await;
    for n in 1.. {
        deliver(&inbox, vec![emission(n, "a")]).await;
        println!("durable {n}");
    }
}

#[tokio::test]
async fn what_was_answered_for_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    for round in 1..=3_usize {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env("INBOX_TEST_FOLDER", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = lines.map_while(Result::ok).filter_map(|line| {
            let (_, n) = line.split_once("durable ")?;
            n.parse::<usize>().ok()
        });
        let wanted = round * 20;
        let last = said.find(|n| *n >= wanted).unwrap();
        // SIGKILL.
        child.kill().unwrap();
        child.wait().unwrap();
        let inbox = open(folder.path()).await;
        let found = folds(&inbox).await;
        assert!(found.len() >= last, "{} of {last}", found.len());
        assert!(found.iter().all(|(_, times)| *times == 1));
        inbox.close().await.unwrap();
    }
}
