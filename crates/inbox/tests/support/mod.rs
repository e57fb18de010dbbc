//! An inbox whose projection counts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;

use inbox::{Emission, Error, Inbox, Projection, Record, Table, Tables, Tx};

/// Counts how often each emission was folded, and keeps the notes.
pub(crate) struct Folds(pub(crate) Table);

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

pub(crate) fn emission(n: u32, body: &str) -> Emission {
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

pub(crate) async fn open(folder: &Path) -> Inbox<Folds> {
    Inbox::open(folder, "test").await.unwrap()
}

pub(crate) async fn deliver(inbox: &Inbox<Folds>, batch: Vec<Emission>) {
    inbox.submit(batch).await.unwrap().durable().await.unwrap();
}

/// Keys and how often each was folded.
pub(crate) async fn folds(inbox: &Inbox<Folds>) -> Vec<(String, usize)> {
    let page = inbox.read(|folds, reader| reader.page(&folds.0, b"", None, 1_000));
    let rows = page.await.unwrap().rows.into_iter();
    rows.map(|(key, row)| (String::from_utf8(key).unwrap(), row.len()))
        .collect()
}
