//! The periods of one zone, looked up instead of computed: local time costs a microsecond, and every player asks for it every day.

use std::sync::OnceLock;

use jiff::tz::TimeZone;
use programme::model::PeriodKind;
use types::Timestamp;

use crate::period::{Span, kind_index, span_at};

/// Instants that agree above this bit share a page: 2^55 ns are 417 days.
const PAGE_BITS: u32 = 55;
/// Enough for every instant that there is.
const PAGES: usize = (Timestamp::MAX.nanos() >> PAGE_BITS) as usize + 1;

/// The periods that meet a page, by time.
type Page = OnceLock<Box<[Span]>>;

/// Periods of one zone. A page is worked out when it is first asked for; what it says depends on the zone alone.
#[derive(Debug)]
pub(crate) struct Calendar {
    zone: TimeZone,
    kinds: [Box<[Page]>; 5],
}

impl Calendar {
    pub(crate) fn new(zone: TimeZone) -> Self {
        let pages = || (0..PAGES).map(|_| Page::new()).collect();
        Self {
            zone,
            kinds: std::array::from_fn(|_| pages()),
        }
    }

    /// The period of this kind that holds an instant.
    pub(crate) fn span(&self, kind: PeriodKind, at: Timestamp) -> Span {
        let page = (at.nanos() >> PAGE_BITS) as usize;
        let spans = self.kinds[kind_index(kind)]
            .get(page)
            .map_or(&[][..], |spans| {
                spans.get_or_init(|| self.page(kind, page as i64))
            });
        match around(spans, at) {
            Some(span) if span.holds(at) => *span,
            _ => span_at(kind, &self.zone, at),
        }
    }

    fn page(&self, kind: PeriodKind, page: i64) -> Box<[Span]> {
        let first = Timestamp::MIN.saturating_add_nanos(page << PAGE_BITS);
        let last = first.saturating_add_nanos((1 << PAGE_BITS) - 1);
        let mut spans = Vec::new();
        let mut at = first;
        while at <= last {
            let span = span_at(kind, &self.zone, at);
            // Where time ends, a period may have no end after its start.
            if span.end <= at {
                break;
            }
            at = span.end;
            spans.push(span);
        }
        spans.into()
    }
}

/// The last span that has begun by then. Spans of a kind differ little in length, so its place is guessed and then moved to.
fn around(spans: &[Span], at: Timestamp) -> Option<&Span> {
    let first = spans.first()?;
    let length_ns = (first.end.nanos() - first.start.nanos()).max(1);
    let guess = (at.nanos() - first.start.nanos()) / length_ns;
    let mut index = usize::try_from(guess).ok()?.min(spans.len() - 1);
    while spans[index].start > at {
        index = index.checked_sub(1)?;
    }
    while let Some(next) = spans.get(index + 1)
        && next.start <= at
    {
        index += 1;
    }
    spans.get(index)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use programme::model::PeriodKind;
    use proptest::prelude::*;
    use types::Timestamp;

    use super::Calendar;
    use crate::period::span_at;

    const KINDS: [PeriodKind; 5] = [
        PeriodKind::Day,
        PeriodKind::Week,
        PeriodKind::Month,
        PeriodKind::Quarter,
        PeriodKind::Year,
    ];

    proptest! {
        #[test]
        fn a_calendar_says_what_the_zone_says(
            name in prop::sample::select(vec!["UTC", "Europe/London", "America/Sao_Paulo", "Pacific/Apia", "Africa/Cairo"]),
            instants in prop::collection::vec(0..=Timestamp::MAX.nanos(), 1..40),
        ) {
            let zone = TimeZone::get(name).unwrap();
            let calendar = Calendar::new(zone.clone());
            for nanos in instants {
                let at = Timestamp::from_nanos(nanos).unwrap();
                for kind in KINDS {
                    let span = calendar.span(kind, at);
                    prop_assert_eq!(span, span_at(kind, &zone, at));
                    // Its edges too, where pages and labels change.
                    let edge = calendar.span(kind, span.end);
                    prop_assert_eq!(edge, span_at(kind, &zone, span.end));
                }
            }
        }
    }
}
