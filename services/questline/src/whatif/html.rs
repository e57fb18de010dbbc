//! The difference as an HTML page that needs nothing else.

use page::{Bars, document, escaped, table};

use super::difference::{Compared, Difference, Given};
use super::text::{cells, is_taken_back, notes};
use crate::console::grouped;

const STYLE: &str = ".note{background:#fff8e1;padding:.5rem 1rem}";
const HEADS: [&str; 3] = ["today", "draft", "difference"];

/// The page.
pub(crate) fn page(it: &Difference) -> String {
    let span = &it.history;
    let mut body = format!(
        "<h1>What if: {draft} instead of {today}</h1>\n<p>{events} events of {players} players, {from} to {until}.<br>\
         Today: {today} {was}. Draft: {draft} {is}.</p>\n",
        draft = escaped(&it.draft.programme),
        today = escaped(&it.today.programme),
        was = escaped(&it.today.version),
        is = escaped(&it.draft.version),
        events = grouped(span.events),
        players = grouped(span.players),
        from = span.from,
        until = span.until,
    );
    if let Some(notes) = notes(it) {
        let notes = escaped(&notes).replace('\n', "<br>");
        body += &format!("<p class=\"note\">{notes}</p>\n");
    }
    if let Some(cost) = &it.cost {
        let row = (cost.currency.clone(), cells(&cost.cost).to_vec());
        body += &section("Cost", &heads(""), [row].into_iter());
    }
    body += &given("Completions", "mission", &it.missions);
    let points = it.points.iter();
    body += &section(
        "Points given",
        &heads("points"),
        points
            .clone()
            .map(|it| (it.id.to_string(), cells(&it.given).to_vec())),
    );
    let backwards = points.flat_map(|it| {
        [("taken back", &it.taken_back), ("expired", &it.expired)]
            .map(|(what, pair)| (format!("{} {what}", it.id), cells(pair).to_vec()))
    });
    body += &section(
        "Points taken back, and expired",
        &heads("points"),
        backwards,
    );
    body += &given("Grants", "reward", &it.rewards);
    body += &tiers(it);
    let refused = it.refused.iter();
    body += &section(
        "Events that asked for what was not done",
        &heads("reason"),
        refused.map(|it| (it.code.to_owned(), cells(&it.events).to_vec())),
    );
    body += &it.measures.iter().map(compared).collect::<String>();
    let title = format!("What if: {}", it.draft.programme);
    document(&title, STYLE, &body)
}

fn heads(of: &str) -> [&str; 4] {
    [of, HEADS[0], HEADS[1], HEADS[2]]
}

/// A table under a heading; nothing where it has no rows.
fn section(
    title: &str,
    heads: &[&str],
    rows: impl Iterator<Item = (String, Vec<String>)>,
) -> String {
    let mut rows = rows.peekable();
    if rows.peek().is_none() {
        return String::new();
    }
    format!("<h2>{}</h2>\n{}\n", escaped(title), table(heads, rows))
}

fn given(title: &str, of: &str, all: &[Given]) -> String {
    if !is_taken_back(all) {
        let rows = all
            .iter()
            .map(|it| (it.id.to_string(), cells(&it.given).to_vec()));
        return section(title, &heads(of), rows);
    }
    let rows = all.iter().map(|it| {
        let (given, back) = (cells(&it.given), cells(&it.taken_back));
        (it.id.to_string(), [given, back].concat())
    });
    let back = ["taken back today", "by the draft", "difference"];
    let heads: Vec<&str> = heads(of).into_iter().chain(back).collect();
    section(title, &heads, rows)
}

fn tiers(it: &Difference) -> String {
    let one = |tier: &super::difference::Tier| {
        let levels = tier
            .levels
            .iter()
            .map(|it| (it.id.to_string(), cells(&it.players).to_vec()));
        let moves = [("times up", &tier.up), ("times down", &tier.down)];
        let moves = moves.map(|(what, pair)| (what.to_owned(), cells(pair).to_vec()));
        let moved = match (tier.higher, tier.lower) {
            (Some(higher), Some(lower)) => format!(
                "<p>{} players would stand higher, {} lower.</p>\n",
                grouped(higher),
                grouped(lower)
            ),
            _ => String::new(),
        };
        let title = format!("Tier {}: players in the end", tier.id);
        section(&title, &heads("level"), levels.chain(moves)) + &moved
    };
    it.tiers.iter().map(one).collect()
}

/// How a measure is spread over players, and who gains and loses most.
fn compared(it: &Compared) -> String {
    let spread = Bars {
        title: format!("players by {}", it.id),
        labels: it.spread.iter().map(|it| it.range.clone()).collect(),
        series: vec![
            (
                "today".to_owned(),
                it.spread.iter().map(|it| it.today as f64).collect(),
            ),
            (
                "draft".to_owned(),
                it.spread.iter().map(|it| it.draft as f64).collect(),
            ),
        ],
    };
    let changes = Bars {
        title: format!("players by the difference in {}", it.id),
        labels: it.changes.iter().map(|it| it.range.clone()).collect(),
        series: vec![(
            "players".to_owned(),
            it.changes.iter().map(|it| it.players as f64).collect(),
        )],
    };
    let lists = [("Top winners", &it.winners), ("Top losers", &it.losers)];
    let lists = lists.map(|(title, players)| {
        let rows = players
            .iter()
            .map(|it| (it.player.to_string(), cells(&it.has).to_vec()));
        section(title, &heads("player"), rows)
    });
    format!(
        "<h2>{}</h2>\n<p>{} players with more, {} with less.</p>\n{}{}{}",
        escaped(&it.id),
        grouped(it.players_with_more),
        grouped(it.players_with_less),
        spread.svg(),
        changes.svg(),
        lists.concat()
    )
}
