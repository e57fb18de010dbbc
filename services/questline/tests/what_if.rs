//! `questline simulate` over stored history: what it says is the difference of two simulations.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

#[path = "what_if/stored.rs"]
mod stored;
#[path = "what_if/sums.rs"]
mod sums;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use stored::{Stored, order, orders, programme};
use sums::{reported, simulated};
use support::{arg, questline, run, stdout_of};

fn what_if(stored: &Stored, draft: &Path, more: &[&str]) -> Value {
    let output = questline()
        .args(["simulate", "--programme", arg(draft)])
        .args(["--from-data", arg(&stored.data), "--json"])
        .args(more)
        .output()
        .unwrap();
    serde_json::from_str(&stdout_of(output)).unwrap()
}

#[test]
fn what_is_said_of_each_programme_is_what_its_simulation_gives() {
    let easy = programme("target: 2", "rate: 3", "");
    let gone = programme("target: 4", "rate: 1", "").replace("five", "four");
    // Of what players share, each is there for who comes first.
    let shared = programme(
        "target: 2",
        "rate: 1",
        ", limit: {total: 7}, claim: {within: 2d}",
    );
    for draft in [easy, gone, shared] {
        let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
        let file = stored.file("draft.yaml", &draft);
        let report = what_if(&stored, &file, &[]);
        assert_eq!(report["history"]["players"], 40);
        assert_eq!(report["history"]["complete"], true);
        let today = simulated(&stored, &stored.today);
        assert_eq!(reported(&report, "today"), today, "{report:#}");
        let would = simulated(&stored, &file);
        assert_eq!(reported(&report, "draft"), would, "{report:#}");
        assert_ne!(today, would);
    }
}

/// With new names nothing would have been different, and what there was goes on under them; a change that comes with them shows as without.
#[test]
fn what_is_renamed_is_compared_with_what_it_was() {
    let today = programme("target: 5", "rate: 1", "");
    let stored = Stored::new(&today, &orders());
    let renamed = |text: &str| {
        let words = [
            ("points: {xp: {", "points: {stars: {was: xp, "),
            ("points: xp", "points: stars"),
            ("by: xp", "by: stars"),
            ("{id: five,", "{id: busy, was: five,"),
            ("{id: e,", "{id: spent, was: e,"),
            ("{grant: voucher}", "{grant: coupon}"),
            ("{id: voucher,", "{id: coupon, was: voucher,"),
            ("{id: loyalty,", "{id: club, was: loyalty,"),
            ("{id: gold,", "{id: top, was: gold,"),
        ];
        let each = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        };
        words.iter().fold(text.to_owned(), each)
    };
    let called = |sums: &BTreeMap<String, i64>| -> BTreeMap<String, i64> {
        let names = [("five", "busy"), ("voucher", "coupon"), ("xp", "stars")];
        let new = |id: &String| {
            let renamed = names.iter().find(|(old, _)| old == id);
            renamed.map_or_else(|| id.clone(), |(_, new)| (*new).to_owned())
        };
        sums.iter().map(|(id, sum)| (new(id), *sum)).collect()
    };
    for draft in [
        today,
        programme("target: 4", "rate: 3", ", on_change: reset"),
    ] {
        let plain = what_if(&stored, &stored.file("plain.yaml", &draft), &[]);
        let report = what_if(&stored, &stored.file("renamed.yaml", &renamed(&draft)), &[]);
        for side in ["today", "draft"] {
            let sums = called(&reported(&report, side));
            assert!(!sums.is_empty());
            assert_eq!(sums, called(&reported(&plain, side)), "{side}: {report:#}");
        }
        let sets = |report: &Value| {
            let set = &report["tiers"][0];
            let levels = set["levels"].as_array().unwrap().iter();
            let levels: Vec<_> = levels
                .map(|it| (it["today"].clone(), it["draft"].clone()))
                .collect();
            (levels, set["higher"].clone(), set["lower"].clone())
        };
        assert_eq!(sets(&report), sets(&plain), "{report:#}");
    }
}

