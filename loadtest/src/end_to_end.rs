//! The whole path: HTTP batches of 100 in, gRPC out, everything and the generator on one machine.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use proto::emission::v1::emission_service_server::EmissionServiceServer;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::cpu;
use crate::population::{Population, Shape};
use crate::receive::{Received, Receiver};
use crate::send::{self, Load, Sent};
use crate::server::Server;
use crate::traffic::Traffic;

const PROGRAMME: &str = include_str!("end_to_end.yaml");

/// What was measured.
#[derive(Debug, Serialize)]
pub struct EndToEnd {
    /// Players.
    pub players: u32,
    /// As fast as it goes: 32 requests of 100 events under way.
    pub flat_out: Run,
    /// At half of that, arrivals not waiting for answers.
    pub half: Run,
    /// Resident bytes of the server before the first player,
    pub resident_empty_bytes: u64,
    /// and with all players touched.
    pub resident_hot_bytes: u64,
}

/// One run.
#[derive(Debug, Serialize)]
pub struct Run {
    /// Accepted (durable) events a second.
    pub events_per_second: f64,
    /// CPU time of server and generator together, for each event, in microseconds.
    pub cpu_us_per_event: f64,
    /// Of that, the server's.
    pub server_cpu_us_per_event: f64,
    /// The sending side.
    pub sent: Sent,
    /// The receiving side, counted over all runs so far.
    pub received: Received,
}

/// Measures a server started for this on files below `folder`.
pub async fn run(players: u32, seconds: u64, folder: &Path) -> Result<EndToEnd> {
    let receiver = Receiver::new()?;
    let sink = listen(&receiver).await?;
    let server = Server::start(folder, PROGRAMME, "bench", sink).await?;
    let resident_empty_bytes = cpu::resident_bytes(server.pid())?;
    let mut traffic = Traffic::new(Population::new(players, Shape::Uniform)?, 1, 1);
    let load = |rate: u64, seconds: u64| Load {
        url: server.url.clone(),
        key: server.key.clone(),
        rate,
        batch: 100,
        duration: Duration::from_secs(seconds),
        max_in_flight: if rate == 0 { 32 } else { 256 },
    };
    send::run(&load(0, 3), &mut traffic, |_| ()).await?;
    let flat_out = one(&load(0, seconds), &mut traffic, &receiver, &server).await?;
    settle(&receiver).await;
    let half_rate = (flat_out.events_per_second / 2.0) as u64;
    send::run(&load(half_rate, 3), &mut traffic, |_| ()).await?;
    let half = one(&load(half_rate, seconds), &mut traffic, &receiver, &server).await?;
    settle(&receiver).await;
    let resident_hot_bytes = cpu::resident_bytes(server.pid())?;
    Ok(EndToEnd {
        players,
        flat_out,
        half,
        resident_empty_bytes,
        resident_hot_bytes,
    })
}

async fn one(
    load: &Load,
    traffic: &mut Traffic,
    receiver: &Receiver,
    server: &Server,
) -> Result<Run> {
    receiver.forget_latencies()?;
    let own = std::process::id();
    let (server_before, own_before) = (cpu::of_process(server.pid())?, cpu::of_process(own)?);
    let sent = send::run(load, traffic, |_| ()).await?;
    let server_cpu = cpu::of_process(server.pid())? - server_before;
    let own_cpu = cpu::of_process(own)? - own_before;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / sent.accepted.max(1) as f64;
    Ok(Run {
        events_per_second: sent.accepted as f64 / sent.seconds,
        cpu_us_per_event: each(server_cpu + own_cpu),
        server_cpu_us_per_event: each(server_cpu),
        sent,
        received: receiver.received(),
    })
}

/// Waits until no emission has come for a second, at most a minute.
async fn settle(receiver: &Receiver) {
    let mut last = receiver.received().emissions;
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = receiver.received().emissions;
        if now == last {
            return;
        }
        last = now;
    }
}

async fn listen(receiver: &Receiver) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let service = EmissionServiceServer::new(receiver.clone());
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(
        server.serve_with_incoming(tokio_stream::wrappers::TcpListenerStream::new(listener)),
    );
    Ok(address)
}
