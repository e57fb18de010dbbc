//! The states in between: asked and not answered, undone before the answer, refused, told again, under another programme.

use std::collections::BTreeMap;

use programme::model::Programme;
use progression::{Decision, Emission, History, State, Subject, apply, due, view};
use types::{Body, Event, PlayerId, Position, Record, Timestamp};

const HEAD: &str = "programme: t\nbrand: b\ncurrency: GBP\npoints: {xp: {kind: status}}\n";
const ONE: &str = "missions: [{id: m, goal: {count: order, target: 1}, window: once, limit: {total: 1}, reward: [{grant: g}], on_reversal: take_back}]\nrewards: [{id: g, kind: bonus, template: G, stock: 1}]\n";

/// Entities whose tells are delivered by hand.
struct Desk {
    programme: Programme,
    states: BTreeMap<PlayerId, State>,
    post: Vec<Event>,
    said: Vec<String>,
    position: u64,
}

impl Desk {
    fn new(rest: &str) -> Self {
        Self {
            programme: compile(rest),
            states: BTreeMap::new(),
            post: Vec::new(),
            said: Vec::new(),
            position: 0,
        }
    }

    /// An order of a player: its id is what it is called.
    fn order(&mut self, player: &str, id: &str, at: &str) -> &mut Self {
        self.happen(event(player, id, "order", None, at), at)
    }

    fn cancel(&mut self, player: &str, order: &str, at: &str) -> &mut Self {
        let id = format!("not-{order}");
        self.happen(event(player, &id, "order_cancelled", Some(order), at), at)
    }

    fn happen(&mut self, event: Event, at: &str) -> &mut Self {
        self.position += 1;
        let id = event.player.clone();
        let record = Record {
            position: Position {
                sequence: self.position,
                index: 0,
            },
            recorded_at: time(at),
            body: Body::Event {
                brand: self.programme.brand.clone(),
                accepted_at: time(at),
                event: Box::new(event),
                traceparent: None,
            },
        };
        let state = self.states.entry(id.clone()).or_default();
        let decision = apply(&self.programme, state, &History::new(), &record);
        self.decided(&id, decision);
        self
    }

    /// Delivers everything of the post that there is now, not what that causes.
    fn deliver(&mut self, at: &str) -> &mut Self {
        for event in std::mem::take(&mut self.post) {
            self.happen(event, at);
        }
        self
    }

    fn pass(&mut self, player: &str, at: &str) -> &mut Self {
        let id: PlayerId = player.parse().unwrap();
        let state = self.states.get_mut(&id).unwrap();
        let decision = due(&self.programme, state, time(at));
        self.decided(&id, decision);
        self
    }

    fn decided(&mut self, id: &PlayerId, decision: Decision) {
        let subject = Subject {
            brand: &self.programme.brand,
            player: id,
        };
        let line = |emission: Emission<'_>| {
            let json = emission.json(subject, "");
            let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
            let at = json["at"].as_str().unwrap();
            format!(
                "{at} {id} {} by {}",
                emission.kind(),
                json["cause"]["event"].as_str().unwrap()
            )
        };
        self.said.extend(decision.emissions().map(line));
        let tells = decision.tells.iter();
        self.post
            .extend(tells.filter_map(|tell| tell.event(subject)));
    }

    /// What is in the post: the type, and for whom.
    fn post(&self) -> Vec<String> {
        let post = self.post.iter();
        post.map(|event| {
            format!(
                "{} {}",
                event.kind,
                event.player.as_str().trim_start_matches('\u{1}')
            )
        })
        .collect()
    }

    /// Completions that stand, and whether one waits.
    #[track_caller]
    fn has(&mut self, player: &str, completed: u64, awaited: bool) -> &mut Self {
        let id: PlayerId = player.parse().unwrap();
        let subject = Subject {
            brand: &self.programme.brand,
            player: &id,
        };
        let seen = view(&self.programme, &self.states[&id], subject, Timestamp::MIN);
        let mission = &seen.missions[0];
        assert_eq!((mission.completed, mission.awaited), (completed, awaited));
        self
    }

    #[track_caller]
    fn out(&mut self, stock: &str, taken: u64) -> &mut Self {
        let id = PlayerId::shared(stock).unwrap();
        assert_eq!(
            self.states.get(&id).map_or(0, State::taken),
            taken,
            "{stock}"
        );
        self
    }
}

fn compile(rest: &str) -> Programme {
    let source = format!("{HEAD}{rest}");
    programme::compile("t.yaml", &source).unwrap_or_else(|errors| panic!("{errors}"))
}

fn time(at: &str) -> Timestamp {
    format!("2011-03-01T{at}Z").parse().unwrap()
}

fn event(player: &str, id: &str, kind: &str, of: Option<&str>, at: &str) -> Event {
    Event {
        id: id.parse().unwrap(),
        source: "s".parse().unwrap(),
        kind: kind.into(),
        player: player.parse().unwrap(),
        occurred_at: time(at),
        amount: Some("5".parse().unwrap()),
        currency: Some("GBP".parse().unwrap()),
        refers_to: of.map(|of| of.parse().unwrap()),
        rate: None,
        attributes: Default::default(),
        sealed: None,
    }
}

