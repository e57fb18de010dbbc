//! What players share, as one list of units that are out: a unit is there while fewer are out than there may be.

use std::cell::RefCell;
use std::rc::Rc;

use programme::model::Grant;

use super::life::Life;

/// Something of which there are only so many for all players.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// Completions of a mission, by its first id.
    Completion(Box<str>),
    /// A reward, by its first id.
    Reward(Box<str>),
}

/// Every unit that is out, whoever has it.
pub(super) type Out = Rc<RefCell<Vec<Thing>>>;

impl Life<'_> {
    /// Takes a unit, where one is left.
    pub(super) fn take_one(&self, thing: Thing) -> bool {
        let most = match &thing {
            Thing::Completion(id) => {
                let mut missions = self.programme.missions.iter();
                missions
                    .find(|it| it.first_id == *id)
                    .and_then(|it| it.limit.total)
            }
            Thing::Reward(id) => {
                let mut rewards = self.programme.rewards.iter();
                rewards
                    .find(|it| it.first_id == *id)
                    .and_then(|it| it.stock)
            }
        };
        let mut out = self.out.borrow_mut();
        let taken = out.iter().filter(|it| **it == thing).count() as u64;
        let left = most.is_none_or(|most| taken < most);
        if left && most.is_some() {
            out.push(thing);
        }
        left
    }

    /// Puts units back.
    pub(super) fn put_back(&self, things: &[Thing]) {
        let mut out = self.out.borrow_mut();
        for thing in things {
            if let Some(at) = out.iter().position(|it| it == thing) {
                out.remove(at);
            }
        }
    }

    /// The items of a reward that are to be had, and the units taken for them.
    pub(super) fn in_stock(&self, reward: &[Grant]) -> (Vec<Grant>, Vec<Thing>) {
        let (mut items, mut taken) = (Vec::new(), Vec::new());
        for item in reward {
            if let Grant::Reward(ix) = item {
                let first_id = &self.programme.rewards[usize::from(ix.0)].first_id;
                let thing = Thing::Reward(first_id.clone());
                if !self.take_one(thing.clone()) {
                    continue;
                }
                taken.push(thing);
            }
            items.push(*item);
        }
        (items, taken)
    }
}
