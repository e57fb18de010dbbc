//! Players and stocks, each with a log of its own, and the post between them, which keeps no order.

use std::collections::{BTreeMap, BTreeSet};

use programme::model::Programme;
use progression::{Catalogue, Decision, History, State, Subject, Told, due, try_apply, view};
use testkit::faulty::Dice;
use types::{Body, Event, PlayerId, Position, Record, Timestamp};

const PROGRAMME: &str = r#"
programme: t
brand: b
currency: GBP
points: {xp: {kind: status}}
earn: [{id: e, on: order, give: {points: xp, fixed: 10}}]
missions:
  - {id: few, goal: {count: order, target: 1}, window: day, limit: {total: 3}}
  - {id: pick, goal: {count: order, target: 2}, window: week, limit: {per_player: 1, total: 2}, claim: {within: 2d}, reward: [{grant: g}, {grant: h}], on_reversal: take_back}
  - {id: run, goal: {sum: amount, of: order, target: 60}, window: rolling 9d, reward: [{grant: h}, {grant: h}, {points: xp, fixed: 5}], on_reversal: take_back}
tiers: [{id: t, by: xp, levels: [{id: a, at: 0}, {id: b, at: 40, reward: [{grant: g}]}]}]
rewards:
  - {id: g, kind: bonus, template: G, stock: 3}
  - {id: h, kind: code, template: H, stock: 4}
"#;
const PLAYERS: u64 = 4;
const MINUTE: i64 = 60_000_000_000;

/// What is switched off to see whether anybody notices. All on otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) tombstones: bool,
    pub(crate) tell_again: bool,
    pub(crate) identity: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tombstones: true,
            tell_again: true,
            identity: true,
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) given: usize,
    pub(crate) refused: usize,
    /// Units given back before they were asked for.
    pub(crate) early: usize,
    pub(crate) repeated: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.given += other.given;
        self.refused += other.refused;
        self.early += other.early;
        self.repeated += other.repeated;
    }
}

#[derive(Default)]
struct Kept {
    state: State,
    segments: BTreeMap<u32, Vec<u8>>,
    log: Vec<Record>,
}

struct Town {
    programme: Programme,
    dice: Dice,
    rules: Rules,
    entities: BTreeMap<PlayerId, Kept>,
    post: Vec<Event>,
    now: Timestamp,
    /// By reward: grants offered less those revoked.
    granted: BTreeMap<String, i64>,
    /// Questions that have reached their stock.
    asked: BTreeSet<String>,
    counts: Counts,
}

/// One history from its beginning until nothing moves any more.
pub(crate) fn live(seed: u64, rules: Rules) -> Result<Counts, String> {
    let mut town = Town {
        programme: programme::compile("programme.yaml", PROGRAMME).unwrap(),
        dice: Dice::new(seed),
        rules,
        entities: BTreeMap::new(),
        post: Vec::new(),
        now: "2011-03-01T10:00:00Z".parse().unwrap(),
        granted: BTreeMap::new(),
        asked: BTreeSet::new(),
        counts: Counts::default(),
    };
    let mut orders: Vec<(u64, PlayerId)> = Vec::new();
    for n in 0..40 + town.dice.below(60) {
        let event = town.event(n, &mut orders);
        town.record(event)?;
        while town.dice.chance(600) {
            town.deliver_one(true)?;
        }
        if town.dice.chance(200) {
            town.pass(1 + town.dice.below(40 * 60))?;
        }
    }
    for _ in 0..40 {
        while !town.post.is_empty() {
            town.deliver_one(false)?;
        }
        town.pass(120)?;
    }
    town.settled()?;
    town.folds_again_to_the_same()?;
    Ok(town.counts)
}

impl Town {
    fn event(&mut self, n: u64, orders: &mut Vec<(u64, PlayerId)>) -> Event {
        let player: PlayerId = format!("p{}", self.dice.below(PLAYERS)).parse().unwrap();
        let back = !orders.is_empty() && self.dice.chance(350);
        let mut event = Event {
            id: format!("e{n}").parse().unwrap(),
            source: "s".parse().unwrap(),
            kind: "order".into(),
            player,
            occurred_at: self.now,
            amount: Some("20".parse().unwrap()),
            currency: Some("GBP".parse().unwrap()),
            refers_to: None,
            rate: None,
            attributes: Default::default(),
            sealed: None,
        };
        if back {
            let at = self.dice.below(orders.len() as u64) as usize;
            let (order, player) = orders.swap_remove(at);
            event.kind = "order_cancelled".into();
            event.player = player;
            event.refers_to = Some(format!("e{order}").parse().unwrap());
        } else if self.dice.chance(150) {
            event.kind = "mission_claimed".into();
            (event.amount, event.currency) = (None, None);
        } else {
            orders.push((n, event.player.clone()));
        }
        event
    }

    /// Writes an event into the log of the entity that it is for, and folds it.
    fn record(&mut self, event: Event) -> Result<(), String> {
        let id = event.player.clone();
        let kept = self.entities.entry(id.clone()).or_default();
        let record = Record {
            position: Position {
                sequence: kept.log.len() as u64 + 1,
                index: 0,
            },
            recorded_at: self.now,
            body: Body::Event {
                brand: self.programme.brand.clone(),
                accepted_at: self.now,
                event: Box::new(event),
                traceparent: None,
            },
        };
        let decision = kept.fold(&self.programme, &record);
        kept.log.push(record);
        if self.dice.chance(200) {
            kept.through_bytes(&self.programme);
        }
        let taken = kept.state.taken();
        if let Some(size) = id.shared_name().and_then(|name| self.size(name))
            && taken > size
        {
            return Err(format!("{id} has {taken} of {size} out"));
        }
        self.decided(&id, decision);
        Ok(())
    }

