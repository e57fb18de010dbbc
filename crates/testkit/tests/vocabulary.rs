//! Every key and every word of the programme language is used: by the programme that is to show all of them, and by what is generated.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::generate::{Chain, chains};

const EVERY_CONSTRUCT: &str = include_str!("../../../examples/every-construct.yaml");
const PAGE: &str = include_str!("../../../docs/programme.md");
/// Settings of which a programme has one: that programme cannot have the others.
const ALTERNATIVES: [&str; 3] = ["add", "highest", "record_only"];

#[test]
fn the_programme_of_every_construct_says_every_word() {
    assert_eq!(missing(EVERY_CONSTRUCT), ALTERNATIVES);
}

#[test]
fn generated_programmes_say_every_word() {
    let said = (0..200).map(|seed| {
        let Chain { case, versions } = chains(seed, 1).remove(0);
        let later = versions.into_iter().map(|version| version.plan);
        let plans = std::iter::once(case.plan).chain(later);
        plans.map(|plan| plan.to_string()).collect::<String>()
    });
    assert_eq!(missing(&said.collect::<String>()), [] as [&str; 0]);
}

#[test]
fn the_reference_page_has_an_example_of_every_word() {
    let fences = PAGE.split("\n```yaml").skip(1);
    let blocks = fences.filter_map(|rest| rest.split_once("\n```").map(|(block, _)| block));
    // Its first line says what the block is.
    let blocks = blocks.filter(|block| !block.starts_with(" refused"));
    assert_eq!(
        missing(&blocks.collect::<Vec<_>>().join("\n")),
        [] as [&str; 0]
    );
}

/// The keys, then the words, of the language that a text does not say.
fn missing(text: &str) -> Vec<String> {
    let (mut keys, mut words) = (BTreeSet::new(), BTreeSet::new());
    collect(&programme::json_schema(), &mut keys, &mut words);
    assert!(keys.len() > 60 && words.len() > 20, "{keys:?} {words:?}");
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let said: String = lines.flat_map(|line| [line, "\n"]).collect();
    let has = |text: &str, after: &[char]| {
        said.match_indices(text).any(|(at, _)| {
            let before = said[..at].chars().next_back();
            let next = said[at + text.len()..].chars().next();
            before.is_none_or(|it| [' ', '\n', '{', '['].contains(&it))
                && next.is_none_or(|it| after.contains(&it))
        })
    };
    let keys = keys.into_iter().filter(|key| !has(key, &[':']));
    let ends = [' ', '\n', ',', '}', ']'];
    let words = words.into_iter().filter(|word| !has(word, &ends));
    keys.chain(words).collect()
}

/// The properties and the enumerated words of a schema.
fn collect(schema: &Value, keys: &mut BTreeSet<String>, words: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match (name.as_str(), inner) {
                    ("properties", Value::Object(properties)) => {
                        keys.extend(properties.keys().cloned());
                    }
                    ("enum", Value::Array(all)) => {
                        words.extend(all.iter().filter_map(Value::as_str).map(str::to_owned));
                    }
                    _ => {}
                }
                collect(inner, keys, words);
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| collect(inner, keys, words)),
        _ => {}
    }
}
