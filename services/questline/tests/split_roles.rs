//! Gateways in processes of their own: one is killed in the middle, and nothing is lost or doubled; what the operator reports reaches
//! the player; the trace of a request arrives.

#![allow(
    clippy::unwrap_used,
    reason = "a test's helpers fail, and say things, as the test does"
)]

mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::Path;

use bonus_engine_service::stand_in::StandIn;
use proto::bonus::v1::bonus_service_client::BonusServiceClient;
use proto::bonus::v1::{PostbackStatus, ReportPostbackRequest};
use serde_json::{Value, json};
use support::process::{Process, key};
use support::server::wait_for;
use support::{arg, http};
use tokio_util::sync::CancellationToken;

const PROGRAMME: &str = r#"
programme: split
brand: acme
timezone: Europe/London
currency: GBP
points: {xp: {kind: status}}
earn:
  - {id: order_xp, on: order, give: {points: xp, rate: 10, per: "1.00", of: amount}}
missions:
  - {id: first, goal: {count: order, target: 1}, window: once, reward: [{grant: voucher}]}
rewards:
  - {id: voucher, kind: bonus, template: VOUCHER}
"#;
const PLAYERS: u32 = 60;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// An operator that answers, on a thread of its own.
fn operator() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let served = StandIn::default().run(listener, CancellationToken::new());
        runtime.unwrap().block_on(served).unwrap();
    });
    url
}

/// Settings of the bonus-engine gateway's own process.
fn bonus_settings(grpc: &str, http: &str, operator: &str, ingest: &str) -> String {
    format!(
        "[bonus_engine]\ngrpc = \"{grpc}\"\nhttp = \"{http}\"\n[bonus_engine.operator]\nurl = \"{operator}/grants\"\n\
         [bonus_engine.operator.backoff]\nbase_ms = 20\nmax_ms = 500\nseed = 7\n{ingest}"
    )
}

/// Sends a player's first order, and gives the ids of the grants it caused.
fn order(url: &str, key: &str, player: u32) -> Vec<String> {
    let event = json!({"id": format!("o{player}"), "type": "order", "player": format!("p{player}"),
        "occurred_at": "2026-01-05T10:00:00Z", "amount": "10.00", "currency": "GBP"});
    let traced = format!("traceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n");
    let (status, answer) = http::post_with(
        &format!("{url}/v1/events?wait=applied"),
        Some(key),
        &traced,
        event.to_string().as_bytes(),
    );
    assert_eq!(status, 202, "{answer}");
    let emissions = answer["results"][0]["emissions"].as_array().unwrap();
    let grants = emissions
        .iter()
        .filter(|one| one["type"] == "grant_offered");
    grants
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect()
}

fn emission_ids(gateway: &str) -> Option<Vec<String>> {
    let all = http::get_all(&format!("{gateway}/v1/emissions"), "emissions")?;
    let ids = all.iter().map(|one| one["id"].as_str().unwrap().to_owned());
    Some(ids.collect())
}

/// The player's only grant, as a reader sees it.
fn grant(url: &str, key: &str, player: u32) -> Value {
    let player = http::get_as(&format!("{url}/v1/players/p{player}"), Some(key)).unwrap();
    player["grants"][0].clone()
}

fn report(gateway: &str, grant_id: &str, status: PostbackStatus) {
    let request = ReportPostbackRequest {
        brand: "acme".to_owned(),
        player: "p7".to_owned(),
        grant_id: grant_id.to_owned(),
        status: status.into(),
        reason: String::new(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let client = BonusServiceClient::connect(gateway.to_owned()).await;
        client.unwrap().report_postback(request).await.unwrap();
    });
}

struct Split {
    folder: tempfile::TempDir,
    operator: String,
    notifications: Process,
    bonus: Process,
    core: Process,
    key: String,
}

fn start() -> Split {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let operator = operator();
    let data = |name: &str| at.join(name);
    let gateway = |name: &str, role: &str, settings: &str| {
        let data = data(name);
        Process::start(at, name, &["--role", role, "--data", arg(&data)], settings)
    };
    let notifications = gateway(
        "notifications",
        "notifications",
        "[notifications]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n",
    );
    let any = "127.0.0.1:0";
    let bonus = gateway(
        "bonus",
        "bonus-engine",
        &bonus_settings(any, any, &operator, ""),
    );
    let programme = data("programme.yaml");
    std::fs::write(&programme, PROGRAMME).unwrap();
    let core_data = data("core");
    std::fs::create_dir_all(&core_data).unwrap();
    let key = key(&core_data, "shop", "ingest,read");
    let settings = format!(
        "http = \"{any}\"\ngrpc = \"{any}\"\nadmin = \"{any}\"\n[notifications]\nendpoint = \"{}\"\n[bonus_engine]\nendpoint = \"{}\"\n",
        notifications.url("emissions"),
        bonus.url("emissions")
    );
    let args = [
        "--role",
        "ingest,engine",
        "--data",
        arg(&core_data),
        "--programme",
        arg(&programme),
    ];
    let core = Process::start(at, "core", &args, &settings);
    Split {
        operator,
        notifications,
        bonus,
        core,
        key,
        folder,
    }
}

