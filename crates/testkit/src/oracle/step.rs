//! One event after the other.

use programme::model::{BuiltIn, Facts};
use types::{Decimal, Event, Timestamp};

use super::Answer;
use super::earn::{converted, weight};
use super::emission::Cause;
use super::fraction::Fraction;
use super::life::{Deed, Life};

/// An event that is being counted.
pub(super) struct Happened<'e> {
    pub(super) event: &'e Event,
    pub(super) occurred: Timestamp,
    pub(super) recorded: Timestamp,
    /// Its index among the deeds.
    pub(super) deed: usize,
    /// In the programme's currency.
    pub(super) amount: Option<Decimal>,
    /// The share of it that counts.
    pub(super) weight: Fraction,
}

impl<'e> Happened<'e> {
    /// What a predicate is asked about.
    pub(super) fn facts<'f>(&'f self, life: &'f Life<'_>) -> Facts<'f> {
        Facts {
            event: Some(self.event),
            amount: self.amount,
            occurred_at: self.occurred,
            player: life,
        }
    }
}

impl Life<'_> {
    /// Records an event, once everything due by then has fired.
    pub(super) fn record(&mut self, event: &Event, recorded: Timestamp) -> Answer {
        self.recorded = recorded;
        self.let_leave(recorded);
        if let Some(deed) = self.find(&event.source, &event.id) {
            return match self.deeds[deed].event == *event {
                true => Answer::Replayed,
                false => Answer::Conflict,
            };
        }
        let occurred = event.occurred_at.min(recorded);
        let deed = self.deeds.len();
        self.deeds.push(Deed {
            event: event.clone(),
            occurred,
            recorded,
            keeps_attributes: self.counts_settlements(),
        });
        let cause = Cause::Event { event, recorded };
        let type_ix = self.programme.event_types.find(&event.kind);
        let built_in = type_ix.and_then(|ix| self.programme.event_types.get(ix).built_in);
        match built_in {
            Some(BuiltIn::OrderRefunded | BuiltIn::OrderCancelled | BuiltIn::BetRolledBack) => {
                self.reverse(deed, cause);
            }
            Some(BuiltIn::BetSettled) => self.settle(deed, cause),
            Some(
                built_in @ (BuiltIn::PointsSpent
                | BuiltIn::PointsAdjusted
                | BuiltIn::PointsHeld
                | BuiltIn::HoldReleased),
            ) => {
                return self.command(deed, built_in, cause);
            }
            Some(BuiltIn::MissionClaimed) => return self.claim(deed, event, cause),
            Some(BuiltIn::MissionOptedIn) => return self.opt_in(event, occurred, recorded),
            // What it says is read from the deed.
            Some(BuiltIn::PlayerRestricted) => {}
            Some(BuiltIn::GrantUpdated) => {
                self.start_by_record(occurred, recorded);
                self.report(event, occurred);
            }
            _ => {
                let happened = self.happened(event, deed, recorded);
                self.count(&happened, cause);
                if built_in == Some(BuiltIn::ProfileChanged) {
                    self.change_profile(event, recorded);
                }
            }
        }
        Answer::Applied
    }

    fn count(&mut self, happened: &Happened<'_>, cause: Cause<'_>) {
        let bet = happened.deed;
        let early = self.settle_early(bet);
        if self.is_gone(bet) {
            return;
        }
        self.start_by_record(happened.occurred, happened.recorded);
        let eligible = self.eligible(happened);
        let before = self.moves.len();
        self.earn(happened, cause);
        if let Some(settlement) = early {
            let merged = self.with_its_bet(settlement, bet);
            let settled = self.happened(&merged, settlement, happened.recorded);
            let open = self.eligible(&settled);
            self.earn(&settled, cause);
            self.count_for_missions(happened, &eligible);
            self.count_for_missions(&settled, &open);
            self.complete(&[bet, settlement], cause);
        } else {
            self.count_for_missions(happened, &eligible);
            self.complete(&[bet], cause);
        }
        self.judge_tiers(before, bet, cause);
    }

    /// An event that happened, as rules see it.
    pub(super) fn happened<'e>(
        &self,
        event: &'e Event,
        deed: usize,
        recorded: Timestamp,
    ) -> Happened<'e> {
        let type_ix = self.programme.event_types.find(&event.kind);
        let built_in = type_ix.and_then(|ix| self.programme.event_types.get(ix).built_in);
        Happened {
            event,
            occurred: self.deeds[deed].occurred,
            recorded,
            deed,
            amount: converted(self.programme, event),
            weight: weight(self.programme, built_in, event),
        }
    }

    /// The deed with an identity.
    pub(super) fn find(&self, source: &types::SourceId, id: &types::EventId) -> Option<usize> {
        self.deeds
            .iter()
            .position(|deed| deed.event.source == *source && deed.event.id == *id)
    }
}
