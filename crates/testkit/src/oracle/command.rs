//! Points that are spent, and points that are moved by hand.

use programme::model::{BuiltIn, PointsKind};
use types::{Decimal, Event, Value};

use super::Answer;
use super::emission::Cause;
use super::life::{Life, Move, Why};

impl Life<'_> {
    /// Spends or adjusts, where that can be done.
    pub(super) fn command(&mut self, deed: usize, what: BuiltIn, cause: Cause<'_>) -> Answer {
        let event = self.deeds[deed].event.clone();
        let Some(points) = self.points_named(&event) else {
            return Answer::Refused("unknown_points");
        };
        let amount = number(&event, "amount");
        let occurred = self.deeds[deed].occurred;
        if what == BuiltIn::PointsAdjusted {
            self.start_by_record(occurred, cause.recorded);
            self.move_by_hand(points, amount, Why::Adjusted, deed);
            self.judge_tiers(amount < 0, cause);
            return Answer::Applied;
        }
        if self.programme.points[points].kind == PointsKind::Status {
            return Answer::Refused("not_spendable");
        }
        if amount > self.balance(points) {
            return Answer::Refused("not_enough_points");
        }
        self.start_by_record(occurred, cause.recorded);
        self.move_by_hand(points, -amount, Why::Spent, deed);
        Answer::Applied
    }

    fn points_named(&self, event: &Event) -> Option<usize> {
        let name = event.attributes.get("points").and_then(Value::as_text);
        let mut all = self.programme.points.iter();
        all.position(|points| Some(&*points.id) == name)
    }

    fn move_by_hand(&mut self, points: usize, micro: i128, why: Why, deed: usize) {
        if micro != 0 {
            self.moves.push(Move {
                points,
                micro,
                why,
                deed,
                rooms: Vec::new(),
            });
        }
    }
}

// In millionths.
fn number(event: &Event, name: &str) -> i128 {
    let number = event.attributes.get(name).and_then(Value::as_number);
    let number: Decimal = number.expect("a number");
    number.to_units(6).expect("at most six decimals")
}
