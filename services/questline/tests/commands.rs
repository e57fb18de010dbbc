//! What a player may ask for over HTTP, and what a reader sees: commands are done once or refused with their code; levels with what is
//! to come; why an event counted.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use serde_json::{Value, json};
use support::http::send;
use support::server::Server;

/// Nobody listens there: grants wait.
const NOBODY: &str = "http://127.0.0.1:1";

const PROGRAMME: &str = "\
programme: club
brand: online-retail
currency: GBP
points: {xp: {kind: status}, coins: {kind: spendable}}
earn:
  - {id: xp, on: order, give: {points: xp, rate: 1}}
  - {id: big, on: order, give: {points: xp, rate: 1}, when: event.amount > 1000}
missions:
  - {id: two, goal: {count: order, target: 2}, reward: [{points: coins, fixed: 10}], claim: {within: 14d}}
  - {id: past, goal: {count: order, target: 9}, start: opt_in, until: 2011-01-02T00:00}
  - {id: club, goal: {count: order, target: 9}, start: opt_in}
tiers:
  - {id: loyalty, by: xp, qualify: {over: month}, downgrade: one_step, grace: 5d, levels: [{id: bronze, at: 0}, {id: silver, at: 100}, {id: gold, at: 500}]}
";

struct Club {
    _folder: tempfile::TempDir,
    server: Server,
}

impl Club {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programme = folder.path().join("club.yaml");
        std::fs::write(&programme, PROGRAMME).unwrap();
        let server = Server::start(&folder.path().join("data"), &programme, NOBODY);
        Self {
            _folder: folder,
            server,
        }
    }

    fn ask(&self, method: &str, path: &str, named: Option<&str>, body: &Value) -> (u16, Value) {
        let mut headers = format!("Authorization: Bearer {}\r\n", self.server.key);
        if let Some(name) = named {
            headers.push_str(&format!("Idempotency-Key: {name}\r\n"));
        }
        let url = format!("{}{path}", self.server.url("http"));
        send(method, &url, &headers, body.to_string().as_bytes())
    }

    /// Sends an event and waits for it: what became of it, or why not.
    fn take(&self, event: &Value) -> String {
        let (status, answer) = self.ask("POST", "/v1/events?wait=applied", None, event);
        assert_eq!(status, 202, "{answer}");
        let result = &answer["results"][0];
        let word = result["code"]
            .as_str()
            .or_else(|| result["status"].as_str());
        word.unwrap().to_owned()
    }

    fn order(&self, id: &str, amount: &str, at: &str) {
        let order = json!({"id": id, "type": "order", "player": "p", "amount": amount, "currency": "GBP", "occurred_at": at});
        assert_eq!(self.take(&order), "applied");
    }

    /// A command of the player: status, and its status or code.
    fn command(&self, what: &str, named: &str, at: &str) -> (u16, String) {
        let path = format!("/v1/players/p/missions/{what}");
        let (status, answer) = self.ask("POST", &path, Some(named), &json!({ "occurred_at": at }));
        let word = answer["code"]
            .as_str()
            .or_else(|| answer["status"].as_str());
        (status, word.unwrap().to_owned())
    }

    fn player(&self) -> Value {
        let (status, player) = self.ask("GET", "/v1/players/p", None, &json!({}));
        assert_eq!(status, 200, "{player}");
        player
    }

    /// The player without what every record changes.
    fn bare(&self) -> Value {
        let mut player = self.player();
        let fields = player.as_object_mut().unwrap();
        fields.remove("applied");
        fields.remove("as_of");
        player
    }

    fn tick(&self, at: &str) {
        let body = json!({ "recorded_at": at });
        let (status, answer) = self.ask("POST", "/v1/clock:tick?wait=applied", None, &body);
        assert_eq!(status, 200, "{answer}");
    }
}

