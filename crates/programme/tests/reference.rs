//! The reference page is true: its examples compile, and what it says is refused is refused.

const PAGE: &str = include_str!("../../../docs/programme.md");

// The fenced YAML blocks: what stands behind "```yaml", and the block.
fn blocks() -> Vec<(&'static str, &'static str)> {
    let fences = PAGE.split("\n```yaml").skip(1);
    fences
        .map(|rest| {
            let (kind, rest) = rest.split_once('\n').expect("a line");
            let block = rest.split_once("\n```").expect("a closing fence").0;
            (kind.trim(), block)
        })
        .collect()
}

#[test]
fn every_example_compiles_or_is_refused_as_it_says() {
    let blocks = blocks();
    assert!(blocks.len() >= 12);
    let head = blocks
        .iter()
        .find(|(kind, _)| *kind == "head")
        .expect("the head")
        .1;
    for (kind, block) in &blocks {
        let whole = format!("{head}\n{block}\n");
        let source = if matches!(*kind, "head" | "whole") {
            block
        } else {
            whole.as_str()
        };
        let compiled = programme::compile("summer.yaml", source);
        match kind.strip_prefix("refused: ") {
            None => assert!(compiled.is_ok(), "{}", compiled.expect_err("errors")),
            Some(message) => {
                let errors = compiled.expect_err("a refused example");
                assert_eq!(
                    errors
                        .iter()
                        .map(|one| one.message.as_str())
                        .collect::<Vec<_>>(),
                    [message]
                );
            }
        }
    }
}

#[test]
fn the_error_on_the_page_is_the_error_that_is_shown() {
    let blocks = blocks();
    let head = blocks
        .iter()
        .find(|(kind, _)| *kind == "head")
        .expect("the head")
        .1;
    let wrong = blocks
        .iter()
        .find(|(kind, _)| kind.contains("`oder`"))
        .expect("the wrong one")
        .1;
    let shown = programme::compile("summer.yaml", &format!("{head}\n{wrong}\n"))
        .expect_err("errors")
        .to_string();
    let page = PAGE
        .split("```text\n")
        .nth(1)
        .and_then(|rest| rest.split("\n```").next());
    assert_eq!(page, shown.split("\n\n").next(), "{shown}");
}
