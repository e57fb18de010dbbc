//! What an event earns: base × weight × boosts, then caps, rounded once.

use programme::model::{
    AmountOf, Boost, BuiltIn, Cap, CapPeriod, Give, Programme, StackingHow, Verdict,
};
use types::{Decimal, Event, Timestamp, Value};

use super::emission::Cause;
use super::fraction::Fraction;
use super::life::{Life, Move, Rooms, Why};
use super::step::Happened;

impl Life<'_> {
    /// Every rule's entry for an event, in file order; each is followed by what a tombstone takes back of it.
    pub(super) fn earn(&mut self, happened: &Happened<'_>, cause: Cause<'_>) {
        if self.is_restricted(happened.occurred) || self.is_restricted(happened.recorded) {
            return;
        }
        let programme = self.programme;
        for (rule, earns) in programme.rules.iter().enumerate() {
            let here = *programme.event_types.get(earns.on).name == *happened.event.kind;
            let holds = |life: &Self| match &earns.when {
                Some(when) => when.eval(&happened.facts(life)) == Verdict::True,
                None => true,
            };
            if !here || !holds(self) {
                continue;
            }
            let Some(wanted) = self.wanted(rule, happened) else {
                continue;
            };
            let points = usize::from(earns.points.0);
            let room = |caps: &[Cap]| self.rooms(caps, happened.occurred, happened.recorded);
            let caps = (&earns.caps, &programme.points[points].caps);
            let rooms = Rooms {
                of_rule: room(caps.0),
                of_points: room(caps.1),
            };
            let by_rule = |step: &Move| match step.why == Why::Rule(rule) {
                true => step.rooms.of_rule.clone(),
                false => Vec::new(),
            };
            let by_points = |step: &Move| match step.points == points {
                true => step.rooms.of_points.clone(),
                false => Vec::new(),
            };
            let micro = wanted
                .min(self.room(caps.0, &rooms.of_rule, by_rule))
                .min(self.room(caps.1, &rooms.of_points, by_points));
            if micro <= 0 {
                continue;
            }
            self.say_points(points, micro, &Why::Rule(rule), cause);
            self.moves.push(Move {
                points,
                micro,
                why: Why::Rule(rule),
                deed: happened.deed,
                caused_by: self.deeds.len() - 1,
                at: cause.at(),
                kind: programme.points[points].kind,
                rooms,
                takes_back: None,
            });
            self.take_back_entries(happened.deed, cause);
        }
    }

    // Millionths before caps; `None` where the event has not what the rule counts.
    fn wanted(&self, rule: usize, happened: &Happened<'_>) -> Option<i128> {
        let programme = self.programme;
        let earns = &programme.rules[rule];
        let base = match &earns.give {
            Give::Fixed(points) => Fraction::new(points.0, 1_000_000),
            Give::Rate { rate, per, of } => happened
                .number(of)?
                .times(Fraction::of(*rate))
                .divided_by(Fraction::of(*per)),
        };
        let boosts = earns
            .boosts
            .iter()
            .map(|ix| &programme.boosts[usize::from(*ix)]);
        let running: Vec<Fraction> = boosts
            .filter(|boost| runs(boost, happened.occurred))
            .map(|boost| Fraction::of(boost.multiply))
            .collect();
        let factor = boosted(programme, &running);
        Some(base.times(happened.weight).times(factor).millionths())
    }

    // The smallest room that is left under the caps.
    fn room(
        &self,
        caps: &[Cap],
        rooms: &[(CapPeriod, String)],
        takes: impl Fn(&Move) -> Vec<(CapPeriod, String)>,
    ) -> i128 {
        let left = |cap: &Cap| {
            let room = rooms.iter().find(|(per, _)| *per == cap.per);
            let used: i128 = self
                .moves
                .iter()
                .filter(|step| takes(step).iter().any(|taken| Some(taken) == room))
                .map(|step| step.micro)
                .sum();
            cap.points.0 - used
        };
        caps.iter().map(left).min().unwrap_or(i128::MAX)
    }

    // Of each cap, the period whose room an entry takes: a closed one gives way to the current one.
    fn rooms(
        &self,
        caps: &[Cap],
        occurred: Timestamp,
        recorded: Timestamp,
    ) -> Vec<(CapPeriod, String)> {
        let label = |per: CapPeriod| match per {
            CapPeriod::Lifetime => String::new(),
            CapPeriod::Calendar(kind) => self
                .open_period(kind, occurred, recorded)
                .unwrap_or_else(|| self.zones.period(kind, recorded).0),
        };
        let caps = caps.iter();
        caps.map(|cap| (cap.per, label(cap.per))).collect()
    }
}

