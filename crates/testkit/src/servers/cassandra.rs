//! A real Cassandra for tests: one node on free ports of loopback, in a folder of its own, gone when the test process is.
//!
//! Its jars are fetched by `make test` (`tools/cassandra.sh`). Without them a test fails: it is never left out.

mod secured;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub use secured::{PASSWORD, USER, authority};

const JARS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/cassandra");
const MISSING: &str = "Cassandra's jars are not there: run `make .tools/cassandra/fetched` (it needs a JDK 17 and Maven), as `make test` does";
/// A start takes 6 s of processor time; a machine may be busy with something else.
const START_WITHIN: Duration = Duration::from_secs(240);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// CQL version 4: OPTIONS, answered by SUPPORTED from the moment that requests are taken.
const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];
const SUPPORTED: u8 = 6;

/// A running server.
#[derive(Debug)]
pub struct Cassandra {
    folder: PathBuf,
    cql: SocketAddr,
    secured: bool,
    process: Option<Child>,
}

impl Cassandra {
    /// The server that all tests of a binary share; it starts with the first of them.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Cassandra, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(why) => panic!("{why}"),
        }
    }

    /// A server of the test's own.
    pub fn start() -> Result<Self, String> {
        Self::make(false)
    }

    /// One that asks for [`USER`] and [`PASSWORD`] and speaks only TLS, with the authority [`Self::authority`].
    pub fn start_secured() -> Result<Self, String> {
        Self::make(true)
    }

    fn make(secured: bool) -> Result<Self, String> {
        if !Path::new(JARS).join("fetched").exists() {
            return Err(MISSING.to_owned());
        }
        let folder = tempfile::Builder::new()
            .prefix("questline-cassandra-")
            .tempdir()
            .map_err(|error| format!("no folder for Cassandra: {error}"))?
            .keep();
        let [cql, storage] = super::ports::free();
        let mut server = Self {
            folder,
            cql,
            secured,
            process: None,
        };
        server.configure(storage.port())?;
        server.run()?;
        Ok(server)
    }

    /// Where CQL is spoken, as `host:port`.
    pub fn node(&self) -> String {
        self.cql.to_string()
    }

    /// Where CQL is spoken.
    pub fn address(&self) -> SocketAddr {
        self.cql
    }

    /// The certificate authority of a secured server, a PEM file.
    pub fn authority(&self) -> PathBuf {
        self.folder.join(secured::AUTHORITY)
    }

    /// `kill -9`. Its files stay.
    pub fn kill(&mut self) -> Result<(), String> {
        let Some(mut process) = self.process.take() else {
            return Ok(());
        };
        let told = process
            .stdin
            .take()
            .map(|mut stdin| stdin.write_all(b"keep\n"));
        let ended = process.wait();
        match (told, ended) {
            (Some(Ok(())), Ok(_)) => Ok(()),
            (told, ended) => Err(format!("Cassandra was not killed: {told:?}, {ended:?}")),
        }
    }

    /// Starts it again on the same files and ports.
    pub fn restart(&mut self) -> Result<(), String> {
        self.kill()?;
        self.run()
    }

    fn configure(&self, storage: u16) -> Result<(), String> {
        let mut yaml = include_str!("../../../../tools/cassandra/cassandra.yaml")
            .replace("@STORAGE@", &storage.to_string())
            .replace("@CQL@", &self.cql.port().to_string());
        if self.secured {
            yaml.push_str(&secured::make(&self.folder)?);
        }
        let files = [
            ("cassandra.yaml", yaml.as_str()),
            (
                "logback.xml",
                include_str!("../../../../tools/cassandra/logback.xml"),
            ),
            (
                "jvm.options",
                include_str!("../../../../tools/cassandra/jvm.options"),
            ),
            ("run.sh", include_str!("cassandra/run.sh")),
        ];
        for (name, text) in files {
            fs::write(self.folder.join(name), text).map_err(|error| error.to_string())?;
        }
        for folder in ["data", "tmp"] {
            fs::create_dir_all(self.folder.join(folder)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn run(&mut self) -> Result<(), String> {
        let mut command = Command::new("bash");
        command.arg(self.folder.join("run.sh")).arg(&self.folder);
        // In a group of its own, a signal to the test's group leaves the script to clean up.
        command
            .args(self.java())
            .stdin(Stdio::piped())
            .process_group(0);
        let process = command
            .spawn()
            .map_err(|error| format!("bash does not start: {error}"))?;
        self.process = Some(process);
        self.await_ready()
    }

    fn java(&self) -> Vec<String> {
        let folder = self.folder.display();
        vec![
            "@jvm.options".to_owned(),
            format!("-Djava.io.tmpdir={folder}/tmp"),
            format!("-Djna.tmpdir={folder}/tmp"),
            format!("-Dcassandra.config=file://{folder}/cassandra.yaml"),
            format!("-Dcassandra.storagedir={folder}/data"),
            format!("-Dlogback.configurationFile=file://{folder}/logback.xml"),
            "-cp".to_owned(),
            format!("{JARS}/lib/*"),
            "org.apache.cassandra.service.CassandraDaemon".to_owned(),
        ]
    }

    fn await_ready(&mut self) -> Result<(), String> {
        let until = Instant::now() + START_WITHIN;
        while !self.is_ready() {
            let ended = match &mut self.process {
                Some(process) => process.try_wait().map_err(|error| error.to_string())?,
                None => None,
            };
            if ended.is_some() {
                return Err(format!("Cassandra ended at its start:\n{}", self.log()));
            }
            if Instant::now() > until {
                return Err(format!(
                    "Cassandra was not ready within {START_WITHIN:?}:\n{}",
                    self.log()
                ));
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn is_ready(&self) -> bool {
        if self.secured {
            return secured::is_ready(&self.log()) && TcpStream::connect(self.cql).is_ok();
        }
        let ask = || -> std::io::Result<u8> {
            let mut stream = TcpStream::connect(self.cql)?;
            stream.set_read_timeout(Some(Duration::from_secs(2)))?;
            stream.write_all(&OPTIONS)?;
            let mut header = [0; 5];
            stream.read_exact(&mut header)?;
            Ok(header[4])
        };
        ask().is_ok_and(|opcode| opcode == SUPPORTED)
    }

    /// The end of what it logged since its folder was made.
    fn log(&self) -> String {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let from = log.len().saturating_sub(LOG_BYTES);
        let from = (from..=log.len()).find(|at| log.is_char_boundary(*at));
        log[from.unwrap_or(0)..].to_owned()
    }
}

impl Drop for Cassandra {
    /// A shared one is never dropped: then its script sees that the process is gone. A folder that stays behind fails no test.
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            drop(process.stdin.take());
            drop(process.wait());
        }
        // Killed before, it left its files for a restart.
        drop(fs::remove_dir_all(&self.folder));
    }
}

const LOG_BYTES: usize = 20_000;
