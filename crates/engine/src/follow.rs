//! Reading a partition on, through the times when the log cannot be reached.

use std::rc::Rc;

use ports::{LogReader, LogRecord, ReadError};
use types::Position;

use crate::context::Tenure;
use crate::retry::Backoff;

/// A reader that asks again for as long as the log is unavailable. It is kept meanwhile: it knows what it has read, so that it sees
/// where the log that comes back is an older one.
pub(crate) struct Follow {
    tenure: Rc<Tenure>,
    at: Position,
    reader: Option<Box<dyn LogReader>>,
}

impl Follow {
    /// From the record after `at` on.
    pub(crate) fn after(tenure: &Rc<Tenure>, at: Position) -> Self {
        Self {
            tenure: Rc::clone(tenure),
            at,
            reader: None,
        }
    }

    /// The next records, at least one, for as long as it takes; or why there are none that follow.
    pub(crate) async fn next(&mut self) -> Result<Vec<LogRecord>, ReadError> {
        let mut backoff = Backoff::default();
        loop {
            match self.read().await {
                Ok(records) => {
                    self.at = records.last().map_or(self.at, |last| last.position);
                    return Ok(records);
                }
                Err(ReadError::Unavailable(why)) => {
                    tracing::warn!(partition = %self.tenure.partition, why, "the log is not read");
                    backoff.wait().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn read(&mut self) -> Result<Vec<LogRecord>, ReadError> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            none => {
                let log = &self.tenure.ports.log;
                none.insert(log.read(self.tenure.partition, self.at).await?)
            }
        };
        reader.next(self.tenure.config.chunk).await
    }
}
