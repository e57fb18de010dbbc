//! The versions. One that was released is never changed again: its digest stands in the keyspaces that were made from it.

use super::Server;

/// One version: steps that do nothing where they were done before.
pub(super) struct Migration {
    pub(super) version: i32,
    pub(super) what: &'static str,
    pub(super) steps: &'static [&'static str],
}

/// What the lock and the versions stand in: made before there is a lock.
pub(super) const FIRST: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS {ks}.schema_lock (zero int PRIMARY KEY, holder text)",
    "CREATE TABLE IF NOT EXISTS {ks}.schema_version (zero int, version int, what text, digest text, PRIMARY KEY (zero, version))",
];

/// All of them, oldest first. `{overwritten}` and `{forgotten}` are filled in for the server.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        what: "the tables",
        steps: &[
            // A log partition's snapshots are spread over several buckets.
            "CREATE TABLE IF NOT EXISTS {ks}.player_state (bucket int, entity text, state blob, \
         PRIMARY KEY (bucket, entity)) WITH {overwritten}",
            "CREATE TABLE IF NOT EXISTS {ks}.journal (partition int, entity text, segment bigint, sealed blob, \
         PRIMARY KEY ((partition, entity), segment))",
            // Rows lie in spans of their numbers; `outbox_span` lists the spans that hold something.
            "CREATE TABLE IF NOT EXISTS {ks}.outbox (partition int, span bigint, n bigint, emission blob, \
         PRIMARY KEY ((partition, span), n)) WITH {forgotten}",
            "CREATE TABLE IF NOT EXISTS {ks}.outbox_span (partition int, span bigint, \
         PRIMARY KEY (partition, span)) WITH {forgotten}",
            // Likewise what falls due in a minute, and the minutes in which something does.
            "CREATE TABLE IF NOT EXISTS {ks}.due (partition int, minute bigint, hash int, entity text, \
         PRIMARY KEY ((partition, minute, hash), entity)) WITH {forgotten}",
            "CREATE TABLE IF NOT EXISTS {ks}.due_minute (partition int, minute bigint, \
         PRIMARY KEY (partition, minute)) WITH {forgotten}",
            "CREATE TABLE IF NOT EXISTS {ks}.quarantine (partition int, entity text, reason blob, \
         PRIMARY KEY (partition, entity))",
            // The only one that is set under a condition; nothing else ever writes it.
            "CREATE TABLE IF NOT EXISTS {ks}.shard_head (partition int PRIMARY KEY, owner blob, epoch bigint, epoch_stamp bigint, \
         last_stamp bigint, cursor_sequence bigint, cursor_index bigint, fold blob) WITH {overwritten}",
        ],
    },
    Migration {
        version: 2,
        what: "programmes",
        steps: &[
            // Set under a condition, a number once; `programme_brand` lists the brands that have one.
            "CREATE TABLE IF NOT EXISTS {ks}.programme (brand text, number bigint, version text, source text, author text, note text, \
         at bigint, base text, PRIMARY KEY (brand, number))",
            "CREATE TABLE IF NOT EXISTS {ks}.programme_brand (zero int, brand text, PRIMARY KEY (zero, brand))",
            "CREATE TABLE IF NOT EXISTS {ks}.programme_draft (brand text PRIMARY KEY, source text, author text, at bigint)",
        ],
    },
    Migration {
        version: 3,
        what: "people",
        steps: &[
            // Set under conditions alone. A key that was destroyed is gone from the disks when its row is compacted after the grace,
            // which is therefore short; one that comes back is not read, since the erasure beside it stands.
            "CREATE TABLE IF NOT EXISTS {ks}.person (brand text, player text, sealing blob, erased_at bigint, told boolean, \
         PRIMARY KEY ((brand, player))) WITH {forgotten}",
            "CREATE TABLE IF NOT EXISTS {ks}.person_erased (zero int, brand text, player text, PRIMARY KEY (zero, brand, player))",
        ],
    },
];

/// A step as it is sent.
pub(super) fn fill(step: &str, keyspace: &str, server: Server) -> String {
    step.replace("{ks}", keyspace)
        .replace("{overwritten}", overwritten(server))
        .replace("{forgotten}", forgotten(server))
}

/// Rows that are written again and again: space for about a tenth more than is live, instead of for twice as much.
fn overwritten(server: Server) -> &'static str {
    match server {
        Server::Cassandra => "compaction = {'class': 'LeveledCompactionStrategy'}",
        Server::Scylla => "compaction = {'class': 'IncrementalCompactionStrategy'}",
    }
}

/// Rows that come back after a deletion harm nobody: deletions are kept for 3 hours instead of 10 days.
fn forgotten(server: Server) -> &'static str {
    match server {
        Server::Cassandra => "gc_grace_seconds = 10800",
        Server::Scylla => "gc_grace_seconds = 10800 AND tombstone_gc = {'mode': 'timeout'}",
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST, MIGRATIONS, fill};
    use crate::schema::Server;

    #[test]
    fn versions_count_from_one_without_a_gap() {
        let versions: Vec<i32> = MIGRATIONS.iter().map(|one| one.version).collect();
        let expected: Vec<i32> = (1..).take(versions.len()).collect();
        assert_eq!(versions, expected);
    }

    /// A process may die after any step: the next one begins with the first again.
    #[test]
    fn every_step_may_be_repeated() {
        let steps = MIGRATIONS.iter().flat_map(|one| one.steps);
        for step in steps.chain(&FIRST) {
            assert!(step.contains(" IF NOT EXISTS "), "{step}");
        }
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        let steps = MIGRATIONS.iter().flat_map(|one| one.steps);
        for step in steps.chain(&FIRST) {
            for server in [Server::Cassandra, Server::Scylla] {
                let text = fill(step, "k", server);
                assert_eq!(
                    text.matches('{').count(),
                    text.matches("{'").count(),
                    "{text}"
                );
            }
        }
    }

    /// Released versions do not change: a keyspace made from another text is refused.
    #[test]
    fn a_released_version_keeps_its_text() {
        let digests: Vec<String> = MIGRATIONS.iter().map(super::Migration::digest).collect();
        assert_eq!(
            digests,
            ["064c222ecd9ebffb", "45ddf267203762ac", "850d2f6c3cd52660"]
        );
    }

    #[test]
    fn servers_differ_in_how_rows_are_kept() {
        let outbox = MIGRATIONS[0].steps[2];
        let table = [
            (Server::Cassandra, "WITH gc_grace_seconds = 10800"),
            (
                Server::Scylla,
                "WITH gc_grace_seconds = 10800 AND tombstone_gc = {'mode': 'timeout'}",
            ),
        ];
        for (server, ending) in table {
            let text = fill(outbox, "k", server);
            assert!(text.ends_with(ending), "{text}");
        }
    }
}
