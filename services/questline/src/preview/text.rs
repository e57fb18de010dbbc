//! A preview as text, for a terminal.

use std::fmt::{Display, Write as _};

use ingest_service::preview::{Fall, Gives, Group};
use programme::model::Programme;

use super::Seen;
use crate::console::grouped;

/// The whole of it.
pub(crate) fn text(draft: &Programme, seen: &Seen) -> String {
    let (sums, mut out) = (&seen.sums, String::new());
    say(
        &mut out,
        format_args!(
            "{} of {} players would be affected if {} {} took effect now",
            grouped(sums.affected),
            grouped(sums.players),
            draft.id,
            draft.version.0
        ),
    );
    if sums.unread > 0 {
        let players = grouped(sums.unread);
        say(
            &mut out,
            format_args!("{players} players are set aside and were not looked at"),
        );
    }
    for reason in &seen.cannot_follow {
        say(&mut out, format_args!("cannot be published: {reason}"));
    }
    for (id, mission) in &sums.missions {
        say(&mut out, format_args!("\nmission {id}"));
        if mission.completes.players > 0 {
            group(
                &mut out,
                "complete it with their next event that counts",
                &mission.completes,
                String::clone,
            );
        }
        if mission.falls.players > 0 {
            group(&mut out, "lose progress", &mission.falls, fell);
        }
        given(&mut out, &mission.gives);
    }
    for (id, tier) in &sums.tiers {
        say(&mut out, format_args!("\ntier {id}"));
        for moved in &tier.moves {
            let what = format!("{} -> {}", moved.from, moved.to);
            group(&mut out, &what, &moved.players, String::clone);
        }
        given(&mut out, &tier.gives);
    }
    let all = said(&sums.gives());
    if !all.is_empty() {
        say(&mut out, format_args!("\nall together gives {all}"));
    }
    out.truncate(out.trim_end().len());
    out
}

fn group<T>(out: &mut String, what: &str, group: &Group<T>, shown: impl Fn(&T) -> String) {
    let examples: Vec<String> = group.examples.iter().map(shown).collect();
    let more = if group.players > examples.len() as u64 {
        ", ..."
    } else {
        ""
    };
    say(
        out,
        format_args!(
            "  {} {what}: {}{more}",
            grouped(group.players),
            examples.join(", ")
        ),
    );
}

/// A player's fall: `ann (2026-01: 3 -> 0)`.
pub(super) fn fell(fall: &Fall) -> String {
    let to = fall.to.as_deref().unwrap_or("gone");
    format!("{} ({}: {} -> {to})", fall.player, fall.period, fall.from)
}

fn given(out: &mut String, gives: &Gives) {
    let said = said(gives);
    if !said.is_empty() {
        say(out, format_args!("  gives {said}"));
    }
}

/// `500 xp, 3 voucher_5`; empty for nothing.
pub(super) fn said(gives: &Gives) -> String {
    let points = gives.points.iter();
    let points = points.map(|(id, amount)| format!("{} {id}", amount.0));
    let grants = gives.grants.iter();
    let grants = grants.map(|(id, grants)| format!("{} {id}", grouped(*grants)));
    points.chain(grants).collect::<Vec<_>>().join(", ")
}

fn say(out: &mut String, line: impl Display) {
    // A string takes everything.
    writeln!(out, "{line}").unwrap_or_default();
}
