//! Who stands where: tiers, missions and top players, counted from the players' own objects.

use std::collections::BTreeMap;

use programme::model::Programme;
use serde_json::Value;
use types::Decimal;

use crate::console::grouped;

/// Players shown by name.
const TOP: usize = 5;

/// What the players add up to.
#[derive(Debug, Default)]
pub(crate) struct Standings {
    players: u64,
    /// Players at each (tier set, level).
    levels: BTreeMap<(String, String), u64>,
    /// Completions of each mission, and players who have one.
    missions: BTreeMap<String, (u64, u64)>,
    /// The highest balances: points, balance, player, tier.
    top: Vec<(Decimal, String, String)>,
}

impl Standings {
    /// Counts a player, as `simulate` writes it; `points` is what players are ranked by.
    pub(crate) fn add(&mut self, player: &Value, points: &str) {
        self.players += 1;
        let tiers = fields(&player["tiers"]);
        for (set, level) in tiers {
            let level = level.as_str().unwrap_or("").to_owned();
            *self.levels.entry((set.clone(), level)).or_default() += 1;
        }
        for (mission, at) in fields(&player["missions"]) {
            let completed = at["completed"].as_u64().unwrap_or(0);
            let (times, players) = self.missions.entry(mission.clone()).or_default();
            *times += completed;
            *players += u64::from(completed > 0);
        }
        let balance = player["balances"][points]
            .as_str()
            .and_then(|text| text.parse().ok());
        let id = player["player"].as_str().unwrap_or("").to_owned();
        let level = tiers_text(&player["tiers"]);
        self.top.push((balance.unwrap_or_default(), id, level));
        if self.top.len() > 64 {
            self.keep_top();
        }
    }

    fn keep_top(&mut self) {
        // The highest balance first, then the id, so that every run shows the same.
        self.top
            .sort_by(|(left, left_id, _), (right, right_id, _)| {
                right.cmp(left).then_with(|| left_id.cmp(right_id))
            });
        self.top.truncate(TOP);
    }

    /// Lines for people, in the order of the programme's file.
    pub(crate) fn lines(&mut self, programme: &Programme) -> Vec<String> {
        self.keep_top();
        let mut lines = vec![format!("Players    {}", grouped(self.players))];
        for set in &programme.tiers {
            let most = set
                .levels
                .iter()
                .map(|level| self.at(&set.id, &level.id))
                .max()
                .unwrap_or(0);
            for (number, level) in set.levels.iter().enumerate() {
                let count = self.at(&set.id, &level.id);
                let title = if number == 0 {
                    format!("Tier {}", set.id)
                } else {
                    String::new()
                };
                lines.push(format!(
                    "{title:<14} {:<12} {:>8}  {}",
                    level.id,
                    grouped(count),
                    bar(count, most)
                ));
            }
        }
        for (number, mission) in programme.missions.iter().enumerate() {
            let (times, players) = self.missions.get(&*mission.id).copied().unwrap_or_default();
            let title = if number == 0 { "Missions" } else { "" };
            lines.push(format!(
                "{title:<14} {:<12} {:>8}  times, by {} players",
                mission.id,
                grouped(times),
                grouped(players)
            ));
        }
        let ranked = programme.points.first().map_or("", |points| &*points.id);
        for (number, (balance, player, tier)) in self.top.iter().enumerate() {
            let title = if number == 0 { "Top players" } else { "" };
            lines.push(format!(
                "{title:<14} {player:<12} {balance:>14} {ranked}  {tier}"
            ));
        }
        lines
    }

    fn at(&self, set: &str, level: &str) -> u64 {
        let key = (set.to_owned(), level.to_owned());
        self.levels.get(&key).copied().unwrap_or(0)
    }
}

fn fields(object: &Value) -> Vec<(&String, &Value)> {
    object
        .as_object()
        .map_or_else(Vec::new, |fields| fields.iter().collect())
}

fn tiers_text(tiers: &Value) -> String {
    let levels: Vec<&str> = fields(tiers)
        .into_iter()
        .filter_map(|(_, level)| level.as_str())
        .collect();
    levels.join(", ")
}

/// A bar of up to 32 blocks; something that is there never has none.
fn bar(count: u64, most: u64) -> String {
    let blocks = match most {
        0 => 0,
        _ => (count * 32).div_ceil(most),
    };
    "▇".repeat(usize::try_from(blocks).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Standings, bar};

    #[test]
    fn players_are_counted_by_level_and_ranked_by_balance() {
        let mut standings = Standings::default();
        for (player, balance, level, completed) in [
            ("a", "9.5", "silver", 2),
            ("b", "10", "gold", 1),
            ("c", "9.5", "silver", 0),
        ] {
            let object = json!({
                "player": player, "balances": {"xp": balance}, "tiers": {"loyalty": level},
                "missions": {"first": {"completed": completed}},
            });
            standings.add(&object, "xp");
        }
        standings.keep_top();
        assert_eq!(
            (
                standings.at("loyalty", "silver"),
                standings.at("loyalty", "gold")
            ),
            (2, 1)
        );
        assert_eq!(standings.missions["first"], (3, 2));
        let ranked: Vec<&str> = standings
            .top
            .iter()
            .map(|(_, player, _)| player.as_str())
            .collect();
        assert_eq!(ranked, ["b", "a", "c"]);
    }

    #[test]
    fn the_smallest_count_still_shows() {
        assert_eq!(
            (
                bar(0, 9),
                bar(1, 1_000).chars().count(),
                bar(9, 9).chars().count()
            ),
            (String::new(), 1, 32)
        );
    }
}
