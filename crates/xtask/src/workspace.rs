//! The workspace as cargo describes it.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// What the checks need of `cargo metadata`.
#[derive(Debug, Deserialize)]
pub struct Workspace {
    /// Its folder.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Its own packages.
    pub packages: Vec<Package>,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub description: Option<String>,
    /// Its manifest.
    pub manifest_path: PathBuf,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// Name of the package depended on.
    pub name: String,
    /// `None` for a normal one, else `dev` or `build`.
    pub kind: Option<String>,
    /// Where it lies, for a package of the workspace.
    pub path: Option<PathBuf>,
}

impl Package {
    /// Names of the workspace's packages that it depends on, of one kind.
    pub fn ours(&self, kind: Option<&str>) -> Vec<&str> {
        let of_kind = self
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind.as_deref() == kind && dependency.path.is_some());
        let mut names: Vec<&str> = of_kind.map(|dependency| dependency.name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// Reads the workspace that this crate belongs to.
pub fn load() -> Result<Workspace> {
    let output = cargo(&["metadata", "--no-deps", "--format-version", "1"])?;
    serde_json::from_str(&output)
        .context("cargo metadata printed what this check does not understand")
}

/// Names of every package that a package is built from, sorted.
pub fn closure(package: &str) -> Result<Vec<String>> {
    let output = cargo(&[
        "tree",
        "-p",
        package,
        "-e",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--target",
        "x86_64-unknown-linux-gnu",
    ])?;
    let mut names: Vec<String> = output
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    names.retain(|name| !name.is_empty() && name != package);
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn cargo(arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo")
        .args(arguments)
        .output()
        .context("cargo does not start")?;
    ensure!(
        output.status.success(),
        "cargo {}: {}",
        arguments.join(" "),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}
