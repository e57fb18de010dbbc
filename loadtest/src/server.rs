//! A server under measurement: the `questline` binary beside this one, on a folder and ports of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// A running server; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its HTTP address, as in `http://127.0.0.1:8080`.
    pub url: String,
    /// A key with the scope ingest.
    pub key: String,
}

impl Server {
    /// Starts one with a programme, whose emissions go to `sink`.
    pub async fn start(
        folder: &Path,
        programme: &str,
        brand: &str,
        sink: SocketAddr,
    ) -> Result<Self> {
        let binary = beside_this("questline")?;
        let (data, file, config) = (
            folder.join("data"),
            folder.join("programme.yaml"),
            folder.join("questline.toml"),
        );
        std::fs::write(&file, programme)?;
        let [http, grpc, admin, unused_grpc, unused_http] = free_addresses()?;
        let gateway = |types: &str| {
            format!(
                "grpc = \"{unused_grpc}\"\nhttp = \"{unused_http}\"\nendpoint = \"http://{sink}\"\ntypes = [{types}]\n"
            )
        };
        let text = format!(
            "data = {data:?}\nprogramme = [{file:?}]\nhttp = \"{http}\"\ngrpc = \"{grpc}\"\nadmin = \"{admin}\"\nrole = [\"ingest\", \"engine\"]\n\
             [notifications]\n{}[bonus_engine]\n{}",
            gateway("\"mission_completed\", \"tier_changed\", \"grant_offered\""),
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
            key: String::new(),
        };
        server
            .wait_until_ready(&format!("http://{admin}/readyz"), folder)
            .await?;
        server.key = create_key(&binary, &data, brand)?;
        Ok(server)
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn wait_until_ready(&mut self, url: &str, folder: &Path) -> Result<()> {
        let started = Instant::now();
        while started.elapsed() < READY_WITHIN {
            if let Some(status) = self.child.try_wait()? {
                let log = std::fs::read_to_string(folder.join("server.log")).unwrap_or_default();
                bail!("the server ended with {status}:\n{log}");
            }
            match reqwest::get(url).await {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        bail!(
            "the server was not ready within {} s",
            READY_WITHIN.as_secs()
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
            "ingest,read",
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

fn beside_this(name: &str) -> Result<PathBuf> {
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
