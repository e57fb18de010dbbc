//! The schema: versions, each a list of steps that may be repeated, applied one by one under a lock.

mod lock;
mod migrations;

use std::time::Duration;

use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, RequestAttemptError};
use scylla::response::query_result::QueryResult;
use scylla::serialize::row::SerializeRow;
use scylla::statement::{Consistency, Statement};
use xxhash_rust::xxh3::xxh3_64;

use crate::config::{CqlConfig, Replication};
use crate::error::{OpenError, of_request};
use lock::Lock;
use migrations::{MIGRATIONS, Migration};

/// Which server it is: the same tables, with other words for how they are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Server {
    Cassandra,
    Scylla,
}

/// A version that is applied, and the digest of its text.
type Applied = (i32, String);

const READ_VERSIONS: &str = "read the schema's version";

/// How often a table that is listed is asked before it is believed not to answer, and how often at most: for 10 seconds.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOKS: usize = 100;

/// The session at its start: what is asked before the statements are prepared.
pub(crate) struct Start<'a> {
    pub(crate) config: &'a CqlConfig,
    pub(crate) session: &'a Session,
    pub(crate) serial: Consistency,
}

/// Leaves the schema at the version that this binary knows, or says why it is not.
pub(crate) async fn ready(
    config: &CqlConfig,
    session: &Session,
    serial: Consistency,
) -> Result<(), OpenError> {
    let start = Start {
        config,
        session,
        serial,
    };
    let server = start.server().await?;
    start.keyspace(server).await?;
    let found = start.found().await?;
    start.known(&found)?;
    if found.len() == MIGRATIONS.len() {
        return Ok(());
    }
    if !config.migrate {
        return Err(OpenError::SchemaOlder {
            keyspace: config.keyspace.clone(),
            found: version(found.len()),
            known: version(MIGRATIONS.len()),
        });
    }
    start.migrate(server).await
}

