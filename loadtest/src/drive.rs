//! The open loop: what is due starts when it is due, whether or not what came before was answered.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

/// Requests under way at once; clones share the bound.
#[derive(Clone, Debug)]
pub struct InFlight {
    permits: Arc<Semaphore>,
    most: usize,
}

impl InFlight {
    /// At most so many.
    pub fn at_most(most: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(most)),
            most,
        }
    }

    /// How many are under way.
    pub fn now(&self) -> usize {
        self.most.saturating_sub(self.permits.available_permits())
    }
}

/// What `open_loop` says of work that is due.
#[derive(Debug)]
pub enum Due<T> {
    /// It starts now; it was due at this instant.
    Start(T, Instant),
    /// Too much was under way: it never starts.
    Skip(T),
}

/// Hands out each piece of work at its time after `started`, until there is none, and waits for what was begun. Work that is due while
/// the bound is reached is skipped, not delayed: a delay would hide how long a caller would have waited.
pub async fn open_loop<T, F: Future<Output = ()> + Send + 'static>(
    started: Instant,
    work: impl Iterator<Item = (Duration, T)>,
    in_flight: &InFlight,
    mut hand_out: impl FnMut(Due<T>) -> Option<F>,
) {
    let mut under_way = JoinSet::new();
    for (after, piece) in work {
        let intended = started + after;
        if intended > Instant::now() {
            tokio::time::sleep_until(intended.into()).await;
        } else {
            // Behind: what was begun must get its turn all the same.
            tokio::task::yield_now().await;
        }
        let permit = Arc::clone(&in_flight.permits).try_acquire_owned();
        let (due, permit) = match permit {
            Ok(permit) => (Due::Start(piece, intended), Some(permit)),
            Err(_) => (Due::Skip(piece), None),
        };
        spawn(&mut under_way, hand_out(due), permit);
    }
    while under_way.join_next().await.is_some() {}
}

/// Starts work whenever less than the bound is under way, for so long: as fast as it goes, which says nothing about a real arrival
/// pattern.
pub async fn saturated<F: Future<Output = ()> + Send + 'static>(
    lasts: Duration,
    in_flight: &InFlight,
    mut next: impl FnMut() -> F,
) -> Result<()> {
    let (started, mut under_way) = (Instant::now(), JoinSet::new());
    while started.elapsed() < lasts {
        let permit = Arc::clone(&in_flight.permits).acquire_owned().await?;
        spawn(&mut under_way, Some(next()), Some(permit));
    }
    while under_way.join_next().await.is_some() {}
    Ok(())
}

fn spawn<F: Future<Output = ()> + Send + 'static>(
    under_way: &mut JoinSet<()>,
    request: Option<F>,
    permit: Option<OwnedSemaphorePermit>,
) {
    if let Some(request) = request {
        under_way.spawn(async move {
            request.await;
            drop(permit);
        });
    }
    while under_way.try_join_next().is_some() {}
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::{Duration, Instant};

    use super::{Due, InFlight, open_loop, saturated};

    /// Work that nobody answers until all of it was due.
    #[tokio::test]
    async fn what_is_due_beyond_the_bound_is_skipped_and_told_and_nothing_waits_for_answers() {
        let (started, in_flight) = (Instant::now(), InFlight::at_most(3));
        let (told, mut skipped) = (Arc::new(Mutex::new(Vec::new())), Vec::new());
        let open = Arc::new(tokio::sync::Notify::new());
        let work = (0..5u64).map(|n| (Duration::from_millis(n), n));
        open_loop(started, work, &in_flight, |due| {
            let (n, intended) = match due {
                Due::Start(n, intended) => (n, intended),
                Due::Skip(n) => {
                    skipped.push(n);
                    if n == 4 {
                        open.notify_waiters();
                    }
                    return None;
                }
            };
            let (told, answered) = (Arc::clone(&told), Arc::clone(&open).notified_owned());
            Some(async move {
                answered.await;
                told.lock().unwrap().push((n, intended));
            })
        })
        .await;
        let mut told = told.lock().unwrap().clone();
        told.sort_unstable();
        let expected = [0, 1, 2].map(|n| (n, started + Duration::from_millis(n)));
        assert_eq!(
            (told.as_slice(), skipped.as_slice()),
            (expected.as_slice(), [3, 4].as_slice())
        );
        assert_eq!(in_flight.now(), 0);
    }

    #[tokio::test]
    async fn saturated_work_never_exceeds_the_bound() {
        let in_flight = InFlight::at_most(2);
        let (seen, most) = (in_flight.clone(), Arc::new(Mutex::new(0)));
        saturated(Duration::from_millis(20), &in_flight, || {
            let (seen, most) = (seen.clone(), Arc::clone(&most));
            async move {
                let mut most = most.lock().unwrap();
                *most = seen.now().max(*most);
            }
        })
        .await
        .unwrap();
        assert!((1..=2).contains(&*most.lock().unwrap()));
    }
}
