//! A player's balances, recomputed from journal entries as they are read.

use std::collections::BTreeMap;

use serde_json::Value;
use types::Decimal;

/// The sum of every movement seen.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    balances: BTreeMap<String, Decimal>,
    entries: u64,
}

impl Ledger {
    /// Adds what one entry moved; the error names what in it cannot be read.
    pub(crate) fn add(&mut self, entry: &Value) -> Result<(), String> {
        self.entries += 1;
        for effect in entry["effects"].as_array().map_or(&[][..], Vec::as_slice) {
            let sign = match effect["type"].as_str() {
                Some("points_earned") => Decimal::ONE,
                Some("points_adjusted") => Decimal::ONE,
                Some("points_reversed" | "points_expired" | "points_spent") => Decimal::from(-1),
                _ => continue,
            };
            let unreadable = || format!("a movement that cannot be read: {effect}");
            let points = effect["points"].as_str().ok_or_else(unreadable)?;
            let amount: Decimal = effect["amount"]
                .as_str()
                .and_then(|amount| amount.parse().ok())
                .ok_or_else(unreadable)?;
            let sum = self.balances.entry(points.to_owned()).or_default();
            *sum = amount
                .checked_mul(sign)
                .and_then(|signed| sum.checked_add(signed))
                .ok_or_else(unreadable)?;
        }
        Ok(())
    }

    /// How many entries it has seen.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }

    /// Where the player's balances are others than the sums: points, balance, sum.
    pub(crate) fn differences(&self, player: &Value) -> Vec<(String, String, String)> {
        let none = serde_json::Map::new();
        let shown = player["balances"].as_object().unwrap_or(&none);
        let mut names: Vec<&String> = shown.keys().chain(self.balances.keys()).collect();
        names.sort_unstable();
        names.dedup();
        let differs = |name: &&String| {
            let balance = shown
                .get(*name)
                .and_then(Value::as_str)
                .unwrap_or("0")
                .to_owned();
            let sum = self
                .balances
                .get(*name)
                .copied()
                .unwrap_or_default()
                .to_string();
            (balance != sum).then(|| ((*name).clone(), balance, sum))
        };
        names.iter().filter_map(differs).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Ledger;

    #[test]
    fn a_balance_is_the_sum_of_its_movements() {
        let mut ledger = Ledger::default();
        for entry in [
            json!({"effects": [{"type": "points_earned", "points": "xp", "amount": "10.000001"}]}),
            json!({"effects": [{"type": "points_reversed", "points": "xp", "amount": "4"}, {"type": "tier_changed"}]}),
        ] {
            ledger.add(&entry).unwrap();
        }
        assert_eq!(ledger.entries(), 2);
        assert!(
            ledger
                .differences(&json!({"balances": {"xp": "6.000001", "coins": "0"}}))
                .is_empty()
        );
        let wrong = ledger.differences(&json!({"balances": {"xp": "6"}}));
        assert_eq!(
            wrong,
            [("xp".to_owned(), "6".to_owned(), "6.000001".to_owned())]
        );
    }
}
