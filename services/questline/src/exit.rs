//! How a command ends: 0 done, 1 failed, 2 bad input, 64 bad usage.

use std::fmt;
use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: FailureKind,
    why: anyhow::Error,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FailureKind {
    Failed,
    BadInput,
    BadUsage,
}

impl Failure {
    /// What was given to read is wrong: exit code 2.
    pub(crate) fn bad_input(why: impl fmt::Display) -> Self {
        Self {
            kind: FailureKind::BadInput,
            why: anyhow::anyhow!("{why}"),
        }
    }

    /// Flags that do not go together: exit code 64.
    pub(crate) fn bad_usage(why: impl fmt::Display) -> Self {
        Self {
            kind: FailureKind::BadUsage,
            why: anyhow::anyhow!("{why}"),
        }
    }

    /// It was asked rightly and did not succeed: exit code 1.
    pub(crate) fn failed(why: impl fmt::Display) -> Self {
        Self::from(anyhow::anyhow!("{why}"))
    }

    /// The answer has been printed, and is one that a script asked to be told by exit code 1.
    pub(crate) fn quiet() -> Self {
        Self::from(anyhow::Error::new(Said))
    }

    /// Whether there is nothing more to print.
    pub(crate) fn is_quiet(&self) -> bool {
        self.why.is::<Said>()
    }

    /// Whether nobody reads the output any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let cause = self.why.downcast_ref::<std::io::Error>();
        cause.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// The code that the process ends with.
    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(match self.kind {
            FailureKind::Failed => 1,
            FailureKind::BadInput => 2,
            FailureKind::BadUsage => BAD_USAGE,
        })
    }
}

/// What is wrong has been said.
#[derive(Debug, thiserror::Error)]
#[error("as printed")]
struct Said;

/// `EX_USAGE` of sysexits.
pub(crate) const BAD_USAGE: u8 = 64;

impl From<anyhow::Error> for Failure {
    fn from(why: anyhow::Error) -> Self {
        Self {
            kind: FailureKind::Failed,
            why,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(why: std::io::Error) -> Self {
        Self::from(anyhow::Error::new(why))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.why)
    }
}