#[test]
fn a_command_is_done_once_or_refused_with_its_code_and_then_changes_nothing() {
    let club = Club::open();
    club.order("a", "1.00", "2011-01-10T10:00:00Z");
    let at = "2011-01-10T11:00:00Z";
    let refusals = [
        ("past:optIn", "mission_ended"),
        ("two:optIn", "not_opt_in"),
        ("two:claim", "no_open_offer"),
    ];
    let before = club.bare();
    for (what, code) in refusals {
        assert_eq!(
            club.command(what, "first", at),
            (409, code.to_owned()),
            "{what}"
        );
        assert_eq!(club.bare(), before, "{what}");
    }
    let spend = |id: &str, amount: &str| json!({"id": id, "type": "points_spent", "player": "p", "occurred_at": at, "attributes": {"points": "coins", "amount": amount}});
    assert_eq!(club.take(&spend("s1", "1")), "not_enough_points");
    assert_eq!(club.bare(), before);
    // The same again is answered as the first was.
    let (_, again) = club.ask("POST", "/v1/events?wait=applied", None, &spend("s1", "1"));
    let result = &again["results"][0];
    assert_eq!(
        (result["status"].as_str(), result["code"].as_str()),
        (Some("replayed"), Some("not_enough_points"))
    );

    let done = |word: &str| (200, word.to_owned());
    let again = "2011-01-10T11:30:00Z";
    assert_eq!(club.command("club:optIn", "k", at), done("applied"));
    assert_eq!(club.command("club:optIn", "k", again), done("replayed"));
    let twice = (409, "already_opted_in".to_owned());
    assert_eq!(club.command("club:optIn", "l", again), twice);
    assert_eq!(club.player()["missions"]["club"]["opted_in"], true);

    club.order("b", "2.00", "2011-01-10T12:00:00Z");
    let later = "2011-01-10T13:00:00Z";
    assert_eq!(club.command("two:claim", "c", later), done("applied"));
    assert_eq!(club.player()["balances"]["coins"], "10");
    let before = club.bare();
    assert_eq!(club.command("two:claim", "c", later), done("replayed"));
    let claim = "/v1/players/p/missions/two:claim";
    let (_, repeated) = club.ask("POST", claim, Some("c"), &json!({"occurred_at": later}));
    let told = |at: usize| repeated["emissions"][at]["type"].as_str();
    assert_eq!(
        (told(0), told(1), told(2)),
        (Some("grant_claimed"), Some("points_earned"), None),
        "answered as the first was"
    );
    let nothing = (409, "no_open_offer".to_owned());
    assert_eq!(club.command("two:claim", "d", later), nothing);
    // The call that was refused first is refused again, though it could be done when it came again.
    assert_eq!(club.command("two:claim", "first", later), nothing);
    assert_eq!(club.take(&spend("s2", "10.000001")), "not_enough_points");
    assert_eq!(club.bare(), before);
    assert_eq!(club.take(&spend("s3", "10")), "applied");
    assert_eq!(club.player()["balances"]["coins"], "0");
}

#[test]
fn a_call_that_is_no_command_is_refused_before_anything_is_written() {
    let club = Club::open();
    club.order("a", "1.00", "2011-01-10T10:00:00Z");
    let before = club.player();
    let at = json!({"occurred_at": "2011-01-10T11:00:00Z"});
    let named = Some("k");
    let long = "k".repeat(65);
    let table = [
        (
            "/v1/players/p/missions/nowhere:optIn",
            named,
            at.clone(),
            404,
            "not_found",
        ),
        (
            "/v1/players/p/missions/club:optIn",
            None,
            at.clone(),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/club:optIn",
            Some(long.as_str()),
            at.clone(),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/club:optIn",
            named,
            json!({}),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/club:optIn",
            named,
            json!({"occurred_at": "soon"}),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/club:optIn",
            named,
            json!({"period": "2011-01", "occurred_at": "2011-01-10T11:00:00Z"}),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/two:claim",
            named,
            json!({"perod": "once"}),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/two:claim",
            named,
            json!({"period": "x".repeat(65), "occurred_at": "2011-01-10T11:00:00Z"}),
            400,
            "malformed",
        ),
        (
            "/v1/players/p/missions/two:join",
            named,
            at,
            404,
            "no_such_path",
        ),
    ];
    for (path, named, body, status, code) in table {
        let (got, answer) = club.ask("POST", path, named, &body);
        assert_eq!(
            (got, answer["code"].as_str()),
            (status, Some(code)),
            "{path} {body}: {answer}"
        );
    }
    assert_eq!(club.player(), before);
}

