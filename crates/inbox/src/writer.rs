//! The thread that writes: gathers what waits, makes it durable as one group, then answers.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use prost::Message;
use proto::emission::v1::Emission;
use telemetry::names;
use tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::journal::Journal;
use crate::projection::{Projection, Record};
use crate::tables::{Tables, Totals, Tx, decode_emission};

/// A group stops growing at so many bytes.
const GROUP_BYTES: usize = 4 << 20;
/// How many records a transaction takes while the journal is folded after a start.
const REPLAY_RECORDS: u64 = 4_096;

const EMISSION: u8 = 0;
const ALARM: u8 = 1;
const NOTE: u8 = 2;

/// What a caller wants durable.
pub(crate) enum Content {
    Emissions(Vec<Emission>),
    Note(Vec<u8>),
    /// Write what was handed over before, and end.
    Close,
}

/// A caller's wish, and where the answer goes. Dropped unanswered: the inbox has stopped.
pub(crate) struct Command {
    pub(crate) content: Content,
    pub(crate) done: oneshot::Sender<()>,
}

impl Command {
    fn bytes(&self) -> usize {
        match &self.content {
            Content::Emissions(batch) => batch.iter().map(Message::encoded_len).sum(),
            Content::Note(note) => note.len(),
            Content::Close => 0,
        }
    }
}

pub(crate) struct Writer<P> {
    gateway: &'static str,
    journal: Journal,
    tables: Arc<Tables>,
    projection: Arc<P>,
    totals: Totals,
}

/// A group while it is put together.
struct Group<'a> {
    tx: Tx<'a>,
    records: Vec<Vec<u8>>,
    totals: Totals,
    /// When ingest accepted what is new here, in nanoseconds since 1970.
    accepted: Vec<i128>,
}

impl<P: Projection> Writer<P> {
    /// Folds what the journal has and the tables lack.
    pub(crate) fn start(
        gateway: &'static str,
        journal: Journal,
        tables: Arc<Tables>,
        projection: Arc<P>,
    ) -> Result<Self, Error> {
        let totals = tables.read().totals()?;
        let mut writer = Self {
            gateway,
            journal,
            tables,
            projection,
            totals,
        };
        writer.catch_up()?;
        Ok(writer)
    }

    fn catch_up(&mut self) -> Result<(), Error> {
        let (folded, end) = (self.tables.next()?, self.journal.next());
        if folded > end {
            return Err(Error::Ahead {
                tables: folded,
                journal: end,
            });
        }
        let mut totals = self.totals;
        let tables = Arc::clone(&self.tables);
        let mut tx = Some(tables.write());
        self.journal.replay(folded, |number, record| {
            let open = tx.get_or_insert_with(|| tables.write());
            totals.received += u64::from(record.first() != Some(&NOTE));
            self.fold(open, &mut totals, number, record)?;
            if number % REPLAY_RECORDS == 0
                && let Some(mut full) = tx.take()
            {
                full.advance(&tables, number + 1, totals);
                full.commit()?;
            }
            Ok(())
        })?;
        if let Some(mut rest) = tx {
            rest.advance(&tables, end, totals);
            rest.commit()?;
        }
        self.totals = totals;
        Ok(())
    }

