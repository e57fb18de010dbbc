//! A player's line as `simulate` writes it.

use serde_json::{Map, Value, json};
use types::{MicroPoints, Timestamp};

use super::life::Life;

impl Life<'_> {
    pub(super) fn line(&self, now: Timestamp) -> Value {
        let programme = self.programme;
        let mut balances = Map::new();
        for (ix, points) in programme.points.iter().enumerate() {
            let balance = MicroPoints(self.balance(ix)).to_string();
            balances.insert(points.id.to_string(), json!(balance));
        }
        let mut tiers = Map::new();
        for (ix, set) in programme.tiers.iter().enumerate() {
            let level = &set.levels[self.level(ix)].id;
            tiers.insert(set.id.to_string(), json!(&**level));
        }
        let mut missions = Map::new();
        for (ix, mission) in programme.missions.iter().enumerate() {
            let period = self.current_period(ix, now);
            let progress = period
                .as_ref()
                .map_or(0, |period| self.progress(ix, period, now));
            let line = json!({
                "completed": self.standing(ix).count(),
                "progress": MicroPoints(progress).to_string(),
                "period": period,
            });
            missions.insert(mission.id.to_string(), line);
        }
        json!({
            "player": self.player.as_str(),
            "balances": balances,
            "tiers": tiers,
            "missions": missions,
            "applied": self.deeds.len(),
        })
    }
}
