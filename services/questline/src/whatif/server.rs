//! The history that a server keeps, page by page.

use std::collections::VecDeque;

use embedded::Batch;
use ports::LogRecord;
use prost::Message as _;
use proto::log::v1 as wire;
use types::{BrandId, Partition, Position, Timestamp};

use crate::client::{Client, patiently};
use crate::commands::block_on;
use crate::exit::Failure;

/// A server's log, of the brand that the key is for.
pub(crate) struct ServerHistory {
    client: Client,
    brand: BrandId,
    partitions: Vec<Line>,
}

/// One partition, read up to where it ended when the reading began.
struct Line {
    partition: Partition,
    after: Position,
    end: Position,
    /// Whether its first record is the first that was ever appended.
    complete: bool,
    /// Read, not given yet.
    ready: VecDeque<LogRecord>,
}

impl ServerHistory {
    /// Asks what there is.
    pub(crate) fn open(client: Client) -> Result<Self, Failure> {
        block_on(async {
            let log = patiently(|| client.get(&["v1", "log"], &[]))
                .await
                .map_err(Failure::failed)?;
            let unreadable =
                || Failure::failed("the server says of its log what is not understood");
            let brand = log["brand"].as_str().and_then(|it| it.parse().ok());
            let partitions = log["partitions"].as_array().ok_or_else(unreadable)?;
            let line = |(number, said): (u16, &serde_json::Value)| {
                let position = |name: &str| position(said[name].as_str()?);
                let after = position("after")?;
                Some(Line {
                    partition: Partition(number),
                    after,
                    end: position("end")?,
                    complete: after == Position::START,
                    ready: VecDeque::new(),
                })
            };
            let lines: Option<Vec<Line>> = (0..).zip(partitions).map(line).collect();
            Ok(Self {
                client,
                brand: brand.ok_or_else(unreadable)?,
                partitions: lines.ok_or_else(unreadable)?,
            })
        })
    }

    /// Whose history it is.
    pub(crate) fn brand(&self) -> &BrandId {
        &self.brand
    }

    pub(super) fn partitions(&self) -> u16 {
        // A log has at most 65,535.
        self.partitions.len() as u16
    }

    pub(super) fn is_complete(&self) -> bool {
        self.partitions.iter().all(|line| line.complete)
    }

    pub(super) fn read(&mut self, take: &mut dyn FnMut(Batch) -> bool) -> Result<(), Failure> {
        block_on(async {
            for line in &mut self.partitions {
                line.fill(&self.client).await?;
            }
            // The earliest first, so that all partitions come as one history.
            while let Some(line) = self
                .partitions
                .iter_mut()
                .filter(|line| !line.ready.is_empty())
                .min_by_key(|line| line.ready.front().map(|record| record.recorded_at))
            {
                let records: Vec<LogRecord> = line.message();
                let bytes = records.iter().map(|record| record.body.len() as u64).sum();
                let batch = Batch {
                    partition: line.partition,
                    records,
                    bytes,
                };
                if !take(batch) {
                    return Ok(());
                }
                line.fill(&self.client).await?;
            }
            Ok(())
        })
    }
}

impl Line {
    /// Reads the next page that has records of the brand, where nothing is ready and something is left.
    async fn fill(&mut self, client: &Client) -> Result<(), Failure> {
        while self.ready.is_empty() && self.after < self.end {
            let (partition, after) = (self.partition.to_string(), self.after.to_string());
            let path = ["v1", "log", &partition];
            let query = [("after", after.as_str())];
            let page = patiently(|| client.get_bytes(&path, &query))
                .await
                .map_err(Failure::failed)?;
            let unreadable = |why: &str| Failure::failed(format!("a page of the log: {why}"));
            let page =
                wire::Page::decode(page.as_slice()).map_err(|why| unreadable(&why.to_string()))?;
            let next = page.next.map(|at| Position {
                sequence: at.sequence,
                index: at.index,
            });
            let next = next.filter(|next| *next > self.after);
            self.after = next.ok_or_else(|| unreadable("it leads nowhere"))?;
            for record in page.records {
                let at = record.position.unwrap_or_default();
                let recorded_at = Timestamp::from_nanos(record.recorded_at_ns);
                self.ready.push_back(LogRecord {
                    position: Position {
                        sequence: at.sequence,
                        index: at.index,
                    },
                    recorded_at: recorded_at.ok_or_else(|| unreadable("a time out of range"))?,
                    body: record.body.into(),
                });
            }
        }
        Ok(())
    }

    /// Takes the records of the first message that is ready: they have one time.
    fn message(&mut self) -> Vec<LogRecord> {
        let first = self.ready.front().map(|record| record.recorded_at);
        let same = self.ready.iter();
        let same = same.take_while(|record| Some(record.recorded_at) == first);
        let count = same.count();
        self.ready.drain(..count).collect()
    }
}

fn position(text: &str) -> Option<Position> {
    let (sequence, index) = text.split_once('.')?;
    Some(Position {
        sequence: sequence.parse().ok()?,
        index: index.parse().ok()?,
    })
}
