//! `questline preview` of a draft, and what really happens once it is published.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

#[path = "what_if/stored.rs"]
mod stored;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use stored::{Stored, order, orders, programme};
use support::process::Process;
use support::{arg, http, questline, stdout_of};

/// A server on a history that is folded, and a key to it.
struct Shop {
    stored: Stored,
    server: Process,
    key: String,
}

impl Shop {
    fn open(today: &str) -> Self {
        let stored = Stored::new(today, &orders());
        let key = support::process::key(&stored.data, "*", "ingest,read,command,programme");
        let shop = Self {
            server: stored.serve(),
            stored,
            key,
        };
        let url = shop.url("/v1/clock:tick?wait=applied");
        let tick = json!({"recorded_at": "2026-02-28T23:59:00Z"}).to_string();
        assert_eq!(http::post(&url, Some(&shop.key), tick.as_bytes()).0, 200);
        shop
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url("http"))
    }

    fn preview(&self, draft: &Path, more: &[&str]) -> std::process::Output {
        let mut command = questline();
        command.args(["preview", arg(draft), "--key", &self.key]);
        command.args(["--from", self.server.url("http")]).args(more);
        command.output().unwrap()
    }

    fn publish(&self, draft: &Path) {
        let server = ["--from", self.server.url("http"), "--key", &self.key];
        let put = questline()
            .args(["programme", "put"])
            .args(server)
            .arg(draft)
            .output();
        stdout_of(put.unwrap());
        let base = http::get_as(&self.url("/v1/programme"), Some(&self.key)).unwrap();
        let base = base["version"].as_str().unwrap();
        let mut publish = questline();
        publish
            .args(["programme", "publish", "--base", base])
            .args(server);
        stdout_of(publish.output().unwrap());
    }

    /// An order of each player, and everything that came of all of them.
    fn next_orders(&self) -> Vec<Value> {
        let mut emissions = Vec::new();
        for number in 0..40 {
            let mut event = order(&format!("p{number:02}"), "2026-02-28T23:59:30Z", "0.01");
            event["id"] = json!(format!("next-{number}"));
            let url = self.url("/v1/events?wait=applied");
            let (status, answer) = http::post(&url, Some(&self.key), event.to_string().as_bytes());
            assert_eq!(status, 202, "{answer}");
            let said = answer["results"][0]["emissions"].as_array();
            emissions.extend(said.into_iter().flatten().cloned());
        }
        emissions
    }

    fn player(&self, number: usize) -> Value {
        let url = self.url(&format!("/v1/players/p{number:02}"));
        http::get_as(&url, Some(&self.key)).unwrap()
    }
}

/// Players of emissions of a type.
fn of(emissions: &[Value], kind: &str) -> BTreeSet<String> {
    let of_kind = emissions.iter().filter(|emission| emission["type"] == kind);
    of_kind
        .map(|emission| emission["player"].as_str().unwrap().to_owned())
        .collect()
}

