//! A problem as a gRPC status: canonical code, `ErrorInfo`, and `RetryInfo` where it passes.

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::problem::{Kind, Problem};

const DOMAIN: &str = "questline";

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let reason = problem.kind.code().to_uppercase();
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, []);
        if let Some(after) = problem.retry_after {
            details.set_retry_info(Some(after));
        }
        Self::with_error_details(code(problem.kind), problem.detail, details)
    }
}

const fn code(kind: Kind) -> Code {
    match kind {
        Kind::Malformed
        | Kind::EmptyBatch
        | Kind::TooLarge
        | Kind::UnsupportedMediaType
        | Kind::InvalidProgramme => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::Gone => Code::OutOfRange,
        Kind::NoSuchPath | Kind::MethodNotAllowed => Code::Unimplemented,
        Kind::LogClock | Kind::NoDraft | Kind::Unchanged | Kind::CannotFollow => {
            Code::FailedPrecondition
        }
        Kind::StaleBase | Kind::DraftChanged => Code::Aborted,
        Kind::Timeout => Code::DeadlineExceeded,
        Kind::RateLimited | Kind::Overloaded | Kind::LogFull => Code::ResourceExhausted,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}
