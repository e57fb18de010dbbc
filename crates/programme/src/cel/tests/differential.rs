//! Random predicates over random facts: the closures say what the naive reading says.

use proptest::prelude::*;
use types::{Event, Timestamp, Value};

use super::super::{Env, check, compile, parse};
use super::fixture::{Player, event, facts, text, zone};
use super::naive;
use crate::model::{BuiltIn, Verdict};

fn operand() -> impl Strategy<Value = String> {
    let fields = [
        "event.type",
        "event.amount",
        "event.currency",
        "event.attributes.a",
        "event.attributes.b",
        "event.attributes.m.a",
        "event.attributes['a']",
        "player.attributes.a",
        "player.country",
        "player.tier",
        "event.occurred_at.getHours()",
        "event.occurred_at.getDayOfWeek()",
        "event.occurred_at.getMonth()",
        "size(event.attributes.a)",
        "size(player.segments)",
    ];
    let literals = [
        "0", "1", "2.50", "-3", "'1'", "'1.0'", "'x'", "\"GBP\"", "true", "false", "''",
    ];
    prop_oneof![
        3 => prop::sample::select(fields.to_vec()).prop_map(str::to_owned),
        2 => prop::sample::select(literals.to_vec()).prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let value = operand().prop_recursive(2, 6, 2, |inner| {
        (
            inner.clone(),
            prop::sample::select(vec!["+", "-", "*"]),
            inner,
        )
            .prop_map(|(left, sign, right)| format!("({left} {sign} {right})"))
    });
    let compare = (
        value.clone(),
        prop::sample::select(vec!["==", "!=", "<", "<=", ">", ">="]),
        value.clone(),
    )
        .prop_map(|(left, sign, right)| format!("{left} {sign} {right}"));
    let within = (value.clone(), prop::collection::vec(value.clone(), 0..3))
        .prop_map(|(value, items)| format!("{value} in [{}]", items.join(", ")));
    let containers = vec![
        "event.attributes.a",
        "event.attributes.m",
        "player.segments",
    ];
    let inside = (value.clone(), prop::sample::select(containers))
        .prop_map(|(value, list)| format!("{value} in {list}"));
    let texts = (
        value.clone(),
        prop::sample::select(vec!["startsWith", "endsWith", "contains"]),
        value.clone(),
    )
        .prop_map(|(text, test, part)| format!("{text}.{test}({part})"));
    let having = prop::sample::select(vec![
        "has(event.attributes.a)",
        "has(event.attributes.m.a)",
        "has(player.tier)",
        "has(player.attributes.a.b)",
        "'a' in event.attributes",
        "event.attributes.b.matches('^[x1]')",
        "event.attributes.a",
    ]);
    let leaf = prop_oneof![5 => compare, 1 => within, 1 => inside, 1 => texts, 2 => having.prop_map(str::to_owned)];
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

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        (-3i64..4).prop_map(|number| Value::Number(number.into())),
        prop::sample::select(vec!["", "x", "1", "1.0", "2.5", "GBP", "true"]).prop_map(text),
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
        prop::option::of(0i64..4),
        0..Timestamp::MAX.nanos(),
    )
        .prop_map(|(attributes, amount, nanos)| Event {
            attributes: attributes.into_iter().collect(),
            amount: amount.map(Into::into),
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

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
