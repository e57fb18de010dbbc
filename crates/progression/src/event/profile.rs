//! `profile_changed`: zone, attributes, segments.
//!
//! `zone`, `segments` and `consent` are reserved; `attributes` and every other key merge into the player's attributes, `attributes`
//! last. Rules and audiences read the profile as it was before the event.

use jiff::tz::TimeZone;
use types::{Event, Value};

use crate::decision::Refusal;
use crate::mission::streak;
use crate::profile::SEGMENTS_MAX;
use crate::step::Step;
use crate::tier;

const ZONE: &str = "zone";
const SEGMENTS: &str = "segments";
const ATTRIBUTES: &str = "attributes";
/// Consent is the notifications gateway's: it decides about messages, never about progress.
const CONSENT: &str = "consent";

/// Whether the reserved keys have values that they can have.
pub(super) fn check(event: &Event) -> Result<(), Refusal> {
    let fits = |key: &str, value: &Value| match (key, value) {
        (ZONE, Value::Text(name)) => TimeZone::get(name).is_ok(),
        (SEGMENTS, Value::List(items)) => items.iter().all(|item| item.as_text().is_some()),
        (ZONE | SEGMENTS, _) => false,
        (ATTRIBUTES, value) => matches!(value, Value::Map(_)),
        _ => true,
    };
    let mut all = event.attributes.iter();
    match all.all(|(key, value)| fits(key, value)) {
        true => Ok(()),
        false => Err(Refusal::BadAttribute),
    }
}

pub(super) fn carry_out(step: &mut Step<'_>, event: &Event) {
    let mut zone_changed = false;
    let state = &mut *step.state;
    for (key, value) in &event.attributes {
        match (&**key, value) {
            (ZONE, Value::Text(name)) => {
                let at_once = !state.counted;
                let changed = state.zones.change(step.programme, name, step.now, at_once);
                debug_assert!(changed.is_some(), "checked before");
                zone_changed = true;
            }
            (SEGMENTS, Value::List(items)) => {
                let names = items.iter().filter_map(Value::as_text);
                let mut segments: Vec<Box<str>> = names.map(Into::into).collect();
                segments.sort_unstable();
                segments.dedup();
                segments.truncate(SEGMENTS_MAX);
                state.profile.segments = segments;
            }
            (ATTRIBUTES | CONSENT, _) => {}
            _ => state.profile.set(key, value),
        }
    }
    if let Some(Value::Map(inner)) = event.attributes.get(ATTRIBUTES) {
        inner
            .iter()
            .for_each(|(key, value)| state.profile.set(key, value));
    }
    if zone_changed {
        tier::rezone(step);
        streak::rezone(step.programme, step.state);
    }
}
