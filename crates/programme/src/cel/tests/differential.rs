//! Random predicates over random facts: the closures say what the naive reading says.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use types::{Decimal, Event, Timestamp, Value};

use super::super::{Env, check, compile, parse};
use super::fixture::{Player, event, facts, text, zone};
use super::naive;
use crate::model::{BuiltIn, Verdict};

fn one_of(texts: &[&'static str]) -> impl Strategy<Value = String> + Clone + use<> {
    prop::sample::select(texts.to_vec()).prop_map(str::to_owned)
}

/// Of any type, or missing.
fn attribute() -> impl Strategy<Value = String> + Clone {
    one_of(&[
        "event.attributes.a",
        "event.attributes.b",
        "event.attributes.m.a",
        "event.attributes['a']",
        "player.attributes.a",
    ])
}

fn number() -> impl Strategy<Value = String> + Clone {
    let plain = one_of(&[
        "event.amount",
        "event.occurred_at.getHours()",
        "event.occurred_at.getDayOfWeek()",
        "event.occurred_at.getMonth()",
        "event.occurred_at.getFullYear()",
        "event.occurred_at.getDate()",
        "event.occurred_at.getMinutes()",
        "size(event.attributes.a)",
        "event.attributes.m.size()",
        "size(player.segments)",
        "0",
        "1",
        "2.50",
        "-3",
        "0.000000000001",
        "12345678901234567890.000000000001",
        "-999999999999999999999999999999999999",
        "'1.0'",
    ]);
    let plain = prop_oneof![2 => plain, 1 => attribute()];
    plain.prop_recursive(2, 6, 2, |inner| {
        let two = (inner.clone(), one_of(&["+", "-", "*"]), inner.clone());
        let divided = (inner.clone(), one_of(&["2", "0.25", "-8", "100"]));
        prop_oneof![
            4 => two.prop_map(|(left, sign, right)| format!("({left} {sign} {right})")),
            1 => inner.prop_map(|inner| format!("-({inner})")),
            1 => divided.prop_map(|(inner, by)| format!("({inner} / {by})")),
        ]
    })
}

fn words() -> impl Strategy<Value = String> + Clone {
    let plain = one_of(&[
        "event.type",
        "event.currency",
        "player.country",
        "player.tier",
        "'x'",
        "'1'",
        "'1.0'",
        "\"GBP\"",
        "''",
        "r'x'",
        "'''1'''",
        "\"\\u0078\"",
    ]);
    prop_oneof![2 => plain, 1 => attribute()]
}

fn truth() -> impl Strategy<Value = String> + Clone {
    prop_oneof![1 => one_of(&["true", "false"]), 1 => attribute()]
}

/// Two values that can be compared, mostly.
fn pair() -> impl Strategy<Value = (String, String)> {
    prop_oneof![
        4 => (number(), number()),
        3 => (words(), words()),
        2 => (attribute(), prop_oneof![number(), words()]),
        1 => (number(), words()),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let equal = one_of(&["==", "!="]);
    let signs = one_of(&["==", "!=", "<", "<=", ">", ">="]);
    let compare =
        (pair(), signs).prop_map(|((left, right), sign)| format!("{left} {sign} {right}"));
    let alike =
        (truth(), equal, truth()).prop_map(|(left, sign, right)| format!("{left} {sign} {right}"));
    let numbers = (number(), prop::collection::vec(number(), 0..3));
    let texts = (words(), prop::collection::vec(words(), 0..3));
    let within = prop_oneof![numbers, texts]
        .prop_map(|(value, items)| format!("{value} in [{}]", items.join(", ")));
    let containers = one_of(&[
        "event.attributes.a",
        "event.attributes.m",
        "player.segments",
    ]);
    let inside = (prop_oneof![number(), words()], containers)
        .prop_map(|(value, list)| format!("{value} in {list}"));
    let tests = one_of(&["startsWith", "endsWith", "contains"]);
    let tested =
        (words(), tests, words()).prop_map(|(text, test, part)| format!("{text}.{test}({part})"));
    let having = one_of(&[
        "has(event.attributes.a)",
        "has(event.attributes.m.a)",
        "has(player.tier)",
        "has(player.attributes.a.b)",
        "'a' in event.attributes",
        "'a' in player.attributes",
        "'a' in event.attributes.m",
        "event.attributes.b.matches('^[x1]')",
        "matches(event.attributes.a, '1|G')",
        "event.attributes.a // what stands behind is for readers\n",
        "event.attributes.a",
        "true",
    ]);
    let leaf = prop_oneof![
        5 => compare,
        1 => alike,
        1 => within,
        1 => inside,
        1 => tested,
        2 => having,
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" && "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|parts| format!("({})", parts.join(" || "))),
            inner.prop_map(|inner| format!("!({inner})")),
        ]
    })
}

