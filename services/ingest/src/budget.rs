//! Bounds what all requests together hold in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::metrics;
use crate::problem::Problem;

/// Bytes of bodies and records under way.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    used: Arc<AtomicUsize>,
    max: usize,
}

/// A share of the budget; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    pub(crate) fn new(max: usize) -> Self {
        Self {
            used: Arc::default(),
            max,
        }
    }

    /// An empty share, to be grown as bytes come: a promise of bytes costs others nothing.
    pub(crate) fn share(&self) -> Share {
        Share {
            budget: self.clone(),
            bytes: 0,
        }
    }
}

impl Share {
    /// Takes more, or refuses the request where there is no more.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Problem> {
        let Budget { used, max } = &self.budget;
        let before = used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > *max {
            used.fetch_sub(bytes, Ordering::Relaxed);
            return Err(Problem::overloaded(format!(
                "{max} bytes of requests are under way"
            )));
        }
        self.bytes += bytes;
        metrics::in_flight(before + bytes);
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let before = self.budget.used.fetch_sub(self.bytes, Ordering::Relaxed);
        metrics::in_flight(before - self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn what_is_dropped_can_be_taken_again() {
        let budget = Budget::new(10);
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.grow(6).is_ok());
        assert!(two.grow(5).is_err());
        assert!(two.grow(4).is_ok());
        drop(one);
        assert!(two.grow(6).is_ok());
        assert!(two.grow(1).is_err());
    }
}
