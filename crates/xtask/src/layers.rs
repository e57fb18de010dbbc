//! The direction of dependencies: an allow-list for every crate.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::workspace::{Package, Workspace, closure};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Layers {
    edges: BTreeMap<String, Vec<String>>,
    dev_only: DevOnly,
    closed: BTreeMap<String, Closed>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DevOnly {
    crates: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Closed {
    crates: Vec<String>,
}

/// Says every edge that is not allowed, and every allowance that nothing uses.
pub(crate) fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let file = workspace.root.join("crates/xtask/layers.toml");
    let layers: Layers = toml::from_str(&fs::read_to_string(&file)?).context("layers.toml")?;
    let mut findings = Vec::new();
    for package in &workspace.packages {
        match layers.edges.get(&package.name) {
            Some(allowed) => compare(package, allowed, &layers.dev_only.crates, &mut findings),
            None => findings.push(format!(
                "layers: {} has no line in layers.toml",
                package.name
            )),
        }
    }
    for name in layers.edges.keys().filter(|name| {
        !workspace
            .packages
            .iter()
            .any(|package| package.name == **name)
    }) {
        findings.push(format!(
            "layers: layers.toml names {name}, which is no crate of the workspace"
        ));
    }
    for (name, closed) in &layers.closed {
        differences(
            name,
            "is built from",
            &closure(name)?,
            &closed.crates,
            &mut findings,
        );
    }
    Ok(findings)
}

fn compare(package: &Package, allowed: &[String], dev_only: &[String], findings: &mut Vec<String>) {
    let ours: Vec<String> = package.ours(None).into_iter().map(str::to_owned).collect();
    differences(&package.name, "depends on", &ours, allowed, findings);
    let is_for_tests = dev_only.contains(&package.name);
    for name in ours
        .iter()
        .filter(|name| !is_for_tests && dev_only.contains(name))
    {
        findings.push(format!(
            "layers: {} depends on {name}, which is for tests only",
            package.name
        ));
    }
}

fn differences(
    name: &str,
    verb: &str,
    found: &[String],
    allowed: &[String],
    findings: &mut Vec<String>,
) {
    for extra in found
        .iter()
        .filter(|dependency| !allowed.contains(dependency))
    {
        findings.push(format!(
            "layers: {name} {verb} {extra}, which layers.toml does not allow"
        ));
    }
    for unused in allowed
        .iter()
        .filter(|dependency| !found.contains(dependency))
    {
        findings.push(format!(
            "layers: layers.toml says that {name} {verb} {unused}; it does not"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::differences;

    #[test]
    fn an_edge_too_many_and_an_allowance_unused_are_both_said() {
        let names = |list: &[&str]| {
            list.iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let mut findings = Vec::new();
        differences(
            "progression",
            "depends on",
            &names(&["types", "tokio"]),
            &names(&["types", "programme"]),
            &mut findings,
        );
        assert_eq!(
            findings,
            [
                "layers: progression depends on tokio, which layers.toml does not allow",
                "layers: layers.toml says that progression depends on programme; it does not",
            ]
        );
    }
}