#[test]
fn levels_winners_and_costs_follow() {
    let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
    let draft = stored.file("draft.yaml", &programme("target: 5", "rate: 3", ""));
    let report = what_if(
        &stored,
        &draft,
        &["--cost", "xp=0.01", "--cost", "voucher=5"],
    );
    let [today, would] = ["today", "draft"].map(|side| reported(&report, side));
    let cost = |sums: &BTreeMap<String, i64>| sums["xp"] + 500 * sums["voucher"];
    let pence =
        |said: &Value| (said.as_str().unwrap().parse::<f64>().unwrap() * 100.0).round() as i64;
    assert_eq!(pence(&report["cost"]["today"]), cost(&today));
    assert_eq!(pence(&report["cost"]["draft"]), cost(&would));
    let levels = &report["tiers"][0]["levels"];
    let on = |level: usize, side: &str| levels[level][side].as_i64().unwrap();
    for side in ["today", "draft"] {
        assert_eq!((0..3).map(|level| on(level, side)).sum::<i64>(), 40);
    }
    assert!(on(2, "draft") > on(2, "today"), "{levels}");
    assert!(report["tiers"][0]["higher"].as_i64().unwrap() > 0);
    let points = &report["measures"][0];
    assert_eq!(points["players_with_more"], 40);
    assert_eq!(points["losers"], json!([]));
    let most = &points["winners"][0];
    // 40 orders of 40.00 and some more, at two points more for each pound.
    assert_eq!(most["player"], "p39");
    assert_eq!(
        most["difference"].as_str().unwrap().parse::<i64>().unwrap() % 2,
        0
    );
    let players: u64 = points["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|range| range["players"].as_u64().unwrap())
        .sum();
    assert_eq!(players, 40);
}

#[test]
fn from_a_time_on_the_draft_takes_over_what_is_running() {
    // Three orders before the draft, two behind it.
    let days = ["01", "02", "03", "20", "21"];
    let events: Vec<Value> = days
        .iter()
        .map(|day| order("ann", &format!("2026-01-{day}T10:00:00Z"), "10.00"))
        .collect();
    let stored = Stored::new(&programme("target: 7", "rate: 1", ""), &events);
    let table = [
        // Five of five: with the fifth order the running month is complete.
        ("on_change: rebase", 1),
        // Begun again: two of five.
        ("on_change: reset", 0),
        // Still seven.
        ("on_change: keep", 0),
    ];
    for (policy, completed) in table {
        let draft = programme("target: 5", "rate: 2", &format!(", {policy}"));
        let draft = stored.file("draft.yaml", &draft);
        let report = what_if(&stored, &draft, &["--since", "2026-01-10T00:00:00Z"]);
        let [today, would] = ["today", "draft"].map(|side| reported(&report, side));
        assert_eq!(today, BTreeMap::from([("xp".to_owned(), 20)]), "{policy}");
        let five = would.get("five").copied().unwrap_or(0);
        assert_eq!((would["xp"], five), (40, completed), "{policy}");
        assert_eq!(report["history"]["events"], 2);
    }
    let draft = stored.file("draft.yaml", &programme("target: 5", "rate: 2", ""));
    let late = questline()
        .args(["simulate", "--programme", arg(&draft), "--from-data"])
        .args([arg(&stored.data), "--since", "2027-01-01T00:00:00Z"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&late.stderr).into_owned();
    assert_eq!(late.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the history ends at 2026-01-21T10:00:00Z"),
        "{said}"
    );
}

#[test]
fn the_same_programme_makes_no_difference_from_any_time_on() {
    let today = programme("target: 2", "rate: 1", ", limit: {total: 7}");
    let stored = Stored::new(&today, &orders());
    for since in [&[][..], &["--since", "2026-02-01T00:00:00Z"]] {
        let report = what_if(&stored, &stored.today, since);
        let [today, would] = ["today", "draft"].map(|side| reported(&report, side));
        assert!(!today.is_empty());
        assert_eq!(today, would, "{since:?}");
    }
}

#[test]
fn a_log_that_was_cut_says_from_when_it_is() {
    let events: Vec<Value> = (1..=6)
        .map(|day| order("ann", &format!("2026-01-0{day}T10:00:00Z"), "10.00"))
        .collect();
    let stored = Stored::in_segments(&programme("target: 5", "rate: 1", ""), &events);
    let log = stored.data.join("log");
    for number in 1..=4 {
        fs::remove_file(log.join(format!("{number:08}.seg"))).unwrap();
    }
    let report = what_if(&stored, &stored.today, &[]);
    assert_eq!(report["history"]["complete"], false);
    assert_eq!(report["history"]["from"], "2026-01-04T10:00:00Z");
    assert_eq!(reported(&report, "today")["xp"], 30);
    let text = stdout_of(run([
        "simulate",
        "--programme",
        arg(&stored.today),
        "--from-data",
        arg(&stored.data),
    ]));
    assert!(
        text.contains("The log was cut: it begins at 2026-01-04T10:00:00Z."),
        "{text}"
    );
}

#[test]
fn the_page_stands_alone_and_has_a_plot_of_each_measure() {
    let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
    let draft = stored.file("draft.yaml", &programme("target: 2", "rate: 3", ""));
    let file = stored.folder.path().join("report.html");
    what_if(
        &stored,
        &draft,
        &["--html", arg(&file), "--cost", "xp=0.01"],
    );
    let page = fs::read_to_string(&file).unwrap();
    // Points, completions and the cost: how they are spread, and how they differ.
    assert_eq!(page.matches("<svg").count(), 6, "{page}");
    for said in [
        "Top winners",
        "Completions",
        "Grants",
        "Tier loyalty",
        "Cost",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for elsewhere in ["<script", "<link", "<img", "href=", "@import", "url("] {
        assert!(!page.contains(elsewhere), "{elsewhere}: {page}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused_with_the_reason() {
    let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
    let other = stored.file(
        "other.yaml",
        &programme("target: 5", "rate: 1", "").replace("brand: acme", "brand: other"),
    );
    let broken = stored.file("broken.yaml", "programme: p\nbrnd: acme\n");
    let empty = stored.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let (data, draft) = (arg(&stored.data), arg(&stored.today));
    let table = [
        (
            vec![arg(&broken), "--from-data", data],
            2,
            "unknown key `brnd`",
        ),
        (
            vec![draft, "--from-data", arg(&empty)],
            2,
            "this is no data folder",
        ),
        (
            vec![arg(&other), "--from-data", data],
            2,
            "nothing was ever published for brand other",
        ),
        (
            vec![arg(&other), "--from-data", data, "--against", draft],
            2,
            "two brands: acme and other",
        ),
        (
            vec![draft, "--from-data", data, "--cost", "coins=1"],
            2,
            "points or a reward `coins`",
        ),
        (
            vec![draft, "--from-data", data, "--cost", "coins"],
            64,
            "ID=AMOUNT",
        ),
        (
            vec![draft, "--from-data", data, "--events", draft],
            64,
            "cannot be used with",
        ),
        (vec![draft], 64, "--from-data"),
        (
            vec![draft, "--from-server", "http://127.0.0.1:9"],
            64,
            "--key",
        ),
    ];
    for (args, code, said) in table {
        let output = questline()
            .args(["simulate", "--programme"])
            .args(&args)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
        assert!(errors.contains(said), "{args:?}: {errors}");
    }
}

#[test]
fn a_running_server_is_read_beside_its_folder_and_over_its_api() {
    let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
    let draft = stored.file("draft.yaml", &programme("target: 2", "rate: 3", ""));
    let alone = what_if(&stored, &draft, &[]);
    let key = support::process::key(&stored.data, "*", "history,programme");
    let less = support::process::key(&stored.data, "*", "read,programme");
    let server = stored.serve();
    assert_eq!(what_if(&stored, &draft, &[]), alone);
    let from_server = |key: &str, more: &[&str]| {
        let mut simulate = questline();
        simulate
            .args([
                "simulate",
                "--programme",
                arg(&draft),
                "--json",
                "--key",
                key,
            ])
            .args(["--from-server", server.url("http")])
            .args(more);
        simulate.output().unwrap()
    };
    let said: Value = serde_json::from_str(&stdout_of(from_server(&key, &[]))).unwrap();
    assert_eq!(said, alone);
    let since = ["--since", "2026-02-01T00:00:00Z"];
    let said: Value = serde_json::from_str(&stdout_of(from_server(&key, &since))).unwrap();
    assert_eq!(said, what_if(&stored, &draft, &since));
    let refused = from_server(&less, &[]);
    let errors = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("the key lacks the scope `history`"),
        "{errors}"
    );
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let server = stored::silent_after_the_ends();
    let stored = Stored::new(&programme("target: 5", "rate: 1", ""), &orders());
    let temporary = stored.folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let page = stored.folder.path().join("report.html");
    let mut running = questline()
        .args(["simulate", "--programme", arg(&stored.today)])
        .args(["--against", arg(&stored.today), "--html", arg(&page)])
        .args(["--from-server", &server.url, "--key", "ql_k_s"])
        .env("TMPDIR", &temporary)
        .spawn()
        .unwrap();
    // It folds by now, and waits for the first page.
    server.asked.recv().unwrap();
    let id = running.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(running.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
    assert!(!page.exists());
}
