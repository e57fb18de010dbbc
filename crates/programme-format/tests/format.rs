//! Programmes as they should look.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use programme_format::{FormatError, format};
use proptest::prelude::*;

fn formatted(source: &str) -> String {
    format("p.yaml", source).unwrap_or_else(|why| panic!("{why}\n{source}"))
}

/// Formats; and again, which changes nothing.
fn check(source: &str, expected: &str) {
    let once = formatted(source);
    assert_eq!(once, expected, "of\n{source}");
    assert_eq!(formatted(&once), once, "again");
}

#[test]
fn the_layout_is_one_and_comments_stay() {
    check(
        "# The shop's.\nprogramme:   x   # its id\n\n\n\nbrand: 'acme'\ncurrency: GBP\nearn:\n    - id: a  # the first\n      on:   order\n      give: { points: xp, rate: 1 }\n\n      # between\n    - {id: b, on: order, give: {points: xp, fixed: 1}}\n# the end\n",
        "# The shop's.\nprogramme: x     # its id\n\nbrand: \"acme\"\ncurrency: GBP\nearn:\n  - id: a    # the first\n    on: order\n    give: {points: xp, rate: 1}\n\n    # between\n  - {id: b, on: order, give: {points: xp, fixed: 1}}\n# the end\n",
    );
}

#[test]
fn keys_stand_in_the_order_of_the_reference_with_their_comments() {
    check(
        "# header\nbrand: acme # whose\n\n# its id,\n# chosen once\nprogramme: x\ncurrency: GBP\nmissions:\n  - window: day   # each day\n    # what counts\n    goal: {target: 2, count: order}\n    id: busy      # its name\n  - {reward: [{fixed: 5, points: xp}], goal: {count: order, target: 1}, id: first}\npoints:\n  xp: {kind: status}\n",
        "# header\n# its id,\n# chosen once\nprogramme: x\nbrand: acme # whose\ncurrency: GBP\npoints:\n  xp: {kind: status}\nmissions:\n  - id: busy      # its name\n    # what counts\n    goal: {count: order, target: 2}\n    window: day   # each day\n  - {id: first, goal: {count: order, target: 1}, reward: [{points: xp, fixed: 5}]}\n",
    );
}

#[test]
fn what_the_author_names_stays_in_its_order_and_what_the_language_does_not_know_stands_last() {
    check(
        "brand: b\ncolour: red\nprogramme: p\nconversion: {USD: 1, EUR: 2}\n",
        "programme: p\nbrand: b\nconversion: {USD: 1, EUR: 2}\ncolour: red\n",
    );
}

#[test]
fn a_comment_set_deeper_than_the_next_key_goes_with_what_is_above() {
    check(
        "missions:\n  - id: a\n    goal:\n      count: order\n      # and no more\nprogramme: p\n",
        "programme: p\nmissions:\n  - id: a\n    goal:\n      count: order\n      # and no more\n",
    );
}

#[test]
fn what_is_no_yaml_of_ours_is_refused_with_its_place() {
    for (source, said) in [
        ("programme: p\nbrand: [b\n", "p.yaml:2:8"),
        ("programme: &a p\n", "anchors"),
        ("programme: p\nprogramme: q\n", "here twice"),
        ("", "the file is empty"),
    ] {
        match format("p.yaml", source) {
            Err(FormatError::Wrong(errors)) => {
                assert!(errors.to_string().contains(said), "{source:?}: {errors}");
            }
            other => panic!("{source:?}: {other:?}"),
        }
    }
}

fn programmes(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let named = |name: &str| path.file_name().is_some_and(|it| it == name);
        if path.is_dir() && !named("target") {
            programmes(&path, found);
        } else if path.extension().is_some_and(|it| it == "yaml")
            && fs::read_to_string(&path)
                .unwrap()
                .lines()
                .any(|line| line.starts_with("programme:"))
        {
            found.push(path);
        }
    }
}

/// Every programme of the repository, and every one of the reference.
fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for folder in ["examples", "crates/programme/tests", "loadtest"] {
        programmes(&root.join(folder), &mut files);
    }
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).unwrap();
        (file.display().to_string(), text)
    };
    let mut all: Vec<_> = files.into_iter().map(read).collect();
    let reference = fs::read_to_string(root.join("docs/programme.md")).unwrap();
    let blocks = reference.split("```yaml").skip(1);
    let blocks = blocks.filter_map(|block| block.split("```").next()?.split_once('\n'));
    for (number, (_, text)) in blocks.enumerate() {
        all.push((
            format!("docs/programme.md, block {number}"),
            text.to_owned(),
        ));
    }
    assert!(all.len() > 50, "{}", all.len());
    all
}

fn sources() -> &'static [(String, String)] {
    static ALL: LazyLock<Vec<(String, String)>> = LazyLock::new(all);
    &ALL
}