/// Small ones that meet often, and ones that fill a decimal.
fn decimal() -> impl Strategy<Value = Decimal> {
    let wide = (any::<i64>(), 0u8..13);
    prop_oneof![
        3 => (-3i64..4).prop_map(Decimal::from),
        1 => prop::sample::select(vec!["2.50", "0.000000000001", "12345678901234567890.000000000001"])
            .prop_map(|text| text.parse().unwrap()),
        1 => wide.prop_map(|(mantissa, scale)| Decimal::new(mantissa.into(), scale).unwrap()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        decimal().prop_map(Value::Number),
        prop::sample::select(vec!["", "x", "1", "1.0", "2.5", "GBP", "true", "1e1"]).prop_map(text),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
            prop::collection::btree_map(
                prop::sample::select(vec!["a".into(), "b".into()]),
                inner,
                0..2
            )
            .prop_map(|map| Value::Map(map.into_iter().collect())),
        ]
    })
}

fn some_event() -> impl Strategy<Value = Event> {
    let key = prop::sample::select(vec!["a".into(), "b".into(), "m".into()]);
    let attributes = prop::collection::btree_map(key, value(), 0..4);
    (
        attributes,
        prop::option::of(decimal()),
        0..Timestamp::MAX.nanos(),
    )
        .prop_map(|(attributes, amount, nanos)| Event {
            attributes: attributes.into_iter().collect(),
            amount,
            occurred_at: Timestamp::from_nanos(nanos).unwrap(),
            ..event()
        })
}

fn some_player() -> impl Strategy<Value = Player> {
    let key = prop::sample::select(vec!["a".into(), "country".into()]);
    let segment = prop::sample::select(vec!["x".to_owned(), "1".to_owned()]);
    (
        prop::collection::btree_map(key, value(), 0..3),
        prop::collection::btree_set(segment, 0..3),
        prop::option::of(Just("x".to_owned())),
    )
        .prop_map(|(attributes, segments, tier)| Player {
            attributes: attributes.into_iter().collect(),
            segments: segments.into_iter().collect(),
            tier,
        })
}

/// Everything that a predicate can be made of: functions, operators, fields, literals.
const SUBSET: &[&str] = &[
    "has(",
    "size(",
    ".size()",
    ".startsWith(",
    ".endsWith(",
    ".contains(",
    ".matches(",
    "matches(event",
    ".getFullYear()",
    ".getMonth()",
    ".getDate()",
    ".getDayOfWeek()",
    ".getHours()",
    ".getMinutes()",
    " == ",
    " != ",
    " < ",
    " <= ",
    " > ",
    " >= ",
    " in [",
    " in event.attributes",
    " in player.segments",
    " in player.attributes",
    " + ",
    " - ",
    " * ",
    " / ",
    "-(",
    "!(",
    " && ",
    " || ",
    "event.type",
    "event.amount",
    "event.currency",
    "event.attributes.a",
    "event.attributes['a']",
    "event.attributes.m.a",
    "player.attributes.a",
    "player.country",
    "player.tier",
    "'x'",
    "\"GBP\"",
    "r'x'",
    "'''1'''",
    "\\u0078",
    "true",
    "false",
    "0.000000000001",
    "//",
];

