//! `questline-load`: sends events at a rate that does not wait for answers, receives the emissions they cause, and says how long
//! both took and what was lost.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Parser;
use proto::emission::v1::emission_service_server::EmissionServiceServer;
use serde::Serialize;
use tokio::net::TcpListener;

use loadtest::population::{Population, Shape};
use loadtest::receive::{Received, Receiver};
use loadtest::send::{self, Answer, Load, Sent};
use loadtest::traffic::Traffic;

/// Sends events to a Questline server and follows what comes out.
///
/// Point one of the server's sinks at `--sink`; then the delay from accepted to delivered is measured, too.
#[derive(Debug, Parser)]
#[command(
    name = "questline-load",
    version,
    after_help = "Example:\n  questline-load --to http://127.0.0.1:8080 --key KEY --rate 15000 --seconds 30 --sink 127.0.0.1:9100"
)]
struct Arguments {
    /// The server.
    #[arg(long)]
    to: String,
    /// An API key with the scope ingest.
    #[arg(long, env = "QUESTLINE_KEY", hide_env_values = true)]
    key: String,
    /// Events a second; 0: as fast as --max-in-flight lets.
    #[arg(long, default_value_t = 1_000)]
    rate: u64,
    /// Events a request.
    #[arg(long, default_value_t = 100)]
    batch: usize,
    /// Measured for so long,
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// after so long a warm-up at the same rate.
    #[arg(long, default_value_t = 3)]
    warm_up: u64,
    /// Players.
    #[arg(long, default_value_t = 100_000)]
    players: u32,
    /// How often each plays.
    #[arg(long, value_enum, default_value_t = Shape::Uniform)]
    shape: Shape,
    /// The same seed sends the same events.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests under way at once.
    #[arg(long, default_value_t = 64)]
    max_in_flight: usize,
    /// Listen here as a gateway.
    #[arg(long)]
    sink: Option<SocketAddr>,
    /// Wait at most so long for the last emissions.
    #[arg(long, default_value_t = 30)]
    drain_seconds: u64,
}

#[derive(Serialize)]
struct Report {
    load: Load,
    players: u32,
    shape: Shape,
    seed: u64,
    sent: Sent,
    events_per_second: f64,
    received: Option<Received>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let receiver = Receiver::new()?;
    if let Some(address) = arguments.sink {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen on {address}"))?;
        let service = EmissionServiceServer::new(receiver.clone());
        let server = tonic::transport::Server::builder().add_service(service);
        tokio::spawn(
            server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)),
        );
    }
    let report = measure(&arguments, &receiver).await?;
    print(&serde_json::to_string_pretty(&report)?);
    Ok(())
}

async fn measure(arguments: &Arguments, receiver: &Receiver) -> Result<Report> {
    let run = jiff::Timestamp::now().as_millisecond().unsigned_abs();
    let population = Population::new(arguments.players, arguments.shape)?;
    let mut traffic = Traffic::new(population, arguments.seed, run);
    let mut load = Load {
        url: arguments.to.trim_end_matches('/').to_owned(),
        key: arguments.key.clone(),
        rate: arguments.rate,
        batch: arguments.batch,
        duration: Duration::from_secs(arguments.warm_up),
        max_in_flight: arguments.max_in_flight,
        answer: Answer::Durable,
        occurred_at: None,
    };
    send::run(&load, &mut traffic, |_| ()).await?;
    receiver.forget_latencies()?;
    load.duration = Duration::from_secs(arguments.seconds);
    let sent = send::run(&load, &mut traffic, |_| ()).await?;
    let received = match arguments.sink {
        Some(_) => Some(drained(receiver, Duration::from_secs(arguments.drain_seconds)).await),
        None => None,
    };
    let events_per_second = sent.accepted as f64 / sent.seconds;
    let Arguments {
        players,
        shape,
        seed,
        ..
    } = *arguments;
    Ok(Report {
        load,
        players,
        shape,
        seed,
        sent,
        events_per_second,
        received,
    })
}

/// What came, once nothing new has come for a second.
async fn drained(receiver: &Receiver, at_most: Duration) -> Received {
    let started = Instant::now();
    let mut last = receiver.received();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = receiver.received();
        if now.emissions == last.emissions || started.elapsed() > at_most {
            return now;
        }
        last = now;
    }
}

#[expect(clippy::print_stdout, reason = "the report is this tool's output")]
fn print(report: &str) {
    println!("{report}");
}
