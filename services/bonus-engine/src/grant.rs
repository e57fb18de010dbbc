//! One grant: where it stands, and how what becomes known moves it. Pure.
//!
//! ```text
//! offered --claimed--> requested --done--> credited --revoked--> revoking --done--> revoked
//!    |                    |    `--refused--> failed
//!    `--revoked--> revoked `--revoked--> (decided when the outcome is known)
//! ```
//! Facts may come in any order and again: a claim before its offer, a revocation before either.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where a grant stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// The player may claim it.
    #[default]
    Offered,
    /// The operator is asked to credit it; the outcome is not known yet.
    Requested,
    /// The operator credited it; for points: the engine did.
    Credited,
    /// The operator refused it, or the player is restricted.
    Failed,
    /// The operator is asked to take it back; the outcome is not known yet.
    Revoking,
    /// It was withdrawn.
    Revoked,
}

/// What the operator is asked to do.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Give it to the player.
    Credit,
    /// Take it back.
    Revoke,
}

/// A call to the operator whose outcome is not known.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Call {
    /// What is asked.
    pub(crate) ask: Ask,
    /// The idempotency key: the id of the emission that caused it.
    pub(crate) key: String,
    /// The record that caused it.
    pub(crate) record: u64,
}

/// One grant.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub(crate) struct Grant {
    /// The player's brand.
    pub(crate) brand: String,
    /// The player.
    pub(crate) player: String,
    /// Its id, unique for the player.
    pub(crate) grant_id: String,
    /// The reward's name; for offered points, the points' name.
    pub(crate) reward: String,
    /// Where it stands.
    pub(crate) status: Status,
    /// The key of the call to credit it.
    pub(crate) key: Option<String>,
    /// Why, where it failed or was revoked.
    pub(crate) reason: Option<String>,
    /// When the emission that made it known says it happened.
    pub(crate) at: String,
    /// What the operator reported last.
    pub(crate) postback: Option<String>,
    /// What is waited for.
    pub(crate) call: Option<Call>,
    /// Points are credited by the engine itself: the operator is not asked.
    points: bool,
    /// The key of a revocation that waits for the outcome of the credit.
    revoke: Option<String>,
    /// The emission that made it known.
    pub(crate) emission: Value,
    /// W3C trace context of what made it known; empty: none.
    pub(crate) traceparent: String,
}

/// What an emission says about a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It was offered; `requested`: credited at once, without a claim.
    Offered { requested: bool },
    /// The player claimed it.
    Claimed,
    /// It is withdrawn.
    Revoked { reason: String },
}

/// How a call ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The operator did it.
    Done,
    /// The operator will not.
    Refused(String),
}

impl Grant {
    /// Adopts what an emission says.
    pub(crate) fn said(&mut self, said: Said, suppressed: bool, id: &str, record: u64) {
        match said {
            Said::Offered { requested: false } => {}
            Said::Offered { requested: true } | Said::Claimed => {
                if self.status == Status::Offered {
                    self.request(suppressed, id, record);
                }
            }
            Said::Revoked { reason } => {
                self.reason = Some(reason);
                match self.status {
                    Status::Offered | Status::Failed => self.status = Status::Revoked,
                    Status::Requested => self.revoke = Some(id.to_owned()),
                    Status::Credited => self.take_back(id, record),
                    Status::Revoking | Status::Revoked => {}
                }
            }
        }
    }

    /// The player was erased: nothing more is asked of the operator.
    pub(crate) fn dropped(&mut self) {
        self.call = None;
        self.revoke = None;
        if matches!(
            self.status,
            Status::Offered | Status::Requested | Status::Revoking
        ) {
            self.status = Status::Failed;
            self.reason = Some("player_erased".to_owned());
        }
    }

    /// Adopts how a call ended. A call that is not waited for any more changes nothing.
    pub(crate) fn answered(&mut self, call: &Call, outcome: &Outcome, record: u64) {
        if self.call.as_ref() != Some(call) {
            return;
        }
        match call.ask {
            Ask::Credit => self.credited(outcome, record),
            Ask::Revoke => {
                self.call = None;
                self.status = Status::Revoked;
                if let Outcome::Refused(reason) = outcome {
                    // The player has it still.
                    self.status = Status::Credited;
                    self.reason = Some(format!("not taken back: {reason}"));
                }
            }
        }
    }

    /// Adopts what the operator reports by itself: it is the authority, so it ends the waiting for an answer.
    pub(crate) fn reported(&mut self, status: &str, reason: &str, record: u64) {
        self.postback = Some(status.to_owned());
        if !matches!(self.status, Status::Offered | Status::Requested) {
            return;
        }
        match status {
            "credited" | "wagered_out" => self.credited(&Outcome::Done, record),
            "failed" => self.credited(&Outcome::Refused(reason.to_owned()), record),
            _ => {}
        }
    }

    fn request(&mut self, suppressed: bool, id: &str, record: u64) {
        if suppressed {
            self.status = Status::Failed;
            self.reason = Some("suppressed: the player is restricted".to_owned());
        } else if self.points {
            self.status = Status::Credited;
        } else {
            self.status = Status::Requested;
            self.key = Some(id.to_owned());
            self.call = Some(Call {
                ask: Ask::Credit,
                key: id.to_owned(),
                record,
            });
        }
    }

    fn credited(&mut self, outcome: &Outcome, record: u64) {
        self.call = None;
        let revoke = self.revoke.take();
        match outcome {
            Outcome::Done => {
                self.status = Status::Credited;
                if let Some(key) = revoke {
                    self.take_back(&key, record);
                }
            }
            Outcome::Refused(_) if revoke.is_some() => self.status = Status::Revoked,
            Outcome::Refused(reason) => {
                self.status = Status::Failed;
                self.reason = Some(reason.clone());
            }
        }
    }