impl Start<'_> {
    async fn server(&self) -> Result<Server, OpenError> {
        let found: Vec<(String,)> = self
            .rows(
                "tell ScyllaDB from Cassandra",
                "SELECT table_name FROM system_schema.tables \
                 WHERE keyspace_name = 'system_schema' AND table_name = 'scylla_tables'",
                (),
            )
            .await?;
        Ok(if found.is_empty() {
            Server::Cassandra
        } else {
            Server::Scylla
        })
    }

    async fn keyspace(&self, server: Server) -> Result<(), OpenError> {
        let found: Vec<(String,)> = self
            .rows(
                "look for the keyspace",
                "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?",
                (&self.config.keyspace,),
            )
            .await?;
        if !found.is_empty() {
            return Ok(());
        }
        let Some(replication) = &self.config.replication else {
            return Err(OpenError::NoKeyspace {
                keyspace: self.config.keyspace.clone(),
            });
        };
        self.change(&keyspace(&self.config.keyspace, replication, server))
            .await
    }

    /// What is applied of a keyspace of which nothing is known. A node lists a table for a moment before it answers for it, where
    /// another process makes it now: so it is given time.
    async fn found(&self) -> Result<Vec<Applied>, OpenError> {
        if !self.has_table("schema_version").await? {
            return Ok(Vec::new());
        }
        let text = self.versions_text();
        for _ in 0..LOOKS {
            let answer = self.asked(&text, ()).await;
            if !answer.as_ref().is_err_and(is_being_made) {
                return self.read(READ_VERSIONS, answer);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        self.versions().await
    }

    /// The versions that are applied, from the first, each with the digest of its text.
    async fn versions(&self) -> Result<Vec<Applied>, OpenError> {
        self.rows(READ_VERSIONS, &self.versions_text(), ()).await
    }

    fn versions_text(&self) -> String {
        format!(
            "SELECT version, digest FROM {}.schema_version WHERE zero = 0",
            self.config.keyspace
        )
    }

    /// Whether what is applied is a beginning of what this binary knows.
    fn known(&self, found: &[Applied]) -> Result<(), OpenError> {
        let keyspace = || self.config.keyspace.clone();
        let newest = found.iter().map(|(version, _)| *version).max();
        if let Some(found) = newest.filter(|newest| *newest > version(MIGRATIONS.len())) {
            return Err(OpenError::SchemaNewer {
                keyspace: keyspace(),
                found,
                known: version(MIGRATIONS.len()),
            });
        }
        let differs = |(place, (version, digest)): (usize, &Applied)| {
            let migration = MIGRATIONS.get(place);
            let same = migration
                .is_some_and(|known| known.version == *version && known.digest() == *digest);
            (!same).then_some(*version)
        };
        match found.iter().enumerate().find_map(differs) {
            None => Ok(()),
            Some(version) => Err(OpenError::SchemaOther {
                keyspace: keyspace(),
                version,
            }),
        }
    }

    /// Applies what is missing, under the lock. A step that was done before does nothing.
    async fn migrate(&self, server: Server) -> Result<(), OpenError> {
        for table in migrations::FIRST {
            self.change(&self.filled(table, server)).await?;
        }
        self.agreed().await?;
        let lock = Lock::acquire(self).await?;
        let found = self.versions().await?;
        self.known(&found)?;
        for migration in &MIGRATIONS[found.len()..] {
            for step in migration.steps {
                lock.renew(self).await?;
                self.change(&self.filled(step, server)).await?;
            }
            lock.renew(self).await?;
            self.applied(migration).await?;
            tracing::info!(
                keyspace = self.config.keyspace,
                version = migration.version,
                what = migration.what,
                "schema changed"
            );
        }
        lock.release(self).await
    }

    /// Under the lock a plain insert would do; a condition also waits for what another process left unfinished.
    async fn applied(&self, migration: &Migration) -> Result<(), OpenError> {
        let text = format!(
            "INSERT INTO {}.schema_version (zero, version, what, digest) VALUES (0, ?, ?, ?) IF NOT EXISTS",
            self.config.keyspace
        );
        let values = (migration.version, migration.what, migration.digest());
        self.run("note the schema's version", &text, values).await
    }

    async fn has_table(&self, table: &str) -> Result<bool, OpenError> {
        let found: Vec<(String,)> = self
            .rows(
                "look for a table",
                "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?",
                (&self.config.keyspace, table),
            )
            .await?;
        Ok(!found.is_empty())
    }

    fn filled(&self, step: &str, server: Server) -> String {
        migrations::fill(step, &self.config.keyspace, server)
    }

    /// A change of the schema; the driver waits until the nodes agree on it.
    async fn change(&self, text: &str) -> Result<(), OpenError> {
        self.run(&format!("run `{text}`"), text, ()).await
    }

    /// Where another process made a table a moment ago through another node, ours changed nothing, and the driver did not wait.
    async fn agreed(&self) -> Result<(), OpenError> {
        let agreement = self.session.await_schema_agreement().await;
        agreement.map(drop).map_err(|error| OpenError::Request {
            doing: "wait until the nodes agree on the schema".to_owned(),
            why: error.to_string(),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "once, at a start")]
    pub(crate) async fn run(
        &self,
        doing: &str,
        text: &str,
        values: impl SerializeRow,
    ) -> Result<(), OpenError> {
        let done = self.session.query_unpaged(text, values).await;
        done.map(drop)
            .map_err(|error| of_request(self.config, doing, &error))
    }

    /// A handful of rows, as those who wrote them agreed on them.
    pub(crate) async fn rows<R>(
        &self,
        doing: &str,
        text: &str,
        values: impl SerializeRow,
    ) -> Result<Vec<R>, OpenError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        self.read(doing, self.asked(text, values).await)
    }

    #[expect(clippy::disallowed_methods, reason = "once, at a start")]
    async fn asked(
        &self,
        text: &str,
        values: impl SerializeRow,
    ) -> Result<QueryResult, ExecutionError> {
        let mut statement = Statement::new(text);
        // What the server keeps about itself is not replicated.
        if !text.contains(" system_schema.") {
            statement.set_consistency(self.serial);
        }
        self.session.query_unpaged(statement, values).await
    }

    fn read<R>(
        &self,
        doing: &str,
        answer: Result<QueryResult, ExecutionError>,
    ) -> Result<Vec<R>, OpenError>
    where
        R: for<'row> DeserializeRow<'row, 'row>,
    {
        let result = answer.map_err(|error| of_request(self.config, doing, &error))?;
        let failed = |why: &dyn std::fmt::Display| OpenError::Request {
            doing: doing.to_owned(),
            why: why.to_string(),
        };
        let rows = result.into_rows_result().map_err(|error| failed(&error))?;
        let rows = rows.rows::<R>().map_err(|error| failed(&error))?;
        rows.collect::<Result<_, _>>()
            .map_err(|error| failed(&error))
    }
}

/// What a node says of a table that it lists: first that there is none, then that it has no place for it.
fn is_being_made(error: &ExecutionError) -> bool {
    let ExecutionError::LastAttemptError(RequestAttemptError::DbError(error, _)) = error else {
        return false;
    };
    matches!(error, DbError::Invalid | DbError::ServerError)
}

impl Migration {
    /// Of its text, before anything is filled in.
    fn digest(&self) -> String {
        format!("{:016x}", xxh3_64(self.steps.join(";").as_bytes()))
    }
}

/// Versions are counted from 1, without a gap.
fn version(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Tables of a keyspace with tablets route batches blindly: the server tells a driver about tablets only in answers to single
/// statements. And their conditions are young. So there are none.
fn keyspace(name: &str, replication: &Replication, server: Server) -> String {
    let replication = match replication {
        Replication::Copies(copies) => {
            format!("'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}")
        }
        Replication::Datacenters(each) => {
            let each: Vec<String> = each
                .iter()
                .map(|(name, copies)| format!("'{name}': {copies}"))
                .collect();
            format!("'class': 'NetworkTopologyStrategy', {}", each.join(", "))
        }
    };
    let tablets = match server {
        Server::Scylla => " AND tablets = {'enabled': false}",
        Server::Cassandra => "",
    };
    format!("CREATE KEYSPACE IF NOT EXISTS {name} WITH replication = {{{replication}}}{tablets}")
}

#[cfg(test)]
mod tests {
    use super::{Server, keyspace};
    use crate::config::Replication;

    #[test]
    fn a_keyspace_is_made_with_the_copies_asked_for() {
        let each = Replication::Datacenters([("eu".into(), 3), ("us".into(), 2)].into());
        let table = [
            (
                keyspace("k", &Replication::Copies(3), Server::Cassandra),
                "CREATE KEYSPACE IF NOT EXISTS k WITH replication = \
                 {'class': 'NetworkTopologyStrategy', 'replication_factor': 3}",
            ),
            (
                keyspace("k", &each, Server::Scylla),
                "CREATE KEYSPACE IF NOT EXISTS k WITH replication = \
                 {'class': 'NetworkTopologyStrategy', 'eu': 3, 'us': 2} AND tablets = {'enabled': false}",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(text, expected);
        }
    }
}
