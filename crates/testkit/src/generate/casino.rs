//! A year at a casino with a shop: every type of event that a programme can meet, of many players, as the lines of a file.

use serde_json::{Map, Value, json};
use types::Timestamp;

use crate::faulty::Dice;

/// When the first player comes.
const BEGINNING: &str = "2011-01-03T09:00:00Z";
const HOUR_NS: i64 = 3_600 * 1_000_000_000;
/// Hours between two events of a player.
const GAPS_H: [u64; 10] = [0, 0, 1, 3, 8, 14, 24, 24, 60, 300];
/// The most of a bet's id that a settlement looks back.
const BACK: u64 = 4;

/// Lines of events in the order in which they were recorded, the same for a seed: so many of each of so many players.
pub fn casino(seed: u64, players: usize, events: usize) -> String {
    let mut lines: Vec<(Timestamp, String)> = Vec::new();
    for player in 0..players {
        let mut visitor = Visitor::new(Dice::new(seed ^ (player as u64) << 20), player);
        lines.extend((0..events).map(|_| visitor.next()));
    }
    lines.sort_by_key(|(recorded_at, _)| *recorded_at);
    let lines = lines.into_iter().map(|(_, line)| line + "\n");
    lines.collect()
}

/// One player, and what he did so far.
struct Visitor {
    dice: Dice,
    player: String,
    now: Timestamp,
    /// Events so far.
    count: u64,
    bets: Vec<String>,
    orders: Vec<String>,
    last: Option<Value>,
}

impl Visitor {
    fn new(dice: Dice, player: usize) -> Self {
        let beginning: Timestamp = BEGINNING.parse().expect("an instant");
        let later = dice.below(24 * 200) as i64;
        Self {
            dice,
            player: format!("c{player:03}"),
            now: beginning.saturating_add_nanos(later * HOUR_NS),
            count: 0,
            bets: Vec::new(),
            orders: Vec::new(),
            last: None,
        }
    }

