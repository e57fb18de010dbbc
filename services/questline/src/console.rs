//! What a person reads: results on stdout, progress and remarks on stderr.
//!
//! On a terminal progress is a bar; elsewhere it is a plain line now and then, so that a log of it can be read.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::feed::Tally;

/// How often a plain line says where things stand.
const PLAIN_INTERVAL: Duration = Duration::from_secs(2);

/// Writes a line to stdout.
pub(crate) fn say(text: impl fmt::Display) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{text}")
}

/// Writes text to standard output as it is, without a line's end of its own.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Where results go: a file, or standard output where none is named.
pub(crate) fn target(file: Option<&Path>) -> io::Result<Box<dyn Write>> {
    let Some(file) = file else {
        return Ok(Box::new(BufWriter::new(io::stdout().lock())));
    };
    let target = File::create(file)
        .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", file.display())))?;
    Ok(Box::new(BufWriter::new(target)))
}

/// Writes a line to stderr. There is nobody left to tell where that fails.
pub(crate) fn remark(text: impl fmt::Display) {
    writeln!(io::stderr().lock(), "{text}").unwrap_or_default();
}

/// Says on stderr how many of something there were, by reason.
pub(crate) fn remark_tally(what: &str, tally: &Tally) {
    for (reason, count) in tally {
        remark(format_args!("{what}: {} · {reason}", grouped(*count)));
    }
}

/// The program as it was called, to be called so again: nobody has it on the `PATH` who has just built it.
pub(crate) fn called_as() -> String {
    let called = std::env::args_os().next();
    let called = called.and_then(|it| it.into_string().ok());
    called.unwrap_or_else(|| "questline".to_owned())
}

/// A number with its thousands apart: `18,532`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How far something has come.
pub(crate) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    plain: bool,
    said: Instant,
}

impl Progress {
    /// Progress towards a total; 0: not known.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let plain = !io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = if total == 0 {
            "{spinner} {msg}  {human_pos}  {per_sec}"
        } else {
            "{msg} [{bar:32}] {human_pos} of {human_len}  {per_sec}  {eta} left"
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
        }
        bar.set_message(what);
        if plain {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self {
            bar,
            what,
            plain,
            said: Instant::now(),
        }
    }

    /// Starts at a number that an earlier run has reached.
    pub(crate) fn start_at(&self, done: u64) {
        self.bar.set_position(done);
        self.bar.reset_eta();
    }

    /// So many more.
    pub(crate) fn add(&mut self, more: u64) {
        self.bar.inc(more);
        if self.plain && self.said.elapsed() >= PLAIN_INTERVAL {
            self.said = Instant::now();
            let total = self.bar.length().unwrap_or(0);
            let of = if total == 0 {
                String::new()
            } else {
                format!(" of {}", grouped(total))
            };
            remark(format_args!(
                "{}: {}{of}, {} a second",
                self.what,
                grouped(self.bar.position()),
                grouped(self.bar.per_sec() as u64)
            ));
        }
    }

    /// Shows a remark without breaking the bar.
    pub(crate) fn remark(&self, text: impl fmt::Display) {
        self.bar.suspend(|| remark(text));
    }

    /// The end.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_stand_apart() {
        let table = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (18_532, "18,532"),
            (1_234_567, "1,234,567"),
        ];
        for (number, text) in table {
            assert_eq!(grouped(number), text);
        }
    }
}
