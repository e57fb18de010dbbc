//! Every statement that is sent, by what it may do. A test reads this list: nothing else is prepared.
//!
//! The kinds are types because mixing them up fails silently: a timestamp on a condition is ignored by the server, a condition in a
//! batch is not routed, a row without a timestamp would beat every owner for ever.

use std::fmt;

/// What changes rows, always under a stamp and never under a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Change {
    State,
    Journal,
    Outbox,
    OutboxSpan,
    Due,
    DueMinute,
    Quarantine,
    ForgetSpan,
    ForgetSpansBelow,
    ForgetMinute,
    ForgetMinutesBelow,
}

/// What reads rows, page by page, for as little as one replica that is quick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    States,
    Entities,
    Segments,
    Outbox,
    OutboxSpans,
    Due,
    DueMinutes,
    Quarantined,
}

/// What touches a head: agreed on by its replicas, never under a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heads {
    Read,
    /// Where there is none.
    First,
    /// Where the epoch is the expected one.
    Taken,
    /// Where epoch and owner are the expected ones, and the stamp does not run back.
    Owned,
}

/// A statement with `{ks}` for the keyspace.
pub(crate) trait Statement: Copy + fmt::Debug + Sized + 'static {
    /// All of its kind; a value's place in it is its own number.
    const ALL: &'static [Self];
    /// What is sent.
    fn text(self) -> &'static str;
    /// Its place in [`Self::ALL`].
    fn place(self) -> usize;
}

impl Statement for Change {
    const ALL: &'static [Self] = &[
        Self::State,
        Self::Journal,
        Self::Outbox,
        Self::OutboxSpan,
        Self::Due,
        Self::DueMinute,
        Self::Quarantine,
        Self::ForgetSpan,
        Self::ForgetSpansBelow,
        Self::ForgetMinute,
        Self::ForgetMinutesBelow,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::State => "INSERT INTO {ks}.player_state (bucket, entity, state) VALUES (?, ?, ?)",
            Self::Journal => {
                "INSERT INTO {ks}.journal (partition, entity, segment, sealed) VALUES (?, ?, ?, ?)"
            }
            Self::Outbox => {
                "INSERT INTO {ks}.outbox (partition, span, n, emission) VALUES (?, ?, ?, ?)"
            }
            Self::OutboxSpan => "INSERT INTO {ks}.outbox_span (partition, span) VALUES (?, ?)",
            Self::Due => {
                "INSERT INTO {ks}.due (partition, minute, hash, entity) VALUES (?, ?, ?, ?)"
            }
            Self::DueMinute => "INSERT INTO {ks}.due_minute (partition, minute) VALUES (?, ?)",
            Self::Quarantine => {
                "INSERT INTO {ks}.quarantine (partition, entity, reason) VALUES (?, ?, ?)"
            }
            Self::ForgetSpan => "DELETE FROM {ks}.outbox WHERE partition = ? AND span = ?",
            Self::ForgetSpansBelow => {
                "DELETE FROM {ks}.outbox_span WHERE partition = ? AND span < ?"
            }
            Self::ForgetMinute => {
                "DELETE FROM {ks}.due WHERE partition = ? AND minute = ? AND hash = ?"
            }
            Self::ForgetMinutesBelow => {
                "DELETE FROM {ks}.due_minute WHERE partition = ? AND minute < ?"
            }
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

impl Change {
    /// The table, as metrics and errors name it.
    pub(crate) fn table(self) -> &'static str {
        match self {
            Self::State => "player_state",
            Self::Journal => "journal",
            Self::Outbox | Self::ForgetSpan => "outbox",
            Self::OutboxSpan | Self::ForgetSpansBelow => "outbox_span",
            Self::Due | Self::ForgetMinute => "due",
            Self::DueMinute | Self::ForgetMinutesBelow => "due_minute",
            Self::Quarantine => "quarantine",
        }
    }
}

