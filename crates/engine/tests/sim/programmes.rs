//! The programmes of simulated worlds, and how two logic versions read them.

use programme::{Diagnostics, Programme};
use testkit::faulty::Dice;

pub(super) const PROGRAMME: &str = r#"
programme: simulated
brand: shop
timezone: Europe/London
currency: GBP
lateness: 1d
points: {xp: {kind: status}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 10, per: "3.00", of: amount}}
missions:
  - {id: two_a_day, goal: {count: order, target: 2}, window: day, reward: [{points: xp, fixed: 5}]}
  - {id: spend, goal: {sum: amount, of: order, target: 90}, window: week, reward: [{grant: g}]}
tiers:
  - id: pace
    by: xp
    qualify: {over: rolling 2d}
    downgrade: one_step
    grace: 6h
    levels: [{id: slow, at: 0}, {id: fair, at: 100}, {id: fast, at: 200}]
  - id: season
    by: xp
    qualify: {over: month}
    downgrade: to_balance
    grace: 1d
    levels: [{id: none, at: 0}, {id: some, at: 50}, {id: many, at: 400}]
  - id: loyalty
    by: xp
    levels:
      - {id: bronze, at: 0}
      - {id: silver, at: 300}
      - {id: gold, at: 900}
rewards:
  - {id: g, kind: bonus, template: G}
"#;

pub(super) const SHARED: &str = r#"
programme: shared
brand: shop
timezone: Europe/London
currency: GBP
lateness: 1d
points: {xp: {kind: status}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 1, per: "3.00", of: amount}}
missions:
  - {id: few, goal: {count: order, target: 1}, window: day, limit: {total: 3}}
  - {id: pick, goal: {count: order, target: 2}, window: week, limit: {per_player: 2, total: 4}, claim: {within: 2d}, reward: [{grant: g}, {grant: h}], on_reversal: take_back}
  - {id: run, goal: {sum: amount, of: order, target: 60}, window: rolling 9d, reward: [{grant: h}, {points: xp, fixed: 5}], on_reversal: take_back}
tiers:
  - id: loyalty
    by: xp
    levels:
      - {id: bronze, at: 0}
      - {id: silver, at: 30, reward: [{grant: g}]}
      - {id: gold, at: 200, reward: [{grant: g}, {grant: h}]}
rewards:
  - {id: g, kind: bonus, template: G, stock: 4}
  - {id: h, kind: code, template: H, stock: 3}
"#;

/// The programme with other rates and goals, and any policy for the periods that run.
pub(super) fn changed(source: &str, dice: &Dice) -> String {
    let any = |all: &[&str]| all[dice.below(all.len() as u64) as usize].to_owned();
    let mut changed = source.replace("rate: 10,", &format!("rate: {},", 1 + dice.below(30)));
    for goal in [
        "target: 1}, ",
        "target: 2}, ",
        "target: 60}, ",
        "target: 90}, ",
    ] {
        if dice.chance(600) {
            let target = any(&["1", "2", "3", "50", "130"]);
            let policy = any(&["keep", "rebase", "reset"]);
            let other = format!("target: {target}}}, on_change: {policy}, ");
            changed = changed.replace(goal, &other);
        }
    }
    // Whatever else it says, each is another version.
    format!("{changed}# {}\n", dice.next())
}

pub(super) fn programme(source: &str) -> Programme {
    read_by(1, source)
}

/// A programme as a logic version reads it.
pub(super) fn read_by(version: u32, source: &str) -> Programme {
    match read(version, "simulated.yaml", source) {
        Ok(programme) => programme,
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

/// Two logic versions that differ: under the second, points for each 3.00 are points for each 2.00.
pub(super) fn read(version: u32, name: &str, source: &str) -> Result<Programme, Diagnostics> {
    let first = programme::compile(name, source)?;
    if version == 1 {
        return Ok(first);
    }
    let second = source.replace(r#"per: "3.00""#, r#"per: "2.00""#);
    Ok(Programme {
        version: first.version,
        source: first.source,
        ..programme::compile(name, &second)?
    })
}