#[test]
fn the_whole_subset_is_generated_and_says_true_false_and_nothing() {
    let (order, zone, mut runner) = (
        BuiltIn::Order.event_type(),
        zone(),
        TestRunner::deterministic(),
    );
    let (mut compiled, mut verdicts) = (String::new(), BTreeMap::new());
    for _ in 0..4_000 {
        let case = (condition(), some_event(), some_player());
        let (source, event, player) = case.new_tree(&mut runner).unwrap().current();
        let env = Env {
            event: Some(&order),
            zone: &zone,
            source: &source,
        };
        if let Ok(tree) = check::check(&parse::parse(&source).unwrap(), &source, &env) {
            *verdicts
                .entry(naive::condition(&tree, &facts(&event, &player)))
                .or_insert(0) += 1;
            compiled += &source;
        }
    }
    let absent: Vec<_> = SUBSET
        .iter()
        .filter(|part| !compiled.contains(**part))
        .collect();
    assert!(absent.is_empty(), "{absent:?}");
    assert!(
        [Some(true), Some(false), None]
            .iter()
            .all(|verdict| verdicts.get(verdict) > Some(&500)),
        "{verdicts:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn closures_agree_with_a_naive_reading(source in condition(), event in some_event(), player in some_player()) {
        let order = BuiltIn::Order.event_type();
        let zone = zone();
        let env = Env { event: Some(&order), zone: &zone, source: &source };
        let parsed = parse::parse(&source).map_err(|wrong| TestCaseError::fail(format!("{source}: {wrong:?}")))?;
        // What is refused for its types says nothing here.
        if let Ok(tree) = check::check(&parsed, &source, &env) {
            let facts = facts(&event, &player);
            let predicate = compile::predicate(&source, &tree, &zone);
            let verdict = predicate.eval(&facts);
            let ruled_out = predicate.guard().is_some_and(|guard| match event.attributes.get(&guard.attribute) {
                None => false,
                Some(Value::Text(text)) => !guard.texts.contains(text),
                Some(_) => true,
            });
            prop_assert!(!ruled_out || verdict == Verdict::False, "{}", source);
            let satisfied = predicate.guard().is_some_and(|guard| match event.attributes.get(&guard.attribute) {
                Some(Value::Text(text)) => guard.texts.contains(text),
                _ => false,
            });
            prop_assert!(!satisfied || predicate.beyond_guard(|| facts) == verdict, "{}", source);
            let got = match verdict {
                Verdict::True => Some(true),
                Verdict::False => Some(false),
                Verdict::Error(_) => None,
            };
            prop_assert_eq!(got, naive::condition(&tree, &facts), "{}", source);
        }
    }

    #[test]
    fn what_is_divided_and_multiplied_again_is_itself(amount in decimal(), by in prop::sample::select(vec!["2", "0.25", "-8", "100", "0.0005", "64"])) {
        let event = Event { amount: Some(amount), ..event() };
        let verdict = super::fixture::eval(&format!("event.amount / {by} * {by} == event.amount"), &event, &Player::default());
        // A quotient with more digits than can be held is a fault, never a wrong number.
        prop_assert!(matches!(verdict, Ok(Verdict::True | Verdict::Error(_))), "{verdict:?}");
    }

    #[test]
    fn any_text_is_a_predicate_or_refused(source in "\\PC{0,60}") {
        if let Err(errors) = super::fixture::eval(&source, &event(), &Player::default()) {
            prop_assert!(!errors.is_empty());
        }
    }

    #[test]
    fn any_run_of_tokens_is_a_predicate_or_refused(tokens in prop::collection::vec(prop::sample::select(vec![
        "event", ".", "amount", "attributes", "(", ")", "[", "]", "!", "-", "+", "*", "/", "2", "'x'", "&&", "||",
        "==", "<", "in", "has", "size", "player", "segments", "true", ",", "matches", "getHours", "occurred_at", "?",
    ]), 0..24)) {
        if let Err(errors) = super::fixture::eval(&tokens.join(" "), &event(), &Player::default()) {
            prop_assert!(!errors.is_empty());
        }
    }
}
