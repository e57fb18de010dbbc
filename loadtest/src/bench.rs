//! `questline-bench`: every number of this project in one command. Prints them, writes them as JSON, makes the tables of
//! `docs/performance.md` and says which bars are met.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use loadtest::figures::Part;
use loadtest::instructions::{self, Baseline, Case};
use loadtest::tables::{limit, number, regenerate};
use loadtest::thresholds::{Thresholds, Verdict};
use loadtest::{
    before_publish, end_to_end, fold_part, keep_alive, micro, midnight, recovery, snapshots,
};

/// The server's own, so that what is measured is what runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures everything, or one part.
///
/// Exit codes: 0 measured, whatever bars are missed; 1 failed; 3 the core needs more instructions than its baseline allows.
#[derive(Debug, Parser)]
#[command(name = "questline-bench", version)]
struct Arguments {
    /// Where the JSON goes
    #[arg(long, default_value = "bench-results")]
    out: PathBuf,
    /// The page whose tables are made anew [default: docs/performance.md; none with reduced sizes]
    #[arg(long)]
    page: Option<PathBuf>,
    /// The bars
    #[arg(long, default_value = "loadtest/thresholds.toml")]
    thresholds: PathBuf,
    /// The instruction counts to compare with
    #[arg(long, default_value = "loadtest/instructions.toml")]
    baseline: PathBuf,
    /// Take the instruction counts of this run as the new baseline
    #[arg(long)]
    accept_instructions: bool,
    /// What `cargo bench` printed, for the part `micro`
    #[arg(long, default_value = "bench-results/micro.txt")]
    micro_output: PathBuf,
    /// Only these parts; none: all
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Name>,
    /// Reduced sizes: shows that everything works, in some minutes
    #[arg(long)]
    quick: bool,
    /// Players of `midnight`, `recovery` and `before_publish`
    #[arg(long)]
    many: Option<u32>,
    /// Alternating runs of what is cheap
    #[arg(long)]
    runs: Option<usize>,
    #[arg(long, hide = true)]
    instrument: Option<Case>,
}

impl Arguments {
    /// Whether sizes are not those that the bars are about.
    fn reduced(&self) -> bool {
        self.quick || self.many.is_some()
    }

