//! What the engine foresees for players, summed up by mission and tier.

use engine::Foreseen;
use ingest_service::preview::{Fall, Gives, Preview};
use programme::model::{MissionIx, Programme, TierSetIx};
use progression::{Because, Effect, Foresight};
use types::{MicroPoints, PlayerId};

/// The sums.
pub(super) fn sums(draft: &Programme, foreseen: &Foreseen) -> Preview {
    let mut sums = Preview {
        players: foreseen.players,
        affected: foreseen.affected.len() as u64,
        unread: foreseen.unread,
        ..Preview::default()
    };
    for (player, foresight) in &foreseen.affected {
        count(&mut sums, draft, player, foresight);
    }
    sums
}

fn count(sums: &mut Preview, draft: &Programme, player: &PlayerId, foresight: &Foresight) {
    let name = || player.to_string();
    for ix in &foresight.completes {
        let mission = sums.missions.entry(mission(draft, *ix)).or_default();
        mission.completes.count(name());
    }
    for fall in &foresight.falls {
        let mission = sums.missions.entry(fall.mission.to_string()).or_default();
        mission.falls.count(Fall {
            player: name(),
            period: fall.period.to_string(),
            from: fall.from.to_string(),
            to: fall.to.as_ref().map(ToString::to_string),
        });
    }
    for moved in &foresight.moves {
        let set = &draft.tiers[usize::from(moved.tier.0)];
        let to = set.levels.get(usize::from(moved.to));
        let to = to.map_or("", |to| &*to.id);
        let tier = sums.tiers.entry(set.id.to_string()).or_default();
        tier.moved(&moved.from, to).count(name());
    }
    for effect in &foresight.effects {
        let Some((because, given)) = given(effect) else {
            continue;
        };
        let gives = match because {
            Because::Mission(ix, _) => {
                &mut sums.missions.entry(mission(draft, ix)).or_default().gives
            }
            Because::Level(set, _) => &mut sums.tiers.entry(tier(draft, set)).or_default().gives,
            // Nothing is earned by a rule here: no event comes.
            Because::Rule(_) => continue,
        };
        add(gives, draft, given);
    }
}

/// What an effect gives.
enum Given {
    Points(usize, MicroPoints),
    Grant(usize),
}

fn given(effect: &Effect) -> Option<(Because, Given)> {
    match effect {
        Effect::Earned(it) => Some((it.because, Given::Points(it.points.0.into(), it.amount))),
        // On offer until the player claims it.
        Effect::PrizeOffered(it) => {
            Some((it.because, Given::Points(it.points.0.into(), it.amount)))
        }
        Effect::Offered { grant, .. } => Some((grant.because, Given::Grant(grant.reward.0.into()))),
        _ => None,
    }
}

fn add(gives: &mut Gives, draft: &Programme, given: Given) {
    match given {
        Given::Points(at, amount) => gives.earn(&draft.points[at].id, amount),
        Given::Grant(at) => gives.grant(&draft.rewards[at].id),
    }
}

fn mission(draft: &Programme, ix: MissionIx) -> String {
    draft.missions[usize::from(ix.0)].id.to_string()
}

fn tier(draft: &Programme, ix: TierSetIx) -> String {
    draft.tiers[usize::from(ix.0)].id.to_string()
}
