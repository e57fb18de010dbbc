//! Nothing that differs between two programmes is left unsaid: every number, word and entry of the example of everything is changed in turn.

#![allow(missing_docs)]
#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

use programme::{Programme, diff};

const EVERY: &str = include_str!("../../../examples/every-construct.yaml");

fn compile(source: &str) -> Programme {
    programme::compile("p.yaml", source).unwrap_or_else(|errors| panic!("{errors}"))
}

/// What has become of a text, and the text.
type Version = (String, String);

/// Every text that comes of one by taking out an entry of a list or map on one line, or a line.
fn shortened(text: &str) -> Vec<Version> {
    let mut all = Vec::new();
    let mut cut = |from: usize, end: usize| {
        let gone = text[from..end].trim_matches([',', ' ', '\n']);
        all.push((gone.to_owned(), [&text[..from], &text[end..]].concat()));
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        cut(start, start + line.len());
        for (at, opens) in line.match_indices([',', '{', '[']) {
            let from = start + at + 1;
            let mut depth = 0;
            let end = text[from..start + line.len()].find(|it| {
                depth += i32::from(matches!(it, '{' | '[')) - i32::from(matches!(it, '}' | ']'));
                depth < 0 || (depth == 0 && it == ',')
            });
            let Some(end) = end.map(|end| from + end) else {
                continue;
            };
            if opens == "," {
                cut(from - 1, end);
            } else {
                cut(from, end + usize::from(text[end..].starts_with(',')));
            }
        }
        start += line.len();
    }
    all
}

/// Every text that comes of one by another last digit of a number.
fn other_numbers(text: &str) -> Vec<Version> {
    let digit = |at: usize| text.as_bytes().get(at).filter(|it| it.is_ascii_digit());
    let ends = (0..text.len()).filter(|at| digit(*at + 1).is_none());
    let ends = ends.filter_map(|at| Some((at, digit(at)?)));
    ends.map(|(at, is)| {
        let next = char::from(b'0' + (is - b'0' + 1) % 10);
        let said = format!("{next} at {at}");
        (said, format!("{}{next}{}", &text[..at], &text[at + 1..]))
    })
    .collect()
}

/// Every text that comes of one by another word of the same set.
fn other_words(text: &str) -> Vec<Version> {
    let sets: &[&[&str]] = &[
        &["count_now", "record_only"],
        &["string", "int", "decimal", "bool"],
        &["kind: status", "kind: spendable"],
        &["kind: bonus", "kind: code"],
        &["how: multiply", "how: add", "how: highest"],
        &[
            "per: day",
            "per: week",
            "per: month",
            "per: quarter",
            "per: year",
            "per: lifetime",
        ],
        &[
            "window: once",
            "window: day",
            "window: week",
            "window: month",
            "window: rolling 3d",
            "window: 3d after start",
        ],
        &[
            "over: lifetime",
            "over: month",
            "over: quarter",
            "over: year",
            "over: rolling 3d",
        ],
        &[
            "downgrade: never",
            "downgrade: one_step",
            "downgrade: to_balance",
        ],
        &["on_change: keep", "on_change: rebase", "on_change: reset"],
        &[
            "on_reversal: keep",
            "on_reversal: take_back",
            "on_reversal: demote",
        ],
        &["start: automatic", "start: opt_in"],
        &["streak: day", "streak: week"],
        &["by: xp", "by: season", "by: coins"],
        &[
            "points: xp",
            "points: season",
            "points: coins",
            "points: chips",
        ],
        &[
            "grant: voucher_5",
            "grant: bag",
            "grant: gift",
            "grant: card",
        ],
        &["count: order", "count: deposit", "count: bet_placed"],
        &["on: order,", "on: deposit,", "on: registered,"],
        &["of: order", "of: bet_placed", "of: session_started"],
        &["sum: amount", "best: amount", "sum: attributes.items"],
        &[
            "distinct: attributes.country",
            "distinct: attributes.category",
        ],
        &["of: amount", "of: attributes.lines"],
        &["steps: ", "all: ", "any: "],
        &["Europe/London", "Asia/Tokyo"],
        &["GBP", "CHF"],
        &["EUR", "NOK"],
        &["every-construct", "another"],
        &["brand: online-retail", "brand: other"],
        &["VOUCHER5", "SPRING26", "GIFT"],
        &["after: [five_orders]", "after: [countries]"],
        &["on: [order_xp]", "on: [survey]"],
        &["roulette", "acme_games", "live_casino"],
        &["minutes: int", "length: int"],
    ];
    let mut all = Vec::new();
    for set in sets {
        for word in *set {
            for (at, _) in text.match_indices(word) {
                let others = set.iter().filter(|it| *it != word);
                let other = |it: &&str| {
                    let (head, tail) = (&text[..at], &text[at + word.len()..]);
                    (format!("{it} at {at}"), format!("{head}{it}{tail}"))
                };
                all.extend(others.map(other));
            }
        }
    }
    all
}

/// How many of the versions compile, and what has become of those among them of which nothing is said.
fn unsaid(versions: Vec<Version>) -> (usize, Vec<String>) {
    let every = compile(EVERY);
    let compiled = versions.into_iter().filter_map(|(what, text)| {
        let other = (text != EVERY).then(|| programme::compile("p.yaml", &text).ok());
        Some((what, other??))
    });
    let mut count = 0;
    let mut unsaid = Vec::new();
    for (what, after) in compiled {
        count += 1;
        assert_ne!(every.version, after.version);
        if diff(&every, &after).is_empty() {
            unsaid.push(what);
        }
    }
    (count, unsaid)
}

#[test]
fn no_other_number_is_left_unsaid() {
    let (count, unsaid) = unsaid(other_numbers(EVERY));
    assert_eq!(unsaid, Vec::<String>::new());
    assert!(count > 150, "{count}");
}

#[test]
fn no_other_word_is_left_unsaid() {
    let (count, unsaid) = unsaid(other_words(EVERY));
    assert_eq!(unsaid, Vec::<String>::new());
    assert!(count > 150, "{count}");
}

#[test]
fn nothing_that_goes_is_left_unsaid_but_comments_defaults_and_names_of_long_ago() {
    let (count, mut unsaid) = unsaid(shortened(EVERY));
    assert!(count > 100, "{count}");
    // Lines without anything on them.
    unsaid.retain(|gone| !gone.is_empty());
    let expected = [
        EVERY.lines().next().unwrap(),
        "late_events: count_now",
        "default: 100%",
        "real: 100%",
        "free: 0%",
        "per: \"1.00\"",
        "of: amount",
        "was: order_five",
        "on_change: keep",
        "start: automatic",
        "on_reversal: keep",
        "window: once",
        "window: once",
        "qualify: {over: lifetime}",
        "on_reversal: demote",
        "downgrade: never",
    ];
    assert_eq!(unsaid, expected);
}
