//! Local periods, and which zone holds when.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use programme::model::{Duration, PeriodKind};
use types::Timestamp;

const KINDS: [PeriodKind; 5] = [
    PeriodKind::Day,
    PeriodKind::Week,
    PeriodKind::Month,
    PeriodKind::Quarter,
    PeriodKind::Year,
];

/// For each kind of period, which zone holds from when on.
pub(super) struct Zones {
    changes: Vec<(PeriodKind, i64, TimeZone)>,
}

impl Zones {
    /// The programme's zone, always.
    pub(super) fn new(zone: TimeZone) -> Self {
        let always = |kind| (kind, i64::MIN, zone.clone());
        Self {
            changes: KINDS.map(always).into(),
        }
    }

    /// A zone recorded at a time: counts from the end of the period that runs then in the zone that holds then.
    pub(super) fn change(&mut self, zone: &TimeZone, recorded: Timestamp) {
        for kind in KINDS {
            let end = end_of(kind, &self.at(kind, recorded.nanos()), recorded.nanos());
            // What was to hold from then on, or later, was never begun.
            self.changes
                .retain(|(of, from, _)| *of != kind || *from < end);
            self.changes.push((kind, end, zone.clone()));
        }
    }

    /// The label of the period in which an instant lies, and its end in nanoseconds.
    ///
    /// A period is its label: where the next zone repeats it, it goes on.
    pub(super) fn period(&self, kind: PeriodKind, instant: Timestamp) -> (String, i64) {
        let at = instant.nanos();
        let label = label_of(kind, &self.at(kind, at), at);
        let mut end = end_of(kind, &self.at(kind, at), at);
        while label_of(kind, &self.at(kind, end), end) == label {
            end = end_of(kind, &self.at(kind, end), end);
        }
        (label, end)
    }

    /// The instant so much later, months by the zone that holds for periods of a kind.
    pub(super) fn later(&self, kind: PeriodKind, instant: Timestamp, by: Duration) -> Timestamp {
        by.after(instant, &self.at(kind, instant.nanos()))
    }

    /// The zone that holds for periods of a kind.
    pub(super) fn zone(&self, kind: PeriodKind, at: Timestamp) -> TimeZone {
        self.at(kind, at.nanos())
    }

    fn at(&self, kind: PeriodKind, nanos: i64) -> TimeZone {
        let begun = |change: &&(PeriodKind, i64, TimeZone)| change.0 == kind && change.1 <= nanos;
        let (_, _, zone) = self
            .changes
            .iter()
            .rfind(begun)
            .expect("the first zone holds since ever");
        zone.clone()
    }
}

fn date_at(zone: &TimeZone, nanos: i64) -> Date {
    let instant =
        jiff::Timestamp::from_nanosecond(i128::from(nanos)).expect("the years 1970 to 2101");
    zone.to_datetime(instant).date()
}

fn label_of(kind: PeriodKind, zone: &TimeZone, nanos: i64) -> String {
    let date = date_at(zone, nanos);
    let (year, month) = (date.year(), date.month());
    match kind {
        PeriodKind::Day => date.to_string(),
        PeriodKind::Week => {
            let week = date.iso_week_date();
            format!("{:04}-W{:02}", week.year(), week.week())
        }
        PeriodKind::Month => format!("{year:04}-{month:02}"),
        PeriodKind::Quarter => format!("{year:04}-Q{}", (month + 2) / 3),
        PeriodKind::Year => format!("{year:04}"),
    }
}

// The first instant of the next period.
fn end_of(kind: PeriodKind, zone: &TimeZone, nanos: i64) -> i64 {
    let date = date_at(zone, nanos);
    let next = match kind {
        PeriodKind::Day => date + 1.day(),
        PeriodKind::Week => date.nth_weekday(1, Weekday::Monday).expect("a Monday"),
        PeriodKind::Month => date.first_of_month() + 1.month(),
        PeriodKind::Quarter => {
            let into = (date.month() - 1) % 3;
            date.first_of_month() + i64::from(3 - into).months()
        }
        PeriodKind::Year => date.first_of_year() + 1.year(),
    };
    let begins = next.to_zoned(zone.clone()).expect("the years 1970 to 2101");
    i64::try_from(begins.timestamp().as_nanosecond()).expect("the years 1970 to 2101")
}

#[cfg(test)]
mod tests {
    use programme::model::PeriodKind;
    use types::Timestamp;

    use super::Zones;
    use crate::oracle::life::zone;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_zone_to_the_west_makes_the_running_day_longer() {
        let mut zones = Zones::new(zone("Europe/London").unwrap());
        zones.change(
            &zone("America/New_York").unwrap(),
            at("2011-03-01T12:00:00Z"),
        );
        let table = [
            ("2011-03-01T23:59:59Z", "2011-03-01"),
            ("2011-03-02T04:59:59Z", "2011-03-01"),
            ("2011-03-02T05:00:00Z", "2011-03-02"),
        ];
        for (instant, label) in table {
            assert_eq!(zones.period(PeriodKind::Day, at(instant)).0, label);
        }
        let (_, end) = zones.period(PeriodKind::Day, at("2011-03-01T00:00:00Z"));
        assert_eq!(end, at("2011-03-02T05:00:00Z").nanos());
        assert_eq!(
            zones.period(PeriodKind::Week, at("2011-03-07T04:00:00Z")).0,
            "2011-W09",
            "the week goes on as well, and begins on a Monday in New York"
        );
    }
}
