//! What became of grants: gone through from the first emission and the first report on.

use types::{Event, Timestamp, Value};

use super::life::Life;

/// Grants that a reader is shown: the newest.
const SHOWN: usize = 32;

/// The bonus engine said what became of a grant.
pub(super) struct Reported {
    grant: String,
    status: String,
    /// When that happened.
    occurred: Timestamp,
    /// How many emissions there were before it was recorded.
    after: usize,
}

/// Where a grant is.
struct Fate {
    /// As the newest emission has it, and when that was.
    status: &'static str,
    at: Timestamp,
    /// As the bonus engine has it since, and when that was.
    report: Option<(String, Timestamp)>,
}

impl Life<'_> {
    /// A report is written down; what it changes is worked out by who asks.
    pub(super) fn report(&mut self, event: &Event, occurred: Timestamp) {
        let status = event.attributes.get("status").and_then(Value::as_text);
        if let (Some(grant), Some(status)) = (&event.refers_to, status) {
            self.reports.push(Reported {
                grant: grant.to_string(),
                status: status.to_owned(),
                occurred,
                after: self.said.len(),
            });
        }
    }

    /// The newest grants, oldest first: id and status.
    pub(super) fn grants(&self) -> Vec<(String, String)> {
        let offered = self.offered(self.said.len());
        let newest = offered.iter().skip(offered.len().saturating_sub(SHOWN));
        newest.map(|id| (id.clone(), self.status_of(id))).collect()
    }

    // The ids of all grants among so many emissions, in order.
    fn offered(&self, until: usize) -> Vec<String> {
        let said = self.said[..until].iter();
        let grants =
            said.filter(|said| said.kind == "grant_offered" && said.line.get("grant").is_some());
        grants.map(|said| said.subject.clone()).collect()
    }

    fn status_of(&self, grant: &str) -> String {
        let mut fate: Option<Fate> = None;
        for at in 0..=self.said.len() {
            for report in self
                .reports
                .iter()
                .filter(|it| it.after == at && it.grant == grant)
            {
                let known = self.offered(at);
                let shown = known.iter().rev().take(SHOWN).any(|id| id == grant);
                if let Some(fate) = fate.as_mut().filter(|_| shown) {
                    fate.take(report);
                }
            }
            let Some(said) = self.said.get(at).filter(|said| said.subject == grant) else {
                continue;
            };
            let status = match said.kind {
                "grant_offered" if said.line["status"] == "offered" => "offered",
                "grant_offered" => "requested",
                "grant_claimed" => "claimed",
                "grant_revoked" => "revoked",
                _ => continue,
            };
            let when = said.line["at"].as_str().and_then(|at| at.parse().ok());
            fate = Some(Fate {
                status,
                at: when.expect("an instant"),
                report: None,
            });
        }
        let fate = fate.expect("an offered grant");
        fate.report
            .map_or_else(|| fate.status.to_owned(), |(status, _)| status)
    }
}

impl Fate {
    /// The newest report holds; what was taken back stays so unless that happened later.
    fn take(&mut self, report: &Reported) {
        let stale = self.status == "revoked" && report.occurred < self.at;
        let newer = self
            .report
            .as_ref()
            .is_none_or(|(status, at)| report.occurred >= *at && *status != report.status);
        if !stale && newer {
            self.report = Some((report.status.clone(), report.occurred));
        }
    }
}