    fn page(&self) -> Option<PathBuf> {
        let default = || (!self.reduced()).then(|| PathBuf::from("docs/performance.md"));
        self.page.clone().or_else(default)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Name {
    Fold,
    Snapshots,
    Instructions,
    Micro,
    EndToEnd,
    SingleEvents,
    Midnight,
    Recovery,
    BeforePublish,
}

impl Name {
    const ALL: [Self; 9] = [
        Self::Fold,
        Self::Snapshots,
        Self::Instructions,
        Self::Micro,
        Self::EndToEnd,
        Self::SingleEvents,
        Self::Midnight,
        Self::Recovery,
        Self::BeforePublish,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::Fold => "fold",
            Self::Snapshots => "snapshots",
            Self::Instructions => "instructions",
            Self::Micro => "micro",
            Self::EndToEnd => "end_to_end",
            Self::SingleEvents => "single_events",
            Self::Midnight => "midnight",
            Self::Recovery => "recovery",
            Self::BeforePublish => "before_publish",
        }
    }

    /// About how long it takes on two cores, for who waits.
    fn minutes(self) -> &'static str {
        match self {
            Self::Fold => "about 8 minutes",
            Self::Snapshots | Self::Micro => "seconds",
            Self::Instructions => "a minute",
            Self::EndToEnd | Self::Midnight => "2 to 5 minutes",
            Self::SingleEvents => "half a minute",
            Self::Recovery | Self::BeforePublish => "2 to 4 minutes",
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(case) = arguments.instrument {
        instructions::instrument(case)?;
        return Ok(ExitCode::SUCCESS);
    }
    let names: Vec<Name> = Name::ALL
        .into_iter()
        .filter(|name| arguments.only.is_empty() || arguments.only.contains(name))
        .collect();
    let mut too_many = Vec::new();
    for (index, name) in names.iter().enumerate() {
        say(&format!(
            "[{}/{}] {}: {}",
            index + 1,
            names.len(),
            name.as_str(),
            name.minutes()
        ));
        let Some(part) = measure(*name, &arguments)
            .await
            .with_context(|| name.as_str())?
        else {
            say("  left out: what it needs is not there");
            continue;
        };
        part.write(&arguments.out)?;
        for figure in &part.figures {
            say(&format!(
                "  {:<70} {:>12} {}",
                figure.what,
                number(figure.median()),
                figure.unit
            ));
        }
        if *name == Name::Instructions {
            too_many = compare(&part, &arguments)?;
        }
    }
    report(&arguments)?;
    for line in &too_many {
        say(&format!("TOO MANY INSTRUCTIONS: {line}"));
    }
    Ok(if too_many.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

/// `None` where something that it needs is not on this machine.
async fn measure(name: Name, arguments: &Arguments) -> Result<Option<Part>> {
    let quick = arguments.quick;
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let runs = arguments.runs.unwrap_or(if quick { 2 } else { 5 });
    let seconds = if quick { 4 } else { 20 };
    let many = arguments
        .many
        .unwrap_or(if quick { 20_000 } else { 1_000_000 });
    let players = if quick { 20_000 } else { 100_000 };
    let tell = |line: &str| say(&format!("  {line}"));
    Ok(Some(match name {
        Name::Fold => {
            let events = if quick { 65_536 } else { 589_824 };
            fold_part::measure(events, runs, quick, folder, &tell)?
        }
        Name::Snapshots => snapshots::measure(quick)?,
        Name::Instructions => return instructions::measure(quick, folder, &tell),
        Name::Micro if !arguments.micro_output.is_file() => return Ok(None),
        Name::Micro => micro::measure(&arguments.micro_output, quick)?,
        Name::EndToEnd => end_to_end::measure(players, seconds, quick, folder, &tell).await?,
        Name::SingleEvents => keep_alive::measure(players, seconds, quick, folder).await?,
        Name::Midnight => {
            midnight::measure(many, seconds, arguments.reduced(), folder, &tell).await?
        }
        Name::Recovery => recovery::measure(many, arguments.reduced(), folder, &tell).await?,
        Name::BeforePublish => {
            before_publish::measure(many, seconds, arguments.reduced(), folder, &tell).await?
        }
    }))
}

fn compare(part: &Part, arguments: &Arguments) -> Result<Vec<String>> {
    let mut baseline = Baseline::read(&arguments.baseline)?;
    if arguments.accept_instructions {
        baseline.accept(part, &arguments.baseline)?;
    }
    Ok(baseline.exceeded(part))
}

/// Tables and verdicts, from everything that was measured so far.
fn report(arguments: &Arguments) -> Result<()> {
    let thresholds = Thresholds::read(&arguments.thresholds)?;
    let names = Name::ALL.map(Name::as_str);
    let mut parts = Vec::new();
    for name in names {
        parts.extend(Part::read(&arguments.out, name)?);
    }
    if let Some(file) = arguments.page() {
        let page = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
        std::fs::write(&file, regenerate(&page, &names, &parts, &thresholds)?)?;
        say(&format!("{} has the tables", file.display()));
    }
    say("the bars:");
    for bar in &thresholds.bars {
        let (verdict, value) = bar.judge(&parts);
        let verdict = match verdict {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::NotMeasured => "not measured",
        };
        let value = value.map_or_else(|| "-".to_owned(), number);
        say(&format!(
            "  {:<14}{:<44} {value:>12}   {}",
            verdict,
            bar.figure,
            limit(bar)
        ));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the figures are this tool's output")]
fn say(line: &str) {
    println!("{line}");
}
