//! What was answered for is there after any end of the process, and is folded once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::fs;

use inbox::{Error, Inbox, Totals};
use support::{Folds, deliver, emission, folds, open};

async fn totals(inbox: &Inbox<Folds>) -> Totals {
    inbox.read(|_, reader| reader.totals()).await.unwrap()
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
