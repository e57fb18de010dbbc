//! Bets: what their settlements do, and undo.

use types::{Decimal, Event, Value};

use super::emission::Cause;
use super::life::{Life, Return, Settlement};
use super::reversal::fits;

impl Life<'_> {
    /// A settlement, once its bet is there; before that it only waits.
    pub(super) fn settle(&mut self, deed: usize, cause: Cause<'_>) {
        let event = self.deeds[deed].event.clone();
        let before = self.moves.len();
        let named = event.refers_to.as_ref().expect("a settlement names a bet");
        let bet = self.find(&event.source, named).filter(|bet| *bet != deed);
        let (occurred, recorded) = (self.deeds[deed].occurred, cause.at());
        let bet = bet.filter(|bet| fits(&event, &self.deeds[*bet].event));
        let Some(bet) = bet.filter(|bet| !self.is_gone(*bet)) else {
            return self.start_by_record(occurred, recorded);
        };
        let settled = self.settlement_of(bet).map(|it| it.deed);
        let fell = Vec::from_iter([Some(bet), settled].into_iter().flatten());
        match result(&event) {
            "void" => {
                self.give_back(bet, None);
                self.fall(bet, cause);
                self.reopen(&fell, cause);
                self.judge_tiers(before, deed, cause);
            }
            "partial_void" => {
                if self.void_part(bet, &event) {
                    self.fall(bet, cause);
                    self.reopen(&fell, cause);
                    self.judge_tiers(before, deed, cause);
                } else {
                    self.start_by_record(occurred, recorded);
                }
            }
            _ if self.is_settled_so(bet, &event) => self.start_by_record(occurred, recorded),
            _ => {
                self.start_by_record(occurred, recorded);
                let old = self.settlement_of(bet).map(|it| it.deed);
                self.settlements.push(Settlement { bet, deed });
                if let Some(old) = old {
                    self.take_back_entries(old, cause);
                }
                let merged = self.with_its_bet(deed, bet);
                let happened = self.happened(&merged, deed, cause.at());
                let eligible = self.eligible(&happened);
                self.earn(&happened, cause);
                self.count_for_missions(&happened, &eligible);
                self.reopen(&Vec::from_iter(old), cause);
                self.complete(&[deed], cause);
                self.judge_tiers(before, deed, cause);
            }
        }
    }

    /// Takes back what is not left of a bet, and with the whole of it what its settlement earned.
    pub(super) fn fall(&mut self, bet: usize, cause: Cause<'_>) {
        self.take_back_entries(bet, cause);
        if let Some(settlement) = self.settlement_of(bet).map(|it| it.deed) {
            self.take_back_entries(settlement, cause);
        }
    }

    /// What settlements that came before their bet make of it; the one that counts with it.
    pub(super) fn settle_early(&mut self, bet: usize) -> Option<usize> {
        let event = self.deeds[bet].event.clone();
        for deed in 0..bet {
            let early = self.deeds[deed].event.clone();
            let meant = early.source == event.source
                && early.refers_to.as_ref() == Some(&event.id)
                && fits(&early, &event);
            if !meant || self.is_gone(bet) {
                continue;
            }
            match (&*early.kind, result(&early)) {
                ("bet_settled", "void") => self.give_back(bet, None),
                ("bet_settled", "partial_void") => {
                    self.void_part(bet, &early);
                }
                ("bet_settled", _) => self.settlements.push(Settlement { bet, deed }),
                _ => self.give_back(bet, early.amount),
            }
        }
        let counts = self.settlement_of(bet).map(|it| it.deed);
        counts.filter(|_| !self.is_gone(bet))
    }

    /// A settlement with what its bet said, and in its currency.
    pub(super) fn with_its_bet(&self, settlement: usize, bet: usize) -> Event {
        let mut event = self.deeds[settlement].event.clone();
        let merges = settlement < bet || self.deeds[bet].keeps_attributes;
        let bet = &self.deeds[bet].event;
        event.currency = bet.currency;
        // The table has no rate for what the bet brought its own for.
        let table = bet.currency.and_then(|it| self.programme.rate(it));
        event.rate = event.rate.or(table).or(bet.rate);
        for (key, value) in bet.attributes.iter().filter(|_| merges) {
            if !event.attributes.contains_key(key) {
                event.attributes.insert(key.clone(), value.clone());
            }
        }
        event
    }

    /// Whether a rule, a mission, or a mission of a version before counts settlements.
    pub(super) fn counts_settlements(&self) -> bool {
        let of = |at: usize| {
            let rules = &self.programme.rules_by_type[at];
            let missions = &self.programme.missions_by_type[at];
            !rules.is_empty() || !missions.is_empty()
        };
        let settled = self.programme.event_types.find("bet_settled");
        settled.is_some_and(|ix| of(usize::from(ix.0)))
    }

    /// Whether a deed is a settlement that does not count: another one does, or its bet is gone.
    pub(super) fn is_undone(&self, deed: usize) -> bool {
        let of = self.settlements.iter().find(|it| it.deed == deed);
        of.is_some_and(|it| {
            self.is_gone(it.bet) || self.settlement_of(it.bet).map(|it| it.deed) != Some(deed)
        })
    }

    pub(super) fn settlement_of(&self, bet: usize) -> Option<&Settlement> {
        self.settlements.iter().rfind(|it| it.bet == bet)
    }

    fn is_settled_so(&self, bet: usize, event: &Event) -> bool {
        self.settlement_of(bet).is_some_and(|it| {
            let old = &self.deeds[it.deed].event;
            let payout = |event: &Event| event.amount.unwrap_or(Decimal::ZERO);
            result(old) == result(event) && payout(old) == payout(event)
        })
    }

    // Another partial void in the place of the one before; whether that changes anything.
    fn void_part(&mut self, bet: usize, event: &Event) -> bool {
        let asked = event.amount.expect("a partial void has an amount");
        let old = self
            .returns
            .iter()
            .position(|it| it.of == bet && it.by_partial_void);
        let before = old.map_or(Decimal::ZERO, |at| self.returns[at].amount);
        if before == asked {
            return false;
        }
        if let Some(at) = old {
            self.returns.remove(at);
        }
        let amount = asked.min(self.left(bet));
        self.returns.push(Return {
            of: bet,
            amount,
            by_partial_void: true,
        });
        true
    }
}

fn result(event: &Event) -> &str {
    let result = event.attributes.get("result").and_then(Value::as_text);
    result.unwrap_or_default()
}
