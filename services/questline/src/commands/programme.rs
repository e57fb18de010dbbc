//! `questline programme`: the programme of a running server.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use super::{Server, block_on};
use crate::client::CallError;
use crate::console::say;
use crate::exit::Failure;

/// What to do with the programme of the key's brand; the key needs the scope `programme`.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  questline programme get --key ql_... > programme.yaml
  questline programme put --key ql_... programme.yaml
  questline programme publish --key ql_... --base 9f86d081884c7d659a2feaa0c55ad015 --note 'shorter goals in March'
  questline programme history --key ql_...

Nothing takes effect before it is published. `put` says which version to name as --base: the one that is in effect then. Where somebody
else publishes in between, `publish` shows what he changed, and changes nothing.")]
pub(crate) enum Command {
    /// Print the YAML that is in effect, or the draft, or one that was published before
    Get(Get),
    /// Set the draft
    Put(Put),
    /// Make the draft the programme in effect
    Publish(Publish),
    /// What was published, newest first
    History(History),
}

/// What to print.
#[derive(Debug, Parser)]
pub(crate) struct Get {
    #[command(flatten)]
    server: Server,
    /// The draft instead
    #[arg(long, conflicts_with = "number")]
    draft: bool,
    /// The publication with this number instead
    #[arg(long)]
    number: Option<u64>,
}

/// What to edit.
#[derive(Debug, Parser)]
pub(crate) struct Put {
    #[command(flatten)]
    server: Server,
    /// The YAML file
    file: PathBuf,
}

/// What to publish.
#[derive(Debug, Parser)]
pub(crate) struct Publish {
    #[command(flatten)]
    server: Server,
    /// The version that the draft was made from
    #[arg(long, value_name = "VERSION")]
    base: Option<String>,
    /// The version of the draft that is meant: nothing is published where somebody else has set another since
    #[arg(long, value_name = "VERSION")]
    draft: Option<String>,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
}

/// What to list.
#[derive(Debug, Parser)]
pub(crate) struct History {
    #[command(flatten)]
    server: Server,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    limit: u64,
}

/// Does it.
pub(crate) fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Get(args) => get(&args),
        Command::Put(args) => put(&args),
        Command::Publish(args) => publish(&args),
        Command::History(args) => history(&args),
    }
}

fn get(args: &Get) -> Result<(), Failure> {
    let client = args.server.client()?;
    let number = args.number.map(|number| number.to_string());
    let answer = block_on(async {
        let path: &[&str] = match &number {
            Some(number) => &["v1", "programme", "versions", number],
            None => &["v1", "programme"],
        };
        client.get(path, &[]).await.map_err(failed)
    })?;
    let found = if args.draft {
        &answer["draft"]
    } else {
        &answer
    };
    match found["source"].as_str() {
        // As it was put, to the last byte.
        Some(source) => Ok(crate::console::print(source)?),
        None => Err(Failure::failed("there is none")),
    }
}

fn put(args: &Put) -> Result<(), Failure> {
    let name = args.file.display().to_string();
    let source = std::fs::read_to_string(&args.file)
        .map_err(|why| Failure::bad_input(format!("{name}: {why}")))?;
    // What is wrong with it is said as `check` says it; it is a draft nonetheless.
    let wrong = programme::compile(&name, &source).err();
    let client = args.server.client()?;
    let answer = block_on(async { client.put_draft(source).await.map_err(failed) })?;
    let text = |name: &str| answer[name].as_str().unwrap_or("none").to_owned();
    say(format_args!("draft {}", text("version")))?;
    if let Some(errors) = wrong {
        return Err(Failure::bad_input(format!(
            "{errors}\nthe draft is set, and cannot be published as it is"
        )));
    }
    if answer["valid"] == json!(false) {
        let why = answer["errors"][0]["message"].as_str().unwrap_or("");
        return Err(Failure::bad_input(why));
    }
    // The first of a brand has none.
    let base = answer["base"].as_str();
    let base = base.map_or(String::new(), |base| format!("--base {base} "));
    say(format_args!(
        "publish it with: questline programme publish {base}--draft {}",
        text("version")
    ))?;
    Ok(())
}

