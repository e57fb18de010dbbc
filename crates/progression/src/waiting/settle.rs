//! Answers as they come, and questions told again until they do.

use programme::model::Grant;

use super::ask::{advance, find};
use super::{AGAIN_NS, DOUBLED_MAX, Occasion};
use crate::effect::Because;
use crate::emission::Subject;
use crate::reward;
use crate::step::{Origin, Step};
use crate::stock::{Answer, Stock, Told};
use crate::tier;

/// Takes an answer in: what it brings about happens now, by the event that asked. A unit that nobody waits for any more goes back.
/// Gives that event; `None` where nobody waited.
pub(crate) fn settle(
    step: &mut Step<'_>,
    subject: Subject<'_>,
    answer: Answer,
) -> Option<Occasion> {
    let names = &step.state.names;
    let mut all = step.state.waiting.iter().enumerate();
    let found = all.find_map(|(at, waiting)| {
        let mut asks = waiting.asks.iter();
        let it = asks.position(|asked| {
            asked.given.is_none() && asked.ask.unit.ask_id(names, subject) == answer.ask
        });
        it.map(|it| (at, it))
    });
    let Some((at, it)) = found else {
        if answer.given {
            step.tell(Told::Unwanted {
                stock: answer.stock,
                ask: answer.ask,
            });
        }
        return None;
    };
    let waiting = &mut step.state.waiting[at];
    waiting.asks[it].given = Some(answer.given);
    let (because, unit) = (waiting.because, waiting.asks[it].ask.unit);
    let occasion = waiting.occasion.clone();
    act_for(step, &occasion);
    match because {
        Because::Mission(ix, period) => advance(step, ix, period),
        _ => {
            if !waiting_is_open(step, because) {
                step.state.waiting.remove(at);
            }
            if let (true, Stock::Reward(reward)) = (answer.given, unit.stock) {
                reward::give(step, Grant::Reward(reward), because, |_| unit.n);
            }
        }
    }
    tier::judge(step);
    Some(occasion)
}

/// Tells again what is not answered. Where another version of the programme took away what was waited for, goes on without.
pub(crate) fn tell_again(step: &mut Step<'_>, because: Because) -> Option<Occasion> {
    let now = step.now;
    let waiting = find(step.state, because)?;
    waiting.again = waiting.again.saturating_add(1).min(DOUBLED_MAX);
    waiting.again_at = now.saturating_add_nanos(AGAIN_NS << waiting.again);
    let occasion = waiting.occasion.clone();
    if waiting.is_open() {
        let open = waiting.asks.iter().filter(|asked| asked.given.is_none());
        step.again.extend(open.map(|asked| Told::Asked(asked.ask)));
        return None;
    }
    act_for(step, &occasion);
    match because {
        Because::Mission(ix, period) => advance(step, ix, period),
        _ => step.state.waiting.retain(|it| it.because != because),
    }
    tier::judge(step);
    Some(occasion)
}

/// What follows is the event's doing: of its period, but given now.
fn act_for(step: &mut Step<'_>, occasion: &Occasion) {
    step.origin = Origin {
        occurred_at: occasion.occurred_at,
        recorded_at: step.now,
    };
    step.by = Some((occasion.source.clone(), occasion.id.clone()));
}

fn waiting_is_open(step: &mut Step<'_>, because: Because) -> bool {
    find(step.state, because).is_some_and(|waiting| waiting.is_open())
}
