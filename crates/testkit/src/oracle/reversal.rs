//! What comes back, and what that takes with it.

use types::{Decimal, Event};

use super::emission::Cause;
use super::fraction::Fraction;
use super::life::{Life, Move, Return, Rooms, Why};
use super::names::ASIDE;

impl Life<'_> {
    /// An order or a bet comes back, in part or whole.
    pub(super) fn reverse(&mut self, reversal: usize, cause: Cause<'_>) {
        let event = self.deeds[reversal].event.clone();
        let before = self.moves.len();
        let hit = match &event.refers_to {
            Some(id) => {
                let original = self
                    .find(&event.source, id)
                    .filter(|found| *found != reversal);
                original
                    .filter(|original| fits(&event, &self.deeds[*original].event))
                    .map(|original| (original, event.amount))
                    .into_iter()
                    .collect()
            }
            None => self.newest_of(reversal, &event),
        };
        let mut fell = Vec::new();
        for (original, amount) in hit {
            fell.push(original);
            fell.extend(self.settlement_of(original).map(|it| it.deed));
            self.give_back(original, amount);
            self.fall(original, cause);
        }
        self.reopen(&fell, cause);
        self.judge_tiers(before, reversal, cause);
    }

    /// Whether nothing of an event is left.
    pub(super) fn is_gone(&self, deed: usize) -> bool {
        if self.is_undone(deed) {
            return true;
        }
        let amount = self.deeds[deed].event.amount;
        let came_back = self.returns.iter().any(|part| part.of == deed);
        came_back && amount == Some(self.returned(deed))
    }

    /// The share of an event that came back.
    pub(super) fn returned_share(&self, deed: usize) -> Fraction {
        if self.is_gone(deed) {
            return Fraction::ONE;
        }
        match self.deeds[deed].event.amount {
            Some(amount) if !amount.is_zero() => {
                Fraction::of(self.returned(deed)).divided_by(Fraction::of(amount))
            }
            _ => Fraction::new(0, 1),
        }
    }

    /// Takes back of each entry of an event what its returned share is more than was taken before.
    pub(super) fn take_back_entries(&mut self, deed: usize, cause: Cause<'_>) {
        let share = self.returned_share(deed);
        for rule in self.rules_of(deed) {
            let entry = |step: &&Move| step.deed == deed && step.why == Why::Rule(rule);
            let entries: Vec<&Move> = self.moves.iter().filter(entry).collect();
            let Some(granted) = entries.first() else {
                continue;
            };
            let taken: i128 = -entries[1..].iter().map(|step| step.micro).sum::<i128>();
            let most = granted.micro - self.expired_of(deed, &Why::Rule(rule));
            let due = Fraction::new(granted.micro, 1).times(share).rounded();
            let due = due.min(most) - taken;
            if due == 0 {
                continue;
            }
            let back = Move {
                points: granted.points,
                micro: -due,
                why: Why::Rule(rule),
                deed,
                caused_by: granted.caused_by,
                at: cause.at(),
                kind: self.programme.points[granted.points].kind,
                rooms: match rule < ASIDE {
                    true => granted.rooms.clone(),
                    // What is gone takes nothing; the points are there.
                    false => Rooms {
                        of_rule: Vec::new(),
                        ..granted.rooms.clone()
                    },
                },
                takes_back: None,
            };
            self.say_points(back.points, back.micro, &back.why, cause);
            self.moves.push(back);
        }
    }

    // The rules that gave something for an event, as they gave it: another version may have them in another order, or not at all.
    fn rules_of(&self, deed: usize) -> Vec<usize> {
        let mut rules = Vec::new();
        for step in self.moves.iter().filter(|step| step.deed == deed) {
            if let Why::Rule(rule) = step.why
                && !rules.contains(&rule)
            {
                rules.push(rule);
            }
        }
        rules
    }

    // No reference: the newest order of which exactly so much is left, else the newest ones as far as the amount goes.
    fn newest_of(&self, reversal: usize, event: &Event) -> Vec<(usize, Option<Decimal>)> {
        let Some(mut amount) = event.amount else {
            return Vec::new();
        };
        let when = self.deeds[reversal].occurred;
        let mut orders: Vec<usize> = (0..reversal)
            .filter(|deed| {
                let earlier = &self.deeds[*deed];
                earlier.event.source == event.source
                    && earlier.occurred <= when
                    && fits(event, &earlier.event)
                    && !self.is_gone(*deed)
            })
            .collect();
        orders.sort_by_key(|deed| (self.deeds[*deed].occurred, *deed));
        orders.reverse();
        if let Some(exact) = orders.iter().find(|deed| self.left(**deed) == amount) {
            return vec![(*exact, Some(amount))];
        }
        let mut hit = Vec::new();
        for deed in orders {
            let part = amount.min(self.left(deed));
            if part.is_zero() {
                // Nothing is looked for any more, or nothing is left of it.
                continue;
            }
            hit.push((deed, Some(part)));
            amount = less(amount, part);
        }
        hit
    }

    pub(super) fn give_back(&mut self, of: usize, amount: Option<Decimal>) {
        let left = self.left(of);
        self.returns.push(Return {
            of,
            amount: amount.map_or(left, |amount| amount.min(left)),
            by_partial_void: false,
        });
    }

    fn returned(&self, deed: usize) -> Decimal {
        let parts = self.returns.iter().filter(|part| part.of == deed);
        parts.fold(Decimal::ZERO, |sum, part| {
            sum.checked_add(part.amount).expect("amounts are bounded")
        })
    }

    pub(super) fn left(&self, deed: usize) -> Decimal {
        let amount = self.deeds[deed].event.amount.unwrap_or(Decimal::ZERO);
        less(amount, self.returned(deed))
    }
}

fn less(from: Decimal, amount: Decimal) -> Decimal {
    from.checked_sub(amount).expect("amounts are bounded")
}

// Whether a reversal is of the kind that undoes such an event, and in its currency.
pub(super) fn fits(reversal: &Event, original: &Event) -> bool {
    let undoes = match &*reversal.kind {
        "order_refunded" | "order_cancelled" => "order",
        "bet_rolled_back" | "bet_settled" => "bet_placed",
        _ => return false,
    };
    *original.kind == *undoes
        && (reversal.currency.is_none() || reversal.currency == original.currency)
}
