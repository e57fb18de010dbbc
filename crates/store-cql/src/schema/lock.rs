//! One process at a time changes the schema. The lock is a row with a time to live: whoever dies holding it gives it back in a minute.

use std::time::Duration;

use super::Start;
use crate::error::OpenError;

/// How long the lock is held without being renewed, in seconds. No step may take longer.
const LEASE_S: i32 = 60;
/// How often a waiting process looks again, and how often at most: a lease and a half.
const LOOK_EVERY: Duration = Duration::from_millis(250);
const LOOKS: usize = 360;

/// The lock, held.
pub(super) struct Lock {
    holder: String,
}

impl Lock {
    /// Waits for it.
    pub(super) async fn acquire(start: &Start<'_>) -> Result<Self, OpenError> {
        let holder = holder()?;
        let text = format!(
            "INSERT INTO {}.schema_lock (zero, holder) VALUES (0, ?) IF NOT EXISTS USING TTL {LEASE_S}",
            start.config.keyspace
        );
        let mut last = locked(start, String::new());
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            // The answer may be lost: who stands there has it.
            match start.run("lock the schema", &text, (&holder,)).await {
                Ok(()) => {}
                Err(error @ OpenError::Request { .. }) => last = error,
                Err(error) => return Err(error),
            }
            match current(start).await? {
                Some(there) if there == holder => return Ok(Self { holder }),
                Some(there) => last = locked(start, there),
                None => {}
            }
        }
        Err(last)
    }

    /// Holds it for a minute more, or finds it lost.
    pub(super) async fn renew(&self, start: &Start<'_>) -> Result<(), OpenError> {
        let text = format!(
            "UPDATE {}.schema_lock USING TTL {LEASE_S} SET holder = ? WHERE zero = 0 IF holder = ?",
            start.config.keyspace
        );
        let values = (&self.holder, &self.holder);
        start.run("hold the schema's lock", &text, values).await?;
        match current(start).await? {
            Some(there) if there == self.holder => Ok(()),
            there => Err(locked(start, there.unwrap_or_default())),
        }
    }

    pub(super) async fn release(self, start: &Start<'_>) -> Result<(), OpenError> {
        let text = format!(
            "DELETE FROM {}.schema_lock WHERE zero = 0 IF holder = ?",
            start.config.keyspace
        );
        start.run("unlock the schema", &text, (&self.holder,)).await
    }
}

async fn current(start: &Start<'_>) -> Result<Option<String>, OpenError> {
    let text = format!(
        "SELECT holder FROM {}.schema_lock WHERE zero = 0",
        start.config.keyspace
    );
    let rows: Vec<(Option<String>,)> = start.rows("read the schema's lock", &text, ()).await?;
    Ok(rows.into_iter().find_map(|(holder,)| holder))
}

fn locked(start: &Start<'_>, holder: String) -> OpenError {
    OpenError::Locked {
        keyspace: start.config.keyspace.clone(),
        holder,
    }
}

/// Somebody that no other process is.
fn holder() -> Result<String, OpenError> {
    let drawn = getrandom::u64().map_err(|error| OpenError::Request {
        doing: "draw a name for the schema's lock".to_owned(),
        why: error.to_string(),
    })?;
    Ok(format!("process {} ({drawn:016x})", std::process::id()))
}
