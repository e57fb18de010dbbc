//! Any text is a programme or a list of errors, soon.

use std::time::{Duration, Instant};

use programme::{compile, compile_bytes};
use proptest::prelude::*;

const VALID: &str = include_str!("programmes/everything.yaml");

#[test]
fn the_seed_compiles() {
    let compiled = compile("everything.yaml", VALID);
    assert!(compiled.is_ok(), "{}", compiled.unwrap_err());
}

#[test]
fn a_file_full_of_errors_is_told_in_time() {
    let many = 1 << 20;
    let head = "programme: p\nbrand: b\ncurrency: GBP\n";
    let files = [
        format!("{head}earn: [{}]", "{},".repeat(many / 12)),
        format!("{head}earn: [{}]", "a,".repeat(many / 8)),
        (0..many / 12)
            .map(|n| format!("k{n:06}: 1\n"))
            .collect::<String>(),
        (0..many / 24)
            .map(|n| format!("- {{id: a, goal: {n}}}\n"))
            .collect::<String>(),
        format!(
            "{head}missions:\n{}",
            (0..9_000)
                .map(|n| format!(
                    "- {{id: m{n}, goal: {{count: order, target: 1}}, after: [m{}]}}\n",
                    (n + 1) % 9_000
                ))
                .collect::<String>()
        ),
        format!("{head}audience: {}", "(".repeat(many - 100)),
        "x".repeat(many),
    ];
    for file in files {
        let begun = Instant::now();
        let errors = compile("hostile.yaml", &file).expect_err("a wrong programme");
        assert!(errors.count() >= 1);
        assert!(errors.to_string().len() < 8 << 20);
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}: {}",
            begun.elapsed(),
            &file[..60]
        );
    }
}

fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "",
        " ",
        "\n",
        ": ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "0",
        "-1",
        "1e9",
        "%",
        "null",
        "~",
        "&a ",
        "*a",
        "!!int ",
        "id",
        "order",
        "xp",
        "goal",
        "streak: day",
        "target: 99999999999999999999",
        "event.amount",
        "&&",
        "once",
        "\t",
        "é",
        "\u{0}",
        "|\n",
    ];
    prop::sample::select(pieces.to_vec()).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_a_programme_or_errors(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Err(errors) = compile_bytes("f", &bytes) {
            prop_assert!(errors.count() > 0 && !errors.to_string().is_empty());
        }
    }

    #[test]
    fn any_text_is_a_programme_or_errors(text in "[a-z:{}\\[\\]\\- \n'\"&*!|>%#,0-9.]{0,200}") {
        if let Err(errors) = compile("f", &text) {
            prop_assert!(errors.count() > 0 && !errors.to_string().is_empty());
        }
    }

    #[test]
    fn a_mutated_programme_is_a_programme_or_errors(changes in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, piece()), 1..6)) {
        let mut text: Vec<char> = VALID.chars().collect();
        for (at, removed, added) in changes {
            let at = at.index(text.len());
            let end = (at + removed).min(text.len());
            text.splice(at..end, added.chars());
        }
        let text: String = text.into_iter().collect();
        if let Err(errors) = compile("f", &text) {
            prop_assert!(errors.count() > 0);
            for one in errors.iter() {
                prop_assert!(one.line >= 1 && one.column >= 1 && text.get(one.span.start..one.span.end).is_some(), "{:?}", one);
            }
            let _ = errors.to_string();
        }
    }
}