#[test]
fn a_reader_sees_what_is_missing_what_is_kept_and_how_softly_it_will_fall() {
    let club = Club::open();
    let level = |club: &Club| {
        let player = club.player();
        (
            player["tiers"]["loyalty"].clone(),
            player["tier_progress"]["loyalty"].clone(),
        )
    };
    let seen = |credits: &str,
                period: &str,
                projected: &str,
                review: Value,
                next: Value,
                to_next: Value| {
        json!({"credits": credits, "period": period, "projected": projected, "review_at": review, "next": next, "to_next": to_next})
    };
    club.order("a", "40.00", "2011-01-10T10:00:00Z");
    let nobody = seen(
        "40",
        "2011-01",
        "bronze",
        Value::Null,
        "silver".into(),
        "60".into(),
    );
    assert_eq!(level(&club), ("bronze".into(), nobody));
    club.order("b", "560.00", "2011-01-11T10:00:00Z");
    let top = seen(
        "600",
        "2011-01",
        "gold",
        "2011-02-06T00:00:00Z".into(),
        Value::Null,
        Value::Null,
    );
    assert_eq!(level(&club), ("gold".into(), top));
    // In February nothing is earned yet: January's review keeps gold, February's will let it fall by one step.
    club.tick("2011-02-02T00:00:00Z");
    let kept = seen(
        "0",
        "2011-02",
        "silver",
        "2011-02-06T00:00:00Z".into(),
        Value::Null,
        Value::Null,
    );
    assert_eq!(level(&club), ("gold".into(), kept));
    // What is earned in February is enough for gold again.
    club.order("c", "500.00", "2011-02-03T10:00:00Z");
    assert_eq!(level(&club).1["projected"], "gold");
    club.tick("2011-03-10T00:00:00Z");
    assert_eq!(level(&club).0, "gold");
    // March earns nothing: the fall is soft.
    club.tick("2011-04-06T00:00:00Z");
    let fallen = seen(
        "0",
        "2011-04",
        "bronze",
        "2011-05-06T00:00:00Z".into(),
        "gold".into(),
        "500".into(),
    );
    assert_eq!(level(&club), ("silver".into(), fallen));
}

#[test]
fn why_an_event_counted_is_told_rule_by_rule_with_the_version_of_that_time() {
    let club = Club::open();
    club.order("a", "40.00", "2011-01-10T10:00:00Z");
    let (status, told) = club.ask("GET", "/v1/players/p/events/shop/a", None, &json!({}));
    assert_eq!(status, 200, "{told}");
    let told = &told["event"];
    let version = programme::compile("club.yaml", PROGRAMME).unwrap().version;
    assert_eq!(told["programme_version"], *version.0);
    assert_eq!(told["outcome"], "applied");
    let rules = json!([
        {"rule": "xp", "reason": "counted"},
        {"rule": "big", "reason": "when_false"},
        {"mission": "two", "reason": "counted"},
        {"mission": "past", "reason": "not_available"},
        {"mission": "club", "reason": "not_opted_in"},
    ]);
    assert_eq!(told["rules"], rules);
    assert_eq!(told["effects"][0]["amount"], "40");
    assert_eq!(told["counted"][0]["mission"], "two");
    let (status, _) = club.ask("GET", "/v1/players/p/events/shop/none", None, &json!({}));
    assert_eq!(status, 404);
}
