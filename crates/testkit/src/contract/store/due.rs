//! Due rows: of what falls due by time alone.

use ports::{Due, Entity, Row};

use super::{P0, P1, StoreFixture, entity, write};

fn due(minute: u32, entity: &Entity) -> Due {
    Due {
        minute,
        entity: entity.clone(),
    }
}

/// Due rows come by minute, then entity, from the minutes asked for, page after page; one written twice is one.
pub async fn due_rows_are_paged_by_minute_and_entity(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let (ann, bob) = (entity("b", "ann"), entity("b", "bob"));
    let all = [
        due(7, &bob),
        due(300, &ann),
        due(300, &bob),
        due(70_000, &ann),
    ];
    let rows = || all.iter().rev().cloned().map(Row::Due).collect();
    write(&*store, P0, 1, rows()).await;
    write(&*store, P0, 2, rows()).await;
    write(&*store, P1, 1, vec![Row::Due(due(301, &ann))]).await;
    let asked = async |from, to, after: Option<&Due>, limit| {
        let rows = store.due(P0, from, to, after, limit).await;
        rows.expect("rows")
    };
    assert_eq!(asked(0, u32::MAX, None, 9).await, all);
    assert_eq!(asked(8, 300, None, 9).await, all[1..3]);
    assert_eq!(asked(0, u32::MAX, None, 2).await, all[..2]);
    assert_eq!(asked(0, u32::MAX, Some(&all[1]), 9).await, all[2..]);
    assert_eq!(asked(8, 69_999, Some(&all[2]), 9).await, []);
}

/// The hint leaves what is not below it.
pub async fn forgotten_due_rows_keep_those_still_needed(fixture: &impl StoreFixture) {
    let store = fixture.open().await;
    let ann = entity("b", "ann");
    let all = [due(6, &ann), due(7, &ann), due(8, &ann)];
    write(&*store, P0, 1, all.iter().cloned().map(Row::Due).collect()).await;
    write(&*store, P1, 1, vec![Row::Due(due(6, &ann))]).await;
    store.forget_due(P0, 7).await.expect("forgotten");
    let rows = store.due(P0, 7, 9, None, 9).await.expect("rows");
    assert_eq!(rows, all[1..]);
    let others = store.due(P1, 0, 9, None, 9).await.expect("rows");
    assert_eq!(others.len(), 1);
}
