//! `grant_updated`: the bonus engine's postback.
//!
//! Nothing follows from it but what readers see: points, missions and levels are decided here, the fate of a bonus there. A report about
//! a grant that is not known, or not among those still shown, is written down as unmatched.

use types::{Event, Value};

use crate::decision::Refusal;
use crate::effect::Granted;
use crate::emission::grant_id;
use crate::report::{Report, Reported};
use crate::state::GrantState;
use crate::step::Step;

/// What the event reports.
pub(super) fn status(event: &Event) -> Result<Reported, Refusal> {
    if event.refers_to.is_none() {
        return Err(Refusal::MissingField);
    }
    let status = event
        .attributes
        .get("status")
        .ok_or(Refusal::MissingField)?;
    let status = Value::as_text(status).and_then(Reported::named);
    status.ok_or(Refusal::BadAttribute)
}

pub(super) fn carry_out(step: &mut Step<'_>, event: &Event, status: Reported) {
    let at = event.occurred_at.min(step.now);
    let names = &step.state.names;
    let meant = |grant: &GrantState| {
        let granted = Granted {
            reward: grant.reward,
            because: grant.because,
            number: grant.number,
        };
        let named = event.refers_to.as_ref();
        named.is_some_and(|id| id.as_str() == grant_id(names, &granted))
    };
    let found = step.state.grants.iter().rposition(meant);
    let Some(grant) = found.and_then(|at| step.state.grants.get_mut(at)) else {
        return;
    };
    // What was taken back here afterwards is not undone by an older report.
    let revoked = grant.status.is_none() && at < grant.at;
    let older = grant.report.is_some_and(|newest| at < newest.at);
    let same = grant.report.is_some_and(|newest| status == newest.status);
    if !revoked && !older && !same {
        grant.report = Some(Report { status, at });
    }
}
