//! What cannot be compiled is refused where it stands.

use crate::compile;

// The only error of a programme with this predicate, as "columns in the predicate: message".
fn refused(section: &str, predicate: &str) -> String {
    let head = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n\
        event_types: {read: {attributes: {section: string, minutes: int, done: bool}}}\n";
    let rule = |on: &str| {
        format!(
            "earn:\n- id: r\n  on: {on}\n  give: {{points: xp, fixed: 1}}\n  when: {predicate}\n"
        )
    };
    let body = match section {
        "audience" => format!(
            "missions:\n- id: m\n  goal: {{count: order, target: 1}}\n  audience: {predicate}\n"
        ),
        on => rule(on),
    };
    let before = if section == "audience" { 12 } else { 8 };
    let source = format!("{head}{body}");
    match compile("p.yaml", &source) {
        Ok(_) => "compiles".to_owned(),
        Err(errors) => {
            let all: Vec<_> = errors
                .iter()
                .map(|one| {
                    let start = one.column - 1 - before;
                    format!(
                        "{start}..{}: {}",
                        start + one.span.end - one.span.start,
                        one.message
                    )
                })
                .collect();
            all.join("\n")
        }
    }
}

#[test]
fn errors_point_into_the_predicate() {
    let table = [
        (
            "event.amount >= 1e-1",
            "16..20: `1e-1` is not a number here",
        ),
        (
            "event.amount >= 0x10",
            "16..20: `0x10` is not a number here",
        ),
        (
            "event.amount >=",
            "15..15: expected a value, found the end of the predicate",
        ),
        ("event.amount = 5", "13..14: `=` is not part of CEL"),
        (
            "event.amount > 5 and true",
            "17..20: expected an operator or the end, found `and`",
        ),
        ("event.amont > 5", "6..11: `event` has no field `amont`"),
        ("evnt.amount > 5", "0..4: unknown name `evnt`"),
        (
            "event.amount",
            "0..12: expected a condition, found a number",
        ),
        (
            "event.amount > 5 ? true",
            "17..18: `? :` is not carried by the language",
        ),
        (
            "event.amount % 2 == 0",
            "13..14: `%` is not carried by the language",
        ),
        ("event.amount / 3 > 1", "15..16: this division is not exact"),
        ("event.amount / 0 > 1", "15..16: this division is not exact"),
        (
            "event.amount / event.amount > 1",
            "15..27: this division is not exact",
        ),
        (
            "event.amount > true",
            "0..19: a number is compared with a condition",
        ),
        (
            "event.amount > 'many'",
            "0..21: a number is compared with a text",
        ),
        (
            "event.currency == null",
            "18..22: `null` is not carried by the language: what is absent is missing",
        ),
        (
            "event.occurred_at > 5",
            "0..17: `event.occurred_at` can only be asked for its parts",
        ),
        (
            "event.occurred_at.getHours('UTC') > 5",
            "18..26: `getHours` takes nothing",
        ),
        (
            "event.attributes.exists(x, x > 1)",
            "17..23: `exists` is not carried by the language",
        ),
        (
            "event.currency.matches('(')",
            "23..26: not a regular expression: unclosed group",
        ),
        (
            "event.currency.matches(event.type)",
            "23..33: a regular expression has to be a text written here",
        ),
        ("1 == [1]", "5..8: a list can only stand after `in`"),
        ("event.id == '1'", "6..8: `event` has no field `id`"),
        ("now > 1", "0..3: unknown name `now`"),
        (
            "event.attributes.x + 'y' == 'z'",
            "21..24: expected a number beside `+`, found a text",
        ),
        (
            "event.amount > 5 && event.x && plaer.tier == 'a'",
            "26..27: `event` has no field `x`\n31..36: unknown name `plaer`",
        ),
        ("b'x' == 'x'", "0..2: bytes are not carried by the language"),
        (
            "event.attributes[0] == 1",
            "17..18: only a text can stand between `[` and `]`",
        ),
    ];
    let wrong: Vec<_> = table
        .into_iter()
        .map(|(predicate, expected)| (predicate, expected, refused("order", predicate)))
        .filter(|(_, expected, got)| got != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn attributes_are_checked_against_their_declaration() {
    let table = [
        (
            "event.attributes.minutes >= 5 && event.attributes.done && event.attributes.section == 'news'",
            "compiles",
        ),
        (
            "event.attributes.minuets >= 5",
            "17..24: events of type `read` have no attribute `minuets`",
        ),
        (
            "'sections' in event.attributes",
            "0..10: events of type `read` have no attribute `sections`",
        ),
        (
            "event.attributes.minutes.seconds >= 5",
            "17..24: the attribute `minutes` has no fields",
        ),
        (
            "event.attributes.done > 5",
            "0..25: a condition is compared with a number",
        ),
        (
            "event.attributes.minutes && true",
            "0..24: expected a condition beside `&&`, found a number",
        ),
        (
            "event.attributes.minutes.startsWith('5')",
            "0..24: expected a text, found a number",
        ),
    ];
    for (predicate, expected) in table {
        let quoted = format!("{predicate:?}");
        let got = if predicate.starts_with('\'') {
            refused("read", &quoted)
        } else {
            refused("read", predicate)
        };
        let shifted = if predicate.starts_with('\'') {
            expected.replacen("0..10", "1..11", 1)
        } else {
            expected.to_owned()
        };
        assert_eq!(got, shifted, "{predicate}");
    }
}

#[test]
fn an_audience_asks_only_about_the_player() {
    assert_eq!(refused("audience", "player.tier == 'gold'"), "compiles");
    assert_eq!(
        refused("audience", "event.amount > 5"),
        "0..12: there is no event to ask about: an audience is about the player"
    );
}

#[test]
fn depth_and_length_are_bounded() {
    let table = [
        (
            format!("{}true{}", "(".repeat(3_000 / 2), ")".repeat(3_000 / 2)),
            "nested too deep",
        ),
        (format!("{}true", "!".repeat(3_000)), "nested too deep"),
        (format!("1 == 1{}", " + 1".repeat(900)), "nested too deep"),
        (format!("event{}", ".a".repeat(1_500)), "nested too deep"),
        (format!("true{}", " && true".repeat(600)), "bytes"),
    ];
    for (predicate, expected) in table {
        let got = refused("order", &format!("{predicate:?}"));
        assert!(got.contains(expected), "{got}");
    }
    // A chain is one node: only its length is bounded.
    assert_eq!(
        refused("order", &format!("1 == 1{}", " && true".repeat(400))),
        "compiles"
    );
}

#[test]
fn an_error_is_found_again_behind_quotes_and_line_breaks() {
    let table = [
        ("when: 'event.currency == ''GBP'' && evnt.x == 1'", (1, 37)),
        (
            "when: \"event.currency == \\\"GBP\\\" && evnt.x == 1\"",
            (1, 37),
        ),
        (
            "when: |\n    event.currency == 'GBP'\n    && evnt.x == 1",
            (3, 8),
        ),
        (
            "when: >-\n    event.currency == 'GBP'\n    && evnt.x == 1",
            (3, 8),
        ),
        ("when: event.currency == 'GBP'\n    && evnt.x == 1", (2, 8)),
    ];
    for (when, expected) in table {
        let head = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\nearn:\n- id: r\n  on: order\n  give: {points: xp, fixed: 1}\n";
        let source = format!("{head}  {when}\n");
        let errors = compile("p.yaml", &source).unwrap_err();
        let first = errors.iter().next().unwrap();
        let column = if expected.0 == 1 {
            first.column - 2
        } else {
            first.column
        };
        assert_eq!((first.line - 8, column), expected, "{errors}");
        assert_eq!(
            &source[first.span.start..first.span.end],
            "evnt",
            "{errors}"
        );
    }
}
