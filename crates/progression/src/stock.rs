//! What players share: stocks. How often a mission may complete for all players together, and how many of a reward there are.
//!
//! A stock is an entity of its own, with the state, journal and identity that a player has, whose only number is how many of its units
//! are out. Nobody reaches into it: a player's step *tells* it what it wants, and it tells its answer. A tell is a record of the
//! entity that it is for: its source is `questline`, its id is a function of what it is about, so that one told again is known.
//! Tells may come in any order, and again.

mod keeper;
mod tell;
mod together;
mod told;

use programme::model::{MissionIx, Programme, RewardIx};

use crate::codec::{DecodeError, Reader, Writer};
use crate::names::Names;

pub(crate) use keeper::{Answer, Keep, answer};
pub(crate) use tell::is_tell;
pub use tell::{Deliver, Tell, asked_under};
pub use together::Stocks;
pub use told::{Ask, Told, Unit};

/// One stock of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stock {
    /// Completions of a mission.
    Completions(MissionIx),
    /// Units of a reward.
    Reward(RewardIx),
}

const COMPLETIONS: &str = "total";
const REWARD: &str = "stock";

impl Stock {
    /// Its name: `total/MISSION`, `stock/REWARD`, by the first name of each: a stock stays what it is.
    pub(crate) fn name(self, names: &Names) -> String {
        match self {
            Self::Completions(ix) => format!("{COMPLETIONS}/{}", names.first_mission(ix)),
            Self::Reward(ix) => format!("{REWARD}/{}", names.first_reward(ix)),
        }
    }

    /// How many units it has; `None` where the programme does not bound it.
    pub(crate) fn size(self, programme: &Programme) -> Option<u64> {
        match self {
            Self::Completions(ix) => programme.missions.get(usize::from(ix.0))?.limit.total,
            Self::Reward(ix) => programme.rewards.get(usize::from(ix.0))?.stock,
        }
    }

    /// The size of the stock of this name; `None` where the programme bounds none of that name.
    fn size_of(programme: &Programme, name: &str) -> Option<u64> {
        let (kind, id) = name.split_once('/')?;
        match kind {
            COMPLETIONS => {
                let mission = programme.missions.iter().find(|it| *it.first_id == *id);
                mission?.limit.total
            }
            REWARD => {
                let reward = programme.rewards.iter().find(|it| *it.first_id == *id);
                reward?.stock
            }
            _ => None,
        }
    }

    pub(crate) fn encode(self, writer: &mut Writer<'_>) {
        let (tag, ix) = match self {
            Self::Completions(ix) => (0, ix.0),
            Self::Reward(ix) => (1, ix.0),
        };
        writer.byte(tag);
        writer.number(u64::from(ix));
    }

    pub(crate) fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.byte()? {
            0 => Ok(Self::Completions(MissionIx(reader.number16()?))),
            1 => Ok(Self::Reward(RewardIx(reader.number16()?))),
            _ => Err(DecodeError::Invalid("a stock")),
        }
    }
}
