//! Points, caps, weights and conversion.

use types::{Currency, Decimal};

use super::was::was;
use super::{Lower, PARTS_MAX, THINGS_MAX};
use crate::model::{Cap, Points, PointsKind, Weights};
use crate::span::At;
use crate::syntax::file::{CapText, KindWord, PointsText, WeightsText};
use crate::syntax::lists::{List, Table};
use crate::syntax::scalars::{Number, Share};

impl Lower<'_> {
    pub(super) fn all_points(
        &mut self,
        table: Option<&At<Table<PointsText>>>,
    ) -> Option<Vec<Points>> {
        let entries = table.map_or(&[][..], |table| &table.value.0);
        let all: Vec<_> = entries
            .iter()
            .map(|(name, text)| self.points_kind(&name.value.0, &text.value))
            .collect();
        all.into_iter().collect()
    }

    fn points_kind(&mut self, id: &str, text: &PointsText) -> Option<Points> {
        let caps = self.caps(text.cap.as_ref());
        let kind = text.kind.as_ref().map(|kind| kind.value);
        for (span, what) in [(&text.pending, "pending"), (&text.expires, "expires")] {
            match (span, kind) {
                (Some(span), Some(KindWord::Status)) => {
                    self.problems
                        .push(
                            span.span,
                            format!("status points are never spent: `{what}` means nothing"),
                        )
                        .help("remove it, or make the points `kind: spendable`");
                }
                (Some(span), _) if span.value.is_zero() => {
                    self.problems
                        .push(span.span, format!("`{what}` has to be above 0"))
                        .expected("a span such as 48h, 14d, 2w or 12mo");
                }
                _ => {}
            }
        }
        let kind = match kind? {
            KindWord::Status => PointsKind::Status,
            KindWord::Spendable => PointsKind::Spendable {
                pending: text.pending.as_ref().map(|span| span.value),
                expires: text.expires.as_ref().map(|span| span.value),
            },
        };
        Some(Points {
            id: id.into(),
            was: was(&text.was),
            first_id: Box::default(),
            kind,
            caps: caps?,
        })
    }

    pub(super) fn caps(&mut self, list: Option<&At<List<CapText>>>) -> Option<Vec<Cap>> {
        self.bounded(list, PARTS_MAX, "caps");
        let items = list.map_or(&[][..], |list| &list.value.0);
        let mut caps: Vec<Option<Cap>> = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let points = item
                .value
                .points
                .as_ref()
                .and_then(|points| self.points_above_zero(points, "a cap"));
            let per = item.value.per.as_ref();
            let same = |earlier: &At<CapText>| matches!((earlier.value.per.as_ref(), per), (Some(one), Some(other)) if one.value == other.value);
            if items[..at].iter().any(same) {
                self.problems
                    .push(
                        per.map_or(item.span, |per| per.span),
                        "there is another cap for this period",
                    )
                    .expected("at most one cap a period");
            }
            caps.push(points.zip(per).map(|(points, per)| Cap {
                points,
                per: per.value,
            }));
        }
        caps.into_iter().collect()
    }

    pub(super) fn weights(&mut self, text: Option<&At<WeightsText>>) -> Option<Weights> {
        let mut weights = Weights::default();
        let Some(At { value: text, .. }) = text else {
            return Some(weights);
        };
        let shares = |share: &Option<At<Share>>| share.as_ref().map(|share| share.value.0);
        weights.default_bp = shares(&text.default).unwrap_or(weights.default_bp);
        weights.game_bp = self.shares(text.game.as_ref());
        weights.provider_bp = self.shares(text.provider.as_ref());
        weights.category_bp = self.shares(text.category.as_ref());
        if let Some(funds) = &text.funds {
            weights.bonus_funds_bp = shares(&funds.value.bonus).unwrap_or(weights.bonus_funds_bp);
            weights.free_funds_bp = shares(&funds.value.free).unwrap_or(weights.free_funds_bp);
            if let Some(real) = funds
                .value
                .real
                .as_ref()
                .filter(|real| real.value.0 != 10_000)
            {
                self.problems
                    .push(real.span, "real money counts in full")
                    .expected("`100%`, or no `real` at all")
                    .help("to count all stakes for less, lower `default`");
            }
        }
        Some(weights)
    }

    fn shares(&mut self, table: Option<&At<Table<Share>>>) -> Vec<(Box<str>, u32)> {
        let entries = table.map_or(&[][..], |table| &table.value.0);
        if let Some((first, _)) = entries.get(10 * THINGS_MAX) {
            self.problems.push(
                first.span,
                format!("there are more than {} weights", 10 * THINGS_MAX),
            );
        }
        let mut shares: Vec<_> = entries
            .iter()
            .map(|(name, share)| (name.value.0.clone(), share.value.0))
            .collect();
        shares.sort();
        shares
    }

    pub(super) fn conversion(
        &mut self,
        table: Option<&At<Table<Number>>>,
        own: Option<Currency>,
    ) -> Option<Vec<(Currency, Decimal)>> {
        let entries = table.map_or(&[][..], |table| &table.value.0);
        let mut rates = Vec::new();
        for (code, rate) in entries {
            let rate = self.factor(rate, "a conversion rate");
            match code.value.0.parse::<Currency>() {
                Ok(currency) if Some(currency) == own => {
                    self.problems
                        .push(
                            code.span,
                            format!("`{currency}` is the programme's own currency"),
                        )
                        .expected("rates of other currencies");
                }
                Ok(currency) => rates.push(rate.map(|rate| (currency, rate))),
                Err(_) => {
                    let upper = code.value.0.to_uppercase().parse::<Currency>().ok();
                    self.problems
                        .push(code.span, format!("unknown currency `{}`", code.value.0))
                        .expected("a currency code of ISO 4217, such as EUR")
                        .maybe_help(upper.map(|right| format!("did you mean `{right}`?")));
                }
            }
        }
        rates.into_iter().collect()
    }
}
