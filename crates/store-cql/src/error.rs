//! Why the store does not open, and what a failed request means.

mod driver;

use ports::StoreError;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use thiserror::Error;

pub(crate) use driver::{of_prepare, of_request, of_session};

/// Why the store does not open. Nothing is written before it is open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The configuration cannot be meant.
    #[error("the store's configuration: {0}")]
    Config(String),
    /// No node answers. Try again: this is also what a cluster that starts looks like.
    #[error("no node of {nodes} is reached: {why}")]
    Unreachable {
        /// Those named in the configuration.
        nodes: String,
        /// What the last one tried said.
        why: String,
    },
    /// A node does not speak TLS as configured.
    #[error("TLS with the nodes {nodes}: {why}")]
    Tls {
        /// Those named in the configuration.
        nodes: String,
        /// What the last one tried said.
        why: String,
    },
    /// The cluster does not take the login.
    #[error("the cluster does not let {who} in: {why}")]
    Login {
        /// Who asked.
        who: String,
        /// What the cluster said.
        why: String,
    },
    /// The login may not do what the store has to.
    #[error("the cluster does not let {who} {doing}: {why}: grant it on the keyspace")]
    Denied {
        /// Who asked.
        who: String,
        /// What for.
        doing: String,
        /// What the cluster said.
        why: String,
    },
    /// The keyspace is not there.
    #[error(
        "there is no keyspace {keyspace}: name another, or set `replication` to have it made with that many copies"
    )]
    NoKeyspace {
        /// Its name.
        keyspace: String,
    },
    /// A newer binary has changed the schema.
    #[error(
        "the schema of keyspace {keyspace} is version {found}, this binary knows {known}: run the binary that made it, or a newer one"
    )]
    SchemaNewer {
        /// The keyspace.
        keyspace: String,
        /// What is there.
        found: i32,
        /// What is known here.
        known: i32,
    },
    /// The schema is older, and may not be changed here.
    #[error(
        "the schema of keyspace {keyspace} is version {found}, this binary needs {known}: set `migrate`, or let another process do it"
    )]
    SchemaOlder {
        /// The keyspace.
        keyspace: String,
        /// What is there; 0 where there is none.
        found: i32,
        /// What is needed.
        known: i32,
    },
    /// The schema says it is a version that is known here, but was made from another text.
    #[error(
        "version {version} of the schema of keyspace {keyspace} was made by another build: it is somebody else's keyspace, or a build that was never released"
    )]
    SchemaOther {
        /// The keyspace.
        keyspace: String,
        /// The version that differs.
        version: i32,
    },
    /// Another process changes the schema, for longer than was waited.
    #[error(
        "{holder} changes the schema of keyspace {keyspace} and does not finish: see what it waits for; its lock ends by itself after a minute"
    )]
    Locked {
        /// The keyspace.
        keyspace: String,
        /// Who holds the lock.
        holder: String,
    },
    /// The cluster did not do something else.
    #[error("{doing}: {why}")]
    Request {
        /// What was asked.
        doing: String,
        /// What the cluster or the driver said.
        why: String,
    },
}

/// A read failed: nothing was done by it.
pub(crate) fn unread(error: &ExecutionError) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// A write failed. A driver that tried several nodes tells only of the last one: whatever it says, another may have done it.
pub(crate) fn unwritten(error: &ExecutionError) -> StoreError {
    StoreError::Unknown(error.to_string())
}

/// A condition failed, tried once. What was refused before it was looked at was not done.
pub(crate) fn unset(error: &ExecutionError) -> StoreError {
    if is_unsent(error) {
        StoreError::Unavailable(error.to_string())
    } else {
        StoreError::Unknown(error.to_string())
    }
}

/// What was read cannot be what was written.
pub(crate) fn damaged(what: &str, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("{what}: {why}"))
}

fn is_unsent(error: &ExecutionError) -> bool {
    match error {
        ExecutionError::BadQuery(_)
        | ExecutionError::EmptyPlan
        | ExecutionError::PrepareError(_)
        | ExecutionError::ConnectionPoolError(_) => true,
        ExecutionError::LastAttemptError(attempt) => match attempt {
            RequestAttemptError::SerializationError(_)
            | RequestAttemptError::CqlRequestSerialization(_)
            | RequestAttemptError::UnableToAllocStreamId => true,
            // Too few replicas may have been noticed after some agreed: that is not among these.
            RequestAttemptError::DbError(error, _) => matches!(
                error,
                DbError::SyntaxError
                    | DbError::Invalid
                    | DbError::Unauthorized
                    | DbError::AuthenticationError
                    | DbError::ConfigError
                    | DbError::ProtocolError
                    | DbError::Unprepared { .. }
            ),
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ports::StoreError;
    use scylla::errors::{DbError, ExecutionError, RequestAttemptError, WriteType};
    use scylla::statement::Consistency;

    use super::{unread, unset, unwritten};

    fn answered(error: DbError) -> ExecutionError {
        RequestAttemptError::DbError(error, "said the server".to_owned()).into()
    }

    fn timed_out() -> ExecutionError {
        answered(DbError::WriteTimeout {
            consistency: Consistency::LocalQuorum,
            received: 1,
            required: 2,
            write_type: WriteType::Cas,
        })
    }

    fn unavailable() -> ExecutionError {
        answered(DbError::Unavailable {
            consistency: Consistency::LocalQuorum,
            required: 2,
            alive: 1,
        })
    }

    /// Each failure, and whether a condition that ended with it may have been set.
    #[test]
    fn only_what_was_never_looked_at_is_known_not_to_be_set() {
        let table = [
            (ExecutionError::EmptyPlan, false),
            (answered(DbError::Unauthorized), false),
            (answered(DbError::Invalid), false),
            (answered(DbError::Overloaded), true),
            (answered(DbError::ServerError), true),
            (answered(DbError::Other(0x1700)), true),
            (unavailable(), true),
            (timed_out(), true),
            (ExecutionError::RequestTimeout(Duration::from_secs(5)), true),
        ];
        for (error, maybe) in table {
            let unknown = matches!(unset(&error), StoreError::Unknown(_));
            assert_eq!(unknown, maybe, "{error}");
        }
    }

    #[test]
    fn a_write_that_failed_may_have_landed_and_a_read_has_done_nothing() {
        for error in [timed_out(), unavailable(), ExecutionError::EmptyPlan] {
            assert!(
                matches!(unwritten(&error), StoreError::Unknown(_)),
                "{error}"
            );
            assert!(
                matches!(unread(&error), StoreError::Unavailable(_)),
                "{error}"
            );
        }
    }
}
