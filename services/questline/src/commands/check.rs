//! `questline check`: validates a programme.

use std::path::PathBuf;

use clap::Parser;
use programme::model::{Programme, Window};

use crate::console::say;
use crate::exit::Failure;
use crate::programmes;

/// What to validate.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline check programme.yaml
  questline check programme.yaml --verbose      also lists what it says

Exit codes: 0 the programme is right; 2 it is not, and every error is printed")]
pub(crate) struct Args {
    /// The programme
    file: PathBuf,
    /// List what the programme says
    #[arg(short, long)]
    verbose: bool,
}

/// Says that the programme is right, or everything that is wrong.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let programme = programmes::load(&args.file)?;
    say(format_args!(
        "{}: programme {} of brand {}, version {}: no errors",
        args.file.display(),
        programme.id,
        programme.brand,
        programme.version.0
    ))?;
    if args.verbose {
        describe(&programme)?;
    }
    Ok(())
}

fn describe(programme: &Programme) -> std::io::Result<()> {
    for points in &programme.points {
        say(format_args!("  points   {}  {:?}", points.id, points.kind))?;
    }
    for rule in &programme.rules {
        let on = &programme.event_types.get(rule.on).name;
        let when = rule
            .when
            .as_ref()
            .map_or(String::new(), |when| format!("  when {}", when.source()));
        say(format_args!("  earn     {}  on {on}{when}", rule.id))?;
    }
    for boost in &programme.boosts {
        say(format_args!(
            "  boost    {}  x{} from {} until {}",
            boost.id, boost.multiply, boost.from, boost.until
        ))?;
    }
    for mission in &programme.missions {
        let types: Vec<&str> = mission
            .goal
            .event_types()
            .into_iter()
            .map(|ix| &*programme.event_types.get(ix).name)
            .collect();
        let window = match mission.window {
            Window::Once => "once".to_owned(),
            Window::Calendar(kind) => format!("each {kind:?}").to_lowercase(),
            Window::AfterStart { length } => format!("{length} after start"),
            Window::Rolling { length } => format!("rolling {length}"),
        };
        say(format_args!(
            "  mission  {}  {window}, on {}",
            mission.id,
            types.join(", ")
        ))?;
    }
    for set in &programme.tiers {
        let levels: Vec<String> = set
            .levels
            .iter()
            .map(|level| format!("{} at {}", level.id, level.at))
            .collect();
        say(format_args!("  tiers    {}  {}", set.id, levels.join(", ")))?;
    }
    for reward in &programme.rewards {
        say(format_args!("  reward   {}  {:?}", reward.id, reward.kind))?;
    }
    Ok(())
}