fn runs(boost: &Boost, occurred: Timestamp) -> bool {
    boost.from <= occurred && occurred < boost.until
}

fn boosted(programme: &Programme, running: &[Fraction]) -> Fraction {
    let larger = |a: Fraction, b: Fraction| if b.is_above(a) { b } else { a };
    let all = running.iter().copied();
    let factor = match programme.stacking.how {
        StackingHow::Multiply => all.fold(Fraction::ONE, Fraction::times),
        StackingHow::Add => all.fold(Fraction::ONE, |sum, m| sum.plus(m).minus(Fraction::ONE)),
        StackingHow::Highest => all.reduce(larger).unwrap_or(Fraction::ONE),
    };
    match programme.stacking.ceiling.map(Fraction::of) {
        Some(ceiling) if factor.is_above(ceiling) => ceiling,
        _ => factor,
    }
}

/// The share of an event that counts: of bets alone less than all of it.
pub(super) fn weight(programme: &Programme, built_in: Option<BuiltIn>, event: &Event) -> Fraction {
    if !matches!(built_in, Some(BuiltIn::BetPlaced | BuiltIn::BetSettled)) {
        return Fraction::ONE;
    }
    let weights = &programme.weights;
    let text = |name: &str| event.attributes.get(name).and_then(Value::as_text);
    let listed = |table: &[(Box<str>, u32)], name: &str| {
        let named = table.iter().find(|(key, _)| Some(&**key) == text(name));
        named.map(|(_, share)| *share)
    };
    let share = listed(&weights.game_bp, "game")
        .or_else(|| listed(&weights.provider_bp, "provider"))
        .or_else(|| listed(&weights.category_bp, "category"))
        .unwrap_or(weights.default_bp);
    let funds = match text("funds") {
        Some("bonus") => weights.bonus_funds_bp,
        Some("free") => weights.free_funds_bp,
        _ => 10_000,
    };
    let part = |bp: u32| Fraction::new(i128::from(bp), 10_000);
    part(share).times(part(funds))
}

impl Happened<'_> {
    /// The number that a rule or a goal counts: the amount in the programme's currency, or an attribute's.
    pub(super) fn number(&self, of: &AmountOf) -> Option<Fraction> {
        match of {
            AmountOf::Amount => self.amount.map(Fraction::of),
            AmountOf::Attribute(path) => self.attribute(path)?.as_number().map(Fraction::of),
        }
    }

    /// The attribute at a path.
    pub(super) fn attribute(&self, path: &[Box<str>]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(
            self.event.attributes.get(first)?,
            |value, key| match value {
                Value::Map(inner) => inner.get(key),
                _ => None,
            },
        )
    }
}

/// The amount in the programme's currency: by the event's rate, else by the table's.
pub(super) fn converted(programme: &Programme, event: &Event) -> Option<Decimal> {
    let amount = event.amount?;
    let rate = match (event.rate, event.currency) {
        (Some(rate), _) => rate,
        (None, Some(currency)) => programme.rate(currency)?,
        (None, None) => Decimal::ONE,
    };
    amount.checked_mul(rate)
}