impl Statement for Read {
    const ALL: &'static [Self] = &[
        Self::States,
        Self::Entities,
        Self::Segments,
        Self::Outbox,
        Self::OutboxSpans,
        Self::Due,
        Self::DueMinutes,
        Self::Quarantined,
    ];

    fn text(self) -> &'static str {
        match self {
            Self::States => {
                "SELECT entity, state FROM {ks}.player_state WHERE bucket = ? AND entity IN ?"
            }
            Self::Entities => {
                "SELECT entity FROM {ks}.player_state WHERE bucket = ? AND entity > ? LIMIT ?"
            }
            Self::Segments => {
                "SELECT segment, sealed FROM {ks}.journal WHERE partition = ? AND entity = ? AND segment IN ?"
            }
            Self::Outbox => {
                "SELECT n, emission FROM {ks}.outbox WHERE partition = ? AND span = ? AND n >= ? AND n < ?"
            }
            Self::OutboxSpans => {
                "SELECT span FROM {ks}.outbox_span WHERE partition = ? AND span >= ? AND span < ?"
            }
            Self::Due => {
                "SELECT entity FROM {ks}.due WHERE partition = ? AND minute = ? AND hash = ? AND entity > ? LIMIT ?"
            }
            Self::DueMinutes => {
                "SELECT minute FROM {ks}.due_minute WHERE partition = ? AND minute >= ? AND minute < ?"
            }
            Self::Quarantined => "SELECT entity, reason FROM {ks}.quarantine WHERE partition = ?",
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

impl Statement for Heads {
    const ALL: &'static [Self] = &[Self::Read, Self::First, Self::Taken, Self::Owned];

    fn text(self) -> &'static str {
        match self {
            Self::Read => {
                "SELECT owner, epoch, epoch_stamp, last_stamp, cursor_sequence, cursor_index, fold \
                 FROM {ks}.shard_head WHERE partition = ?"
            }
            Self::First => {
                "INSERT INTO {ks}.shard_head (owner, epoch, epoch_stamp, last_stamp, cursor_sequence, cursor_index, fold, partition) \
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?) IF NOT EXISTS"
            }
            Self::Taken => {
                "UPDATE {ks}.shard_head SET owner = ?, epoch = ?, epoch_stamp = ?, last_stamp = ?, cursor_sequence = ?, \
                 cursor_index = ?, fold = ? WHERE partition = ? IF epoch = ? AND last_stamp = ?"
            }
            Self::Owned => {
                "UPDATE {ks}.shard_head SET owner = ?, epoch = ?, epoch_stamp = ?, last_stamp = ?, cursor_sequence = ?, \
                 cursor_index = ?, fold = ? WHERE partition = ? IF epoch = ? AND owner = ? AND last_stamp <= ?"
            }
        }
    }

    fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Heads, Read, Statement};

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    fn numbered<S: Statement>() {
        for (place, statement) in S::ALL.iter().enumerate() {
            assert_eq!(statement.place(), place, "{statement:?}");
        }
    }

    #[test]
    fn a_statement_stands_at_its_own_place() {
        numbered::<Change>();
        numbered::<Read>();
        numbered::<Heads>();
    }

    /// Conditions, batches and timestamps in a text would go round the stamp that every change is sent under.
    #[test]
    fn a_change_is_of_one_table_without_condition_or_timestamp() {
        for change in Change::ALL {
            let text = change.text();
            let words = words(text);
            for banned in ["IF", "USING", "TIMESTAMP", "TTL", "BATCH", "shard_head"] {
                assert!(!text.contains(banned), "{banned} in: {text}");
            }
            assert!(matches!(words[0], "INSERT" | "DELETE"), "{text}");
            assert_eq!(words[2], format!("{{ks}}.{}", change.table()), "{text}");
            assert_eq!(text.matches("{ks}").count(), 1, "{text}");
        }
    }

    /// Unbound reads would visit every node; filtering and secondary indexes would read what is not asked for.
    #[test]
    fn a_read_is_of_one_partition_of_one_table() {
        let keys = [
            "bucket = ?",
            "partition = ? AND entity = ?",
            "partition = ?",
        ];
        for read in Read::ALL {
            let text = read.text();
            let (_, condition) = text.split_once("WHERE ").expect("a condition");
            assert!(
                keys.iter().any(|key| condition.starts_with(key)),
                "{text}: not by a key"
            );
            assert!(
                !text.contains("ALLOW FILTERING") && !text.contains("shard_head"),
                "{text}"
            );
            assert_eq!(text.matches("{ks}").count(), 1, "{text}");
        }
    }

    /// A timestamp on a condition is silently ignored by the server: none may be meant.
    #[test]
    fn only_heads_are_set_under_a_condition() {
        for heads in Heads::ALL {
            let text = heads.text();
            assert!(text.contains("{ks}.shard_head"), "{text}");
            assert!(!text.contains("USING"), "{text}");
            assert_eq!(words(text).contains(&"IF"), *heads != Heads::Read, "{text}");
        }
    }
}