#[test]
fn a_completion_is_the_events_at_the_time_of_the_last_answer() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00").has("a", 0, true);
    assert_eq!(desk.post(), ["stock_asked total/m"]);
    desk.deliver("10:00:01")
        .deliver("10:00:02")
        .has("a", 0, true);
    assert_eq!(desk.post(), ["stock_asked stock/g"], "the limit first");
    desk.deliver("10:00:03")
        .deliver("10:00:04")
        .has("a", 1, false);
    assert_eq!(
        desk.said,
        [
            "2011-03-01T10:00:04Z a mission_completed by s/a1",
            "2011-03-01T10:00:04Z a grant_offered by s/a1",
        ]
    );
    desk.out("total/m", 1).out("stock/g", 1);
    assert!(desk.post.is_empty());
}

#[test]
fn where_full_the_next_counting_event_looks_again_also_one_that_came_meanwhile() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00")
        .deliver("10:00:00")
        .deliver("10:00:00");
    desk.deliver("10:00:00")
        .deliver("10:00:00")
        .has("a", 1, false);
    desk.order("b", "b1", "10:01:00")
        .deliver("10:01:01")
        .deliver("10:01:02");
    desk.has("b", 0, false);
    assert!(desk.post.is_empty(), "no event, no question");
    desk.order("b", "b2", "10:02:00").deliver("10:02:01");
    desk.order("b", "b3", "10:02:02").has("b", 0, true);
    desk.cancel("a", "a1", "10:02:03")
        .deliver("10:02:04")
        .has("b", 0, true);
    assert_eq!(desk.post(), ["stock_asked total/m"], "b3 looks again");
    for _ in 0..4 {
        desk.deliver("10:02:05");
    }
    desk.has("b", 1, false).out("total/m", 1).out("stock/g", 1);
    assert_eq!(
        desk.said[desk.said.len() - 2..],
        [
            "2011-03-01T10:02:05Z b mission_completed by s/b3",
            "2011-03-01T10:02:05Z b grant_offered by s/b3",
        ]
    );
}

#[test]
fn reward_stock_that_is_gone_is_left_out() {
    let two = ONE.replace("limit: {total: 1}, ", "");
    let mut desk = Desk::new(&two);
    for (player, order) in [("a", "a1"), ("b", "b1")] {
        desk.order(player, order, "10:00:00")
            .deliver("10:00:01")
            .deliver("10:00:02");
        desk.has(player, 1, false);
    }
    let kinds: Vec<_> = desk
        .said
        .iter()
        .map(|line| line.split(' ').nth(2).unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["mission_completed", "grant_offered", "mission_completed"]
    );
}

#[test]
fn a_reversal_before_the_answer_takes_the_question_back() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00")
        .deliver("10:00:01")
        .out("total/m", 1);
    desk.cancel("a", "a1", "10:00:02").has("a", 0, false);
    assert_eq!(desk.post(), ["stock_answered a", "stock_returned total/m"]);
    desk.deliver("10:00:03")
        .has("a", 0, false)
        .out("total/m", 0);
    // The late yes says once more that it goes back: the same tell.
    assert_eq!(desk.post(), ["stock_returned total/m"]);
    desk.deliver("10:00:04").out("total/m", 0);
    assert!(desk.post.is_empty() && desk.said.is_empty());
}

#[test]
fn an_undo_that_comes_first_leaves_a_tombstone() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00")
        .cancel("a", "a1", "10:00:01");
    assert_eq!(
        desk.post(),
        ["stock_asked total/m", "stock_returned total/m"]
    );
    desk.post.reverse();
    desk.deliver("10:00:02").out("total/m", 0);
    assert!(desk.post.is_empty(), "nobody waits for an answer");
}

#[test]
fn what_is_not_answered_is_told_again_under_the_same_id() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00");
    let first = desk.post.pop().unwrap();
    desk.pass("a", "10:00:59");
    assert!(desk.post.is_empty());
    // After one minute, then two, then four.
    for at in ["10:01:00", "10:03:00", "10:07:00"] {
        desk.pass("a", at);
        assert_eq!(desk.post, std::slice::from_ref(&first), "{at}");
        desk.post.clear();
    }
    desk.post.extend([first.clone(), first]);
    desk.deliver("10:07:01").out("total/m", 1);
    assert_eq!(desk.post[0], desk.post[1], "answered again, the same");
    desk.deliver("10:07:02").pass("a", "12:00:00");
    assert!(
        desk.post().iter().all(|post| post == "stock_asked stock/g"),
        "{:?}",
        desk.post()
    );
}

#[test]
fn another_programme_gives_what_it_has_and_returns_what_it_does_not_ask_for() {
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00")
        .deliver("10:00:01")
        .deliver("10:00:02");
    desk.deliver("10:00:03").out("stock/g", 1);
    desk.programme = compile(
        "missions: [{id: m, goal: {count: order, target: 1}, window: once, limit: {total: 1}, reward: [{points: xp, fixed: 3}]}]\nrewards: [{id: g, kind: bonus, template: G, stock: 1}]\n",
    );
    desk.deliver("10:00:04").has("a", 1, false);
    assert_eq!(desk.post(), ["stock_returned stock/g"]);
    desk.deliver("10:00:05").out("stock/g", 0).out("total/m", 1);
    // A mission that is gone waits for nothing; its unit goes back when it comes.
    let mut desk = Desk::new(ONE);
    desk.order("a", "a1", "10:00:00")
        .deliver("10:00:01")
        .out("total/m", 1);
    desk.programme =
        compile("missions: [{id: n, goal: {count: order, target: 9}, window: once}]\n");
    desk.deliver("10:00:02");
    assert_eq!(desk.post(), ["stock_returned total/m"]);
    desk.deliver("10:00:03").out("total/m", 0);
}
