//! What a unit of something costs the operator, as he says it.

use std::str::FromStr;

use programme::model::Programme;
use types::{Decimal, MicroPoints};

/// `voucher_5=5.00`: what one grant of a reward, or one point, costs, in the programme's currency.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    id: Box<str>,
    millionths: i128,
}

impl FromStr for Cost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, amount) = text
            .split_once('=')
            .ok_or("not ID=AMOUNT, as in voucher_5=5.00")?;
        let amount: Decimal = amount
            .parse()
            .map_err(|why| format!("`{amount}` is no amount: {why}"))?;
        let millionths = amount.to_units(MicroPoints::SCALE);
        let millionths = millionths.filter(|it| (0..=MILLIONTHS_MAX).contains(it));
        Ok(Self {
            id: id.into(),
            millionths: millionths
                .ok_or("an amount is 0 to 1,000,000,000, with at most six decimals")?,
        })
    }
}

const MILLIONTHS_MAX: i128 = 1_000_000_000 * 1_000_000;

/// What the points and rewards of one programme cost, in millionths of its currency; nothing where nothing was said.
#[derive(Clone, Debug)]
pub(crate) struct Costs {
    points: Vec<i128>,
    rewards: Vec<i128>,
}

impl Costs {
    /// Of one programme.
    pub(crate) fn of(programme: &Programme, said: &[Cost]) -> Self {
        let cost = |id: &str| {
            let said = said.iter().find(|cost| *cost.id == *id);
            said.map_or(0, |cost| cost.millionths)
        };
        Self {
            points: programme.points.iter().map(|it| cost(&it.id)).collect(),
            rewards: programme.rewards.iter().map(|it| cost(&it.id)).collect(),
        }
    }

    /// What was said of things that neither programme has.
    pub(crate) fn unknown<'c>(said: &'c [Cost], programmes: [&Programme; 2]) -> Vec<&'c str> {
        let has = |programme: &Programme, id: &str| {
            let mut points = programme.points.iter();
            let mut rewards = programme.rewards.iter();
            points.any(|it| *it.id == *id) || rewards.any(|it| *it.id == *id)
        };
        let ids = said.iter().map(|cost| &*cost.id);
        ids.filter(|id| !programmes.iter().any(|it| has(it, id)))
            .collect()
    }

    pub(super) fn of_points(&self, points: u16, amount: MicroPoints) -> i128 {
        let each = self.points.get(usize::from(points)).copied();
        amount.0.saturating_mul(each.unwrap_or(0)) / 1_000_000
    }

    pub(super) fn of_reward(&self, reward: u16) -> i128 {
        let each = self.rewards.get(usize::from(reward)).copied();
        each.unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Cost;

    #[test]
    fn a_cost_is_an_id_and_an_amount_of_the_currency() {
        let table = [
            ("voucher_5=5.00", Some(5_000_000)),
            ("xp=0.000001", Some(1)),
            ("xp=0.0000001", None),
            ("xp=-1", None),
            ("xp=1000000001", None),
            ("xp", None),
            ("xp=", None),
        ];
        for (text, expected) in table {
            let read = text.parse::<Cost>().ok().map(|cost| cost.millionths);
            assert_eq!(read, expected, "{text}");
        }
    }
}
