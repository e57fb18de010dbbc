//! `questline fmt`: programme files as they should look.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Parser;
use similar::TextDiff;

use crate::console::{print, say};
use crate::exit::Failure;

/// What stands for standard input.
const STDIN: &str = "-";
/// Lines around a change that `--check` shows.
const CONTEXT: usize = 2;

/// What to format.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline fmt programme.yaml                      writes it anew where it looks otherwise
  questline fmt --check programmes/*.yaml           for a script: says what would change, and changes nothing
  questline fmt - < draft.yaml > programme.yaml     from standard input to standard output

Keys stand in the order of docs/programme.md, two blanks a level, texts in double quotes, at most one blank line in a row, comments where
they were. What the programme means never changes, and formatted again it stays as it is.

Exit codes: 0 done; 1 failed, and with --check where a file would change; 2 a file is not YAML or cannot be read, and is left as it is, the
others are formatted nonetheless; 64 bad usage")]
pub(crate) struct Args {
    /// Programme files; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing: print the difference, and end with 1 where there is one
    #[arg(long)]
    check: bool,
}

/// Formats each file.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let (mut wrong, mut differs) = (Vec::new(), false);
    for file in &args.files {
        match one(file, args.check) {
            Ok(changed) => differs |= changed,
            Err(Error::Wrong(why)) => wrong.push(why),
            Err(Error::Failed(failure)) => return Err(failure),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::bad_input(wrong.join("\n\n")));
    }
    match args.check && differs {
        true => Err(Failure::quiet()),
        false => Ok(()),
    }
}

enum Error {
    /// The file is wrong: the others are done nonetheless.
    Wrong(String),
    Failed(Failure),
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Formats a file; whether it looked otherwise.
fn one(file: &Path, check: bool) -> Result<bool, Error> {
    let is_stdin = file.as_os_str() == STDIN;
    let name = match is_stdin {
        true => "standard input".to_owned(),
        false => file.display().to_string(),
    };
    let read = match is_stdin {
        true => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => fs::read_to_string(file),
    };
    let source = read.map_err(|why| Error::Wrong(format!("{name}: {why}")))?;
    let text = programme_format::format(&name, &source);
    let text = text.map_err(|error| Error::Wrong(error.to_string()))?;
    let differs = text != source;
    if check {
        if differs {
            print(&difference(&name, &source, &text))?;
        }
    } else if is_stdin {
        print(&text)?;
    } else if differs {
        fs::write(file, &text)
            .map_err(|why| Error::Failed(Failure::failed(format!("{name}: {why}"))))?;
        say(format_args!("formatted {name}"))?;
    }
    Ok(differs)
}

fn difference(name: &str, source: &str, text: &str) -> String {
    let lines = TextDiff::from_lines(source, text);
    let (was, is) = (name.to_owned(), format!("{name} (formatted)"));
    lines
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&was, &is)
        .to_string()
}
