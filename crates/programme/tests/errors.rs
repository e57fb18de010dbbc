//! What a wrong programme is told: everything at once, where it stands, and what to write instead.

#[path = "errors/personal.rs"]
mod personal;
#[path = "errors/was.rs"]
mod was;

use programme::{Diagnostics, compile, compile_bytes};

fn errors(source: &str) -> Diagnostics {
    compile("summer.yaml", source).expect_err("a wrong programme")
}

fn messages(source: &str) -> Vec<String> {
    let told = |one: &programme::Diagnostic| format!("{}:{} {}", one.line, one.column, one.message);
    errors(source).iter().map(told).collect()
}

const HEAD: &str = "programme: p\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n";

fn told(body: &str) -> String {
    let lines = HEAD.lines().count();
    let told = |one: &programme::Diagnostic| {
        let help = one
            .help
            .as_deref()
            .map(|help| format!(" ({help})"))
            .unwrap_or_default();
        format!("{}:{} {}{help}", one.line - lines, one.column, one.message)
    };
    match compile("p.yaml", &format!("{HEAD}{body}\n")) {
        Ok(_) => "compiles".to_owned(),
        Err(errors) => errors.iter().map(told).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn an_error_shows_its_line_a_caret_what_was_expected_and_the_nearest_name() {
    let source = "programme: summer\nbrand: acme\ncurrency: GBP\npoints: {xp: {kind: status}}\nearn:\n  - id: order_xp\n    on: oder\n    give: {points: xpp, rate: 10, per: \"1.00\", of: amount}\n";
    let expected = "\
error: there is no event type `oder`
 --> summer.yaml:7:9
  |
7 |     on: oder
  |         ^^^^
  = expected: one of `bet_placed`, `bet_settled`, `deposit`, `withdrawal`, `order`, `registered`, `session_started` or `profile_changed`
  = help: did you mean `order`?

error: there is no points `xpp`
 --> summer.yaml:8:20
  |
8 |     give: {points: xpp, rate: 10, per: \"1.00\", of: amount}
  |                    ^^^
  = expected: `xp`
  = help: did you mean `xp`?

2 errors in summer.yaml";
    assert_eq!(errors(source).to_string(), expected);
}

#[test]
fn fifty_errors_are_fifty_errors() {
    let rules: String = (0..50)
        .map(|n| format!("- {{id: r{n}, on: order, give: {{points: nowhere, fixed: 1}}}}\n"))
        .collect();
    let found = errors(&format!("{HEAD}earn:\n{rules}"));
    assert_eq!((found.count(), found.iter().len()), (50, 50));
    assert_eq!(
        found
            .to_string()
            .matches("there is no points `nowhere`")
            .count(),
        50
    );
    assert_eq!(found.to_json()["errors"].as_array().map(Vec::len), Some(50));
    let lines: Vec<_> = found.iter().map(|one| one.line).collect();
    assert!(lines.is_sorted());
}

#[test]
fn errors_of_all_kinds_come_together() {
    let source = "programe: x\nbrand: b!\ncurrency: GBX\ntimezone: Europe/Lodon\npoints: {xp: {kind: statis}}\nmissions:\n- {id: m, goal: {count: order, target: 0}, window: fortnight, after: [m], audience: plyer.tier == 'a'}\n";
    assert_eq!(
        messages(source),
        [
            "1:1 unknown key `programe` in the programme",
            "1:1 the programme has no `programme`",
            "2:8 expected a brand of 1 to 64 letters, digits, `.`, `_` or `-`, found `b!`",
            "3:11 unknown currency `GBX`",
            "4:11 unknown time zone `Europe/Lodon`",
            "5:21 unknown kind of points `statis`",
            "7:40 the target of this goal cannot be 0",
            "7:52 unknown window `fortnight`",
            "7:71 missions wait for each other: `m` after `m`",
            "7:85 unknown name `plyer`",
        ]
    );
}

#[test]
fn each_wrong_thing_has_its_sentence() {
    let table = [
        (
            "tiers: [{id: t, by: xp, levels: [{id: a, at: 1}]}]",
            "1:46 the first level is not at 0",
        ),
        (
            "tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: a, at: 0}]}]",
            "1:55 the level `a` is here twice\n1:62 thresholds do not rise",
        ),
        (
            "tiers: [{id: t, by: xp, levels: []}]",
            "1:33 a tier set has no levels",
        ),
        (
            "tiers: [{id: t, by: coins, levels: [{id: a, at: 0}]}]",
            "1:21 there is no points `coins`",
        ),
        (
            "rewards: [{id: v, kind: bonus}]",
            "1:11 this reward has no `template`",
        ),
        (
            "rewards: [{id: v, kind: points}]",
            "1:11 a reward of kind `points` has no `give`",
        ),
        (
            "rewards: [{id: v, kind: code}]",
            "1:11 this reward has no `template`",
        ),
        (
            "rewards: [{id: v, kind: bonus, template: V, expires: 0}]",
            "1:54 a reward that is good for no time",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 0}}]",
            "1:52 `rate` has to be above 0",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 0.0000000000001}}]",
            "1:52 `rate` has 13 decimals",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1e3}}]",
            "1:52 `1e3` has an exponent (write it out: 1000)",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1e-1}}]",
            "1:52 `1e-1` has an exponent (write it out: 0.1)",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, fixed: 0.0000001}}]",
            "1:53 `fixed` has 7 decimals",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, fixed: .inf}}]",
            "1:53 expected a decimal such as 10 or \"0.50\", found `.inf`",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp}}]",
            "1:33 `give` says neither `rate` nor `fixed`",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1, fixed: 1}}]",
            "1:62 `give` has both `rate` and `fixed`",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1, per: 0}}]",
            "1:60 `per` has to be above 0",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1, of: items}}]",
            "1:59 `items` names no value of an event (an attribute is written `attributes.items`)",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: 1, of: event.amount}}]",
            "1:59 `event.amount` names no value of an event (did you mean `amount`?)",
        ),
        (
            "missions: [{id: m, goal: {distinct: amount, of: order, target: 2}}]",
            "1:37 `amount` names no value of an event (an attribute is written `attributes.amount`)",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 2}, window: rolling 0mo}]",
            "1:61 unknown window `rolling 0mo`",
        ),
        (
            "earn: [{id: r, on: order_cancelled, give: {points: xp, fixed: 1}}]",
            "1:20 events of type `order_cancelled` cannot be counted: they undo, correct or command something",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, fixed: 1}, cap: [{points: 0, per: day}]}]",
            "1:72 a cap has to be above 0",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, fixed: 1}, cap: [{points: 1, per: day}, {points: 2, per: day}]}]",
            "1:103 there is another cap for this period",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, fixed: 1}}, {id: r, on: order, give: {points: xp, fixed: 1}}]",
            "1:63 the earn rule `r` is here twice",
        ),
        (
            "earn: [{id: 'a b', on: order, give: {points: xp, fixed: 1}}]",
            "1:13 expected an id of 1 to 64 letters, digits, `_` or `-`, found `a b`",
        ),
        ("earn: {}", "1:7 expected a list, found a map"),
        ("earn:", "1:5 expected a list, found nothing"),
        (
            "earn: [{on: order, give: {points: xp, fixed: 1}}]",
            "1:8 an earn rule has no `id`",
        ),
        (
            "boosts: [{id: b, from: 2011-11-28T00:00, until: 2011-11-25T00:00, multiply: 2}]",
            "1:49 a boost cannot end before it begins",
        ),
        (
            "boosts: [{id: b, from: 2011-11-25T00:00, until: 2011-11-28T00:00, multiply: 0, on: [r]}]",
            "1:77 a multiplier has to be above 0\n1:85 there is no earn rule `r`",
        ),
        (
            "boosts: [{id: b, from: 2011-11-25T00:00Z, until: 2011-02-30T00:00, multiply: 2}]",
            "1:24 expected a local date and time such as 2011-11-25T00:00, found `2011-11-25T00:00Z` (boost times have no offset: they are local times of the programme's zone)\n1:50 expected a local date and time such as 2011-11-25T00:00, found `2011-02-30T00:00`",
        ),
        (
            "boost_stacking: {how: multipy, ceiling: 0.5}",
            "1:23 unknown way of stacking `multipy` (did you mean `multiply`?)\n1:41 a ceiling below 1 would take points away",
        ),
        (
            "conversion: {EUR: 0, GBP: 1, eur: 1}",
            "1:19 a conversion rate has to be above 0\n1:22 `GBP` is the programme's own currency\n1:30 unknown currency `eur` (did you mean `EUR`?)",
        ),
        (
            "weights: {default: 50, game: {a: 12.345%}}",
            "1:20 expected a share from 0% to 1000% with at most two decimals, such as 12.5%, found `50`\n1:34 expected a share from 0% to 1000% with at most two decimals, such as 12.5%, found `12.345%`",
        ),
        (
            "lateness: 1mo",
            "1:11 `lateness` cannot be in months, which have no fixed length",
        ),
        (
            "lateness: two days",
            "1:11 expected a span such as 30m, 48h, 14d, 2w or 12mo, found `two days`",
        ),
        (
            "event_types: {order: {}, x: {attributes: {a: text}}}",
            "1:15 the event type `order` is built in\n1:46 unknown attribute type `text`",
        ),
        (
            "missions: [{id: m, goal: {target: 5}}]",
            "1:26 this goal does not say what counts",
        ),
        (
            "missions: [{id: m, goal: {count: order, sum: amount, of: order, target: 5}}]",
            "1:46 a goal is either `count` or `sum`\n1:58 a goal of kind `count` has no `of`",
        ),
        (
            "missions: [{id: m, goal: {sum: amount, target: 5}}]",
            "1:26 a goal of kind `sum` needs `of`",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1.5}}]",
            "1:49 the target of this goal cannot be 1.5",
        ),
        (
            "missions: [{id: m, goal: {all: []}}]",
            "1:32 `all` has no goals",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}, from: 2011-11-25T00:00, until: 2011-11-25T00:00}]",
            "1:84 this mission ends before it begins",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1001}, window: rolling 30d}]",
            "1:26 this goal needs 1001 events, each kept by itself",
        ),
        (
            "missions: [{id: m, goal: {steps: [{count: order, target: 600}, {count: deposit, target: 401}]}}]",
            "1:26 this goal needs 1001 events, each kept by itself",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}, claim: {within: 0}}]",
            "1:69 nobody can claim within no time",
        ),
        (
            "missions: [{id: m, goal: {streak: day, of: order, target: 8, freezes: 1001}}]",
            "1:71 too many freezes",
        ),
        (
            "missions: [{id: m, goal: {streak: day, of: order, target: 8}, window: week}]",
            "1:59 a streak of 8 is longer than its window",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}, reward: [{grant: v}, {points: xp}]}]",
            "1:70 there is no reward `v`\n1:74 a reward item is either points or a grant",
        ),
        (
            "missions: [{id: a, goal: {count: order, target: 1}, after: [b]}, {id: b, goal: {count: order, target: 1}, after: [c]}, {id: c, goal: {count: order, target: 1}, after: [a, b]}]",
            "1:61 missions wait for each other: `a` after `b` after `c` after `a` (take one of these prerequisites away)",
        ),
    ];
    let wrong: Vec<_> = table
        .into_iter()
        .map(|(body, expected)| (body, expected, told(body)))
        .filter(|(_, expected, got)| got != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn an_audience_that_nobody_can_be_in_is_told_and_any_other_is_not() {
    let never = [
        "false",
        "1 > 2",
        "player.country == 'A' && player.country == 'B'",
        "player.country == 'A' && player.country != 'A'",
        "player.country in ['A', 'B'] && player.country == 'C'",
        "player.country in ['A', 'B'] && !(player.country in ['A', 'B', 'C']) && player.country in ['C']",
        "player.attributes.age > 30 && player.attributes.age < 18",
        "player.attributes.age > 18 && 18 >= player.attributes.age",
        "player.attributes.age == 17 && player.attributes.age >= 18",
        "player.attributes.vip == true && player.attributes.vip == false",
        "!has(player.attributes.vip) && player.attributes.vip == true",
        "!(player.tier == 'x' || player.tier != 'x')",
        "(player.tier == 'x' || player.tier == 'y') && player.tier == 'z'",
    ];
    let sometimes = [
        "true",
        "player.country == 'A' || player.country == 'B'",
        "player.country == 'A' && player.tier == 'B'",
        "player.attributes.age >= 18 && player.attributes.age <= 18",
        "player.attributes.age == '18' && player.attributes.age == 18.0",
        "player.attributes.age > 18 && player.attributes.age != 30",
        "'vip' in player.segments && !('blocked' in player.segments)",
        "player.country.startsWith('A') && player.country == 'B'",
        "player.attributes.a == player.attributes.b && player.attributes.a != 'x'",
    ];
    let told = |audience: &str| {
        told(&format!(
            "missions: [{{id: m, goal: {{count: order, target: 1}}, audience: \"{audience}\"}}]"
        ))
    };
    for audience in never {
        let expected = "1:63 nobody can be in this audience: it contradicts itself (join what excludes each other by `||`)";
        assert_eq!(told(audience), expected, "{audience}");
    }
    for audience in sometimes {
        assert_eq!(told(audience), "compiles", "{audience}");
    }
    let many: Vec<String> = (0..50)
        .map(|n| format!("(player.attributes.a{n} == 1 || player.attributes.a{n} == 2)"))
        .collect();
    assert_eq!(
        told(&many.join(" && ")),
        "compiles",
        "more ways than are tried"
    );
}

#[test]
fn contradictions_of_a_programme_are_told_where_they_stand() {
    let table = [
        (
            "tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 20}, {id: c, at: 10}]}]",
            "1:79 thresholds do not rise",
        ),
        (
            "missions: [{id: m, goal: {streak: day, of: order, target: 5}, window: rolling 2d}]",
            "1:59 a streak of 5 is longer than its window",
        ),
        (
            "missions: [{id: m, goal: {steps: [{streak: week, of: order, target: 2}]}, window: week}]",
            "1:69 a streak of 2 is longer than its window",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}, after: [m]}]",
            "1:61 missions wait for each other: `m` after `m` (take one of these prerequisites away)",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}}, {id: m, goal: {count: order, target: 1}}]",
            "1:59 the mission `m` is here twice",
        ),
        (
            "missions: [{id: m, goal: {count: order, target: 1}, limit: {per_player: 0}}]",
            "1:73 a limit has to be above 0",
        ),
        (
            "earn: [{id: r, on: order, give: {points: xp, rate: \"0.000000000001\"}}]",
            "compiles",
        ),
        (
            "points: {c: {kind: status, cap: [{points: 0, per: month}]}}",
            "1:1 the key `points` is here twice",
        ),
    ];
    let wrong: Vec<_> = table
        .into_iter()
        .map(|(body, expected)| (body, expected, told(body)))
        .filter(|(_, expected, got)| got != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let missions: String = (0..10_000)
        .map(|n| format!("- {{id: m{n}, goal: {{count: order, target: 1}}}}\n"))
        .collect();
    let told = told(&format!("missions:\n{missions}"));
    assert_eq!(told, "1002:8 there are more than 1000 of these: mission");
}

#[test]
fn bytes_that_are_no_text_are_refused_where_they_begin() {
    let found = compile_bytes("p.yaml", b"programme: p\nbrand: \xff\n").expect_err("no UTF-8");
    let one = found.iter().next().expect("an error");
    assert_eq!((one.line, one.column), (2, 8));
}

#[test]
fn control_characters_and_long_lines_do_not_reach_the_terminal() {
    let source = format!("{HEAD}\"\u{1b}[31m\": {}\n", "x".repeat(50_000));
    let shown = errors(&source).to_string();
    assert!(!shown.contains('\u{1b}'));
    assert!(
        shown.lines().all(|line| line.chars().count() < 400),
        "{shown}"
    );
}
