//! Earn rules.

use types::Decimal;

use super::was::was;
use super::{Lower, items};
use crate::cel;
use crate::model::{AmountOf, EarnRule, EventTypeIx, Give, PointsIx, Predicate};
use crate::span::At;
use crate::syntax::file::{BoostText, EarnText, GiveText};
use crate::syntax::lists::List;
use crate::syntax::scalars::Cel;

impl Lower<'_> {
    pub(super) fn earn_rules(
        &mut self,
        list: Option<&At<List<EarnText>>>,
        boosts: Option<&At<List<BoostText>>>,
    ) -> Option<Vec<EarnRule>> {
        let rules = list.map_or(&[][..], |list| &list.value.0);
        let all: Vec<_> = rules
            .iter()
            .map(|rule| self.earn_rule(&rule.value))
            .collect();
        let mut all: Vec<EarnRule> = all.into_iter().collect::<Option<_>>()?;
        for (boost, ix) in boosts.iter().flat_map(|boosts| &boosts.value.0).zip(0..) {
            let named: Vec<_> = items(&boost.value.on).map(|name| &name.0).collect();
            for rule in &mut all {
                if boost.value.on.is_none() || named.contains(&&rule.id) {
                    rule.boosts.push(ix);
                }
            }
        }
        Some(all)
    }

    fn earn_rule(&mut self, text: &EarnText) -> Option<EarnRule> {
        let on = text.on.as_ref().and_then(|on| self.counted_type(on));
        let when = self.when(text.when.as_ref(), on);
        let give = text.give.as_ref().and_then(|give| self.give(give, on));
        let caps = self.caps(text.cap.as_ref());
        let (points, give) = give?;
        Some(EarnRule {
            id: text.id.as_ref()?.value.0.clone(),
            was: was(&text.was),
            first_id: Box::default(),
            on: on?,
            when: when?,
            points,
            give,
            caps: caps?,
            boosts: Vec::new(),
        })
    }

    /// A predicate about events of a type; outside is `None` where it is wrong. Where the type is wrong already, only its form is checked.
    pub(crate) fn when(
        &mut self,
        text: Option<&At<Cel>>,
        on: Option<EventTypeIx>,
    ) -> Option<Option<Predicate>> {
        let Some(text) = text else {
            return Some(None);
        };
        let unknown = crate::model::BuiltIn::Order.event_type();
        let event = on.map_or(&unknown, |ix| self.types.get(ix));
        let env = cel::Env {
            event: Some(event),
            zone: &self.zone,
            source: self.source,
        };
        cel::predicate(text, &env, self.problems).map(Some)
    }

    fn give(&mut self, at: &At<GiveText>, on: Option<EventTypeIx>) -> Option<(PointsIx, Give)> {
        let text = &at.value;
        let points = text
            .points
            .as_ref()
            .and_then(|name| self.points.find(name, self.problems))
            .map(PointsIx);
        let give = match (&text.rate, &text.fixed) {
            (Some(_), Some(fixed)) => {
                self.problems
                    .push(fixed.span, "`give` has both `rate` and `fixed`")
                    .expected("`rate` with `per` and `of`, or `fixed`");
                None
            }
            (None, None) if !at.sound => None,
            (None, None) => {
                self.problems
                    .push(at.span, "`give` says neither `rate` nor `fixed`")
                    .expected("{points: …, rate: 1, per: \"1.00\", of: amount} or {points: …, fixed: 100}");
                None
            }
            (None, Some(fixed)) => {
                for (key, span) in [
                    ("per", text.per.as_ref().map(|per| per.span)),
                    ("of", text.of.as_ref().map(|of| of.span)),
                ] {
                    if let Some(span) = span {
                        self.problems
                            .push(span, format!("`{key}` belongs to `rate`, not to `fixed`"));
                    }
                }
                self.points_above_zero(fixed, "`fixed`").map(Give::Fixed)
            }
            (Some(rate), None) => {
                let rate = self.factor(rate, "`rate`");
                let per = text
                    .per
                    .as_ref()
                    .map_or(Some(Decimal::ONE), |per| self.factor(per, "`per`"));
                let of = text
                    .of
                    .as_ref()
                    .map_or(Some(AmountOf::Amount), |of| self.amount_of(of, on));
                match (rate, per, of) {
                    (Some(rate), Some(per), Some(of)) => Some(Give::Rate { rate, per, of }),
                    _ => None,
                }
            }
        };
        points.zip(give)
    }
}