impl Split {
    /// Starts the bonus-engine gateway again where it was, now with a way to the log.
    fn restart_bonus(&mut self, ingest_key: &str) {
        let (grpc, http) = (
            self.bonus.address("emissions").to_owned(),
            self.bonus.address("bonus-engine").to_owned(),
        );
        let ingest = format!(
            "[bonus_engine.ingest]\nurl = \"{}\"\nkeys = {{ acme = \"{ingest_key}\" }}\n",
            self.core.url("http")
        );
        let settings = bonus_settings(&grpc, &http, &self.operator, &ingest);
        let data = self.folder.path().join("bonus");
        let args = ["--role", "bonus-engine", "--data", arg(&data)];
        self.bonus = Process::start(self.folder.path(), "bonus", &args, &settings);
    }

    fn data(&self) -> &Path {
        self.folder.path()
    }
}

#[test]
fn a_gateway_killed_in_the_middle_loses_and_doubles_nothing() {
    let mut split = start();
    let mut expected = BTreeSet::new();
    let url = split.core.url("http").to_owned();
    for player in 0..PLAYERS / 2 {
        expected.extend(order(&url, &split.key, player));
    }
    split.bonus.kill();
    for player in PLAYERS / 2..PLAYERS {
        expected.extend(order(&url, &split.key, player));
    }
    let ingest_key = key(&split.data().join("core"), "bonus-engine", "ingest");
    split.restart_bonus(&ingest_key);
    assert_eq!(expected.len(), PLAYERS as usize);
    let gateway = split.bonus.url("bonus-engine").to_owned();
    wait_for("every grant's credit", || {
        let effects = http::get(&format!("{}/effects", split.operator))?;
        let credited = http::get_all(&format!("{gateway}/v1/grants"), "grants")?;
        let all = credited.iter().all(|grant| grant["status"] == "credited");
        (all && credited.len() == expected.len() && effects["keys"] == PLAYERS).then_some(())
    });
    let effects = http::get(&format!("{}/effects", split.operator)).unwrap();
    assert_eq!(effects["effects_total"], PLAYERS, "one effect a key");
    for gateway in [
        split.bonus.url("bonus-engine"),
        split.notifications.url("notifications"),
    ] {
        let ids = wait_for("all emissions", || {
            let ids = emission_ids(gateway)?;
            expected.iter().all(|id| ids.contains(id)).then_some(ids)
        });
        let different: BTreeSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len(), "each once");
        let totals = http::get(&format!("{gateway}/v1/emissions")).unwrap()["totals"].clone();
        assert_eq!(totals["alarms"], 0, "{totals}");
    }
    for gateway in [&split.bonus, &split.notifications] {
        let said = gateway.said();
        let traced = said.lines().find(|line| line.contains(TRACE));
        let line: Value = serde_json::from_str(traced.expect("the request's trace")).unwrap();
        assert_eq!(line["trace_id"], TRACE);
    }
    for process in [&mut split.core, &mut split.bonus, &mut split.notifications] {
        assert_eq!(process.stop(), Some(0), "{}", process.said());
    }
}

#[test]
fn what_the_operator_reports_reaches_the_player_twice_early_or_late() {
    let mut split = start();
    let url = split.core.url("http").to_owned();
    order(&url, &split.key, 7);
    let seen = grant(&url, &split.key, 7);
    assert_eq!(seen["status"], "requested", "{seen}");
    let grant_id = seen["grant_id"].as_str().unwrap().to_owned();
    wait_for("the grant at the gateway", || {
        let grants = http::get_all(
            &format!("{}/v1/grants", split.bonus.url("bonus-engine")),
            "grants",
        )?;
        (!grants.is_empty()).then_some(())
    });
    // Early: nobody takes it to the log yet, and the gateway is killed.
    report(
        split.bonus.url("emissions"),
        &grant_id,
        PostbackStatus::Credited,
    );
    split.bonus.kill();
    assert_eq!(grant(&url, &split.key, 7)["status"], "requested");
    let ingest_key = key(&split.data().join("core"), "bonus-engine", "ingest");
    split.restart_bonus(&ingest_key);
    let becomes = |status: &str| {
        wait_for(status, || {
            let seen = grant(&url, &split.key, 7);
            (seen["status"] == status).then_some(())
        });
    };
    becomes("credited");
    let gateway = split.bonus.url("emissions");
    for status in [
        PostbackStatus::Credited,
        PostbackStatus::WageredOut,
        PostbackStatus::WageredOut,
    ] {
        report(gateway, &grant_id, status);
    }
    becomes("wagered_out");
    let journal = http::get_as(&format!("{url}/v1/players/p7/journal"), Some(&split.key)).unwrap();
    let entries = journal["entries"].as_array().unwrap();
    let reports = entries
        .iter()
        .filter(|entry| entry["event_type"] == "grant_updated");
    assert_eq!(reports.count(), 2, "credited, wagered out: {journal}");
}
