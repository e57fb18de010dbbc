//! What players share in `examples/every-construct.yaml`, as a whole.
//!
//! In `simulate` and for the oracle the answer of a stock is there at once. On a server it is a record of its own: of two players in
//! different partitions either may be the first to ask, an answer's `at` is its own, and what a player does between question and answer
//! counts, so that an order given back meanwhile ends the waiting. So who has one of the few is not compared, nor any `at` of it. What is:
//! nobody has one who would have none if he were alone; never are more out than there are; all of them are out where more are wanted
//! than there are; and where there is enough for everybody, everybody has one whose progress nothing took back. A completion whose reward
//! was credited is never taken back, and one of the few has always one, so a unit that is out stays out. Nothing else in the programme
//! depends on these missions, so everything else is compared to the letter.

use std::collections::BTreeSet;

use serde_json::Value;

/// The first to come get one of few completions, and the first of those a gift.
const SCARCE: (&str, u64, &str, u64) = ("early_birds", 25, "gift", 10);
/// Everybody gets one.
const AMPLE: (&str, &str) = ("newcomer", "card");

/// As the programme says them.
pub(crate) const SIZES: [&str; 2] = ["{total: 25}", "stock: 10}"];

/// Players' lines without what depends on the order of answers.
pub(crate) fn apart(players: &[Value]) -> Vec<Value> {
    let mut apart = players.to_vec();
    for player in &mut apart {
        for mission in [SCARCE.0, AMPLE.0] {
            let mission = player["missions"][mission].as_object_mut();
            mission.unwrap().remove("completed").unwrap();
        }
    }
    apart
}

/// Emissions about anything else, by their ids.
pub(crate) fn not_shared(emissions: &[Value]) -> Vec<Value> {
    let shared = [SCARCE.0, SCARCE.2, AMPLE.0, AMPLE.1];
    let is_shared = |emission: &&Value| {
        let names = ["mission", "grant"].map(|name| emission[name].as_str().unwrap_or_default());
        names.iter().any(|name| shared.contains(name))
    };
    let mut rest: Vec<Value> = emissions
        .iter()
        .filter(|it| !is_shared(it))
        .cloned()
        .collect();
    rest.sort_by_key(|emission| emission["id"].as_str().unwrap().to_owned());
    rest
}

/// How many of the few completions stand.
pub(crate) fn early_birds(players: &[Value]) -> u64 {
    players
        .iter()
        .map(|player| completed(player, SCARCE.0))
        .sum()
}

/// How many emissions there must be of what is scarce.
pub(crate) fn scarce(emissions: &[Value]) -> (u64, u64) {
    let count = |kind: &str, field: &str, name: &str| {
        let of_it = emissions
            .iter()
            .filter(|it| it["type"] == kind && it[field] == name);
        of_it.count() as u64
    };
    (
        count("mission_completed", "mission", SCARCE.0),
        count("grant_offered", "grant", SCARCE.2),
    )
}

/// All of the few are out, each once, to whom may have it.
pub(crate) fn assert_scarce(players: &[Value], alone: &[Value], emissions: &[Value]) {
    let (mission, total, gift, stock) = SCARCE;
    let wanted = alone.iter().filter(|player| completed(player, mission) > 0);
    let wanted: BTreeSet<&str> = wanted.map(name).collect();
    assert!(
        wanted.len() as u64 > total,
        "{mission} is wanted {} times",
        wanted.len()
    );
    assert_eq!(
        early_birds(players),
        total,
        "{mission}: completions that stand"
    );
    assert_eq!(
        scarce(emissions),
        (total, stock),
        "{mission}, {gift}: what was given"
    );
    let having: BTreeSet<&str> = players
        .iter()
        .filter(|player| completed(player, mission) > 0)
        .map(name)
        .collect();
    assert_eq!(having.len() as u64, total, "{mission}: once a player");
    assert!(
        having.is_subset(&wanted),
        "{mission}: {:?}",
        having.difference(&wanted)
    );
    let given = |of: &str| -> BTreeSet<&str> {
        let of_it = emissions.iter().filter(|it| it["grant"] == of);
        of_it.map(name).collect()
    };
    assert_eq!(given(gift).len() as u64, stock, "{gift}: once a player");
    assert!(given(gift).is_subset(&having), "{gift}: with the mission");
}

/// Whether everybody has one of what there is enough of who gave nothing back.
pub(crate) fn is_ample(players: &[Value], alone: &[Value], events: &str) -> bool {
    let returned = returned(events);
    players.iter().zip(alone).all(|(player, alone)| {
        let (has, would) = (completed(player, AMPLE.0), completed(alone, AMPLE.0));
        has == would || (has < would && returned.contains(name(player)))
    })
}

/// Players of whom something was reversed.
fn returned(events: &str) -> BTreeSet<String> {
    let events = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let reversals = events.filter(|event: &Value| {
        matches!(
            event["type"].as_str(),
            Some("order_cancelled" | "order_refunded")
        )
    });
    reversals.map(|event| name(&event).to_owned()).collect()
}

fn completed(player: &Value, mission: &str) -> u64 {
    player["missions"][mission]["completed"].as_u64().unwrap()
}

fn name(of: &Value) -> &str {
    of["player"].as_str().unwrap()
}
