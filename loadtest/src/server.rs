//! A server under measurement: the `questline` binary beside this one, on a folder and ports of its own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use proto::cluster::v1::cluster_service_client::ClusterServiceClient;
use proto::cluster::v1::{ListPartitionsRequest, Partition};

/// Any port of this machine that nobody listens on.
pub const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
/// How long a server may take until it is ready, where nothing else is said.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// Its files lie below it; the data folder is `data`.
    pub folder: &'a Path,
    /// The binary; `None`: the one beside this program.
    pub binary: Option<&'a Path>,
    /// Brands and the text of their programmes.
    pub programmes: Vec<(&'a str, &'a str)>,
    /// Lines of its configuration before any section.
    pub head: &'a str,
    /// Where its emissions go; `None`: nowhere.
    pub sink: Option<SocketAddr>,
    /// The types of emissions that go there, as a TOML list has them.
    pub types: &'a str,
    /// How long it may take until it is ready.
    pub ready_within: Duration,
}

impl<'a> Setup<'a> {
    /// The default configuration.
    pub fn new(folder: &'a Path, programme: &'a str, brand: &'a str) -> Self {
        Self {
            folder,
            binary: None,
            programmes: vec![(brand, programme)],
            head: "",
            sink: None,
            types: "",
            ready_within: READY_WITHIN,
        }
    }
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its HTTP address, as in `http://127.0.0.1:8080`.
    pub url: String,
    /// Its gRPC address, likewise.
    pub grpc: String,
    /// Keys with the scopes ingest, read and programme, one for each brand in the order of the setup.
    pub keys: Vec<String>,
    cluster: String,
}

impl Server {
    /// Starts one.
    pub async fn start(setup: &Setup<'_>) -> Result<Self> {
        let folder = setup.folder;
        let binary = match setup.binary {
            Some(binary) => binary.to_owned(),
            None => beside_this("questline")?,
        };
        let (data, config) = (folder.join("data"), folder.join("questline.toml"));
        let mut files = Vec::new();
        for (brand, programme) in &setup.programmes {
            let file = folder.join(format!("{brand}.yaml"));
            std::fs::write(&file, programme)?;
            files.push(file);
        }
        let [http, grpc, admin, cluster, unused_grpc, unused_http] = free_addresses()?;
        // Where there is no sink, nothing is sent to it either.
        let sink = setup.sink.unwrap_or(unused_grpc);
        let gateway = |types: &str| {
            format!(
                "grpc = \"{unused_grpc}\"\nhttp = \"{unused_http}\"\nendpoint = \"http://{sink}\"\ntypes = [{types}]\n"
            )
        };
        let text = format!(
            "{}data = {data:?}\nprogramme = {files:?}\nhttp = \"{http}\"\ngrpc = \"{grpc}\"\nadmin = \"{admin}\"\ncluster = \"{cluster}\"\n\
             role = [\"ingest\", \"engine\"]\n[notifications]\n{}[bonus_engine]\n{}",
            setup.head,
            gateway(setup.types),
            gateway(""),
        );
        std::fs::write(&config, text)?;
        let child = Command::new(&binary)
            .args(["serve", "--config"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(folder.join("server.log"))?)
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let mut server = Self {
            child,
            url: format!("http://{http}"),
            grpc: format!("http://{grpc}"),
            keys: Vec::new(),
            cluster: format!("http://{cluster}"),
        };
        server
            .wait_until_ready(&format!("http://{admin}/readyz"), setup)
            .await?;
        for (brand, _) in &setup.programmes {
            server.keys.push(create_key(&binary, &data, brand)?);
        }
        Ok(server)
    }

    /// The key of the first brand.
    pub fn key(&self) -> String {
        self.keys.first().cloned().unwrap_or_default()
    }

    /// Waits until every record is folded and every emission acknowledged.
    pub async fn drained(&self, at_most: Duration) -> Result<()> {
        let mut client = ClusterServiceClient::connect(self.cluster.clone()).await?;
        let started = Instant::now();
        loop {
            let answer = client.list_partitions(ListPartitionsRequest {}).await?;
            let partitions = answer.into_inner().partitions;
            let waiting = |partition: &Partition| {
                let sinks = partition.sinks.iter().map(|sink| sink.unacknowledged);
                partition.lag + sinks.sum::<u64>()
            };
            let waiting: u64 = partitions.iter().map(waiting).sum();
            if waiting == 0 && !partitions.is_empty() {
                return Ok(());
            }
            if started.elapsed() > at_most {
                bail!("not drained within {} s: {partitions:?}", at_most.as_secs());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends it as an operator would: with its last checkpoint.
    pub async fn stop(mut self, at_most: Duration) -> Result<()> {
        let asked = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()?;
        anyhow::ensure!(asked.success(), "the server cannot be told to stop");
        let started = Instant::now();
        while started.elapsed() < at_most {
            if let Some(status) = self.child.try_wait()? {
                anyhow::ensure!(status.success(), "the server ended with {status}");
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the server did not stop within {} s", at_most.as_secs())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn wait_until_ready(&mut self, url: &str, setup: &Setup<'_>) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < setup.ready_within {
            if let Some(status) = self.child.try_wait()? {
                let log =
                    std::fs::read_to_string(setup.folder.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}:\n{log}");
            }
            match reqwest::get(url).await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        bail!(
            "the server was not ready within {} s",
            setup.ready_within.as_secs()
        )
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; there is nothing to do about it here.
        if self.child.kill().is_ok() {
            let _ended = self.child.wait();
        }
    }
}

fn create_key(binary: &Path, data: &Path, brand: &str) -> Result<String> {
    let output = Command::new(binary)
        .args([
            "key",
            "create",
            "--brand",
            brand,
            "--source",
            "load",
            "--scopes",
            "ingest,read,programme",
            "--data",
        ])
        .arg(data)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let key = text.split_whitespace().find(|word| word.starts_with("ql_"));
    key.map(str::to_owned).with_context(|| {
        format!(
            "no key was made: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

/// A program that was built with this one.
pub fn beside_this(name: &str) -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    anyhow::ensure!(
        path.is_file(),
        "{} is not built: cargo build --release --bin {name}",
        path.display()
    );
    Ok(path)
}

/// Addresses that nobody listens on at this moment.
fn free_addresses<const N: usize>() -> Result<[SocketAddr; N]> {
    let listeners: Vec<TcpListener> = (0..N)
        .map(|_| TcpListener::bind("127.0.0.1:0"))
        .collect::<Result<_, _>>()?;
    let addresses: Vec<SocketAddr> = listeners
        .iter()
        .map(TcpListener::local_addr)
        .collect::<Result<_, _>>()?;
    addresses
        .try_into()
        .map_err(|_| anyhow::anyhow!("too few addresses"))
}
