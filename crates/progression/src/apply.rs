//! Folding one record: is it known, what does it ask for, what follows, what is written down.
//!
//! Everything that can be missing (older entries) is looked for first, by the same code in [`wants`] and [`apply`]; then the state is
//! changed by functions that cannot fail.

use std::convert::Infallible;

use programme::model::Programme;
use types::{Body, Event, Record, Timestamp};

use crate::decision::{Decision, Outcome};
use crate::event::{self, Plan};
use crate::journal::{Entry, History, Key, Search};
use crate::state::State;
use crate::step::{Origin, Step};
use crate::stock::{self, Deliver};
use crate::timer;

/// The rows of the journal that the record needs and `history` does not hold; ask again after adding them, until there are none.
///
/// At most six rounds: the cell that says where the record may be known, what the record is about, where that is, what that had counted
/// for, what has expired of the rewards of that, nothing.
pub fn wants(programme: &Programme, state: &State, history: &History, record: &Record) -> Vec<u32> {
    let Body::Event { event, .. } = &record.body else {
        return Vec::new();
    };
    if state.tail.next_number() == 0 {
        // Nothing is written down of the player, so nothing is missing.
        return Vec::new();
    }
    if !state.names.is_of(&programme.version) {
        // Rare: the player's first record since the programme changed.
        let mut bound = state.clone();
        bound.bind(programme);
        return wants(programme, &bound, history, record);
    }
    let now = state.clock.max(record.recorded_at);
    if let Some((ahead, history, _)) = timer::ahead(programme, state, history, now) {
        // The record finds what the timers leave; what they seal is at hand.
        return wants(programme, &ahead, &history, record);
    }
    let mut search = Search::new(&state.tail, &state.filter, history);
    let known = identify(&mut search, event, Key::event(&event.source, &event.id));
    if known.is_none() && search.missing.is_empty() {
        event::plan(programme, state, &mut search, event, now);
        search.leaving();
    }
    search.missing.sort_unstable();
    search.missing
}

/// The entry of the event that came first under this identity.
fn identify(search: &mut Search<'_>, event: &Event, key: Key) -> Option<Entry> {
    let first = |entry: &Entry| entry.is(&event.source, &event.id) && entry.is_first();
    search.all(key, first).into_iter().next()
}

/// Folds one record into the state. Total: whatever stands in the log is applied, recognised as a repetition or refused.
///
/// `history` holds the segments that [`wants`] named, as of the record's position. The caller passes each record once, in log order.
pub fn apply(
    programme: &Programme,
    state: &mut State,
    history: &History,
    record: &Record,
) -> Decision {
    let all_there = |_: &mut Vec<u32>| Ok::<_, Infallible>(());
    match fold(programme, state, history, record, all_there, None) {
        Ok(decision) => decision,
        Err(never) => match never {},
    }
}

/// [`wants`] and [`apply`] in one: the decision, or the segments without which there is none and the record is not applied. What a
/// record asks for is looked at once, which halves the cost of one that needs nothing, as nearly all do.
pub fn try_apply(
    programme: &Programme,
    state: &mut State,
    history: &History,
    record: &Record,
) -> Result<Decision, Vec<u32>> {
    fold(programme, state, history, record, needs_all, None)
}

/// As [`try_apply`], where all entities lie side by side: each tell is delivered on the way, and a question answered at once, so that
/// what it asks for happens in the same step. What is left in [`Decision::tells`] is what timers told before the record.
pub fn apply_at_once(
    programme: &Programme,
    state: &mut State,
    history: &History,
    record: &Record,
    deliver: &mut Deliver<'_>,
) -> Result<Decision, Vec<u32>> {
    fold(programme, state, history, record, needs_all, Some(deliver))
}

fn needs_all(missing: &mut Vec<u32>) -> Result<(), Vec<u32>> {
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort_unstable();
    Err(std::mem::take(missing))
}

fn fold<E>(
    programme: &Programme,
    state: &mut State,
    history: &History,
    record: &Record,
    complete: impl Fn(&mut Vec<u32>) -> Result<(), E>,
    deliver: Option<&mut Deliver<'_>>,
) -> Result<Decision, E> {
    state.fetch();
    state.bind(programme);
    let now = state.clock.max(record.recorded_at);
    if let Some((mut ahead, history, fired)) = timer::ahead(programme, state, history, now) {
        let decision = fold_one(
            programme, &mut ahead, &history, record, now, complete, deliver,
        )?;
        *state = ahead;
        return Ok(fired.then(decision));
    }
    fold_one(programme, state, history, record, now, complete, deliver)
}

