//! Emissions as `simulate` writes them, with their ids.

use programme::model::{Points, Reward};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use types::{Event, MicroPoints, Timestamp};

use super::life::{Given, Life, Why};

/// An emission.
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) line: Value,
}

/// On what account a step says something.
#[derive(Clone, Copy)]
pub(super) enum Cause<'e> {
    /// An event, and when it was recorded.
    Event {
        event: &'e Event,
        recorded: Timestamp,
    },
    /// A timer, by its name, and when it was due.
    Timer { name: &'e str, due: Timestamp },
}

impl Cause<'_> {
    /// When it is said.
    pub(super) fn at(self) -> Timestamp {
        match self {
            Self::Event { recorded, .. } => recorded,
            Self::Timer { due, .. } => due,
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Event { event, .. } => {
                json!({ "event": format!("{}/{}", event.source, event.id) })
            }
            Self::Timer { name, due } => json!({ "timer": name, "due": due.to_string() }),
        }
    }
}

impl Life<'_> {
    /// What was said after so many emissions.
    pub(super) fn said_since(&self, before: usize) -> impl Iterator<Item = Value> {
        self.said[before..].iter().map(|said| said.line.clone())
    }

    pub(super) fn say_points(&mut self, points: usize, micro: i128, why: &Why, cause: Cause<'_>) {
        let Points { id, first_id, .. } = &self.programme.points[points];
        let (name, subject) = (id.to_string(), first_id.to_string());
        let kind = match micro > 0 {
            true => "points_earned",
            false => "points_reversed",
        };
        let mut body = self.named(why);
        body.insert("points".into(), json!(name));
        body.insert("amount".into(), json!(MicroPoints(micro.abs()).to_string()));
        self.say(kind, subject, body, cause);
    }

    pub(super) fn say_expired(&mut self, points: usize, micro: i128, cause: Cause<'_>) {
        let Points { id, first_id, .. } = &self.programme.points[points];
        let (name, subject) = (id.to_string(), first_id.to_string());
        let mut body = Map::new();
        body.insert("points".into(), json!(name));
        body.insert("amount".into(), json!(MicroPoints(micro).to_string()));
        self.say("points_expired", subject, body, cause);
    }

    pub(super) fn say_mission(
        &mut self,
        kind: &'static str,
        mission: usize,
        period: &str,
        cause: Cause<'_>,
    ) {
        let subject = format!("{}/{period}", self.programme.missions[mission].first_id);
        let body = self.named(&Why::Mission(mission, period.to_owned()));
        self.say(kind, subject, body, cause);
    }

    pub(super) fn say_broken(
        &mut self,
        mission: usize,
        period: &str,
        length: usize,
        cause: Cause<'_>,
    ) {
        let subject = format!("{}/{period}", self.programme.missions[mission].first_id);
        let mut body = self.named(&Why::Mission(mission, period.to_owned()));
        body.insert("length".into(), json!(length));
        self.say("streak_broken", subject, body, cause);
    }

    pub(super) fn say_tier(
        &mut self,
        set: usize,
        from: usize,
        to: usize,
        reason: &str,
        cause: Cause<'_>,
    ) {
        let tier = &self.programme.tiers[set];
        let mut body = Map::new();
        body.insert("tier".into(), json!(&*tier.id));
        body.insert("from".into(), json!(&*tier.levels[from].id));
        body.insert("to".into(), json!(&*tier.levels[to].id));
        body.insert("reason".into(), json!(reason));
        self.say("tier_changed", tier.first_id.to_string(), body, cause);
    }

    /// A grant for a completion or a level: said, and told what it is called.
    pub(super) fn say_grant(
        &mut self,
        reward: usize,
        why: &Why,
        status: &str,
        cause: Cause<'_>,
    ) -> Given {
        let Reward { id, first_id, .. } = &self.programme.rewards[reward];
        let name = id.to_string();
        let id = self.next_grant(first_id, why);
        let mut body = self.named(why);
        body.insert("grant".into(), json!(name));
        body.insert("grant_id".into(), json!(id));
        body.insert("status".into(), json!(status));
        self.say("grant_offered", id.clone(), body, cause);
        Given::Grant { reward, id }
    }

    // The id of the next grant on an occasion: all by the first names that they had, so that it stays what it is.
    fn next_grant(&self, name: &str, why: &Why) -> String {
        let origin = match why {
            Why::Mission(mission, period) => {
                format!("{}/{period}", self.programme.missions[*mission].first_id)
            }
            Why::Level(set, level) => {
                let tier = &self.programme.tiers[*set];
                format!("{}/{}", tier.first_id, tier.levels[*level].first_id)
            }
            _ => unreachable!("the others move points"),
        };
        let prefix = format!("{name}/{origin}/");
        let before = self
            .said
            .iter()
            .filter(|said| said.kind == "grant_offered" && said.subject.starts_with(&prefix));
        format!("{prefix}{}", before.count() + 1)
    }

    /// Points to be claimed.
    pub(super) fn say_prize(
        &mut self,
        points: usize,
        micro: i128,
        why: &Why,
        cause: Cause<'_>,
    ) -> Given {
        let id = self.next_grant(&self.programme.points[points].first_id, why);
        let mut body = self.prized(points, micro, &id, why);
        body.insert("status".into(), json!("offered"));
        self.say("grant_offered", id.clone(), body, cause);
        Given::Prize { points, micro, id }
    }

    fn prized(&self, points: usize, micro: i128, id: &str, why: &Why) -> Map<String, Value> {
        let mut body = self.named(why);
        body.insert("points".into(), json!(&*self.programme.points[points].id));
        body.insert("amount".into(), json!(MicroPoints(micro).to_string()));
        body.insert("grant_id".into(), json!(id));
        body
    }

    pub(super) fn say_unprized(
        &mut self,
        points: usize,
        micro: i128,
        id: String,
        why: &Why,
        reason: &str,
        cause: Cause<'_>,
    ) {
        let mut body = self.prized(points, micro, &id, why);
        body.insert("reason".into(), json!(reason));
        self.say("grant_revoked", id, body, cause);
    }

    pub(super) fn say_claimed(&mut self, given: &Given, why: &Why, cause: Cause<'_>) {
        let (id, body) = match given {
            Given::Points { .. } => return,
            Given::Prize { points, micro, id } => (id, self.prized(*points, *micro, id, why)),
            Given::Grant { reward, id } => {
                let mut body = self.named(why);
                let name = &self.programme.rewards[*reward].id;
                body.insert("grant".into(), json!(&**name));
                body.insert("grant_id".into(), json!(id));
                (id, body)
            }
        };
        self.say("grant_claimed", id.clone(), body, cause);
    }

    pub(super) fn say_revoked(
        &mut self,
        reward: usize,
        id: String,
        why: &Why,
        reason: &str,
        cause: Cause<'_>,
    ) {
        let mut body = self.named(why);
        body.insert("grant".into(), json!(&*self.programme.rewards[reward].id));
        body.insert("grant_id".into(), json!(id));
        body.insert("reason".into(), json!(reason));
        self.say("grant_revoked", id, body, cause);
    }

    fn named(&self, why: &Why) -> Map<String, Value> {
        let pairs = match why {
            // One that is gone has no name among those that there are.
            Why::Rule(rule) => match self.programme.rules.get(*rule) {
                Some(rule) => vec![("rule", rule.id.to_string())],
                None => Vec::new(),
            },
            Why::Mission(mission, period) => vec![
                ("mission", self.programme.missions[*mission].id.to_string()),
                ("period", period.clone()),
            ],
            Why::Level(set, level) => {
                let tier = &self.programme.tiers[*set];
                vec![
                    ("tier", tier.id.to_string()),
                    ("level", tier.levels[*level].id.to_string()),
                ]
            }
            _ => unreachable!("nothing is said of the others"),
        };
        pairs
            .into_iter()
            .map(|(key, name)| (key.to_owned(), json!(name)))
            .collect()
    }

    fn say(
        &mut self,
        kind: &'static str,
        subject: String,
        mut body: Map<String, Value>,
        cause: Cause<'_>,
    ) {
        let before = self
            .said
            .iter()
            .filter(|said| said.kind == kind && said.subject == subject);
        let n = (before.count() + 1).to_string();
        let parts = [
            self.brand.as_str(),
            self.player.as_str(),
            kind,
            &subject,
            &n,
        ];
        body.insert("id".into(), json!(id_of(&parts)));
        body.insert("type".into(), json!(kind));
        body.insert("player".into(), json!(self.player.as_str()));
        body.insert("cause".into(), cause.json());
        body.insert("at".into(), json!(cause.at().to_string()));
        if self.is_restricted(cause.at()) {
            body.insert("suppressed".into(), json!(true));
        }
        self.said.push(Said {
            kind,
            subject,
            line: Value::Object(body),
        });
    }
}

// The first 32 hex digits of SHA-256 over the parts, joined by U+001F.
fn id_of(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\u{1f}"));
    digest
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
