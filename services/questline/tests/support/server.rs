//! `questline serve` as a child that can be killed and started again on the same ports.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::running::Running;
use super::{arg, http, lines, questline, stdout_of};

/// How long anything that is waited for may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server of one data folder.
pub(crate) struct Server {
    data: PathBuf,
    programme: PathBuf,
    settings: PathBuf,
    addresses: BTreeMap<String, String>,
    running: Option<Running>,
    pub(crate) key: String,
}

impl Server {
    /// Starts a server on event time over a new data folder; `operator` is where its grants are posted.
    pub(crate) fn start(data: &Path, programme: &Path, operator: &str) -> Self {
        std::fs::create_dir_all(data).unwrap();
        let settings = data.with_extension("toml");
        let text = format!(
            "[notifications]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\ntypes = {NOTIFIED:?}\n\
             [bonus_engine]\ngrpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\n\
             [bonus_engine.operator]\nurl = \"{operator}/grants\"\ntimeout_ms = 500\n\
             [bonus_engine.operator.backoff]\nbase_ms = 20\nmax_ms = 500\nseed = 7\n"
        );
        std::fs::write(&settings, text).unwrap();
        let key = questline()
            .args([
                "key",
                "create",
                "--data",
                arg(data),
                "--brand",
                "online-retail",
            ])
            .args(["--source", "shop", "--scopes", "ingest,read,command,adjust"])
            .output()
            .unwrap();
        let mut server = Self {
            data: data.to_owned(),
            programme: programme.to_owned(),
            settings,
            addresses: BTreeMap::new(),
            running: None,
            key: stdout_of(key).trim().to_owned(),
        };
        server.start_again();
        server
    }

    /// Starts it over what its folder holds, where it listened before.
    pub(crate) fn start_again(&mut self) {
        let at = |name: &str| {
            let known = self
                .addresses
                .get(name)
                .map(|url| url.trim_start_matches("http://"));
            known.unwrap_or("127.0.0.1:0").to_owned()
        };
        let mut command = questline();
        command
            .args(["serve", "--clock", "event", "--data", arg(&self.data)])
            .args([
                "--programme",
                arg(&self.programme),
                "--config",
                arg(&self.settings),
            ])
            .args([
                "--http",
                &at("http"),
                "--grpc",
                &at("grpc"),
                "--admin",
                &at("admin"),
            ])
            .env("RUST_LOG", "error");
        let started = Running::start(&mut command);
        let (running, addresses) = started.expect("the server ended before it was ready");
        self.running = Some(running);
        self.addresses.extend(addresses);
    }

    /// The URL of one of its parts.
    pub(crate) fn url(&self, part: &str) -> &str {
        &self.addresses[part]
    }

    /// `kill -9` of this process alone.
    pub(crate) fn kill(&mut self) {
        drop(self.running.take().unwrap());
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.running.take().unwrap().stop()
    }

    /// Every player, as `questline players` writes them.
    pub(crate) fn players(&self) -> Vec<Value> {
        let players = questline()
            .args(["players", "--from", self.url("http"), "--key", &self.key])
            .output()
            .unwrap();
        lines(&stdout_of(players))
    }

    /// Every emission that the notifications gateway holds, as it came.
    pub(crate) fn notified(&self) -> Vec<Value> {
        let url = format!("{}/v1/emissions", self.url("notifications"));
        let all = http::get_all(&url, "emissions").unwrap();
        all.into_iter().map(|mut it| it["body"].take()).collect()
    }

    /// The ids of all emissions that a gateway holds, and its totals.
    pub(crate) fn emissions(&self, gateway: &str) -> (Vec<String>, Value) {
        let url = format!("{}/v1/emissions", self.url(gateway));
        let totals = http::get(&url).unwrap()["totals"].clone();
        let all = http::get_all(&url, "emissions").unwrap();
        let ids = all
            .iter()
            .map(|emission| emission["id"].as_str().unwrap().to_owned());
        (ids.collect(), totals)
    }
}

/// All types but the points: what a notifications gateway takes unless told otherwise.
const NOTIFIED: [&str; 6] = [
    "mission_completed",
    "mission_reopened",
    "tier_changed",
    "grant_offered",
    "grant_claimed",
    "grant_revoked",
];

/// Whether the notifications gateway takes an emission.
pub(crate) fn is_notified(emission: &Value) -> bool {
    let kind = emission["type"].as_str();
    kind.is_some_and(|kind| NOTIFIED.contains(&kind))
}

/// Asks again and again until the answer is there.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        wait_ms(5);
    }
}

/// Lets so much time pass: the random part of a kill's moment, and the pause between two questions. Nothing else waits by the clock.
pub(crate) fn wait_ms(ms: u64) {
    let (_sender, nobody) = mpsc::channel::<()>();
    let waited = nobody.recv_timeout(Duration::from_millis(ms));
    assert_eq!(waited, Err(RecvTimeoutError::Timeout));
}
