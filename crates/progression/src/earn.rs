//! Earn rules: base × weight × boosts, then caps, rounded once at the micro-point.

use programme::model::{
    AmountOf, EarnRule, EventTypeIx, Facts, Give, Predicate, RuleIx, StackingHow, Verdict,
};
use types::{Decimal, MicroPoints};

use crate::arithmetic::Fraction;
use crate::candidates::Candidates;
use crate::cap;
use crate::derived;
use crate::effect::{Because, Working};
use crate::event::part::Returned;
use crate::fact::{Fact, WHOLE_E8};
use crate::journal::{Reason, Subjected};
use crate::step::Step;

/// Gives what the rules on the event's type give for it; of what was returned before it came, the share is taken back at once.
pub(crate) fn earn(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    candidates: &Candidates,
    returned: Returned,
) {
    if step.restricts(fact) {
        return pass_over(step, fact.kind, &Reason::Restricted);
    }
    let rules = &step.programme.rules_by_type[usize::from(fact.kind.0)];
    step.judged
        .begin(&derived::ground(step.programme, fact.kind).rules);
    let mut from = 0;
    while let Some(at) = candidates.next(from).filter(|at| *at < rules.len()) {
        let ix = rules[at];
        let found = rule(step, fact, ix, candidates.satisfies(at), returned);
        step.judged.found(Subjected::Rule(ix), found);
        from = at + 1;
    }
}

/// Writes down why no rule looked at an event of this type.
pub(crate) fn pass_over(step: &mut Step<'_>, kind: EventTypeIx, reason: &Reason) {
    let rules = &step.programme.rules_by_type[usize::from(kind.0)];
    step.judged.rules(rules, reason);
}

fn rule(
    step: &mut Step<'_>,
    fact: &Fact<'_>,
    ix: RuleIx,
    guard_holds: bool,
    returned: Returned,
) -> Result<(), Reason> {
    let rule = &step.programme.rules[usize::from(ix.0)];
    if fact.weight_e8 == 0 {
        return Err(Reason::Weightless);
    }
    if let Some(when) = &rule.when {
        holds(ask(step, fact, when, guard_holds), Reason::When)?;
    }
    let boost = boost(step, fact, rule)?;
    let wanted = MicroPoints(amount(fact, rule, boost)?);
    if wanted <= MicroPoints::ZERO {
        return Err(Reason::Nothing);
    }
    let (granted, charged) = cap::limit(step, fact, ix, wanted);
    if granted == MicroPoints::ZERO {
        return Err(Reason::Capped);
    }
    let working = Working {
        weight_e8: fact.weight_e8,
        boost,
        rate: fact.rate,
        charged,
    };
    let (points, because) = (rule.points, Because::Rule(ix));
    let back = returned.of_granted(granted.0);
    let back = MicroPoints(back);
    if back > MicroPoints::ZERO {
        cap::leave_room(step.state, (points, ix), &working.charged, back);
    }
    let own = step.give(points, granted, because, Some(working));
    if let Some(own) = own.filter(|_| back > MicroPoints::ZERO) {
        step.take_of(points, back, because, own);
    }
    Ok(())
}

/// What a predicate says about the event, and the player as he was before it; where its guard is known to hold, by the rest alone.
pub(crate) fn ask(
    step: &Step<'_>,
    fact: &Fact<'_>,
    predicate: &Predicate,
    guard_holds: bool,
) -> Verdict {
    let player = step.state.player(step.programme);
    let facts = || Facts {
        event: Some(fact.event),
        amount: fact.converted,
        occurred_at: fact.occurred_at,
        player: &player,
    };
    match guard_holds {
        true => predicate.beyond_guard(facts),
        false => predicate.eval(&facts()),
    }
}

fn amount(fact: &Fact<'_>, rule: &EarnRule, boost: Decimal) -> Result<i128, Reason> {
    let fraction = match &rule.give {
        Give::Fixed(points) if fact.weight_e8 == WHOLE_E8 && boost == Decimal::ONE => {
            return Ok(points.0);
        }
        Give::Fixed(points) => Fraction::of(Decimal::ONE).ratio(points.0, 1_000_000),
        Give::Rate { rate, per, of } => {
            let base = match of {
                AmountOf::Amount => {
                    let amount = fact.event.amount.ok_or(Reason::NoAmount)?;
                    Fraction::of(amount).times(fact.rate)
                }
                AmountOf::Attribute(path) => {
                    let number = fact.number(path).ok_or(Reason::NoAmount)?;
                    if number.is_negative() {
                        return Err(Reason::NoAmount);
                    }
                    Fraction::of(number)
                }
            };
            base.times(*rate).over(*per)
        }
    };
    let weighed = fact.weigh(fraction).times(boost);
    weighed.millionths().ok_or(Reason::Overflow)
}

/// The combined multiplier of the boosts in whose time the event occurred.
fn boost(step: &Step<'_>, fact: &Fact<'_>, rule: &EarnRule) -> Result<Decimal, Reason> {
    let programme = step.programme;
    let boosts = rule
        .boosts
        .iter()
        .map(|ix| &programme.boosts[usize::from(*ix)]);
    let mut running = boosts
        .filter(|boost| boost.from <= fact.occurred_at && fact.occurred_at < boost.until)
        .map(|boost| boost.multiply);
    let Some(first) = running.next() else {
        return Ok(Decimal::ONE);
    };
    let stacking = programme.stacking;
    let combined = running.try_fold(first, |so_far, next| match stacking.how {
        StackingHow::Multiply => so_far.checked_mul(next),
        StackingHow::Add => so_far.checked_add(next.checked_sub(Decimal::ONE)?),
        StackingHow::Highest => Some(so_far.max(next)),
    });
    let combined = combined.ok_or(Reason::Overflow)?;
    Ok(stacking
        .ceiling
        .map_or(combined, |ceiling| combined.min(ceiling)))
}

pub(crate) fn holds(verdict: Verdict, otherwise: Reason) -> Result<(), Reason> {
    match verdict {
        Verdict::True => Ok(()),
        Verdict::False => Err(otherwise),
        Verdict::Error(why) => Err(Reason::WhenError(why)),
    }
}