    /// Delivers something of the post: perhaps twice, perhaps never.
    fn deliver_one(&mut self, faults: bool) -> Result<(), String> {
        if self.post.is_empty() {
            return Ok(());
        }
        let at = self.dice.below(self.post.len() as u64) as usize;
        let mut event = self.post.swap_remove(at);
        let repeat = faults && self.dice.chance(200);
        if repeat {
            self.post.push(event.clone());
        }
        // What a question and its answer lose is made good; a return is never lost, by the outbox that it leaves by.
        if faults && *event.kind != *"stock_returned" && self.dice.chance(150) {
            return Ok(());
        }
        match &*event.kind {
            "stock_asked" => {
                let first = self.asked.insert(event.id.to_string());
                self.counts.repeated += usize::from(!first);
                if !self.rules.identity {
                    event.id = format!("{}x{}", event.id, self.dice.below(1000))
                        .parse()
                        .unwrap();
                }
            }
            "stock_returned" => {
                let ask = event.refers_to.as_ref().unwrap().to_string();
                if !self.asked.contains(&ask) {
                    self.counts.early += 1;
                    if !self.rules.tombstones {
                        return Ok(());
                    }
                }
            }
            _ => {}
        }
        self.record(event)
    }

    /// Lets minutes pass: what is due happens.
    fn pass(&mut self, minutes: u64) -> Result<(), String> {
        let minutes = i64::try_from(minutes).unwrap();
        self.now = self.now.saturating_add_nanos(minutes * MINUTE);
        let ids: Vec<PlayerId> = self.entities.keys().cloned().collect();
        for id in ids {
            let kept = self.entities.get_mut(&id).unwrap();
            let mut decision = due(&self.programme, &mut kept.state, self.now);
            kept.segments.extend(decision.sealed.drain(..));
            if !self.rules.tell_again {
                decision
                    .tells
                    .retain(|tell| !matches!(tell.told(), Told::Asked(_)));
            }
            self.decided(&id, decision);
        }
        Ok(())
    }

    fn decided(&mut self, id: &PlayerId, decision: Decision) {
        let subject = Subject {
            brand: &self.programme.brand,
            player: id,
        };
        for emission in decision.emissions() {
            let line = emission.json(subject, "");
            let line: serde_json::Value = serde_json::from_slice(&line).unwrap();
            let change = match emission.kind() {
                "grant_offered" => 1,
                "grant_revoked" => -1,
                _ => 0,
            };
            if let Some(grant) = line["grant"].as_str() {
                *self.granted.entry(grant.to_owned()).or_default() += change;
            }
        }
        for tell in &decision.tells {
            match tell.told() {
                Told::Answered { given: true, .. } => self.counts.given += 1,
                Told::Answered { .. } => self.counts.refused += 1,
                _ => {}
            }
            self.post.push(tell.event(subject).unwrap());
        }
    }

    fn size(&self, name: &str) -> Option<u64> {
        let (kind, id) = name.split_once('/')?;
        match kind {
            "total" => {
                self.programme
                    .missions
                    .iter()
                    .find(|it| *it.id == *id)?
                    .limit
                    .total
            }
            _ => {
                self.programme
                    .rewards
                    .iter()
                    .find(|it| *it.id == *id)?
                    .stock
            }
        }
    }

    /// Nobody waits, and what is out of each stock is what players have.
    fn settled(&self) -> Result<(), String> {
        let mut held: BTreeMap<String, i64> = BTreeMap::new();
        for (grant, count) in &self.granted {
            held.insert(format!("stock/{grant}"), *count);
        }
        for (id, kept) in self
            .entities
            .iter()
            .filter(|(id, _)| id.shared_name().is_none())
        {
            let subject = Subject {
                brand: &self.programme.brand,
                player: id,
            };
            for mission in view(&self.programme, &kept.state, subject, self.now).missions {
                if mission.awaited {
                    return Err(format!("{id} waits for {}", mission.mission));
                }
                let completed = i64::try_from(mission.completed).unwrap();
                *held
                    .entry(format!("total/{}", mission.mission))
                    .or_default() += completed;
            }
        }
        for (id, kept) in &self.entities {
            let Some(name) = id.shared_name() else {
                continue;
            };
            let has = held.get(name).copied().unwrap_or_default();
            if i64::try_from(kept.state.taken()) != Ok(has) {
                return Err(format!(
                    "{} of {name} are out, players have {has}",
                    kept.state.taken()
                ));
            }
        }
        Ok(())
    }

    /// The logs alone, without a word between them, give the same states.
    fn folds_again_to_the_same(&self) -> Result<(), String> {
        for (id, kept) in &self.entities {
            let mut again = Kept::default();
            for record in &kept.log {
                again.fold(&self.programme, record);
            }
            due(&self.programme, &mut again.state, self.now);
            if again.state != kept.state {
                return Err(format!("the log of {id} gives another state"));
            }
        }
        Ok(())
    }
}

impl Kept {
    fn fold(&mut self, programme: &Programme, record: &Record) -> Decision {
        let mut history = History::new();
        loop {
            match try_apply(programme, &mut self.state, &history, record) {
                Ok(decision) => {
                    self.segments.extend(decision.sealed.iter().cloned());
                    return decision;
                }
                Err(wanted) => {
                    for number in wanted {
                        let bytes = &self.segments[&number];
                        history
                            .insert(number, bytes, &Catalogue::of(programme))
                            .unwrap();
                    }
                }
            }
        }
    }

    fn through_bytes(&mut self, programme: &Programme) {
        let mut bytes = Vec::new();
        self.state.encode(&mut bytes);
        self.state = State::decode(&bytes, &Catalogue::of(programme)).unwrap();
    }
}
