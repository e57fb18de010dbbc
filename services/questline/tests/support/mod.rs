//! What the tests of the binary share: running it, files, a server that can be killed.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod http;
pub(crate) mod process;
mod running;
pub(crate) mod server;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The binary under test, not yet started. Nothing of the caller's settings reaches it.
pub(crate) fn questline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_questline"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("QUESTLINE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs the binary to its end.
pub(crate) fn run<'a>(args: impl IntoIterator<Item = &'a str>) -> Output {
    questline().args(args).output().unwrap()
}

/// Its standard output, of a run that succeeded.
pub(crate) fn stdout_of(output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}: {errors}{text}", output.status);
    text
}

/// A file of the project's examples.
pub(crate) fn example(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(path)
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Lines of JSON, without what scenario files leave out.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| {
            let mut value: Value = serde_json::from_str(line).unwrap();
            if let Some(fields) = value.as_object_mut() {
                fields.remove("id");
                fields.remove("grant_id");
            }
            value
        })
        .collect()
}

/// Holds two lists equal, and shows the first line that differs.
pub(crate) fn assert_same_lines(what: &str, got: &[Value], expected: &[Value]) {
    for (number, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert_eq!(got, expected, "{what}, line {}", number + 1);
    }
    assert_eq!(got.len(), expected.len(), "{what}: number of lines");
}

/// How often each text occurs.
pub(crate) fn counted<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text.to_owned()).or_default() += 1;
    }
    counts
}
