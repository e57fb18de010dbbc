use bytes::Bytes;
use ports::{Due, Entity, Row};
use types::{BrandId, Partition, PlayerId};

use super::{BATCH_BYTES_MAX, Batch, ROW_BYTES_MAX, Refusal, Unsendable, pack};
use crate::line::Line;
use crate::statements::Change;

const P: Partition = Partition(3);

fn entity(player: usize) -> Entity {
    Entity {
        brand: BrandId::new("b").unwrap(),
        player: PlayerId::new(&player.to_string()).unwrap(),
    }
}

fn snapshot(player: usize, bytes: usize) -> Row {
    Row::Snapshot {
        entity: entity(player),
        bytes: Bytes::from(vec![7; bytes]),
    }
}

fn line(row: Row) -> Line {
    Line::of(P, row).unwrap().0
}

/// Of each batch its table, rows and bytes.
fn packed(rows: Vec<Row>) -> Vec<(&'static str, usize, usize)> {
    let batches = pack(P, rows).unwrap();
    let of = |batch: &Batch| {
        (
            batch.place().table.table(),
            batch.lines().len(),
            batch.bytes(),
        )
    };
    batches.iter().map(of).collect()
}

#[test]
fn a_row_of_another_table_is_refused() {
    let quarantine = Row::Quarantine {
        entity: entity(1),
        bytes: Bytes::new(),
    };
    let mut batch = Batch::new(line(snapshot(1, 9)));
    let (refusal, _) = batch.add(line(quarantine)).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::OtherTable {
            of: "player_state",
            given: "quarantine"
        }
    );
    assert_eq!(batch.lines().len(), 1);
}

#[test]
fn a_row_of_another_partition_is_refused() {
    let mut batch = Batch::new(line(Row::Segment {
        entity: entity(1),
        number: 0,
        bytes: Bytes::new(),
    }));
    let other = line(Row::Segment {
        entity: entity(2),
        number: 0,
        bytes: Bytes::new(),
    });
    let (refusal, _) = batch.add(other).unwrap_err();
    assert_eq!(refusal, Refusal::OtherPartition { of: "journal" });
}

#[test]
fn a_row_past_128_kb_is_refused() {
    let row = |bytes| line(snapshot(1, bytes));
    let fits = BATCH_BYTES_MAX - 2 * row(0).size();
    let mut batch = Batch::new(row(0));
    let (refusal, _) = batch.add(row(fits + 1)).unwrap_err();
    let bytes = BATCH_BYTES_MAX + 1;
    assert_eq!(refusal, Refusal::Full { bytes });
    batch.add(row(fits)).unwrap();
    assert_eq!(batch.bytes(), BATCH_BYTES_MAX);
}

#[test]
fn rows_are_packed_by_table_and_partition() {
    let of_one = |number| Row::Outbox {
        number,
        bytes: Bytes::new(),
    };
    let rows = vec![of_one(4095), snapshot(1, 10), of_one(4096), of_one(4097)];
    let overhead = line(of_one(0)).size();
    assert_eq!(
        packed(rows),
        [
            ("player_state", 1, line(snapshot(1, 10)).size()),
            ("outbox", 1, overhead),
            ("outbox", 2, 2 * overhead),
            // The spans that hold something, each said once.
            ("outbox_span", 2, 2 * overhead),
        ]
    );
}

#[test]
fn what_falls_due_in_a_minute_is_said_once() {
    let due = |minute, player| {
        Row::Due(Due {
            minute,
            entity: entity(player),
        })
    };
    let rows = (0..40).map(|player| due(7, player)).chain([due(9, 1)]);
    let batches = packed(rows.collect());
    let rows_of = |table| {
        let of_table = batches.iter().filter(|batch| batch.0 == table);
        of_table.map(|batch| batch.1).sum::<usize>()
    };
    assert_eq!((rows_of("due"), rows_of("due_minute")), (41, 2));
}

#[test]
fn many_rows_of_one_partition_are_several_batches() {
    let rows: Vec<Row> = (0..100)
        .map(|number| Row::Segment {
            entity: entity(1),
            number,
            bytes: Bytes::from(vec![1; 10_000]),
        })
        .collect();
    let batches = packed(rows);
    assert!(batches.iter().all(|batch| batch.2 <= BATCH_BYTES_MAX));
    assert_eq!(batches.iter().map(|batch| batch.1).sum::<usize>(), 100);
    assert_eq!(batches.len(), 8);
}

#[test]
fn a_large_row_goes_alone_and_a_huge_one_not_at_all() {
    let large = BATCH_BYTES_MAX + 1;
    let batches = packed(vec![snapshot(1, 5), snapshot(1, large), snapshot(1, 5)]);
    assert_eq!(
        batches.iter().map(|batch| batch.1).collect::<Vec<_>>(),
        [1, 1, 1]
    );
    let huge = pack(P, vec![snapshot(1, ROW_BYTES_MAX)]).unwrap_err();
    let Unsendable::TooLarge { table, bytes } = huge else {
        panic!("{huge}");
    };
    assert_eq!(table, Change::State.table());
    assert!(bytes > ROW_BYTES_MAX);
}

#[test]
fn a_number_past_the_column_is_not_sent() {
    let row = Row::Outbox {
        number: u64::MAX,
        bytes: Bytes::new(),
    };
    assert_eq!(pack(P, vec![row]).unwrap_err(), Unsendable::TooFar);
}
