//! What the core does of rule 24: a player is erased.

use events::erasure;
use progression::Outcome;

use crate::harness::{Line, check, events};
use crate::{answers, shown};

#[test]
fn rule_24_what_is_left_of_an_erased_player_balances_and_nothing_more_happens_to_it() {
    let mut world = check(
        "points: {coins: {kind: spendable, expires: 1d}}
earn:
  - {id: r, on: order, give: {points: coins, rate: 1}}
  - {id: vip, on: order, give: {points: coins, fixed: 5}, when: player.attributes.vip == true}",
        "p profile_changed vip=true name=Ann @2011-01-03T09:00:00Z
         a order 1 GBP @2011-01-03T10:00:00Z",
        &[
            "s/a: points_earned coins 1 r",
            "s/a: points_earned coins 5 vip",
        ],
    );
    let player = || "a".parse().unwrap();
    let at = |text: &str| text.parse().unwrap();
    let erasure = |recorded: &str| Line {
        event: erasure(&player(), at("2011-01-03T11:00:00Z")),
        recorded_at: at(recorded),
    };
    assert_eq!(
        world.fold(erasure("2011-01-03T11:00:01Z")).outcome,
        Outcome::Applied
    );
    assert_eq!(world.emissions.len(), 3);
    assert_eq!(world.emissions[2]["type"], "player_erased");
    assert_eq!(world.emissions[2]["player"], "a");
    world.run(&events(
        "b order 7 GBP @2011-01-03T12:00:00Z
         c player_restricted status=released @2011-01-03T12:00:00Z
         d order_cancelled of=a @2011-01-03T12:00:00Z
         e profile_changed name=Ann @2011-01-03T12:00:00Z",
    ));
    // Said again, as whoever is not sure does, it is the same again.
    assert_eq!(
        world.fold(erasure("2011-01-03T13:00:00Z")).outcome,
        Outcome::Replayed
    );
    // What would have expired stays in the book.
    world.until(at("2011-02-03T10:00:00Z"));
    assert_eq!(world.emissions.len(), 3, "{:?}", world.emissions);
    let refused = ["b", "c", "d", "e"].map(|id| format!("{id} player_erased"));
    assert_eq!(answers(&world)[3..], refused);
    assert_eq!(shown(&world, "/balances/coins"), "6");
    let state = &mut world.players.get_mut(&player()).unwrap().state;
    assert!(state.is_erased() && state.attributes().is_empty());
    assert_eq!(state.next_timer(&world.programme), None);
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    assert!(!bytes.windows(3).any(|part| part == b"Ann"));
}