    fn take_back(&mut self, key: &str, record: u64) {
        if self.points {
            self.status = Status::Revoked;
            return;
        }
        self.status = Status::Revoking;
        self.call = Some(Call {
            ask: Ask::Revoke,
            key: key.to_owned(),
            record,
        });
    }

    /// A grant that an emission's body tells of; its status is for [`Grant::said`].
    pub(crate) fn known_by(brand: &str, player: &str, grant_id: &str, body: Value) -> Self {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let reward = text("grant");
        Self {
            brand: brand.to_owned(),
            player: player.to_owned(),
            grant_id: grant_id.to_owned(),
            points: reward.is_none() && body.get("points").is_some(),
            reward: reward.or_else(|| text("points")).unwrap_or_default(),
            at: text("at").unwrap_or_default(),
            emission: body,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Ask, Call, Grant, Outcome, Said, Status};

    const REFUSED: fn() -> Outcome = || Outcome::Refused("limit".to_owned());

    fn grant() -> Grant {
        Grant::known_by("acme", "p", "voucher/1", json!({"grant": "voucher"}))
    }

    fn revoked() -> Said {
        Said::Revoked {
            reason: "reversal".to_owned(),
        }
    }

    fn answer(grant: &mut Grant, outcome: &Outcome) {
        let call = grant.call.clone().unwrap();
        grant.answered(&call, outcome, 9);
    }

    #[test]
    fn a_claim_requests_and_an_answer_credits_or_fails() {
        for (outcome, status) in [
            (Outcome::Done, Status::Credited),
            (REFUSED(), Status::Failed),
        ] {
            let mut grant = grant();
            grant.said(Said::Offered { requested: false }, false, "1", 1);
            assert_eq!((grant.status, &grant.call), (Status::Offered, &None));
            grant.said(Said::Claimed, false, "2", 2);
            let call = Call {
                ask: Ask::Credit,
                key: "2".to_owned(),
                record: 2,
            };
            assert_eq!(
                (grant.status, &grant.call),
                (Status::Requested, &Some(call))
            );
            answer(&mut grant, &outcome);
            assert_eq!((grant.status, &grant.call), (status, &None));
        }
    }

    #[test]
    fn an_offer_after_its_claim_requests_nothing_twice() {
        let mut grant = grant();
        grant.said(Said::Claimed, false, "2", 1);
        grant.said(Said::Offered { requested: true }, false, "1", 2);
        assert_eq!(grant.key.as_deref(), Some("2"));
        answer(&mut grant, &Outcome::Done);
        grant.said(Said::Offered { requested: true }, false, "1", 3);
        assert_eq!((grant.status, grant.call), (Status::Credited, None));
    }

    #[test]
    fn a_revocation_waits_for_an_outcome_that_is_not_known() {
        let mut grant = grant();
        grant.said(Said::Claimed, false, "1", 1);
        grant.said(revoked(), false, "2", 2);
        assert_eq!(grant.status, Status::Requested);
        let mut refused = grant.clone();
        answer(&mut refused, &REFUSED());
        assert_eq!((refused.status, refused.call), (Status::Revoked, None));
        answer(&mut grant, &Outcome::Done);
        assert_eq!(grant.status, Status::Revoking);
        assert_eq!(grant.call.as_ref().unwrap().key, "2");
        answer(&mut grant, &Outcome::Done);
        assert_eq!(grant.status, Status::Revoked);
    }

    #[test]
    fn a_revoked_offer_is_never_requested() {
        let mut grant = grant();
        grant.said(revoked(), false, "1", 1);
        grant.said(Said::Offered { requested: true }, false, "2", 2);
        grant.said(Said::Claimed, false, "3", 3);
        assert_eq!((grant.status, grant.call), (Status::Revoked, None));
    }

    #[test]
    fn points_and_restricted_players_never_reach_the_operator() {
        let mut points = Grant::known_by("b", "p", "xp/1", json!({"points": "xp", "amount": "5"}));
        points.said(Said::Claimed, false, "1", 1);
        assert_eq!((points.status, &points.call), (Status::Credited, &None));
        let mut restricted = grant();
        restricted.said(Said::Claimed, true, "1", 1);
        assert_eq!(
            (restricted.status, &restricted.call),
            (Status::Failed, &None)
        );
    }

    #[test]
    fn for_an_erased_player_nothing_more_is_asked() {
        let mut offered = grant();
        offered.said(Said::Offered { requested: false }, false, "1", 1);
        let mut requested = offered.clone();
        requested.said(Said::Claimed, false, "2", 2);
        let mut credited = requested.clone();
        let call = credited.call.clone().unwrap();
        credited.answered(&call, &Outcome::Done, 3);
        let mut revoking = credited.clone();
        revoking.said(revoked(), false, "4", 4);
        let table = [
            (offered, Status::Failed),
            (requested, Status::Failed),
            (credited, Status::Credited),
            (revoking, Status::Failed),
        ];
        for (mut grant, expected) in table {
            let before = grant.status;
            grant.dropped();
            assert_eq!((grant.status, &grant.call), (expected, &None), "{before:?}");
            // An answer that was on its way changes nothing.
            grant.answered(&call, &Outcome::Done, 9);
            assert_eq!(grant.status, expected, "{before:?}");
        }
    }

    #[test]
    fn a_postback_ends_the_waiting_and_a_late_answer_changes_nothing() {
        let mut grant = grant();
        grant.said(Said::Claimed, false, "1", 1);
        let call = grant.call.clone().unwrap();
        grant.reported("credited", "", 2);
        assert_eq!((grant.status, &grant.call), (Status::Credited, &None));
        grant.answered(&call, &REFUSED(), 3);
        assert_eq!(grant.status, Status::Credited);
    }
}