    fn one<'t>(&self, of: &[&'t str]) -> &'t str {
        of[self.dice.below(of.len() as u64) as usize]
    }

    fn next(&mut self) -> (Timestamp, String) {
        let gap = GAPS_H[self.dice.below(GAPS_H.len() as u64) as usize] as i64;
        let gap_ns = gap * HOUR_NS + self.dice.below(3_600) as i64 * 1_000_000_000;
        self.now = self.now.saturating_add_nanos(gap_ns);
        if self.dice.chance(30)
            && let Some(last) = &self.last
        {
            // The same once more: later, sometimes with another body.
            let mut again = last.clone();
            if self.dice.chance(300) {
                again["occurred_at"] = self.now.to_string().into();
            }
            again["recorded_at"] = self.now.to_string().into();
            return (self.now, again.to_string());
        }
        let late = match self.dice.below(12) {
            0 => 30 * HOUR_NS,
            1 => 80 * HOUR_NS,
            _ => 0,
        };
        let occurred_at = self.now.saturating_add_nanos(-late).to_string();
        self.count += 1;
        let id = format!("{}-{}", self.player, self.count);
        let mut event = json!({
            "id": id, "source": "shop", "player": self.player,
            "occurred_at": occurred_at, "recorded_at": self.now.to_string(),
        });
        let more = self.what(&id);
        let fields = event.as_object_mut().expect("an object");
        fields.extend(more);
        self.last = Some(event.clone());
        (self.now, event.to_string())
    }

    fn what(&mut self, id: &str) -> Map<String, Value> {
        let said = match self.dice.below(100) {
            0..4 => json!({"type": "registered"}),
            4..16 => json!({"type": "session_started"}),
            16..40 => self.bet(id),
            40..58 => self.settle(),
            58..62 => self.undo("bet_rolled_back"),
            62..66 => self.money("deposit"),
            66..67 => self.money("withdrawal"),
            67..76 => self.order(id),
            76..80 => self.undo("order_refunded"),
            80..84 => self.article(),
            84..86 => self.profile(),
            86..87 => self.restrict(),
            87..89 => self.join(),
            89..92 => json!({"type": "mission_claimed"}),
            92..97 => self.points(),
            97..98 => json!({"type": "survey_filled"}),
            _ => self.report(),
        };
        match said {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }

    fn bet(&mut self, id: &str) -> Value {
        self.bets.push(id.to_owned());
        let (amount, currency) = match self.dice.below(6) {
            0 => ("500", "JPY"),
            1 => (self.one(&["3.33", "20.00"]), "EUR"),
            _ => (
                self.one(&["0.10", "1.00", "5.00", "12.50", "100.00"]),
                "GBP",
            ),
        };
        let mut attributes = json!({
            "category": self.one(&["sport", "slots", "live_casino"]),
            "funds": self.one(&["real", "real", "real", "bonus", "free"]),
        });
        if self.dice.chance(700) {
            attributes["odds"] = self.one(&["1.2", "1.5", "2.75", "4", "11.0"]).into();
        }
        if self.dice.chance(400) {
            attributes["provider"] = self.one(&["acme_games", "other"]).into();
            attributes["game"] = self.one(&["roulette", "slot_a"]).into();
        }
        json!({"type": "bet_placed", "amount": amount, "currency": currency, "attributes": attributes})
    }

    /// One of the newest of these; now and then one that is still to come.
    fn recent(&self, of: &[String]) -> String {
        let back = self.dice.below(BACK) as usize + 1;
        match of
            .len()
            .checked_sub(back)
            .filter(|_| !self.dice.chance(100))
        {
            Some(at) => of[at].clone(),
            None => format!("{}-{}", self.player, self.count + 1 + self.dice.below(5)),
        }
    }

    fn settle(&self) -> Value {
        let result = self.one(&[
            "won",
            "won",
            "lost",
            "lost",
            "cash_out",
            "void",
            "partial_void",
        ]);
        let amount = match result {
            "lost" => "0",
            "partial_void" => "1",
            _ => self.one(&["2", "10", "30", "550"]),
        };
        json!({"type": "bet_settled", "refers_to": self.recent(&self.bets), "amount": amount,
            "attributes": {"result": result, "provisional": self.dice.chance(300)}})
    }

    fn undo(&self, kind: &str) -> Value {
        if kind == "bet_rolled_back" {
            return json!({"type": kind, "refers_to": self.recent(&self.bets)});
        }
        let amount = self.one(&["1.00", "10.00", "25.50", "300.00"]);
        match self.dice.below(4) {
            0 => json!({"type": "order_cancelled", "amount": amount, "currency": "GBP"}),
            1 => json!({"type": "order_cancelled", "refers_to": self.recent(&self.orders)}),
            _ => json!({"type": kind, "refers_to": self.recent(&self.orders), "amount": amount}),
        }
    }

    fn money(&self, kind: &str) -> Value {
        json!({"type": kind, "amount": self.one(&["10.00", "50.00"]), "currency": "GBP"})
    }

    fn order(&mut self, id: &str) -> Value {
        self.orders.push(id.to_owned());
        let amount = self.one(&["0.00", "9.99", "25.50", "120.00", "300.00", "1000.00"]);
        json!({"type": "order", "amount": amount, "currency": "GBP", "attributes": {
            "country": self.one(&["United Kingdom", "France", "Unspecified"]),
            "lines": 1 + self.dice.below(20), "items": 1 + self.dice.below(200)}})
    }

    fn article(&self) -> Value {
        json!({"type": "article_read", "attributes": {"section": self.one(&["news", "sports", "arts"]),
            "minutes": self.dice.below(9), "score": self.one(&["2.5", "4"]), "liked": self.dice.chance(600)}})
    }

    fn profile(&self) -> Value {
        let attributes = match self.dice.below(4) {
            0 => json!({"zone": self.one(&["Asia/Tokyo", "America/New_York", "Europe/London"])}),
            1 => json!({"segments": [self.one(&["blocked", "vip"])]}),
            2 => json!({"vip": self.dice.chance(500), "consent": {"mail": false}}),
            _ => json!({"attributes": {"country": self.one(&["United Kingdom", "France"])}}),
        };
        json!({"type": "profile_changed", "attributes": attributes})
    }

    fn restrict(&self) -> Value {
        let until = self.now.saturating_add_nanos(40 * HOUR_NS).to_string();
        let attributes = match self.dice.below(3) {
            0 => json!({"status": "self_excluded"}),
            1 => json!({"status": "timed_out", "until": until}),
            _ => json!({"status": "released"}),
        };
        json!({"type": "player_restricted", "attributes": attributes})
    }

    fn join(&self) -> Value {
        let mission = self.one(&["club", "club", "daily", "nowhere"]);
        json!({"type": "mission_opted_in", "attributes": {"mission": mission}})
    }

    fn points(&self) -> Value {
        let points = self.one(&["chips", "chips", "coins", "xp"]);
        let amount = self.one(&["0.5", "2", "8", "40"]);
        let hold = self.one(&["h", "k"]);
        match self.dice.below(6) {
            0 | 1 => {
                json!({"type": "points_spent", "attributes": {"points": points, "amount": amount}})
            }
            2 => {
                json!({"type": "points_held", "attributes": {"points": points, "amount": amount, "hold": hold,
                "within": self.one(&["6h", "3d", "30d"])}})
            }
            3 => json!({"type": "points_spent", "attributes": {"hold": hold}}),
            4 => json!({"type": "hold_released", "attributes": {"hold": hold}}),
            _ => json!({"type": "points_adjusted", "attributes": {"points": points,
                "amount": self.one(&["25", "-3", "0.000001"]), "reason": "support"}}),
        }
    }

    fn report(&self) -> Value {
        let grant = self.one(&["voucher_5/loyalty/silver/1", "spring/explorer/once/1"]);
        let status = self.one(&[
            "claimed",
            "credited",
            "wagered_out",
            "failed",
            "expired",
            "revoked",
        ]);
        json!({"type": "grant_updated", "refers_to": grant, "attributes": {"status": status}})
    }
}
