//! Single events over connections that stay open: a request on each as soon as the last is answered.
//!
//! The client is as bare as HTTP/1.1 allows, since it shares the machine with what it measures.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::cpu;
use crate::end_to_end::{BRAND, PROGRAMME};
use crate::figures::{Figure, Part};
use crate::latency::Latency;
use crate::population::{Population, Shape};
use crate::server::{Server, Setup};
use crate::traffic::{Mix, Naming, Traffic};

const CONNECTIONS: u64 = 64;
/// An answer is far shorter.
const ANSWER_MAX: usize = 64 * 1024;

/// Measures a server started for this on files below `folder`.
pub async fn measure(players: u32, seconds: u64, quick: bool, folder: &Path) -> Result<Part> {
    let how = format!(
        "One event a request, {CONNECTIONS} connections, {players} players, {seconds} s, the generator on the same cores; one run."
    );
    let mut part = Part::new("single_events", how, quick);
    let server = Server::start(&Setup::new(folder, PROGRAMME, BRAND)).await?;
    let address = server.url.trim_start_matches("http://").to_owned();
    let own = std::process::id();
    let before = (cpu::of_process(server.pid())?, cpu::of_process(own)?);
    let (started, mut connections, mut answered) = (Instant::now(), JoinSet::new(), 0u64);
    let until = started + Duration::from_secs(seconds);
    for number in 0..CONNECTIONS {
        let traffic = Traffic::new(
            Population::new(players, Shape::Uniform)?,
            Mix::plain(),
            number,
        );
        let connection = Connection {
            address: address.clone(),
            key: server.key(),
            naming: Naming::new(&format!("{:x}", 100 + number), "p", None),
            traffic,
        };
        connections.spawn(connection.run(until));
    }
    let mut latency = Latency::new()?;
    while let Some(ended) = connections.join_next().await {
        let one = ended??;
        answered += one.count();
        latency.merge(&one)?;
    }
    let took = started.elapsed().as_secs_f64();
    let (server_cpu, own_cpu) = (
        cpu::of_process(server.pid())? - before.0,
        cpu::of_process(own)? - before.1,
    );
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / answered.max(1) as f64;
    let summary = latency.summary();
    for (id, what, unit, value) in [
        (
            "events_per_second",
            "durable",
            "events/s",
            answered as f64 / took,
        ),
        (
            "server_cpu_us",
            "CPU of the server",
            "us/event",
            each(server_cpu),
        ),
        (
            "own_cpu_us",
            "CPU of the generator",
            "us/event",
            each(own_cpu),
        ),
        ("p50_ms", "sent to durable, p50", "ms", summary.p50_ms),
        ("p99_ms", "sent to durable, p99", "ms", summary.p99_ms),
    ] {
        part.add(Figure::once(
            format!("single_events.{id}"),
            what,
            unit,
            value,
        ));
    }
    Ok(part)
}

struct Connection {
    address: String,
    key: String,
    naming: Naming,
    traffic: Traffic,
}

impl Connection {
    /// Sends until then; the latency of each event that was answered as durable.
    async fn run(mut self, until: Instant) -> Result<Latency> {
        let mut latency = Latency::new()?;
        let mut stream = TcpStream::connect(&self.address).await?;
        stream.set_nodelay(true)?;
        let mut answer = Vec::new();
        while Instant::now() < until {
            let body = self
                .traffic
                .batch(1, 0, &self.naming, &jiff::Timestamp::now().to_string());
            let request = format!(
                "POST /v1/events HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                self.address,
                self.key,
                body.len()
            );
            let sent = Instant::now();
            stream.write_all(request.as_bytes()).await?;
            read(&mut stream, &mut answer).await?;
            let text = String::from_utf8_lossy(&answer);
            if !text.contains("\"accepted\"") {
                bail!("an event was not taken: {text}");
            }
            latency.record(sent.elapsed());
        }
        Ok(latency)
    }
}

/// Reads one whole answer.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<()> {
    answer.clear();
    while answer.len() < ANSWER_MAX {
        if stream.read_buf(answer).await? == 0 {
            bail!("the server closed the connection");
        }
        if let Some(whole) = length(answer)?
            && answer.len() >= whole
        {
            return Ok(());
        }
    }
    bail!("an answer without an end")
}

/// Bytes of the whole answer, once its head is there.
fn length(answer: &[u8]) -> Result<Option<usize>> {
    let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let text = std::str::from_utf8(&answer[..head])?.to_ascii_lowercase();
    let body = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let body: usize = body.context("an answer without a length")?.trim().parse()?;
    Ok(Some(head + 4 + body))
}

#[cfg(test)]
mod tests {
    use super::length;

    #[test]
    fn an_answer_is_as_long_as_its_head_says() {
        let table: [(&[u8], Option<usize>); 2] = [
            (b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n", None),
            (
                b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\n12",
                Some(49),
            ),
        ];
        for (answer, expected) in table {
            assert_eq!(length(answer).unwrap(), expected);
        }
        assert!(length(b"HTTP/1.1 202 Accepted\r\n\r\n").is_err());
    }
}
