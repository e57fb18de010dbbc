//! `questline diff`: what differs between two programmes, in the words of the programme.

use std::path::PathBuf;

use clap::Parser;
use programme::model::Programme;
use programme::{Change, What};
use serde_json::{Map, Value, json};

use crate::console::say;
use crate::exit::Failure;
use crate::programmes;

/// What to compare.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline diff programme.yaml next.yaml                   five_orders: target 5 -> 4
  questline diff programme.yaml next.yaml --json            the same for a program
  questline diff programme.yaml next.yaml --exit-code       for a script: do they differ?

Comments, formatting and defaults that are written out are no difference.

Exit codes: 0 done, whether they differ or not; 1 failed, and with --exit-code where they differ; 2 a programme is wrong or cannot be
read, and every error of both is printed; 64 bad usage")]
pub(crate) struct Args {
    /// The programme as it was
    before: PathBuf,
    /// The programme as it is to be
    after: PathBuf,
    /// One JSON object instead of lines
    #[arg(long)]
    json: bool,
    /// End with 1 where they differ
    #[arg(long)]
    exit_code: bool,
}

/// Says what differs.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (before, after) = match (
        programmes::load(&args.before),
        programmes::load(&args.after),
    ) {
        (Ok(before), Ok(after)) => (before, after),
        (Err(one), Err(other)) => return Err(Failure::bad_input(format!("{one}\n\n{other}"))),
        (Err(one), Ok(_)) | (Ok(_), Err(one)) => return Err(one),
    };
    let changes = programme::diff(&before, &after);
    let refused = programme::may_follow(&before, &after);
    if args.json {
        say(as_json(&before, &after, &changes, &refused))?;
    } else if changes.is_empty() {
        say("no difference")?;
    } else {
        changes.iter().try_for_each(say)?;
        for reason in &refused {
            say(format_args!("cannot be published: {reason}"))?;
        }
    }
    if args.exit_code && !changes.is_empty() {
        return Err(Failure::quiet());
    }
    Ok(())
}

fn as_json(before: &Programme, after: &Programme, changes: &[Change], refused: &[String]) -> Value {
    json!({
        "before": *before.version.0,
        "after": *after.version.0,
        "changes": changes.iter().map(change).collect::<Vec<_>>(),
        "cannot_follow": refused,
    })
}

fn change(change: &Change) -> Value {
    let mut said = match &change.what {
        What::Added(facts) => {
            let says = facts
                .iter()
                .map(|(name, value)| (name.clone(), json!(value)));
            json!({"change": "added", "says": says.collect::<Map<_, _>>()})
        }
        What::Renamed { before } => json!({"change": "renamed", "before": before}),
        What::Removed => json!({"change": "removed"}),
        What::Changed {
            field,
            before,
            after,
        } => json!({"change": "changed", "field": field, "before": before, "after": after}),
        What::Running(sentence) => json!({"change": "running", "means": sentence}),
        What::Reordered { before, after } => {
            json!({"change": "reordered", "before": before, "after": after})
        }
    };
    said["kind"] = json!(change.kind);
    said["id"] = json!(change.id);
    said
}
