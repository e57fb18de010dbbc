//! A preview as an HTML page that needs nothing else.

use ingest_service::preview::{Group, MissionPreview, TierPreview};
use page::{Bars, document, escaped, table};
use programme::model::Programme;

use super::Seen;
use super::text::{fell, said};
use crate::console::grouped;

const STYLE: &str = ".no{color:#b3261e}";

/// The page.
pub(crate) fn page(draft: &Programme, seen: &Seen) -> String {
    let sums = &seen.sums;
    let mut body = format!(
        "<h1>Preview: {}</h1>\n<p>Version {}, in place of {}. <b>{} of {} players</b> would be affected if it took effect now.</p>\n",
        escaped(&draft.id),
        escaped(&draft.version.0),
        escaped(seen.base.as_deref().unwrap_or("nothing")),
        grouped(sums.affected),
        grouped(sums.players),
    );
    for reason in &seen.cannot_follow {
        body += &format!(
            "<p class=\"no\">Cannot be published: {}</p>\n",
            escaped(reason)
        );
    }
    if sums.unread > 0 {
        let players = grouped(sums.unread);
        body += &format!(
            "<p class=\"no\">{players} players are set aside and were not looked at.</p>\n"
        );
    }
    let all = said(&sums.gives());
    if !all.is_empty() {
        body += &format!("<p>All together gives {}.</p>\n", escaped(&all));
    }
    let missions = Bars {
        title: "players by mission".to_owned(),
        labels: sums.missions.keys().cloned().collect(),
        series: vec![
            (
                "lose progress".to_owned(),
                counts(sums.missions.values().map(|it| it.falls.players)),
            ),
            (
                "complete".to_owned(),
                counts(sums.missions.values().map(|it| it.completes.players)),
            ),
        ],
    };
    if !sums.missions.is_empty() {
        body += &missions.svg();
    }
    for (id, mission) in &sums.missions {
        body += &of_mission(id, mission);
    }
    for (id, tier) in &sums.tiers {
        body += &of_tier(id, tier);
    }
    document(&format!("Preview: {}", draft.id), STYLE, &body)
}

fn counts(numbers: impl Iterator<Item = u64>) -> Vec<f64> {
    numbers.map(|number| number as f64).collect()
}

fn of_mission(id: &str, mission: &MissionPreview) -> String {
    let rows = [
        row(
            "complete it with their next event that counts",
            &mission.completes,
            String::clone,
        ),
        row("lose progress", &mission.falls, fell),
    ];
    section(
        &format!("Mission {id}"),
        rows.into_iter(),
        &said(&mission.gives),
    )
}

fn of_tier(id: &str, tier: &TierPreview) -> String {
    let rows = tier.moves.iter();
    let rows = rows.map(|it| {
        row(
            &format!("{} -> {}", it.from, it.to),
            &it.players,
            String::clone,
        )
    });
    section(&format!("Tier {id}"), rows, &said(&tier.gives))
}

fn section(title: &str, rows: impl Iterator<Item = (String, Vec<String>)>, gives: &str) -> String {
    let rows = rows.filter(|(_, cells)| cells[0] != "0");
    let gives = match gives {
        "" => String::new(),
        gives => format!("<p>Gives {}.</p>\n", escaped(gives)),
    };
    format!(
        "<h2>{}</h2>\n{}\n{gives}",
        escaped(title),
        table(&["", "players", "such as"], rows)
    )
}

fn row<T>(what: &str, group: &Group<T>, shown: impl Fn(&T) -> String) -> (String, Vec<String>) {
    let examples: Vec<String> = group.examples.iter().map(shown).collect();
    (
        what.to_owned(),
        vec![grouped(group.players), examples.join(", ")],
    )
}
