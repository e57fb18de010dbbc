//! What came out: every emission of this run, in the order in which it came; bodies on disk, the rest some 50 bytes each in memory.

use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Duration;

use anyhow::{Context, Result};
use proto::emission::v1::Emission;

use crate::receive::{Observe, accepted_at, id};
use crate::series::{Tally, Track};
use crate::traffic::Key;

/// An emission that came.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// Its id.
    pub id: u128,
    /// Whose it is, as [`player_hash`] says it.
    pub player: u64,
    offset: u64,
    bytes: u32,
}

/// What came of a run.
#[derive(Debug)]
pub struct Deliveries {
    /// Names of this run's players begin with it: others' emissions are no business of this run.
    players: String,
    /// The run's start, since 1970.
    started: Duration,
    bodies: BufWriter<File>,
    offset: u64,
    all: Vec<Delivered>,
    /// Set when a body could not be kept: then there is nothing to compare with.
    broken: Option<std::io::Error>,
    /// Emissions by second.
    pub delivered: Tally,
    /// From the instant at which ingest accepted the event.
    pub accepted_to_delivered: Track,
    /// From the instant at which the event was due.
    pub intended_to_delivered: Track,
}

/// A brand's player in 64 bits.
pub fn player_hash(brand: &str, player: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (brand, player).hash(&mut hasher);
    hasher.finish()
}

impl Deliveries {
    /// Of the run whose players' names begin so, that started so long after 1970.
    pub fn new(players: &str, started: Duration, measured_from: Duration) -> Result<Self> {
        Ok(Self {
            players: players.to_owned(),
            started,
            bodies: BufWriter::new(tempfile::tempfile().context("a file for emissions")?),
            offset: 0,
            all: Vec::new(),
            broken: None,
            delivered: Tally::default(),
            accepted_to_delivered: Track::new(measured_from)?,
            intended_to_delivered: Track::new(measured_from)?,
        })
    }

    /// The emissions so far, in order.
    pub fn all(&self) -> &[Delivered] {
        &self.all
    }

    /// The bodies of some of them.
    pub fn bodies(&mut self, of: &[Delivered]) -> Result<Vec<Vec<u8>>> {
        if let Some(error) = self.broken.take() {
            return Err(error).context("an emission could not be kept");
        }
        self.bodies.flush()?;
        let file = self.bodies.get_mut();
        let mut read = Vec::with_capacity(of.len());
        for delivered in of {
            let mut body = vec![0; delivered.bytes as usize];
            file.seek(SeekFrom::Start(delivered.offset))?;
            file.read_exact(&mut body)?;
            read.push(body);
        }
        file.seek(SeekFrom::End(0))?;
        Ok(read)
    }
}

impl Observe for Deliveries {
    fn emission(&mut self, emission: &Emission, now: Duration) {
        if !emission.player.starts_with(&self.players) {
            return;
        }
        let since_start = now.saturating_sub(self.started);
        self.delivered.add(since_start, 1);
        if let Err(error) = self.bodies.write_all(&emission.body) {
            self.broken = Some(error);
        }
        // A message has 4 MiB at most.
        let bytes = u32::try_from(emission.body.len()).unwrap_or(u32::MAX);
        self.all.push(Delivered {
            id: id(emission),
            player: player_hash(&emission.brand, &emission.player),
            offset: self.offset,
            bytes,
        });
        self.offset += u64::from(bytes);
        if let Some(accepted) = accepted_at(emission) {
            let began = accepted.saturating_sub(self.started);
            self.accepted_to_delivered
                .record(began, since_start, now.saturating_sub(accepted));
        }
        if let Some(key) = cause(&emission.body) {
            let due = Duration::from_micros(key.due_us);
            self.intended_to_delivered
                .record(due, since_start, since_start.saturating_sub(due));
        }
    }
}

/// The event that an emission's body says caused it, where one did.
fn cause(body: &[u8]) -> Option<Key> {
    const BEFORE: &[u8] = b"\"cause\":{\"event\":\"";
    let at = body
        .windows(BEFORE.len())
        .rposition(|window| window == BEFORE)?;
    let rest = &body[at + BEFORE.len()..];
    let end = rest.iter().position(|byte| *byte == b'"')?;
    Key::of_id(std::str::from_utf8(&rest[..end]).ok()?)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::emission::v1::Emission;

    use super::{Deliveries, player_hash};
    use crate::receive::Observe;

    fn emission(player: &str, body: &str) -> Emission {
        Emission {
            id: format!("{:032x}", 5),
            brand: "b".to_owned(),
            player: player.to_owned(),
            body: body.as_bytes().to_vec(),
            accepted_at: Some(prost_types::Timestamp {
                seconds: 100,
                nanos: 500_000_000,
            }),
            ..Emission::default()
        }
    }

    #[test]
    fn an_emission_of_the_run_is_kept_and_measured_and_others_are_not() {
        let ms = Duration::from_millis;
        let mut deliveries = Deliveries::new("7.", ms(100_000), ms(0)).unwrap();
        let body = r#"{"id":"x","cause":{"event":"load/7.0-3d090-2"},"at":"z"}"#;
        deliveries.emission(&emission("7.0000001", body), ms(100_900));
        deliveries.emission(&emission("8.0000001", body), ms(100_900));
        let all = deliveries.all().to_vec();
        assert_eq!(all.len(), 1);
        assert_eq!(
            (all[0].id, all[0].player),
            (5, player_hash("b", "7.0000001"))
        );
        assert_eq!(deliveries.bodies(&all).unwrap(), [body.as_bytes()]);
        let max = |track: &crate::series::Track| track.measured().summary().max_ms.round();
        // Due at 250 ms, accepted at 500 ms, delivered at 900 ms.
        assert_eq!(max(&deliveries.accepted_to_delivered), 400.0);
        assert_eq!(max(&deliveries.intended_to_delivered), 650.0);
    }
}
