//! What a reviewer would say every time: long files, leftovers, sleeps in tests, paths of somebody's machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// Lines beyond which a source file is two ideas.
const LINES_MAX: usize = 430;

/// Texts that have no place in a committed source file. Spelled in halves, so that this file passes its own check.
const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("to", "do!("), "unfinished code"),
    (concat!("unimpl", "emented!("), "unfinished code"),
    (concat!("TO", "DO"), "a note to oneself: open an issue"),
    (concat!("FIX", "ME"), "a note to oneself: open an issue"),
    (concat!("#[ig", "nore"), "a test that does not run"),
    (
        concat!("#[should", "_panic"),
        "a test that cannot say why it failed",
    ),
];

/// Says every finding in the files that git tracks or would track.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git does not start")?;
    let mut findings = Vec::new();
    for name in String::from_utf8(output.stdout)?
        .lines()
        .filter(|name| name.ends_with(".rs"))
    {
        // A file that git still lists may be gone from the folder.
        if let Ok(text) = fs::read_to_string(root.join(name)) {
            findings.extend(of_file(name, &text));
        }
    }
    Ok(findings)
}

fn of_file(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        findings.push(format!(
            "tidy: {name} has {lines} lines; {LINES_MAX} is where a file is two ideas"
        ));
    }
    let is_test = name.contains("/tests/") || name.ends_with("tests.rs");
    if !is_test && !text.starts_with("//!") {
        findings.push(format!(
            "tidy: {name} does not begin with what it is (`//!`)"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        let at = |what: &str| format!("tidy: {name}:{}: {what}", number + 1);
        findings.extend(
            LEFTOVERS
                .iter()
                .filter(|(text, _)| line.contains(text))
                .map(|(_, what)| at(what)),
        );
        // In a simulation time is simulated: sleeping is how it passes.
        let simulated = ["/tests/sim/", "/tests/nodes"];
        let simulated = simulated.iter().any(|place| name.contains(place));
        if is_test && !simulated && line.contains("sleep(") {
            findings.push(at("a sleep in a test: wait on a condition"));
        }
        if ["/home/", "/root/", "/Users/"]
            .iter()
            .any(|path| line.contains(path))
            && !name.starts_with("crates/xtask/")
        {
            findings.push(at("a path of somebody's machine"));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::of_file;

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert_eq!(
            of_file("crates/a/src/lib.rs", "//! What it is.\n"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn findings_name_the_file_and_the_line() {
        let text = concat!("//! x\n    to", "do!()\n");
        assert_eq!(
            of_file("crates/a/src/lib.rs", text),
            ["tidy: crates/a/src/lib.rs:2: unfinished code"]
        );
        let slept = of_file("crates/a/tests/b.rs", "sleep(1)\n");
        assert_eq!(
            slept,
            ["tidy: crates/a/tests/b.rs:1: a sleep in a test: wait on a condition"]
        );
        assert_eq!(of_file("crates/a/src/b.rs", &"//!\n".repeat(431)).len(), 1);
    }
}
