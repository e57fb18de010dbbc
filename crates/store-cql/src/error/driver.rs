//! What the driver's errors mean to whoever starts the process.

use std::io;

use scylla::errors::{
    ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError, ExecutionError,
    MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};

use super::OpenError;
use crate::config::CqlConfig;

/// The session was not made.
pub(crate) fn of_session(config: &CqlConfig, error: &NewSessionError) -> OpenError {
    match error {
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(
            ConnectionPoolError::Broken {
                last_connection_error,
            },
        )) => of_connection(config, last_connection_error),
        NewSessionError::FailedToResolveAnyHostname(_) => {
            unreachable(config, "no name of them has an address".to_owned())
        }
        _ => unreachable(config, error.to_string()),
    }
}

fn of_connection(config: &CqlConfig, error: &ConnectionError) -> OpenError {
    match error {
        ConnectionError::ConnectionSetupRequestError(setup) => match setup.get_error() {
            ConnectionSetupRequestErrorKind::MissingAuthentication => OpenError::Login {
                who: "anybody".to_owned(),
                why: "it asks for `user` and `password`".to_owned(),
            },
            ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, why) => {
                OpenError::Login {
                    who: who(config),
                    why: why.clone(),
                }
            }
            _ if config.tls.is_none() => unreachable(
                config,
                format!(
                    "it ended the conversation at once ({setup}): where the cluster speaks TLS, set `tls`"
                ),
            ),
            _ => unreachable(config, setup.to_string()),
        },
        ConnectionError::IoError(error) if is_tls(error) => OpenError::Tls {
            nodes: config.nodes.join(", "),
            why: error.to_string(),
        },
        _ => unreachable(config, error.to_string()),
    }
}

fn is_tls(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner.is_some_and(|inner| inner.is::<rustls::Error>())
}

fn unreachable(config: &CqlConfig, why: String) -> OpenError {
    OpenError::Unreachable {
        nodes: config.nodes.join(", "),
        why,
    }
}

/// A statement was not prepared.
pub(crate) fn of_prepare(config: &CqlConfig, doing: &str, error: &PrepareError) -> OpenError {
    match error {
        PrepareError::AllAttemptsFailed { first_attempt } => {
            of_attempt(config, doing, first_attempt)
        }
        _ => failed(doing, error),
    }
}

/// A request of the start failed.
pub(crate) fn of_request(config: &CqlConfig, doing: &str, error: &ExecutionError) -> OpenError {
    match error {
        ExecutionError::LastAttemptError(attempt) => of_attempt(config, doing, attempt),
        ExecutionError::PrepareError(error) => of_prepare(config, doing, error),
        _ => failed(doing, error),
    }
}

fn of_attempt(config: &CqlConfig, doing: &str, error: &RequestAttemptError) -> OpenError {
    match error {
        RequestAttemptError::DbError(DbError::Unauthorized, why) => OpenError::Denied {
            who: who(config),
            doing: doing.to_owned(),
            why: why.clone(),
        },
        _ => failed(doing, error),
    }
}

fn failed(doing: &str, why: &dyn std::fmt::Display) -> OpenError {
    OpenError::Request {
        doing: doing.to_owned(),
        why: why.to_string(),
    }
}

fn who(config: &CqlConfig) -> String {
    config
        .user
        .as_ref()
        .map_or_else(|| "anybody".to_owned(), |user| format!("user {user:?}"))
}
