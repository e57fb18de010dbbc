//! The node's own lease and heartbeats: what the others know it by, and until when it may answer.

use std::sync::Arc;
use std::time::Duration;

use ports::{LivenessError, Member, OwnerId, Renewal};

use super::agent::Agent;
use super::carry::{Done, word};
use super::membership::{Observation, Timing};
use super::rival::Rival;

/// What is known of it, on the node's own clock.
#[derive(Default)]
pub(super) struct Lease {
    /// How long it stands, the margin taken off; `None`: it does not.
    until: Option<Duration>,
    /// When it is renewed next.
    pub(super) due: Duration,
    renewing: bool,
    /// The logic version that it last said to have met.
    met: Option<u32>,
    beating: bool,
    /// The process whose lease stands under the name.
    rival: Option<Rival>,
}

impl Lease {
    /// Whether a heartbeat under the own name shows that another process runs under it.
    pub(super) fn hears(&mut self, process: OwnerId, now: Duration) -> bool {
        self.rival.as_mut().is_some_and(|rival| {
            rival.hear(process, now);
            rival.runs()
        })
    }
}

impl Agent {
    pub(super) fn beat(&mut self) {
        if std::mem::replace(&mut self.lease.beating, true) {
            return;
        }
        let (liveness, name) = (Arc::clone(&self.liveness), self.settings.name.clone());
        let (process, limit) = (self.settings.process, self.settings.timing.quiet);
        self.begin(async move {
            // One that is lost is followed by the next.
            drop(tokio::time::timeout(limit, liveness.beat(&name, process)).await);
            Done::Beat
        });
    }

    pub(super) fn renew_if_due(&mut self, now: Duration) {
        // Who lacks a logic version must hear of it before it takes anything.
        let due = now >= self.lease.due || self.engine.logic_met() > self.lease.met;
        if due && !self.lease.renewing {
            self.renew(now);
        }
    }

    fn renew(&mut self, sent: Duration) {
        self.lease.renewing = true;
        self.lease.due = sent + self.settings.renew;
        self.lease.met = self.engine.logic_met();
        let (liveness, name) = (Arc::clone(&self.liveness), self.settings.name.clone());
        let member = Member {
            process: self.settings.process,
            draining: self.draining,
            logic: self.engine.logic(),
            logic_met: self.lease.met,
            address: Arc::clone(&self.settings.address),
        };
        let limit = self.settings.renew;
        self.begin(async move {
            let renewing = liveness.renew(&name, &member);
            let renewed = tokio::time::timeout(limit, renewing).await;
            let late = |_| Err(LivenessError::Unavailable("no answer in time".to_owned()));
            Done::Renewed(sent, renewed.unwrap_or_else(late))
        });
    }

    pub(super) fn beaten(&mut self) {
        self.lease.beating = false;
    }

    pub(super) fn renewed(&mut self, sent: Duration, renewal: Result<Renewal, LivenessError>) {
        self.lease.renewing = false;
        let now = self.now();
        match renewal {
            Ok(Renewal::Renewed) => {
                self.lease.rival = None;
                let Timing { lease, margin, .. } = self.settings.timing;
                self.lease.until = Some(sent + lease.saturating_sub(margin));
                self.machine.observe(now, Observation::Renewed { sent });
            }
            Ok(Renewal::Refused { standing }) => {
                self.lease.until = None;
                self.machine.observe(now, Observation::Refused);
                self.refused(standing.process, now);
            }
            Err(error) => {
                tracing::warn!(%error, "the lease is not renewed");
                // Sooner than usual: the lease runs.
                self.lease.due = now + self.settings.beat;
            }
        }
    }

    /// The name's lease is another process's. Of one that was killed it is ended as soon as silence tells, of one that runs never.
    fn refused(&mut self, process: OwnerId, now: Duration) {
        self.lease.due = now + self.settings.beat;
        match &self.lease.rival {
            Some(rival) if rival.process == process => {
                if rival.is_gone(now, self.settings.timing.silence) && self.machine.listens(now) {
                    self.end_lease_of(process);
                }
            }
            _ => {
                tracing::warn!(
                    node = %self.settings.name,
                    "the lease of another process of this name stands: it is ended unless that one is heard"
                );
                self.lease.rival = Some(Rival::new(process, now));
            }
        }
    }

    fn end_lease_of(&mut self, process: OwnerId) {
        let (liveness, name) = (Arc::clone(&self.liveness), self.settings.name.clone());
        self.begin(async move {
            word(liveness.leave(&name, process)).await;
            Done::Nothing
        });
    }

    /// Questions are answered while the lease stands and the process is awake.
    pub(super) fn vouch(&self, now: Duration) {
        let until = match self.lease.until {
            Some(leased) if !self.blind => leased.min(now + self.settings.timing.quiet),
            _ => now,
        };
        self.engine.vouch(self.began + until);
    }
}