fn publish(args: &Publish) -> Result<(), Failure> {
    let client = args.server.client()?;
    let said = json!({"base": args.base, "version": args.draft, "note": args.note});
    let answer = block_on(async { client.publish(&said).await.map_err(failed) })?;
    let partitions = &answer["partitions"];
    let rest = match partitions["active"] == partitions["total"] {
        true => "",
        // Published it is, whatever happens: nothing has to be done.
        false => {
            "; the others follow by themselves, once they have an owner (`questline cluster status`)"
        }
    };
    say(format_args!(
        "published {} as number {}; in effect in {} of {} partitions{rest}",
        answer["version"].as_str().unwrap_or("?"),
        answer["number"],
        partitions["active"],
        partitions["total"]
    ))?;
    Ok(())
}

fn history(args: &History) -> Result<(), Failure> {
    let client = args.server.client()?;
    let limit = args.limit.to_string();
    let answer = block_on(async {
        let query = [("page_size", limit.as_str())];
        let path = ["v1", "programme", "versions"];
        client.get(&path, &query).await.map_err(failed)
    })?;
    for one in answer["versions"].as_array().into_iter().flatten() {
        say(row(one))?;
    }
    Ok(())
}

fn row(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or("");
    let line = format!(
        "{:>5}  {}  {:<20}  {:<24}  {}",
        one["number"].as_u64().unwrap_or(0),
        text("version"),
        text("at").get(..19).unwrap_or(""),
        text("author"),
        text("note")
    );
    line.trim_end().to_owned()
}

/// A refusal with everything that the server says of it.
fn failed(error: CallError) -> Failure {
    let CallError::Refused { code, problem, .. } = &error else {
        return Failure::failed(error);
    };
    let mut why = error.to_string();
    if code == "stale_base" {
        why.push_str(&stale(problem));
    }
    for fault in problem["errors"].as_array().into_iter().flatten() {
        let message = fault["message"].as_str().unwrap_or("");
        why.push_str(&format!(
            "\n{}:{}: {message}",
            fault["line"], fault["column"]
        ));
    }
    match code.as_str() {
        "invalid_programme" => Failure::bad_input(why),
        _ => Failure::failed(why),
    }
}

/// What somebody else has published since, and how to go on.
fn stale(problem: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    let list = |name: &str| -> String {
        let all = problem[name].as_array().into_iter().flatten();
        all.map(|one| format!("\n  {}", text(one))).collect()
    };
    let from = match problem["difference_of"].as_str() {
        Some("base to current") => "since your --base",
        Some(_) => "from your draft to what is in effect (your --base is not known)",
        None => return String::new(),
    };
    let mut said = format!("\n\nwhat changed {from}:{}", list("changes"));
    match (
        problem["changes"].as_array(),
        problem["changes_left_out"].as_u64(),
    ) {
        (_, Some(more @ 1..)) => said.push_str(&format!("\n  and {more} more")),
        (Some(none), _) if none.is_empty() => said.push_str("\n  nothing but how it is written"),
        (None, _) => said.push_str("\n  see the texts"),
        _ => {}
    }
    let yours = list("also_yours");
    if !yours.is_empty() {
        said.push_str(&format!(
            "\nyour draft changes the same, so decide which holds:{yours}"
        ));
    }
    said.push_str(&format!(
        "\nas texts:\n{}\nnothing was published. Put these changes into your file, then:\n  questline programme put FILE\n  questline \
         programme publish --base {} --draft VERSION, as `put` says it",
        text(&problem["difference"]),
        text(&problem["current"]["version"])
    ));
    said
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::row;

    #[test]
    fn a_publication_is_a_line() {
        let one = json!({"number": 3, "version": "00ff", "at": "2026-03-01T10:00:00.5Z", "author": "key k1", "note": "why"});
        assert_eq!(
            row(&one),
            "    3  00ff  2026-03-01T10:00:00   key k1                    why"
        );
    }
}
