//! Every crate takes the workspace's lints and says what it is.

use std::fs;

use anyhow::Result;
use serde::Deserialize;

use crate::workspace::Workspace;

#[derive(Deserialize)]
struct Manifest {
    lints: Option<toml::Table>,
}

/// Generated code has lints of its own.
const OWN_LINTS: &[&str] = &["proto"];

/// Says every crate without the workspace's lints or without a description.
pub fn check(workspace: &Workspace) -> Result<Vec<String>> {
    let mut findings = Vec::new();
    for package in &workspace.packages {
        let manifest: Manifest = toml::from_str(&fs::read_to_string(&package.manifest_path)?)?;
        let inherits = manifest
            .lints
            .is_some_and(|lints| lints.get("workspace") == Some(&toml::Value::Boolean(true)));
        if !inherits && !OWN_LINTS.contains(&package.name.as_str()) {
            findings.push(format!(
                "lints: {} lacks `[lints] workspace = true`",
                package.name
            ));
        }
        if package.description.as_deref().is_none_or(str::is_empty) {
            findings.push(format!("lints: {} has no description", package.name));
        }
    }
    Ok(findings)
}
