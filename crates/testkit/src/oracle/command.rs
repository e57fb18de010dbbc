//! Points that are spent, held, released, and moved by hand.

use programme::model::{BuiltIn, PointsKind};
use types::{Decimal, Event, Timestamp, Value};

use super::Answer;
use super::emission::Cause;
use super::life::{Life, Why};
use super::purse::Held;

impl Life<'_> {
    /// Carries a command out, where that can be done.
    pub(super) fn command(&mut self, deed: usize, what: BuiltIn, cause: Cause<'_>) -> Answer {
        let event = self.deeds[deed].event.clone();
        let done = match what {
            BuiltIn::PointsAdjusted => self.adjust(&event, deed, cause),
            BuiltIn::PointsHeld => self.set_aside(&event, deed, cause.at()),
            BuiltIn::HoldReleased => self.release(&event, deed, cause),
            _ => self.spend(&event, deed, cause),
        };
        done.map_or_else(Answer::Refused, |()| Answer::Applied)
    }

    fn adjust(&mut self, event: &Event, deed: usize, cause: Cause<'_>) -> Result<(), &'static str> {
        let points = self.points_named(event)?;
        let before = self.moves.len();
        self.begin(deed, cause.at());
        let amount = number(event, "amount");
        if amount != 0 {
            self.note(points, amount, Why::Adjusted, cause.at());
        }
        self.judge_tiers(before, deed, cause);
        Ok(())
    }

    fn spend(&mut self, event: &Event, deed: usize, cause: Cause<'_>) -> Result<(), &'static str> {
        if text(event, "hold").is_some() {
            return self.commit(event, deed, cause);
        }
        let points = self.spendable(event)?;
        let amount = number(event, "amount");
        if amount > self.purse(points).spendable(cause.at()) {
            return Err("not_enough_points");
        }
        self.begin(deed, cause.at());
        if amount > 0 {
            self.note(points, -amount, Why::Spent(None), cause.at());
        }
        Ok(())
    }

    fn commit(&mut self, event: &Event, deed: usize, cause: Cause<'_>) -> Result<(), &'static str> {
        let id = text(event, "hold").unwrap_or_default();
        let (points, held) = self.open_hold(id)?;
        if event.attributes.contains_key("points") && self.spendable(event)? != points {
            return Err("unknown_hold");
        }
        let amount = match event.attributes.contains_key("amount") {
            true => number(event, "amount"),
            false => held.amount(),
        };
        if amount > held.amount() {
            return Err("not_enough_points");
        }
        self.begin(deed, cause.at());
        let why = match amount {
            0 => Why::Released(id.to_owned()),
            _ => Why::Spent(Some(id.to_owned())),
        };
        self.note(points, -amount, why, cause.at());
        self.expire(points, cause.at(), cause);
        Ok(())
    }

    fn set_aside(&mut self, event: &Event, deed: usize, at: Timestamp) -> Result<(), &'static str> {
        let points = self.spendable(event)?;
        let micro = number(event, "amount");
        let id = text(event, "hold").unwrap_or(event.id.as_str());
        let within = programme::duration(text(event, "within").unwrap_or("24h"));
        if micro == 0 {
            return Err("bad_attribute");
        }
        if self.open_hold(id).is_ok() {
            return Err("hold_exists");
        }
        if micro > self.purse(points).spendable(at) {
            return Err("not_enough_points");
        }
        self.begin(deed, at);
        let within = within.expect("a span");
        let why = Why::Held {
            id: id.to_owned(),
            until: self
                .zones
                .later(programme::model::PeriodKind::Month, at, within),
            micro,
        };
        self.note(points, 0, why, at);
        Ok(())
    }

    fn release(
        &mut self,
        event: &Event,
        deed: usize,
        cause: Cause<'_>,
    ) -> Result<(), &'static str> {
        let id = text(event, "hold").unwrap_or_default();
        let (points, _) = self.open_hold(id)?;
        self.begin(deed, cause.at());
        self.note(points, 0, Why::Released(id.to_owned()), cause.at());
        self.expire(points, cause.at(), cause);
        Ok(())
    }

    fn begin(&mut self, deed: usize, at: Timestamp) {
        let occurred = self.deeds[deed].occurred;
        self.start_by_record(occurred, at);
    }

    fn open_hold(&self, id: &str) -> Result<(usize, Held), &'static str> {
        for points in 0..self.programme.points.len() {
            let held = self
                .purse(points)
                .holds
                .into_iter()
                .find(|held| held.id == id);
            if let Some(held) = held {
                return Ok((points, held));
            }
        }
        Err("unknown_hold")
    }

    fn spendable(&self, event: &Event) -> Result<usize, &'static str> {
        let points = self.points_named(event)?;
        match self.programme.points[points].kind {
            PointsKind::Status => Err("not_spendable"),
            PointsKind::Spendable { .. } => Ok(points),
        }
    }

    fn points_named(&self, event: &Event) -> Result<usize, &'static str> {
        let ix = text(event, "points").and_then(|name| self.programme.points_called(name));
        ix.map(|ix| usize::from(ix.0)).ok_or("unknown_points")
    }
}

fn text<'e>(event: &'e Event, name: &str) -> Option<&'e str> {
    event.attributes.get(name).and_then(Value::as_text)
}

// In millionths.
fn number(event: &Event, name: &str) -> i128 {
    let number = event.attributes.get(name).and_then(Value::as_number);
    let number: Decimal = number.expect("a number");
    number.to_units(6).expect("at most six decimals")
}
