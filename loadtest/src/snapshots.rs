//! Bytes of a snapshot, for players of whom little and much is known.

use anyhow::{Result, anyhow, ensure};
use programme::model::Programme;
use progression::journal::{ENTRIES_PER_SEGMENT, open_entries};
use progression::{History, Outcome, State, try_apply};
use types::{Body, BrandId, Event, Position, Record, Timestamp, Value};

use crate::figures::{Figure, Part};

/// Measures.
pub fn measure(quick: bool) -> Result<Part> {
    let how = format!(
        "After {ENTRIES_PER_SEGMENT} deposits in a row, so that the open journal tail is empty, there are no open amounts, and the filter has {ENTRIES_PER_SEGMENT} keys."
    );
    let mut part = Part::new("snapshots", how, quick);
    for (id, what, missions, touched) in [
        ("20", "20 missions, all touched, 3 currencies", 20, 20),
        (
            "500",
            "500 missions, 10 of them touched, 3 currencies",
            500,
            10,
        ),
    ] {
        let bytes = bytes(missions, touched)?;
        part.add(Figure::once(
            format!("snapshot.{id}.bytes"),
            what,
            "bytes",
            bytes as f64,
        ));
    }
    Ok(part)
}

fn programme(missions: usize, touched: usize) -> Result<Programme> {
    let mut text = String::from(
        "programme: bench\nbrand: bench\ncurrency: GBP\npoints: {xp: {kind: status}, coins: {kind: spendable}, gems: {kind: spendable}}\n\
         earn:\n  - {id: xp, on: deposit, give: {points: xp, rate: 1, of: amount}}\n  - {id: coins, on: deposit, give: {points: coins, fixed: 3}}\n\
         \x20 - {id: gems, on: deposit, give: {points: gems, fixed: 1}}\nmissions:\n",
    );
    for mission in 0..missions {
        let window = ["day", "week", "month", "once"][mission % 4];
        let when = if mission < touched {
            String::new()
        } else {
            ", when: event.attributes.method == \"none\"".to_owned()
        };
        let goal = match mission % 2 {
            0 => format!("{{count: deposit, target: 1000{when}}}"),
            _ => format!("{{sum: amount, of: deposit, target: 100000{when}}}"),
        };
        text += &format!("  - {{id: mission_{mission}, goal: {goal}, window: {window}}}\n");
    }
    text += "tiers: [{id: loyalty, by: xp, levels: [{id: bronze, at: 0}, {id: silver, at: 100}, {id: gold, at: 100000}]}]\n";
    programme::compile("snapshots.yaml", &text)
        .map_err(|errors| anyhow!("the benchmark's programme: {errors}"))
}

fn bytes(missions: usize, touched: usize) -> Result<usize> {
    let programme = programme(missions, touched)?;
    let (brand, mut state): (BrandId, State) = (programme.brand.clone(), State::new());
    for number in 1..=ENTRIES_PER_SEGMENT {
        let at = Timestamp::MIN
            .saturating_add_nanos(1_767_225_600_000_000_000 + number as i64 * 60_000_000_000);
        let event = Event {
            id: format!("deposit-{number}").parse()?,
            source: "cashier".parse()?,
            kind: "deposit".into(),
            player: "player-00000001".parse()?,
            occurred_at: at,
            amount: Some("25.50".parse()?),
            currency: Some(programme.currency),
            refers_to: None,
            rate: None,
            attributes: [("method".into(), Value::Text("card".into()))].into(),
            sealed: None,
        };
        let record = Record {
            position: Position {
                sequence: number,
                index: 0,
            },
            recorded_at: at,
            body: Body::Event {
                brand: brand.clone(),
                accepted_at: at,
                event: Box::new(event),
                traceparent: None,
            },
        };
        let decision = try_apply(&programme, &mut state, &History::new(), &record);
        let applied = decision.is_ok_and(|decision| decision.outcome == Outcome::Applied);
        ensure!(applied, "a deposit was not applied");
    }
    ensure!(
        open_entries(&state).is_empty(),
        "the journal's tail is not empty"
    );
    let mut bytes = Vec::new();
    state.encode(&mut bytes);
    Ok(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn a_touched_mission_costs_bytes_and_an_untouched_one_none() {
        let (few, more, untouched) = (
            bytes(10, 10).unwrap(),
            bytes(20, 20).unwrap(),
            bytes(20, 10).unwrap(),
        );
        assert!(
            few == untouched && untouched < more,
            "{few} {untouched} {more}"
        );
    }
}
