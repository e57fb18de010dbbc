//! `nats-server`, one or three.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::ports;

/// User and password of the account that has JetStream.
pub const USER: (&str, &str) = ("questline", "of-questline");
/// User and password of the system account.
pub const SYSTEM: (&str, &str) = ("system", "of-the-system");

/// How long a server may take to be ready.
const READY_MAX: Duration = Duration::from_secs(60);
/// Between two looks whether it is.
const LOOK: Duration = Duration::from_millis(20);
/// Starts before a test gives up: a port may be taken while a server starts.
const STARTS_MAX: usize = 5;

/// What the servers are told.
#[derive(Clone, Debug)]
pub struct Options {
    /// 1 or 3.
    pub nodes: usize,
    /// `sync_interval: always`.
    pub sync_always: bool,
    /// `max_payload`.
    pub max_payload: String,
    /// Whether JetStream is on.
    pub jetstream: bool,
    /// More lines of each server's configuration.
    pub more: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 1,
            sync_always: true,
            max_payload: "8MB".to_owned(),
            jetstream: true,
            more: String::new(),
        }
    }
}

/// Servers that run until this is dropped.
pub struct Nats {
    folder: TempDir,
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    client: SocketAddr,
    monitor: SocketAddr,
    process: Option<Child>,
}

impl Nats {
    /// Starts the servers and waits until each is ready.
    pub async fn start(options: Options) -> Self {
        for _ in 0..STARTS_MAX {
            let mut servers = Self::new(&options);
            for node in 0..options.nodes {
                servers.spawn(node);
            }
            if servers.all_ready().await {
                return servers;
            }
            let logs: String = (0..options.nodes).map(|node| servers.log(node)).collect();
            assert!(logs.contains("address already in use"), "{logs}");
        }
        panic!("no free ports in {STARTS_MAX} starts");
    }

    fn new(options: &Options) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Enough for three servers, whatever their number.
        let [a, b, c, d, e, f, g, h, i] = ports::free();
        let places: Vec<_> = [(a, b, c), (d, e, f), (g, h, i)]
            .into_iter()
            .take(options.nodes)
            .collect();
        let routes: Vec<_> = places.iter().map(|place| place.2).collect();
        let nodes = (1..)
            .zip(&places)
            .map(|(number, (client, monitor, route))| {
                let name = format!("n{number}");
                let text = configuration(
                    options,
                    folder.path(),
                    &name,
                    (client, monitor, route),
                    &routes,
                );
                fs::write(folder.path().join(format!("{name}.conf")), text)
                    .expect("a written file");
                Node {
                    name,
                    client: *client,
                    monitor: *monitor,
                    process: None,
                }
            });
        let nodes = nodes.collect();
        Self { folder, nodes }
    }

    /// Starts a server that does not run, on its port and its files, and does not wait.
    pub fn spawn(&mut self, node: usize) {
        let folder = self.folder.path();
        let node = &mut self.nodes[node];
        let log = File::options()
            .create(true)
            .append(true)
            .open(folder.join(format!("{}.log", node.name)))
            .expect("a log file");
        let process = Command::new(binary())
            .arg("-c")
            .arg(folder.join(format!("{}.conf", node.name)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a second handle"))
            .stderr(log)
            .spawn()
            .expect("nats-server starts");
        node.process = Some(process);
    }

    /// Waits until every server that was started is ready; false if one ended instead.
    async fn all_ready(&mut self) -> bool {
        let deadline = Instant::now() + READY_MAX;
        for number in 0..self.nodes.len() {
            while let Some(process) = &mut self.nodes[number].process {
                if process.try_wait().is_ok_and(|end| end.is_some()) {
                    return false;
                }
                if is_healthy(self.nodes[number].monitor).await {
                    break;
                }
                assert!(Instant::now() < deadline, "not ready: {}", self.log(number));
                sleep(LOOK).await;
            }
        }
        true
    }

    /// Where clients connect: all servers.
    pub fn urls(&self) -> Vec<String> {
        let url = |node: &Node| format!("nats://{}", node.client);
        self.nodes.iter().map(url).collect()
    }

    /// Where clients connect to one server.
    pub fn address(&self, node: usize) -> SocketAddr {
        self.nodes[node].client
    }

    /// Which server has that name.
    pub fn node_named(&self, name: &str) -> usize {
        let found = self.nodes.iter().position(|node| node.name == name);
        found.unwrap_or_else(|| panic!("no server {name}"))
    }

    /// Ends a server at once, as `kill -9` does.
    pub fn kill(&mut self, node: usize) {
        if let Some(mut process) = self.nodes[node].process.take() {
            // It may have ended by itself.
            drop(process.kill());
            drop(process.wait());
        }
    }

    /// Starts a killed server again and waits until all that run are ready.
    pub async fn restart(&mut self, node: usize) {
        self.spawn(node);
        assert!(self.all_ready().await, "{}", self.log(node));
    }

    /// The files of a killed server.
    pub fn files(&self, node: usize) -> PathBuf {
        self.folder.path().join(&self.nodes[node].name)
    }

    /// The process id of a server that runs.
    pub fn pid(&self, node: usize) -> u32 {
        let process = self.nodes[node].process.as_ref();
        process.expect("a server that runs").id()
    }

    /// What a server printed.
    pub fn log(&self, node: usize) -> String {
        let file = format!("{}.log", self.nodes[node].name);
        fs::read_to_string(self.folder.path().join(file)).unwrap_or_default()
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        for node in 0..self.nodes.len() {
            self.kill(node);
        }
    }
}

fn configuration(
    options: &Options,
    folder: &Path,
    name: &str,
    (client, monitor, route): (&SocketAddr, &SocketAddr, &SocketAddr),
    routes: &[SocketAddr],
) -> String {
    let store = folder.join(name);
    let mut text = format!(
        "server_name: {name}\nlisten: \"{client}\"\nhttp: \"{monitor}\"\nmax_payload: {}\n{}\n",
        options.max_payload, options.more
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("text grows");
    if options.jetstream {
        let sync = match options.sync_always {
            true => ", sync_interval: always",
            false => "",
        };
        line(format!("jetstream {{ store_dir: {store:?}{sync} }}"));
    }
    let jetstream = match options.jetstream {
        true => "jetstream: enabled, ",
        false => "",
    };
    line(format!(
        "accounts {{\n  QUESTLINE {{ {jetstream}users: [{{user: {:?}, password: {:?}}}] }}\n  SYS {{ users: [{{user: {:?}, password: {:?}}}] }}\n}}\nsystem_account: SYS",
        USER.0, USER.1, SYSTEM.0, SYSTEM.1
    ));
    if routes.len() > 1 {
        let routes: Vec<_> = routes
            .iter()
            .map(|route| format!("\"nats://{route}\""))
            .collect();
        line(format!(
            "cluster {{ name: questline, listen: \"{route}\", routes: [{}] }}",
            routes.join(", ")
        ));
    }
    text
}

/// Whether a server says that it and its JetStream are ready.
async fn is_healthy(monitor: SocketAddr) -> bool {
    let asked = async {
        let mut stream = TcpStream::connect(monitor).await?;
        stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.0 200"))
    };
    matches!(timeout(Duration::from_secs(2), asked).await, Ok(Ok(true)))
}

fn binary() -> PathBuf {
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin/nats-server");
    assert!(
        binary.is_file(),
        "this test needs a real NATS server: run `make .tools/bin/nats-server` (`make test` does)"
    );
    binary
}
