//! Rules of the protocol taken away one at a time, each in a copy of the tree: the simulation must notice.
//!
//! `mutants.toml` names the rules, each with the edits that take it away. The text that an edit replaces must stand exactly once in its
//! file: where the code has moved on, the mutant fails rather than testing nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

/// A mutant that runs longer counts as hanging, which is caught too.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// The whole table.
#[derive(Debug, Deserialize)]
struct Table {
    mutant: Vec<Mutant>,
}

/// A rule, and how it is taken away.
#[derive(Debug, Deserialize)]
struct Mutant {
    name: String,
    /// In the words of the architecture.
    rule: String,
    edit: Vec<Edit>,
    /// Why the simulation cannot notice its absence, where it cannot.
    #[serde(default)]
    unseen: Option<String>,
}

/// One replacement.
#[derive(Debug, Deserialize)]
struct Edit {
    file: PathBuf,
    find: String,
    replace: String,
}

impl Table {
    fn read(root: &Path) -> Result<Self> {
        let table = fs::read_to_string(root.join("crates/xtask/mutants.toml"))?;
        toml::from_str(&table).context("mutants.toml")
    }
}

impl Edit {
    /// The file below `tree`, its text as it is, and with the edit made.
    fn made(&self, tree: &Path) -> Result<(PathBuf, String, String)> {
        let path = tree.join(&self.file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let found = text.matches(&self.find).count();
        ensure!(
            found == 1,
            "{} has {found} times:\n{}",
            self.file.display(),
            self.find
        );
        let edited = text.replace(&self.find, &self.replace);
        Ok((path, text, edited))
    }
}

/// How a mutant fared.
enum Fate {
    /// The seed that noticed, and what it said.
    Caught(u64, String),
    Survived,
}

/// Runs the mutants whose names contain `only`; `true` where each was caught, but for those of which the table says why they are not,
/// and of those none.
pub(crate) fn run(root: &Path, only: &str, seeds: u64) -> Result<bool> {
    let table = Table::read(root)?;
    let built = std::env::var_os("CARGO_TARGET_DIR");
    let built = built.map_or_else(|| root.join("target"), PathBuf::from);
    // Apart from what the real tree is built into: cargo would take one's crates for the other's.
    let (tree, target) = (built.join("mutants/tree"), built.join("mutants/target"));
    copy(root, &tree)?;
    let mut well = true;
    say("| rule taken away | caught after | by |\n|---|---|---|");
    for mutant in table.mutant.iter().filter(|it| it.name.contains(only)) {
        let line = match (try_out(&tree, &target, mutant, seeds), &mutant.unseen) {
            (Ok(Fate::Caught(seed, by)), None) => format!("{} histories | {by}", seed + 1),
            (Ok(Fate::Caught(seed, by)), Some(_)) => {
                // What is said of it is not so any more.
                well = false;
                let histories = seed + 1;
                format!("**{histories} histories** | {by}: take its `unseen` out of mutants.toml")
            }
            (Ok(Fate::Survived), Some(why)) => format!("not in {seeds} | {why}"),
            (Ok(Fate::Survived), None) => {
                well = false;
                format!("**not in {seeds}** | ")
            }
            (Err(error), _) => {
                well = false;
                format!("**not tried** | {error:#}")
            }
        };
        say(&format!("| {} (`{}`) | {line} |", mutant.rule, mutant.name));
    }
    Ok(well)
}

#[expect(clippy::print_stdout, reason = "a command line tool speaks")]
fn say(line: &str) {
    println!("{line}");
}

/// Copies what git knows, and what it does not ignore.
fn copy(root: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()?;
    ensure!(listed.status.success(), "git lists no files");
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (root.join(name), tree.join(name));
        // A file may be listed and deleted.
        if from.is_file() {
            fs::create_dir_all(to.parent().context("a file in no folder")?)?;
            fs::copy(&from, &to).with_context(|| name.to_owned())?;
        }
    }
    Ok(())
}

/// Applies the mutant, runs the simulation, and takes it back.
fn try_out(tree: &Path, target: &Path, mutant: &Mutant, seeds: u64) -> Result<Fate> {
    let mut before = Vec::new();
    for edit in &mutant.edit {
        let (path, text, edited) = edit.made(tree)?;
        fs::write(&path, edited)?;
        before.push((path, text));
    }
    let fate = simulate(tree, target, seeds);
    for (path, text) in before.into_iter().rev() {
        fs::write(path, text)?;
    }
    fate
}

fn simulate(tree: &Path, target: &Path, seeds: u64) -> Result<Fate> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command
            .args([
                "test",
                "--quiet",
                "--locked",
                "-p",
                "engine",
                "--test",
                "simulation",
            ])
            .args(arguments)
            .env("CARGO_TARGET_DIR", target)
            .env("QUESTLINE_SEEDS", seeds.to_string())
            .env("RUST_BACKTRACE", "0")
            // Each mutant is built once.
            .env("CARGO_INCREMENTAL", "0")
            .current_dir(tree);
        command
    };
    let built = cargo(&["--no-run"]).output()?;
    if !built.status.success() {
        bail!(
            "it does not compile:\n{}",
            String::from_utf8_lossy(&built.stderr)
        );
    }
    let said = target.join("said");
    let file = fs::File::create(&said)?;
    let mut running = cargo(&["whatever", "--", "--nocapture"])
        .stdout(Stdio::from(file.try_clone()?))
        .stderr(Stdio::from(file))
        .spawn()?;
    let started = Instant::now();
    let status = loop {
        if let Some(status) = running.try_wait()? {
            break status;
        }
        if started.elapsed() > PATIENCE {
            running.kill()?;
            running.wait()?;
            return Ok(Fate::Caught(0, "it hangs".to_owned()));
        }
        thread::sleep(Duration::from_millis(200));
    };
    if status.success() {
        return Ok(Fate::Survived);
    }
    let said = fs::read_to_string(said)?;
    let wrong = said.lines().rev().find_map(caught);
    let (seed, by) = wrong.with_context(|| format!("no seed in what was said:\n{said}"))?;
    Ok(Fate::Caught(seed, by))
}

/// Seed and reason in a line as `seed 7: order at gateways: ...`.
fn caught(line: &str) -> Option<(u64, String)> {
    let (seed, why) = line.strip_prefix("seed ")?.split_once(": ")?;
    let by = why.split(':').next().unwrap_or(why);
    Some((seed.parse().ok()?, by.chars().take(60).collect()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Table, caught};

    #[test]
    fn every_edit_has_its_place_in_the_code_of_today() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let table = Table::read(&root).unwrap();
        let edits = table.mutant.iter().flat_map(|mutant| &mutant.edit);
        let lost: Vec<String> = edits
            .filter_map(|edit| edit.made(&root).err())
            .map(|error| error.to_string())
            .collect();
        assert!(lost.is_empty(), "{lost:#?}");
    }

    #[test]
    fn a_reason_is_named_by_what_stands_before_its_colon() {
        let line = "seed 31: order at gateways: gateway all got of Entity";
        assert_eq!(caught(line), Some((31, "order at gateways".to_owned())));
        assert_eq!(caught("seed 31 of 40"), None);
    }
}
