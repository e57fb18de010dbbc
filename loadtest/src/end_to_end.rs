//! The whole path: HTTP batches of 100 in, gRPC out, everything and the generator on one machine.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cpu;
use crate::figures::{Figure, Part};
use crate::offline;
use crate::population::{Population, Shape};
use crate::receive::{Receiver, Seen};
use crate::send::{self, Answer, Load, Sent};
use crate::server::{LOOPBACK, Server, Setup};
use crate::traffic::{Mix, Naming, Traffic};

/// What a shop runs.
pub const PROGRAMME: &str = include_str!("end_to_end.yaml");
/// Its brand.
pub const BRAND: &str = "bench";
/// The emissions that a gateway would take.
pub const TYPES: &str = "\"mission_completed\", \"tier_changed\", \"grant_offered\"";
/// No backlog takes longer.
const AT_MOST: Duration = Duration::from_secs(600);

/// Measures a server started for this on files below `folder`.
pub async fn measure(
    players: u32,
    seconds: u64,
    quick: bool,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<Part> {
    let how = format!(
        "HTTP batches of 100 in, gRPC out, {players} players, {seconds} s a run, generator and gateway on the same cores; one run each, the second once nothing of the first was waiting."
    );
    let mut part = Part::new("end_to_end", how, quick);
    let receiver = Receiver::new(Seen::new()?);
    let sink = Some(receiver.listen(LOOPBACK)?);
    let setup = Setup {
        sink,
        types: TYPES,
        ..Setup::new(folder, PROGRAMME, BRAND)
    };
    let server = Server::start(&setup).await?;
    let empty = cpu::resident_bytes(server.pid())?;
    let mut bench = Bench {
        traffic: Traffic::new(Population::new(players, Shape::Uniform)?, Mix::plain(), 1),
        receiver,
        server,
    };
    bench.load(0, 3).await?;
    bench.server.drained(AT_MOST).await?;
    say("as fast as it goes");
    let full = bench.run(0, seconds).await?;
    full.add_to(&mut part, "full", "as fast as it goes");
    say(&format!(
        "{:.0} events/s durable, {:.0} folded and delivered; now half of the latter",
        full.accepted_rate(),
        full.folded_rate()
    ));
    // The intake may run ahead of the fold: half of what it takes can be more than can be folded.
    let half = (full.folded_rate() / 2.0) as u64;
    bench.load(half, 3).await?;
    bench.server.drained(AT_MOST).await?;
    bench
        .run(half, seconds)
        .await?
        .add_to(&mut part, "half", "at half the rate of the fold");
    let hot = cpu::resident_bytes(bench.server.pid())?;
    bench.server.stop(AT_MOST).await?;
    let snapshot = offline::mean_snapshot(&folder.join("data"), BRAND, players).await?;
    memory(&mut part, empty, hot, players, snapshot);
    Ok(part)
}

fn memory(part: &mut Part, empty: u64, hot: u64, players: u32, snapshot: f64) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    part.add(Figure::once(
        "memory.empty_mib",
        "resident without players",
        "MiB",
        mib(empty),
    ));
    part.add(Figure::once(
        "memory.hot_mib",
        "resident with all players hot",
        "MiB",
        mib(hot),
    ));
    let each = hot.saturating_sub(empty) as f64 / f64::from(players);
    for (id, what, value) in [
        ("hot_player_bytes", "resident for each hot player", each),
        ("snapshot_bytes", "its snapshot", snapshot),
        (
            "over_snapshot_bytes",
            "resident over its snapshot",
            each - snapshot,
        ),
    ] {
        part.add(Figure::once(format!("memory.{id}"), what, "bytes", value));
    }
}

struct Bench {
    traffic: Traffic,
    receiver: Receiver,
    server: Server,
}

/// One run: what was sent, and how long and how much work it took until nothing of it waited.
struct Run {
    sent: Sent,
    drained_after: Duration,
    server_cpu: Duration,
    own_cpu: Duration,
    delivered: crate::latency::Summary,
}

impl Bench {
    async fn load(&mut self, rate: u64, seconds: u64) -> Result<Sent> {
        let load = Load {
            url: self.server.url.clone(),
            key: self.server.key(),
            naming: Naming::new("1", "p", None),
            rate,
            batch: 100,
            duration: Duration::from_secs(seconds),
            max_in_flight: if rate == 0 { 32 } else { 256 },
            answer: Answer::Durable,
            occurred_at: None,
        };
        send::run(&load, &mut self.traffic).await
    }

    async fn run(&mut self, rate: u64, seconds: u64) -> Result<Run> {
        self.receiver.with(Seen::forget_latencies)?;
        let (pid, own) = (self.server.pid(), std::process::id());
        let (server_before, own_before, started) =
            (cpu::of_process(pid)?, cpu::of_process(own)?, Instant::now());
        let sent = self.load(rate, seconds).await?;
        self.server.drained(AT_MOST).await?;
        Ok(Run {
            sent,
            drained_after: started.elapsed(),
            server_cpu: cpu::of_process(pid)? - server_before,
            own_cpu: cpu::of_process(own)? - own_before,
            delivered: self
                .receiver
                .with(|seen| seen.received().accepted_to_delivered),
        })
    }
}

impl Run {
    fn accepted_rate(&self) -> f64 {
        self.sent.accepted as f64 / self.sent.seconds
    }

    fn folded_rate(&self) -> f64 {
        self.sent.accepted as f64 / self.drained_after.as_secs_f64()
    }

    fn add_to(&self, part: &mut Part, id: &str, what: &str) {
        let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / self.sent.accepted.max(1) as f64;
        let figures = [
            (
                "events_per_second",
                "durable",
                "events/s",
                self.accepted_rate(),
            ),
            (
                "folded_per_second",
                "durable, folded and delivered",
                "events/s",
                self.folded_rate(),
            ),
            (
                "cpu_us",
                "CPU of all processes, until nothing waits",
                "us/event",
                each(self.server_cpu + self.own_cpu),
            ),
            (
                "server_cpu_us",
                "of that the server",
                "us/event",
                each(self.server_cpu),
            ),
            (
                "p50_ms",
                "accepted to delivered, p50",
                "ms",
                self.delivered.p50_ms,
            ),
            (
                "p99_ms",
                "accepted to delivered, p99",
                "ms",
                self.delivered.p99_ms,
            ),
            (
                "p99_9_ms",
                "accepted to delivered, p99.9",
                "ms",
                self.delivered.p99_9_ms,
            ),
            (
                "answer_p99_ms",
                "intended start to durable, p99",
                "ms",
                self.sent.response.p99_ms,
            ),
            (
                "missed",
                "events failed or skipped",
                "",
                (self.sent.failed + self.sent.skipped) as f64,
            ),
        ];
        for (figure, of, unit, value) in figures {
            part.add(Figure::once(
                format!("end_to_end.{id}.{figure}"),
                format!("{what}: {of}"),
                unit,
                value,
            ));
        }
    }
}
