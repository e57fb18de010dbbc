//! The engine's own records as functions over bytes, for `crates/hostile`.

use bytes::Bytes;
use ports::Entity;
use types::{Position, Timestamp};

use crate::head::{Fold, Restored, Rung, Stretch};
use crate::row::Emitted;

/// A head's fold state, written again; `None` where it is refused.
pub fn head(bytes: &[u8]) -> Option<Vec<u8>> {
    Fold::decode(bytes).map(|fold| fold.encode().to_vec())
}

/// An outbox row, written again; `None` where it is refused.
pub fn outbox_row(bytes: &[u8]) -> Option<Vec<u8>> {
    Emitted::decode(bytes).map(|emitted| emitted.encode().to_vec())
}

/// Heads as they are written.
pub fn heads() -> Vec<Vec<u8>> {
    let mut fold = Fold {
        incarnation: 7,
        to: 12,
        ..Fold::default()
    };
    let empty = fold.encode();
    fold.clock = Timestamp::MAX;
    fold.active
        .extend("shop".parse().map(|brand| (brand, "cafe".into())));
    fold.from.insert("bonus-engine".into(), 3);
    fold.timeline.logic.hear(2, Position::START, fold.clock);
    fold.settled_logic = 2;
    for sequence in 1..30 {
        fold.climb(Rung {
            cursor: Position { sequence, index: 2 },
            checksum: 5,
            stretch: (sequence > 9).then_some(Stretch {
                from: Position::START,
                checksum: 7,
            }),
        });
    }
    fold.restored = Some(Restored {
        times: 1,
        kept: Position::START,
        folded: Position {
            sequence: 29,
            index: 2,
        },
        at: Timestamp::MIN,
        pending: true,
    });
    vec![empty.to_vec(), fold.encode().to_vec()]
}

/// Outbox rows as they are written.
pub fn outbox_rows() -> Vec<Vec<u8>> {
    let (Ok(brand), Ok(player)) = ("shop".parse(), "é 1".parse()) else {
        return Vec::new();
    };
    let mut emitted = Emitted {
        id: "00ff".into(),
        kind: "tier_changed".into(),
        entity: Entity { brand, player },
        accepted_at: None,
        traceparent: None,
        body: Bytes::from_static(b"{\"type\":\"tier_changed\"}"),
    };
    let bare = emitted.encode().to_vec();
    emitted.accepted_at = Timestamp::from_nanos(5);
    emitted.traceparent = Some("00-ab-cd-01".into());
    vec![bare, emitted.encode().to_vec()]
}