/// What a programme says, its text and places aside.
fn compiled(name: &str, source: &str) -> Option<programme::Programme> {
    programme::compile(name, source).ok()
}

#[test]
fn no_programme_of_the_repository_means_anything_else_afterwards() {
    let mut compared = 0;
    for (name, source) in all() {
        let text = format(&name, &source).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert_eq!(format(&name, &text).unwrap(), text, "{name} again");
        let (Some(before), Some(after)) = (compiled(&name, &source), compiled(&name, &text)) else {
            assert!(compiled(&name, &source).is_none(), "{name} is wrong now");
            continue;
        };
        assert_eq!(programme::diff(&before, &after), [], "{name}");
        // The same to the last rule, but for what says where it was written.
        let said = |programme: &programme::Programme| {
            let text = format!("{programme:?}").replace(&*programme.version.0, "");
            text.replace(&format!("{:?}", programme.source), "")
        };
        assert_eq!(said(&before), said(&after), "{name}");
        compared += 1;
    }
    assert!(compared > 40, "{compared}");
}

#[test]
fn the_examples_are_formatted() {
    let mut wrong = Vec::new();
    for (name, source) in all() {
        let example = name.contains("/examples/") && !name.contains("/scenarios/");
        if example && formatted(&source) != source {
            wrong.push(name);
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "questline fmt changes these");
}

/// Lines of which a file is made up, YAML or nearly.
fn line() -> impl Strategy<Value = String> {
    let words = "id|on|goal|brand|programme|missions|when|'q'|\"q\"|a b|0\\.10|~|null|[a-z]{1,4}";
    let value = prop_oneof![
        Just(String::new()),
        words.prop_map(|it: String| format!(" {it}")),
        Just(" {id: a, goal: {target: 1, count: b}}".to_owned()),
        Just(" [a, 'b',  \"c\"]".to_owned()),
        Just(" {target: 1,\n   # in\n   count: b}".to_owned()),
        Just(" >\n      folded\n      text".to_owned()),
        Just(" |-\n      kept\n        text".to_owned()),
    ];
    let comment = prop_oneof![
        4 => Just(String::new()),
        1 => Just(" # c".to_owned()),
        1 => Just("     # far".to_owned()),
        1 => Just("\n# own".to_owned()),
        1 => Just("\n      # deep".to_owned()),
        1 => Just("\n\n\n".to_owned()),
    ];
    (0_usize..4, any::<bool>(), words, value, comment).prop_map(
        |(depth, item, key, value, comment)| {
            let dash = if item { "- " } else { "" };
            format!(
                "{:width$}{dash}{key}:{value}{comment}\n",
                "",
                width = depth * 2
            )
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_formatted_stays_so_and_says_the_same(lines in proptest::collection::vec(line(), 1..8)) {
        let source = lines.concat();
        if let Ok(text) = format("p.yaml", &source) {
            prop_assert_eq!(&format("p.yaml", &text).unwrap(), &text);
            let (before, after) = (programme::parse("p", &source), programme::parse("p", &text));
            prop_assert_eq!(before.unwrap(), after.unwrap());
        }
    }

    #[test]
    fn a_damaged_programme_is_formatted_to_what_stays_or_refused(
        which in any::<prop::sample::Index>(),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..40, "[-{}\\[\\]:,#|>'\"&*!?%@` \\t\\r\\n~é\u{0}a-c]{0,3}"), 1..6),
    ) {
        let mut source = which.get(sources()).1.clone();
        for (place, length, text) in damage {
            let start = source.floor_char_boundary(place.index(source.len() + 1));
            let end = source.ceil_char_boundary((start + length).min(source.len()));
            source.replace_range(start..end, &text);
        }
        if let Ok(text) = format("p.yaml", &source) {
            prop_assert_eq!(&format("p.yaml", &text).unwrap(), &text);
            let (before, after) = (programme::parse("p", &source), programme::parse("p", &text));
            prop_assert_eq!(before.unwrap(), after.unwrap());
        }
    }

    #[test]
    fn keys_of_a_mission_in_any_order_become_the_one_of_the_reference(order in Just(vec![0, 1, 2, 3, 4]).prop_shuffle()) {
        let fields = ["id: a # 0", "goal: {count: order, target: 1} # 1", "window: day # 2", "claim: {within: 1d} # 3", "audience: 'true' # 4"];
        let said: Vec<&str> = order.into_iter().map(|at| fields[at]).collect();
        let source = format!("missions:\n  - {}\n", said.join("\n    "));
        let expected = format!("missions:\n  - {}\n", fields.join("\n    ").replace('\'', "\""));
        prop_assert_eq!(format("p.yaml", &source).unwrap(), expected);
    }
}
