//! The difference as text, for a terminal.

use std::fmt::{Display, Write as _};

use super::difference::{Difference, Given, Pair};
use crate::console::grouped;

/// A table: a title, and rows of a name, today's, the draft's and the difference.
struct Table {
    title: &'static str,
    rows: Vec<[String; 4]>,
}

/// The whole of it.
pub(crate) fn text(it: &Difference) -> String {
    let mut out = heading(it);
    let mut tables = vec![
        Table::new(
            "completions",
            it.missions.iter().map(|it| (&*it.id, cells(&it.given))),
        ),
        Table::new(
            "points given",
            it.points.iter().map(|it| (&*it.id, cells(&it.given))),
        ),
        Table::new(
            "points taken back",
            it.points.iter().map(|it| (&*it.id, cells(&it.taken_back))),
        ),
        Table::new(
            "points expired",
            it.points.iter().map(|it| (&*it.id, cells(&it.expired))),
        ),
        Table::new(
            "grants",
            it.rewards.iter().map(|it| (&*it.id, cells(&it.given))),
        ),
    ];
    if let Some(cost) = &it.cost {
        let row = (&*cost.currency, cells(&cost.cost));
        tables.push(Table::new("cost", [row].into_iter()));
    }
    tables.push(Table::new(
        "refused",
        it.refused.iter().map(|it| (it.code, cells(&it.events))),
    ));
    for table in &tables {
        table.write(&mut out);
    }
    for tier in &it.tiers {
        let levels = tier.levels.iter().map(|it| (&*it.id, cells(&it.players)));
        let moves = [("(up)", cells(&tier.up)), ("(down)", cells(&tier.down))];
        say(&mut out, format_args!("\ntier {}", tier.id));
        Table::new("players on", levels.chain(moves)).write(&mut out);
        if let (Some(higher), Some(lower)) = (tier.higher, tier.lower) {
            let (higher, lower) = (grouped(higher), grouped(lower));
            say(
                &mut out,
                format_args!("{higher} players would stand higher, {lower} lower"),
            );
        }
    }
    for measure in &it.measures {
        if measure.winners.is_empty() && measure.losers.is_empty() {
            continue;
        }
        say(
            &mut out,
            format_args!(
                "\n{}: {} players with more, {} with less",
                measure.id,
                grouped(measure.players_with_more),
                grouped(measure.players_with_less)
            ),
        );
        for (title, players) in [("winners", &measure.winners), ("losers", &measure.losers)] {
            let rows = players.iter().map(|it| (&*it.player, cells(&it.has)));
            Table::new(title, rows).write(&mut out);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn heading(it: &Difference) -> String {
    let span = &it.history;
    let mut out = String::new();
    say(
        &mut out,
        format_args!(
            "{} events of {} players, {} to {}",
            grouped(span.events),
            grouped(span.players),
            span.from,
            span.until
        ),
    );
    for (what, version) in [("today", &it.today), ("draft", &it.draft)] {
        say(
            &mut out,
            format_args!("{what}: {} {}", version.programme, version.version),
        );
    }
    if let Some(note) = notes(it) {
        say(&mut out, note);
    }
    out
}

/// What must be known to read the figures rightly.
pub(super) fn notes(it: &Difference) -> Option<String> {
    let span = &it.history;
    let mut notes = Vec::new();
    if let Some(since) = span.since {
        notes.push(format!(
            "Both are counted from {since}; before it everybody played by today's programme."
        ));
    }
    if !span.complete {
        notes.push(format!(
            "The log was cut: it begins at {}. Nobody has anything from before, under either programme.",
            span.from
        ));
    }
    (!notes.is_empty()).then(|| notes.join("\n"))
}

/// Today's, the draft's and the difference.
pub(super) fn cells<T>(pair: &Pair<T>) -> [String; 3]
where
    T: Display + Copy + Default + PartialOrd,
{
    let shown = |value: Option<T>| value.map_or_else(|| "-".to_owned(), |it| separated(&it));
    let sign = if pair.difference > T::default() {
        "+"
    } else {
        ""
    };
    let difference = format!("{sign}{}", separated(&pair.difference));
    [shown(pair.today), shown(pair.draft), difference]
}

/// A number with its thousands apart.
fn separated(number: &impl Display) -> String {
    let text = number.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", &*text), |it| ("-", it));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), grouped);
    match fraction {
        "" => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

impl Table {
    fn new<'a>(title: &'static str, rows: impl Iterator<Item = (&'a str, [String; 3])>) -> Self {
        let row = |(name, [today, draft, difference]): (&str, [String; 3])| {
            [name.to_owned(), today, draft, difference]
        };
        Self {
            title,
            rows: rows.map(row).collect(),
        }
    }

    fn write(&self, out: &mut String) {
        if self.rows.is_empty() {
            return;
        }
        let heads = [self.title, "today", "draft", "difference"].map(str::to_owned);
        let all = || std::iter::once(&heads).chain(&self.rows);
        let width = |at: usize| all().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        out.push('\n');
        for [name, today, draft, difference] in all() {
            let [first, second, third, fourth] = widths;
            say(
                out,
                format_args!(
                    "{name:first$}  {today:>second$}  {draft:>third$}  {difference:>fourth$}"
                ),
            );
        }
    }
}

fn say(out: &mut String, line: impl Display) {
    // A string takes everything.
    writeln!(out, "{line}").unwrap_or_default();
}

/// Whether anything is taken back of what is given.
pub(super) fn is_taken_back(given: &[Given]) -> bool {
    given.iter().any(|it| {
        let taken = |of: Option<i64>| of.is_some_and(|it| it > 0);
        taken(it.taken_back.today) || taken(it.taken_back.draft)
    })
}

#[cfg(test)]
mod tests {
    use types::MicroPoints;

    use super::{Pair, cells};

    #[test]
    fn numbers_have_their_thousands_apart_and_differences_a_sign() {
        let pair = Pair {
            today: Some(MicroPoints(1_234_567_500_000)),
            draft: None,
            difference: MicroPoints(-1_234_567_500_000),
        };
        assert_eq!(cells(&pair), ["1,234,567.5", "-", "-1,234,567.5"]);
        let pair = Pair {
            today: Some(0),
            draft: Some(1_200),
            difference: 1_200,
        };
        assert_eq!(cells(&pair), ["0", "1,200", "+1,200"]);
    }
}
