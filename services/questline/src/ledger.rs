//! A player's balances, recomputed from journal entries in whichever order they are read.

use std::collections::BTreeMap;

use serde_json::Value;
use types::Decimal;

/// The sum of every movement seen.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    balances: BTreeMap<String, Decimal>,
    /// For each hold the number of the newest entry that names it, and of an open one which points and how many.
    holds: BTreeMap<String, (u64, Option<(String, Decimal)>)>,
    entries: u64,
}

impl Ledger {
    /// Adds what one entry moved; the error names what in it cannot be read.
    pub(crate) fn add(&mut self, entry: &Value) -> Result<(), String> {
        self.entries += 1;
        let number = entry["entry"].as_u64().ok_or("an entry without a number")?;
        for effect in entry["effects"].as_array().map_or(&[][..], Vec::as_slice) {
            self.follow_hold(number, effect);
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

    // Holds move nothing, and are over when they are spent, released or lapsed; their id may be used again then. What the newest entry
    // says of one is how it stands: a journal is read from either end.
    fn follow_hold(&mut self, number: u64, effect: &Value) {
        let Some(hold) = effect["hold"].as_str() else {
            return;
        };
        let points = effect["points"].as_str().unwrap_or_default();
        let amount = effect["amount"].as_str().and_then(|it| it.parse().ok());
        let stands = match (effect["type"].as_str(), amount) {
            (Some("points_held"), Some(amount)) => Some((points.to_owned(), amount)),
            (Some("points_spent" | "hold_released"), _) => None,
            _ => return,
        };
        let newest = self.holds.entry(hold.to_owned()).or_default();
        if number >= newest.0 {
            *newest = (number, stands);
        }
    }

    fn held(&self, points: &str) -> Decimal {
        let open = self.holds.values().filter_map(|(_, open)| open.as_ref());
        open.filter(|(of, _)| of == points)
            .map(|(_, amount)| *amount)
            .try_fold(Decimal::ZERO, Decimal::checked_add)
            .unwrap_or_default()
    }

    /// Where what can be spent, is locked and is held is not the balance, or is not held as the journal says: what, shown, sum.
    fn accounts(&self, player: &Value) -> Vec<(String, String, String)> {
        let none = serde_json::Map::new();
        let accounts = player["accounts"].as_object().unwrap_or(&none);
        let mut wrong = Vec::new();
        for (points, account) in accounts {
            let number = |name: &str| -> Decimal {
                let text = account[name].as_str();
                text.and_then(|text| text.parse().ok()).unwrap_or_default()
            };
            let mut differs = |what: &str, shown: Decimal, sum: Decimal| {
                if shown != sum {
                    let name = format!("{points} ({what})");
                    wrong.push((name, shown.to_string(), sum.to_string()));
                }
            };
            differs("held", number("held"), self.held(points));
            let parts = ["available", "pending", "held"].map(number);
            let parts = parts
                .into_iter()
                .try_fold(Decimal::ZERO, Decimal::checked_add);
            let sum = self.balances.get(points).copied().unwrap_or_default();
            differs("parts", parts.unwrap_or_default(), sum);
        }
        wrong
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
        let mut wrong: Vec<_> = names.iter().filter_map(differs).collect();
        wrong.extend(self.accounts(player));
        wrong
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Ledger;

    /// Entries of one effect each, the oldest first, read from there on and from the other end.
    fn from_both_ends(effects: &[Value]) -> [Ledger; 2] {
        let entries = (0..).zip(effects);
        let entries = entries.map(|(number, effect)| json!({"entry": number, "effects": [effect]}));
        let entries: Vec<Value> = entries.collect();
        let mut ledgers = [Ledger::default(), Ledger::default()];
        for (oldest_first, newest_first) in entries.iter().zip(entries.iter().rev()) {
            ledgers[0].add(oldest_first).unwrap();
            ledgers[1].add(newest_first).unwrap();
        }
        ledgers
    }

    #[test]
    fn what_is_held_is_the_open_holds() {
        let coins = |kind: &str, amount: &str, hold: &str| json!({"type": kind, "points": "coins", "amount": amount, "hold": hold});
        let ledgers = from_both_ends(&[
            json!({"type": "points_earned", "points": "coins", "amount": "20"}),
            coins("points_held", "5", "a"),
            coins("points_held", "6", "b"),
            coins("points_spent", "4", "a"),
            coins("hold_released", "6", "b"),
            coins("points_held", "7", "b"),
        ]);
        let player = |available: &str, held: &str| {
            json!({
                "balances": {"coins": "16"},
                "accounts": {"coins": {"available": available, "pending": "0", "held": held}},
            })
        };
        for ledger in ledgers {
            assert_eq!(ledger.differences(&player("9", "7")), []);
            let wrong = ledger.differences(&player("11", "5"));
            assert_eq!(
                wrong,
                [("coins (held)".to_owned(), "5".to_owned(), "7".to_owned())]
            );
        }
    }

    #[test]
    fn a_balance_is_the_sum_of_its_movements() {
        let [ledger, _] = from_both_ends(&[
            json!({"type": "points_earned", "points": "xp", "amount": "10.000001"}),
            json!({"type": "points_reversed", "points": "xp", "amount": "4"}),
            json!({"type": "tier_changed"}),
        ]);
        assert_eq!(ledger.entries(), 3);
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
