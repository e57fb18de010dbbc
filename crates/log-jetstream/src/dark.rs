//! How patiently a reader looks for a consumer that works.

use std::time::Duration;

use ports::ReadError;
use tokio::time::Instant;
use types::Partition;

use crate::feed::Lost;

/// How long a reader looks before it says so.
const DARK_MAX: Duration = Duration::from_secs(10);
/// The pause before a consumer is made when the one before never worked; doubled each time.
const PAUSE_FIRST: Duration = Duration::from_millis(25);
/// The longest such pause.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// Since when, and how often, there was no consumer that worked.
#[derive(Debug, Default)]
pub(crate) struct Dark {
    since: Option<Instant>,
    misses: u32,
    /// Why the last one is not used any more.
    pub(crate) why: Option<Lost>,
}

impl Dark {
    /// There is no consumer, or not yet; whether the last one ever worked.
    pub(crate) fn miss(&mut self, proved: bool) {
        if proved {
            (self.since, self.misses) = (None, 0);
        }
        self.since.get_or_insert_with(Instant::now);
        self.misses += 1;
    }

    /// How long to wait before the next consumer: not at all after one that worked.
    ///
    /// # Errors
    /// `Unavailable` when none has worked for long; the look begins anew then.
    pub(crate) fn pause(&mut self, partition: Partition) -> Result<Option<Duration>, ReadError> {
        let Some(doublings) = self.misses.checked_sub(2) else {
            return Ok(None);
        };
        if self.since.is_some_and(|since| since.elapsed() > DARK_MAX) {
            self.since = None;
            return Err(ReadError::Unavailable(format!(
                "no consumer of partition {partition} for {} s",
                DARK_MAX.as_secs()
            )));
        }
        self.since.get_or_insert_with(Instant::now);
        let pause = PAUSE_FIRST * 2u32.pow(doublings.min(8));
        Ok(Some(pause.min(PAUSE_MAX)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use types::Partition;

    use super::{DARK_MAX, Dark, PAUSE_MAX};

    #[tokio::test(start_paused = true)]
    async fn the_first_is_made_at_once_the_next_ones_slower_and_then_it_is_said() {
        let mut dark = Dark::default();
        assert_eq!(dark.pause(Partition(0)).unwrap(), None, "nothing was lost");
        dark.miss(true);
        assert_eq!(dark.pause(Partition(0)).unwrap(), None, "it had worked");
        let mut paused = Duration::ZERO;
        let mut last = Duration::ZERO;
        let said = loop {
            dark.miss(false);
            match dark.pause(Partition(0)) {
                Ok(pause) => {
                    let pause = pause.unwrap();
                    assert!(pause >= last && pause <= PAUSE_MAX, "{pause:?}");
                    last = pause;
                    paused += pause;
                    tokio::time::advance(pause).await;
                }
                Err(error) => break error.to_string(),
            }
        };
        assert!(paused > DARK_MAX && paused < DARK_MAX + 2 * PAUSE_MAX);
        assert!(said.contains("for 10 s"), "{said}");
        assert_eq!(dark.pause(Partition(0)).unwrap(), Some(PAUSE_MAX), "anew");
    }
}
