//! The part of a cut that players do, slice by slice: each is captured before anything more is folded into it, and told once it is durable.

use ports::{Due, Row};
use tokio::time::Instant;

use super::{Cut, Stage};
use crate::partition::{Event, Partition};
use crate::player::{Capture, Captured};
use crate::slots::{Presence, SlotId};
use crate::sweep::minute;

/// Players captured in one slice of background work, at least.
const CAPTURES: usize = 16;
/// While memory has room, captures take this share of the time: one in so many.
const SHARE: u32 = 4;
/// Players told in one slice that what they kept is durable.
const RELEASES: usize = 64;

impl Cut {
    /// Whether it has taken its share of the time so far.
    fn has_had_its_share(&self) -> bool {
        self.busy * SHARE > self.started.elapsed()
    }
}

impl Partition {
    /// Captures a player if the cut still lacks it. Called before anything more is folded into it.
    pub(crate) fn capture(&mut self, id: SlotId) {
        let Stage::Capturing(cut) = &mut self.checkpoints.stage else {
            return;
        };
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        if !std::mem::take(&mut slot.to_capture) {
            return;
        }
        let Some(actor) = slot.actor() else { return };
        let answer = actor.send(Capture);
        slot.writing = true;
        cut.awaited += 1;
        cut.since.get_or_insert_with(Instant::now);
        self.await_event(async move { Event::Captured(id, answer.await.map(Box::new)) });
    }

    /// Whether the cut has something to do that no event brings.
    pub(crate) fn cut_goes_on(&self) -> bool {
        match &self.checkpoints.stage {
            Stage::Capturing(cut) => {
                let waits = cut.awaited == 0 && !cut.to_capture.is_empty();
                waits && (self.is_urgent() || !cut.has_had_its_share())
            }
            Stage::Releasing(_) => true,
            Stage::Idle | Stage::Holding(_) | Stage::Writing(_) => false,
        }
    }

    /// Captures the next players, once the last ones have answered.
    fn capture_some(&mut self, at_least: usize) {
        if !self.cut_goes_on() {
            return;
        }
        // Those that were captured before their next records are passed over.
        let most = at_least.max(CAPTURES);
        while let Stage::Capturing(cut) = &mut self.checkpoints.stage
            && cut.awaited < most
            && let Some(id) = cut.to_capture.pop()
        {
            self.capture(id);
        }
    }

    pub(super) fn end_capture(&mut self) {
        let Stage::Capturing(cut) = &self.checkpoints.stage else {
            return;
        };
        if !cut.to_capture.is_empty() || cut.awaited > 0 {
            return;
        }
        if let Stage::Capturing(cut) = std::mem::take(&mut self.checkpoints.stage) {
            self.write_cut(*cut);
        }
    }

    pub(crate) fn captured(
        &mut self,
        id: SlotId,
        answer: Result<Box<Captured>, actix::MailboxError>,
    ) {
        let Stage::Capturing(cut) = &mut self.checkpoints.stage else {
            return;
        };
        cut.awaited -= 1;
        if cut.awaited == 0
            && let Some(since) = cut.since.take()
        {
            cut.busy += since.elapsed();
        }
        let Some(slot) = self.slots.get(id) else {
            return;
        };
        let Ok(captured) = answer else {
            // The cut goes on without the player: the row that says so is durable before its cursor passes.
            slot.writing = false;
            slot.presence = Presence::Loading;
            let position = self.reached.position;
            self.quarantine(id, position, "its state cannot be written".to_owned());
            let rows: Vec<Row> = self.take_quarantine_rows().collect();
            if let Stage::Capturing(cut) = &mut self.checkpoints.stage {
                cut.before.extend(rows);
            }
            return;
        };
        cut.captured.push((id, captured.durable));
        cut.before.extend(captured.due.map(|due| {
            Row::Due(Due {
                minute: minute(due),
                entity: slot.entity.clone(),
            })
        }));
        for (number, bytes) in captured.rows {
            cut.before.push(Row::Segment {
                entity: slot.entity.clone(),
                number,
                bytes,
            });
        }
        cut.snapshots.push(Row::Snapshot {
            entity: slot.entity.clone(),
            bytes: captured.snapshot,
        });
    }

    /// A slice of it, captures of so many players at least.
    pub(crate) fn advance_in_background(&mut self, captures: usize) {
        self.capture_some(captures);
        self.release_some();
    }

    /// What was captured is clean unless it changed since.
    fn release_some(&mut self) {
        let Stage::Releasing(captured) = &mut self.checkpoints.stage else {
            return;
        };
        let rest = captured.len().saturating_sub(RELEASES);
        for (id, durable) in captured.drain(rest..) {
            let Some(slot) = self.slots.get(id) else {
                continue;
            };
            slot.writing = false;
            if let (false, Some(actor)) = (durable.is_nothing(), slot.actor()) {
                actor.do_send(durable);
            }
        }
        if captured.is_empty() {
            self.checkpoints.stage = Stage::Idle;
        }
    }
}