    /// Runs until it is told to close, or until something can't be written.
    pub(crate) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut bytes = first.bytes();
            let mut waiting = vec![first];
            while bytes < GROUP_BYTES
                && let Ok(next) = commands.try_recv()
            {
                bytes += next.bytes();
                waiting.push(next);
            }
            let closing = waiting
                .iter()
                .any(|command| matches!(command.content, Content::Close));
            if let Err(error) = self.commit(waiting) {
                tracing::error!(%error, gateway = self.gateway, "the inbox stops: nothing more is acknowledged");
                return;
            }
            if closing {
                break;
            }
        }
        if let Err(error) = self.tables.persist() {
            tracing::warn!(%error, "tables not persisted: they are folded from the journal at the next start");
        }
    }

    fn commit(&mut self, waiting: Vec<Command>) -> Result<(), Error> {
        let begun = Instant::now();
        let mut group = Group {
            tx: self.tables.write(),
            records: Vec::new(),
            totals: self.totals,
            accepted: Vec::new(),
        };
        let mut answers = Vec::with_capacity(waiting.len());
        for command in waiting {
            match command.content {
                Content::Emissions(batch) => {
                    for emission in batch {
                        self.take(&mut group, emission)?;
                    }
                }
                Content::Note(note) => self.record(&mut group, NOTE, &note)?,
                Content::Close => {}
            }
            answers.push(command.done);
        }
        if !group.records.is_empty() {
            self.journal.append(&group.records)?;
        }
        group
            .tx
            .advance(&self.tables, self.journal.next(), group.totals);
        group.tx.commit()?;
        self.count(group.totals, &group.accepted);
        metrics::histogram!(names::INBOX_COMMIT, "gateway" => self.gateway)
            .record(begun.elapsed().as_secs_f64());
        self.totals = group.totals;
        self.projection.committed();
        for answer in answers {
            // Who asked may be gone; what it asked for is done.
            let _gone = answer.send(());
        }
        Ok(())
    }

    fn take(&self, group: &mut Group<'_>, mut emission: Emission) -> Result<(), Error> {
        group.totals.received += 1;
        // The sequence belongs to the stream it came by.
        emission.seq = 0;
        let Some(known) = group.tx.get(&self.tables.ids, &emission.id)? else {
            if let Some(at) = emission.accepted_at {
                group
                    .accepted
                    .push(i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos));
            }
            return self.record(group, EMISSION, &emission.encode_to_vec());
        };
        let known = group
            .tx
            .get(&self.tables.emissions, known)?
            .ok_or(Error::Unreadable("index of ids"))?;
        let known = decode_emission(&known)?;
        if same(&known, &emission)
            || group
                .tx
                .get(&self.tables.alarms, alarm_key(&emission))?
                .is_some()
        {
            return Ok(());
        }
        tracing::error!(
            gateway = self.gateway,
            id = emission.id,
            kind = emission.r#type,
            "a known emission id came with another body: kept for inspection"
        );
        self.record(group, ALARM, &emission.encode_to_vec())
    }

    /// Adds a record to the group and folds it.
    fn record(&self, group: &mut Group<'_>, kind: u8, body: &[u8]) -> Result<(), Error> {
        let number = self.journal.next() + group.records.len() as u64;
        let mut record = Vec::with_capacity(body.len() + 1);
        record.push(kind);
        record.extend_from_slice(body);
        self.fold(&mut group.tx, &mut group.totals, number, &record)?;
        group.records.push(record);
        Ok(())
    }

    fn fold(
        &self,
        tx: &mut Tx<'_>,
        totals: &mut Totals,
        number: u64,
        record: &[u8],
    ) -> Result<(), Error> {
        match record.split_first() {
            Some((&EMISSION, body)) => {
                let emission = decode_emission(body)?;
                totals.distinct += 1;
                tx.put(&self.tables.ids, &emission.id, number.to_be_bytes());
                tx.put(&self.tables.emissions, number.to_be_bytes(), body);
                self.projection
                    .fold(tx, number, Record::Emission(&emission))
            }
            Some((&ALARM, body)) => {
                totals.alarms += 1;
                tx.put(
                    &self.tables.alarms,
                    alarm_key(&decode_emission(body)?),
                    body,
                );
                Ok(())
            }
            Some((&NOTE, body)) => self.projection.fold(tx, number, Record::Note(body)),
            _ => Err(Error::Unreadable("journal record")),
        }
    }

    fn count(&self, totals: Totals, accepted: &[i128]) {
        let add = |name, now: u64, before: u64| {
            metrics::counter!(name, "gateway" => self.gateway).increment(now - before);
        };
        add(names::INBOX_RECEIVED, totals.received, self.totals.received);
        add(names::INBOX_DISTINCT, totals.distinct, self.totals.distinct);
        add(names::INBOX_ALARMS, totals.alarms, self.totals.alarms);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos().cast_signed());
        for at in accepted {
            metrics::histogram!(names::DELIVERY_LATENCY, "gateway" => self.gateway)
                .record((now - at).max(0) as f64 / 1e9);
        }
    }
}

/// Whether two emissions of one id say the same. The trace context is the request's, not the emission's.
fn same(known: &Emission, other: &Emission) -> bool {
    (&known.r#type, &known.brand, &known.player, &known.body)
        == (&other.r#type, &other.brand, &other.player, &other.body)
}

fn alarm_key(emission: &Emission) -> Vec<u8> {
    let mut key = emission.id.clone().into_bytes();
    key.extend_from_slice(&crc32c::crc32c(&emission.body).to_be_bytes());
    key
}
