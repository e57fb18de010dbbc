//! What the reader refuses, and that nothing takes it long.

use super::read;
use crate::diagnostics::Problems;

fn errors(source: &str) -> String {
    let mut problems = Problems::default();
    let _ = read(source, &mut problems);
    if problems.is_empty() {
        return String::new();
    }
    let found = problems.finish("f.yaml", source);
    let all: Vec<_> = found
        .iter()
        .map(|one| format!("{}:{} {}", one.line, one.column, one.message))
        .collect();
    all.join("\n")
}

#[test]
fn what_makes_yaml_dangerous_is_refused_where_it_stands() {
    let table = [
        (
            "a: &x 1\nb: *x\nc: *y",
            "1:7 anchors (`&name`) are not part of the language\n2:4 aliases (`*name`) are not part of the language\n3:4 aliases (`*name`) are not part of the language",
        ),
        (
            "a: !!str 1",
            "1:10 tags (`!!str`) are not part of the language",
        ),
        (
            "%YAML 1.2\n---\na: 1",
            "1:1 directives (`%`) are not part of the language",
        ),
        ("a: 1\n---\nb: 2", "2:1 a second document begins here"),
        (
            "a: 1\na: 2\nb: 3\nb: 4",
            "2:1 the key `a` is here twice\n4:1 the key `b` is here twice",
        ),
        ("<<: {a: 1}", "1:1 merge keys are not part of the language"),
        (
            "? [a, b]\n: 1",
            "1:3 expected a word as the key, found a list",
        ),
        ("", "1:1 the file is empty"),
        ("# nothing\n", "1:1 the file is empty"),
        ("a: [1, 2", "1:4 this is not YAML: unclosed bracket '['"),
        (
            "a:\n\tb: 1",
            "2:2 this is not YAML: tabs disallowed within this context (block indentation)",
        ),
    ];
    for (source, expected) in table {
        assert_eq!(errors(source), expected, "{source}");
    }
}

#[test]
fn hostile_files_are_bounded() {
    let laughs = "a: &a [l,l,l,l,l,l,l,l,l]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n";
    assert!(errors(laughs).contains("aliases"));
    let many = 1 << 20;
    for source in [
        "[".repeat(many),
        "{a: ".repeat(many / 4),
        "- ".repeat(many / 2),
        "? ".repeat(many / 2),
    ] {
        assert!(
            errors(&source).contains("nested too deep"),
            "{}",
            &source[..8]
        );
    }
    let steps: String = (0..200)
        .map(|depth| format!("{}a:\n", " ".repeat(depth)))
        .collect();
    assert!(errors(&steps).contains("nested too deep"));
    assert!(errors(&" ".repeat(many + 1)).contains("1048577 bytes"));
}
