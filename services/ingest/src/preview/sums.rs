//! What a draft would mean for some players, summed up. Sums of different players add up to those of all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use types::{Decimal, MicroPoints};

/// The most examples of a group.
const EXAMPLES: usize = 10;

/// What a draft would mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// Players that were looked at.
    pub players: u64,
    /// Those of them for whom it would mean anything.
    pub affected: u64,
    /// Players that could not be looked at: they are set aside.
    pub unread: u64,
    /// By mission.
    pub missions: BTreeMap<String, MissionPreview>,
    /// By tier set.
    pub tiers: BTreeMap<String, TierPreview>,
}

/// What it would mean for a mission.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionPreview {
    /// Players who are at its goal then: they complete it with the next event that counts.
    pub completes: Group<String>,
    /// Players whose running progress is less, or gone.
    pub falls: Group<Fall>,
    /// What these completions give.
    pub gives: Gives,
}

/// What it would mean for a tier set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierPreview {
    /// Players who come to stand on another level.
    pub moves: Vec<Moved>,
    /// What the levels give that are reached.
    pub gives: Gives,
}

/// From one level to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The level without the draft.
    pub from: String,
    /// The level with it.
    pub to: String,
    /// Who.
    #[serde(flatten)]
    pub players: Group<String>,
}

/// Players, and some of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group<T> {
    /// How many.
    pub players: u64,
    /// Up to ten of them.
    pub examples: Vec<T>,
}

/// A player's progress that is less, or gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fall {
    /// Who.
    pub player: String,
    /// In which period.
    pub period: String,
    /// The progress, as a decimal.
    pub from: String,
    /// What is left of it; `None`: neither mission nor period are there any more.
    pub to: Option<String>,
}

/// Points and grants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gives {
    /// Points by their id.
    pub points: BTreeMap<String, Amount>,
    /// Grants by their reward's id.
    pub grants: BTreeMap<String, u64>,
}

/// Points, as a decimal string.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amount(pub MicroPoints);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let points = text.parse::<Decimal>().ok();
        let points = points.and_then(MicroPoints::from_decimal);
        points
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("no amount of points"))
    }
}

impl<T> Default for Group<T> {
    fn default() -> Self {
        Self {
            players: 0,
            examples: Vec::new(),
        }
    }
}

impl<T> Group<T> {
    /// Counts a player.
    pub fn count(&mut self, player: T) {
        self.players += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(player);
        }
    }

    fn add(&mut self, other: Self) {
        self.players += other.players;
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

impl Gives {
    /// Adds points.
    pub fn earn(&mut self, points: &str, amount: MicroPoints) {
        self.points.entry(points.to_owned()).or_default().0 += amount;
    }

    /// Adds a grant.
    pub fn grant(&mut self, reward: &str) {
        *self.grants.entry(reward.to_owned()).or_default() += 1;
    }

    /// Adds what is given elsewhere.
    pub fn add(&mut self, other: Self) {
        for (points, amount) in other.points {
            self.points.entry(points).or_default().0 += amount.0;
        }
        for (reward, grants) in other.grants {
            *self.grants.entry(reward).or_default() += grants;
        }
    }
}

impl TierPreview {
    /// The group of those who go from one level to another.
    pub fn moved(&mut self, from: &str, to: &str) -> &mut Group<String> {
        let known = self.moves.iter();
        let at = known.clone().position(|it| it.from == from && it.to == to);
        let at = at.unwrap_or_else(|| {
            self.moves.push(Moved {
                from: from.to_owned(),
                to: to.to_owned(),
                players: Group::default(),
            });
            self.moves.len() - 1
        });
        &mut self.moves[at].players
    }
}

impl Preview {
    /// Adds what it would mean for other players.
    pub fn add(&mut self, other: Self) {
        self.players += other.players;
        self.affected += other.affected;
        self.unread += other.unread;
        for (id, more) in other.missions {
            let mission = self.missions.entry(id).or_default();
            mission.completes.add(more.completes);
            mission.falls.add(more.falls);
            mission.gives.add(more.gives);
        }
        for (id, more) in other.tiers {
            let tier = self.tiers.entry(id).or_default();
            for moved in more.moves {
                tier.moved(&moved.from, &moved.to).add(moved.players);
            }
            tier.gives.add(more.gives);
        }
    }

    /// Everything that would be given.
    pub fn gives(&self) -> Gives {
        let mut all = Gives::default();
        let missions = self.missions.values().map(|mission| &mission.gives);
        let tiers = self.tiers.values().map(|tier| &tier.gives);
        missions
            .chain(tiers)
            .for_each(|gives| all.add(gives.clone()));
        all
    }
}

#[cfg(test)]
mod tests {
    use types::MicroPoints;

    use super::{EXAMPLES, Preview};

    /// A preview of one player, named so.
    fn of(name: &str) -> Preview {
        let mut preview = Preview {
            players: 1,
            affected: 1,
            ..Preview::default()
        };
        let mission = preview.missions.entry("five".to_owned()).or_default();
        mission.completes.count(name.to_owned());
        mission.gives.earn("xp", MicroPoints(1_500_000));
        mission.gives.grant("voucher");
        let tier = preview.tiers.entry("loyalty".to_owned()).or_default();
        tier.moved("silver", "gold").count(name.to_owned());
        tier.gives.grant("voucher");
        preview
    }

    #[test]
    fn previews_add_up_and_read_back() {
        let mut sum = Preview::default();
        for number in 0..12 {
            sum.add(of(&format!("p{number}")));
        }
        assert_eq!((sum.players, sum.affected), (12, 12));
        let five = &sum.missions["five"];
        assert_eq!(
            (five.completes.players, five.completes.examples.len()),
            (12, EXAMPLES)
        );
        assert_eq!(five.gives.points["xp"].0, MicroPoints(18_000_000));
        assert_eq!(sum.tiers["loyalty"].moves.len(), 1);
        assert_eq!(sum.tiers["loyalty"].moves[0].players.players, 12);
        assert_eq!(sum.gives().grants["voucher"], 24);
        let text = serde_json::to_string(&sum).unwrap();
        assert_eq!(serde_json::from_str::<Preview>(&text).unwrap(), sum);
    }
}