/// Folds one record, once nothing is due before it.
fn fold_one<E>(
    programme: &Programme,
    state: &mut State,
    history: &History,
    record: &Record,
    now: Timestamp,
    complete: impl Fn(&mut Vec<u32>) -> Result<(), E>,
    deliver: Option<&mut Deliver<'_>>,
) -> Result<Decision, E> {
    let Body::Event {
        event, accepted_at, ..
    } = &record.body
    else {
        state.reach(record.position, now);
        return Ok(Decision::plain(Outcome::Ticked));
    };
    let mut search = Search::new(&state.tail, &state.filter, history);
    let key = Key::event(&event.source, &event.id);
    let known = identify(&mut search, event, key);
    complete(&mut search.missing)?;
    if let Some(first) = known {
        state.reach(record.position, now);
        return Ok(repeated(state, record, event, *accepted_at, first));
    }
    let plan = event::plan(programme, state, &mut search, event, now);
    search.leaving();
    complete(&mut search.missing)?;
    state.reach(record.position, now);
    // Here and not where a segment is sealed: a timer seals too, and has nobody to ask for cells.
    let cells = state.filter.leave(history);
    // An entry is large: it is made where it stays.
    let written = vec![entry(state, record, event, *accepted_at)];
    let mut decision = Decision {
        written,
        cells,
        ..Decision::plain(Outcome::Applied)
    };
    carry_out(programme, state, &mut decision, event, key, plan, deliver);
    Ok(decision)
}

fn repeated(
    state: &mut State,
    record: &Record,
    event: &Event,
    accepted_at: Timestamp,
    first: Entry,
) -> Decision {
    let tell = stock::is_tell(event);
    if tell || first.digest == event.digest() {
        return Decision {
            // What is asked again is answered again: the answer may have been lost.
            tells: if tell { first.tells() } else { Vec::new() },
            replayed: Some(Box::new(first)),
            ..Decision::plain(Outcome::Replayed)
        };
    }
    let mut entry = entry(state, record, event, accepted_at);
    entry.outcome = Outcome::Conflict;
    let sealed = state.tail.push(&mut state.filter, &entry, &[]);
    Decision {
        sealed: sealed.into_iter().collect(),
        written: vec![entry],
        ..Decision::plain(Outcome::Conflict)
    }
}

/// Carries out what was planned, and completes the decision and the one entry in it.
fn carry_out(
    programme: &Programme,
    state: &mut State,
    decision: &mut Decision,
    event: &Event,
    key: Key,
    plan: Plan<'_>,
    deliver: Option<&mut Deliver<'_>>,
) {
    let [entry] = &mut *decision.written else {
        return;
    };
    let (at_once, tell) = (deliver.is_some(), stock::is_tell(event));
    let mut step = Step::new(programme, state);
    // For as long as the step lasts.
    step.deliver = deliver.map(|deliver| deliver as &mut Deliver<'_>);
    step.event = Some(event);
    step.origin = Origin {
        occurred_at: entry.occurred_at,
        recorded_at: entry.recorded_at,
    };
    entry.outcome = event::carry_out(&mut step, event, plan, entry);
    step.finish(entry);
    entry.suppressed = state.restrictions.hold(state.clock);
    state.accepted += u64::from(!tell);
    state.counted |= !entry.effects.is_empty() || !entry.counted.is_empty();
    let keys = entry.keys(key);
    let sealed = state.tail.push(&mut state.filter, entry, &keys);
    decision.outcome = entry.outcome;
    decision.sealed.extend(sealed);
    if !at_once {
        decision.tells = entry.tells();
    }
}

/// What every entry says.
fn entry(state: &State, record: &Record, event: &Event, accepted_at: Timestamp) -> Entry {
    Entry {
        accepted_at,
        occurred_at: event.occurred_at.min(state.clock),
        amount: event.amount.map(|amount| (amount, event.currency)),
        ..Entry::blank(
            state.tail.next_number(),
            record.position,
            state.clock,
            (event.source.clone(), event.id.clone()),
            event.digest(),
            event.kind.clone(),
            &state.names,
        )
    }
}
