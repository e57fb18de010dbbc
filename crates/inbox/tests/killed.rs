//! What was answered for is there after `kill -9`.
//!
//! In a process of its own: between a fork and its exec a child holds every lock that a neighbouring test lets go.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use support::{deliver, emission, folds, open};

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