fn names(list: &Value) -> BTreeSet<String> {
    let names = list.as_array().into_iter().flatten();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn what_is_previewed_is_what_happens_after_publishing() {
    let shop = Shop::open(&programme("target: 25", "rate: 1", ""));
    // At the goal then: those with 15 to 17 orders in February, and not those who are complete.
    let draft =
        programme("target: 15", "rate: 1", ", on_change: rebase").replace("at: 1000", "at: 300");
    let draft = draft
        .replace(
            "reward: [{grant: voucher}]",
            "reward: [{grant: voucher}, {points: coins, fixed: 7}]",
        )
        .replace(
            "points: {xp: {kind: status}}",
            "points: {xp: {kind: status}, coins: {kind: spendable}}",
        )
        .replace(
            "{id: gold, at: 300}",
            "{id: gold, at: 300, reward: [{points: coins, fixed: 3}]}",
        );
    let draft = shop.stored.file("draft.yaml", &draft);
    let before: Vec<Value> = (0..40).map(|number| shop.player(number)).collect();
    let seen: Value = serde_json::from_str(&stdout_of(shop.preview(&draft, &["--json"]))).unwrap();
    let sums = &seen["preview"];
    assert_eq!((&sums["players"], &sums["unread"]), (&json!(40), &json!(0)));
    let after: Vec<Value> = (0..40).map(|number| shop.player(number)).collect();
    assert_eq!(before, after, "nobody notices");

    shop.publish(&draft);
    let at_fourteen: BTreeSet<String> = (0..40)
        .filter(|number| shop.player(*number)["missions"]["five"]["progress"] == "14")
        .map(|number| format!("p{number:02}"))
        .collect();
    let emissions = shop.next_orders();
    // The order itself brings those with one less there, without the draft's doing.
    let completed = of(&emissions, "mission_completed");
    let by_draft: BTreeSet<String> = completed.difference(&at_fourteen).cloned().collect();
    let completes = &sums["missions"]["five"]["completes"];
    assert!(!by_draft.is_empty() && by_draft.len() <= 10, "{by_draft:?}");
    assert_eq!(names(&completes["examples"]), by_draft);
    assert_eq!(completes["players"], by_draft.len());
    assert_eq!(
        sums["missions"]["five"]["gives"]["grants"]["voucher"],
        by_draft.len()
    );
    let moves = sums["tiers"]["loyalty"]["moves"].as_array().unwrap();
    let moved = of(&emissions, "tier_changed");
    assert!(!moved.is_empty());
    let foreseen: u64 = moves.iter().map(|it| it["players"].as_u64().unwrap()).sum();
    assert_eq!(foreseen, moved.len() as u64, "{moves:?} {moved:?}");
    for group in moves {
        assert_eq!(
            (&group["from"], &group["to"]),
            (&json!("silver"), &json!("gold"))
        );
        assert!(names(&group["examples"]).is_subset(&moved));
    }
    // Points: what the missions and the levels were said to give is what was earned for them.
    let earned = |by: &str, of: Option<&BTreeSet<String>>| -> u64 {
        let earned = emissions
            .iter()
            .filter(|it| it["type"] == "points_earned" && it["points"] == "coins");
        let of_it = |it: &&Value| {
            it.get(by).is_some() && of.is_none_or(|of| of.contains(it["player"].as_str().unwrap()))
        };
        earned
            .filter(of_it)
            .map(|it| it["amount"].as_str().unwrap().parse::<u64>().unwrap())
            .sum()
    };
    let said = |gives: &Value| {
        gives["points"]["coins"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    assert_eq!(
        said(&sums["missions"]["five"]["gives"]),
        earned("mission", Some(&by_draft))
    );
    assert_eq!(
        said(&sums["tiers"]["loyalty"]["gives"]),
        earned("tier", None)
    );
    let held = |number: usize| {
        shop.player(number)["balances"]["coins"]
            .as_str()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let held: u64 = (0..40).map(held).sum();
    assert_eq!(
        held,
        earned("mission", None) + earned("tier", None),
        "and what players have"
    );
}

#[test]
fn a_rename_moves_nobody_and_an_id_of_two_versions_ago_is_still_its_missions() {
    let shop = Shop::open(&programme("target: 25", "rate: 1", ""));
    let before: Vec<Value> = (0..40).map(|number| shop.player(number)).collect();
    let renamed = programme("target: 25", "rate: 1", ", was: five").replace("id: five", "id: busy");
    let draft = shop.stored.file("renamed.yaml", &renamed);
    let seen: Value = serde_json::from_str(&stdout_of(shop.preview(&draft, &["--json"]))).unwrap();
    assert_eq!(
        (&seen["preview"]["affected"], &seen["cannot_follow"]),
        (&json!(0), &json!([]))
    );
    shop.publish(&draft);
    for (number, before) in before.iter().enumerate() {
        let after = shop.player(number);
        assert_eq!(after["missions"]["busy"], before["missions"]["five"]);
        assert_eq!(after["balances"], before["balances"]);
    }
    // Who calls may not know yet that it has another name.
    let claim = |mission: &str| {
        let url = shop.url(&format!("/v1/players/p05/missions/{mission}:claim"));
        let named = format!("Idempotency-Key: {mission}\r\n");
        let at = br#"{"occurred_at": "2026-02-28T23:59:00Z"}"#;
        http::post_with(&url, Some(&shop.key), &named, at).0
    };
    let claims = ["five", "busy", "six"].map(claim);
    assert_eq!(claims, [409, 409, 404], "nothing is to be claimed");
    // The version in effect does not say any more what `five` was.
    let two = renamed.replace(", was: five", "").replace(
        "missions:\n",
        "missions:\n  - {id: idle, goal: {count: order, target: 1}}\n",
    );
    shop.publish(&shop.stored.file("two.yaml", &two));
    let again = two.replace("id: idle", "id: five");
    let text = stdout_of(shop.preview(&shop.stored.file("again.yaml", &again), &[]));
    assert!(text.contains("it is the same thing as `five`"), "{text}");
}

#[test]
fn progress_that_a_reset_takes_is_previewed_and_gone() {
    let shop = Shop::open(&programme("target: 25", "rate: 1", ""));
    let draft = programme("target: 15", "rate: 1", ", on_change: reset");
    let draft = shop.stored.file("draft.yaml", &draft);
    let progress = |number: usize| {
        let five = &shop.player(number)["missions"]["five"];
        let done = five["done"] == true;
        (done, five["progress"].as_str().unwrap().to_owned())
    };
    let before: Vec<_> = (0..40).map(progress).collect();
    let seen: Value = serde_json::from_str(&stdout_of(shop.preview(&draft, &["--json"]))).unwrap();
    let falls = &seen["preview"]["missions"]["five"]["falls"];
    shop.publish(&draft);
    let lost: Vec<usize> = (0..40)
        .filter(|number| progress(*number) != before[*number])
        .collect();
    assert!(lost.len() > 10);
    assert_eq!(falls["players"], lost.len());
    let examples = falls["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 10);
    for example in examples {
        let name = example["player"].as_str().unwrap();
        let number: usize = name[1..].parse().unwrap();
        assert_eq!(example["from"], before[number].1, "{example}");
        assert_eq!(example["to"], progress(number).1, "{example}");
    }
}

#[test]
fn a_preview_is_said_as_text_and_as_a_page_and_a_wrong_draft_as_check_says_it() {
    let shop = Shop::open(&programme("target: 25", "rate: 1", ""));
    let draft = programme("target: 15", "rate: 1", ", on_change: rebase");
    let draft = shop.stored.file("draft.yaml", &draft);
    let file = shop.stored.folder.path().join("preview.html");
    let text = stdout_of(shop.preview(&draft, &["--html", arg(&file)]));
    for said in [
        "of 40 players would be affected",
        "mission five",
        "complete it with their next event",
        "voucher",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let page = fs::read_to_string(&file).unwrap();
    for said in ["Mission five", "<svg", "of 40 players"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for elsewhere in ["<script", "<link", "<img", "href=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}: {page}");
    }
    let euros = programme("target: 25", "rate: 1", "").replace("currency: GBP", "currency: EUR");
    let text = stdout_of(shop.preview(&shop.stored.file("euros.yaml", &euros), &[]));
    assert!(
        text.contains("cannot be published: `currency` stays GBP"),
        "{text}"
    );
    let wrong = shop.stored.file("wrong.yaml", "programme: p\nbrnd: acme\n");
    let (previewed, checked) = (
        shop.preview(&wrong, &[]),
        questline().arg("check").arg(&wrong).output().unwrap(),
    );
    assert_eq!(previewed.status.code(), Some(2));
    assert_eq!(previewed.stderr, checked.stderr);
}
