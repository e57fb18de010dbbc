//! The core: folds a recorded event into a player's state; synchronous, total, deterministic.
//!
//! ```text
//! wants(programme, state, history, record)  -> which rows of the journal the record needs (ask again until none)
//! apply(programme, &mut state, history, record) -> Decision { outcome, emissions, tells, rows of the journal }
//! try_apply(..same as apply..)              -> both in one: the decision, or what it wants
//! apply_at_once(.., deliver)                -> the same, with tells delivered and answered on the way
//! due(programme, &mut state, now)           -> Decision: what falls due by time alone
//! change(before, programme, &mut state, at) -> Decision: another version takes effect
//! foresee(before, programme, &state, at)     -> what another version would mean
//! view(programme, state, subject, now)      -> what a reader sees
//! ```
//!
//! No clock, no randomness, no I/O, no floats, no order that a hash decides. Time is the record's. Every function is total: whatever
//! stands in the log is folded or refused, and bytes that are not a state or a segment are a [`DecodeError`].

mod account;
mod apply;
mod arithmetic;
mod calendar;
mod candidates;
mod cap;
mod catalogue;
mod codec;
mod decision;
mod derived;
mod earn;
mod effect;
mod emission;
mod event;
mod fact;
mod foresee;
mod goal;
pub mod journal;
mod json;
mod mission;
mod names;
mod orders;
mod period;
mod profile;
mod report;
mod restriction;
mod reward;
mod slot;
mod state;
mod step;
mod stock;
mod tier;
mod timer;
mod view;
mod waiting;
mod zone;

pub use apply::{apply, apply_at_once, try_apply, wants};
pub use catalogue::{Catalogue, VersionId, table};
pub use codec::DecodeError;
pub use decision::{Decision, Outcome, Refusal};
pub use effect::{
    Because, Effect, GrantStatus, Granted, Movement, Prize, RevokeReason, TierReason, Working,
};
pub use emission::{Cause, Emission, EmissionId, Subject};
pub use foresee::{Fall, Foresight, Move, foresee};
pub use journal::History;
pub use period::Period;
pub use state::State;
pub use stock::{Ask, Deliver, Stock, Stocks, Tell, Told, Unit, asked_under};
pub use timer::{Timer, change, due};
pub use view::{AccountView, GrantView, MissionView, PlayerLine, PlayerView, TierView, view};
