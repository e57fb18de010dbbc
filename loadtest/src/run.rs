//! One run of a scenario against a server: send, wait for what comes, compare, judge.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use types::Timestamp;

use crate::check::{Traces, check};
use crate::client::{self, Client};
use crate::cpu;
use crate::deliveries::Deliveries;
use crate::drive::{Due, InFlight, open_loop};
use crate::ledger::{Ledger, RequestFate};
use crate::outcome::{Measured, Outcome};
use crate::receive::Gateway;
use crate::scenario::{Scenario, Via};
use crate::stream::{Request, Run, Stream};

/// When nothing has come for so long, nothing more comes.
const QUIET: Duration = Duration::from_secs(2);

/// The server under load.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its HTTP address.
    pub http: String,
    /// Its gRPC address, where a stream goes there.
    pub grpc: Option<String>,
    /// A key for each brand, in the order of the scenario.
    pub keys: Vec<String>,
    /// The source that the keys speak for.
    pub source: String,
}

/// The gateway that the server sends to, for all runs of a process.
pub type Sink = Gateway<Deliveries>;

/// Listens as a gateway; each run begins with its own [`Deliveries`].
pub fn listen(at: SocketAddr) -> Result<(Sink, SocketAddr)> {
    let sink = Sink::new(Deliveries::new("none", Duration::ZERO, Duration::ZERO)?);
    let address = sink.listen(at)?;
    Ok((sink, address))
}

/// Runs it. `id` tells the run from others on the same server; `say` is told how it goes, once a second.
pub async fn run(
    scenario: &Scenario,
    target: &Target,
    sink: &Sink,
    id: u64,
    say: impl Fn(&str) + Send + 'static,
) -> Result<Outcome> {
    ensure!(
        target.keys.len() == scenario.programmes.len(),
        "{} keys for {} brands",
        target.keys.len(),
        scenario.programmes.len()
    );
    let grpc = scenario.text.streams.iter().any(|it| it.via == Via::Grpc);
    ensure!(
        !grpc || target.grpc.is_some(),
        "a stream goes over gRPC: say where, with --to-grpc"
    );
    let since_1970 = SystemTime::UNIX_EPOCH.elapsed().context("the clock")?;
    let started = Instant::now();
    let run = Run {
        id,
        seed: scenario.text.seed,
        started: Timestamp::from_nanos(i64::try_from(since_1970.as_nanos())?)
            .context("the clock lies outside the years 1970 to 2100")?,
    };
    let measured_from = Duration::from_secs_f64(scenario.text.warm_up_s);
    let players = format!("{id:x}.");
    let deliveries = Deliveries::new(&players, since_1970, measured_from)?;
    sink.with(|old| *old = deliveries);
    let ledger = Ledger::new(scenario.text.streams.len(), measured_from)?;
    let ledger = Arc::new(Mutex::new(ledger));
    let in_flight = InFlight::at_most(scenario.text.max_in_flight);
    let live = tokio::spawn(live(
        started,
        ledger.clone(),
        sink.clone(),
        in_flight.clone(),
        say,
    ));
    let cpu_before = cpu::of_this_thread()?;
    let sent = send_all(scenario, target, run, started, &ledger, &in_flight).await;
    live.abort();
    sent?;
    let took = started.elapsed();
    let busy = (cpu::of_this_thread()? - cpu_before).as_secs_f64() / took.as_secs_f64();
    let drained = drained(
        sink,
        started,
        Duration::from_secs_f64(scenario.text.drain_s),
    )
    .await;
    let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let mut requests = std::mem::take(&mut ledger.requests);
    let mut traces = Traces {
        scenario,
        run,
        source: &target.source,
        requests: &mut requests,
        drained,
    };
    let findings = sink.with(|deliveries| check(&mut traces, deliveries))?;
    let measured = Measured {
        scenario,
        run,
        took,
        busy,
        ledger: &ledger,
        findings,
    };
    Ok(sink.with(|deliveries| Outcome::of(measured, deliveries)))
}

/// Sends every stream side by side.
async fn send_all(
    scenario: &Scenario,
    target: &Target,
    run: Run,
    started: Instant,
    ledger: &Arc<Mutex<Ledger>>,
    in_flight: &InFlight,
) -> Result<()> {
    let http = client::http(scenario.text.max_in_flight)?;
    let mut streams = Vec::new();
    for (index, text) in scenario.text.streams.iter().enumerate() {
        let key = &target.keys[scenario.brand_of(text)?];
        let client = Client::new(http.clone(), &target.http, target.grpc.as_deref(), key)?;
        let stream = Stream::new(scenario, index, run, &target.source)?;
        streams.push(send_stream(
            index, stream, client, started, ledger, in_flight,
        ));
    }
    futures::future::join_all(streams).await;
    Ok(())
}

async fn send_stream(
    index: usize,
    stream: Stream,
    client: Client,
    started: Instant,
    ledger: &Arc<Mutex<Ledger>>,
    in_flight: &InFlight,
) {
    let (naming, via) = (stream.naming.clone(), stream.via);
    let work = stream.map(|request| (request.due, request));
    open_loop(started, work, in_flight, |due: Due<Request>| {
        let (request, intended) = match due {
            Due::Start(request, intended) => (request, intended.duration_since(started)),
            Due::Skip(request) => {
                let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
                ledger.skip(request.due, request.events.len() as u64);
                return None;
            }
        };
        let sent = started.elapsed();
        let (body, events) = (request.body(&naming, via), request.events.len());
        let (client, ledger) = (client.clone(), Arc::clone(ledger));
        Some(async move {
            let (fates, why) = client.send(body, events).await;
            let fate = RequestFate {
                number: request.number,
                sent,
                answered: started.elapsed(),
                fates: fates.into(),
            };
            let mut ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            ledger.answer(index, intended, fate, why);
        })
    })
    .await;
}

/// Waits until nothing has come for a while; when that was, from the start of the run.
async fn drained(sink: &Sink, started: Instant, at_most: Duration) -> Duration {
    let waits = Instant::now();
    let (mut last, mut since) = (sink.with(|it| it.all().len()), Instant::now());
    while waits.elapsed() < at_most && since.elapsed() < QUIET {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let now = sink.with(|it| it.all().len());
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    started.elapsed()
}

/// Says once a second how it goes.
async fn live(
    started: Instant,
    ledger: Arc<Mutex<Ledger>>,
    sink: Sink,
    in_flight: InFlight,
    say: impl Fn(&str),
) {
    let mut each = tokio::time::interval_at(
        (started + Duration::from_secs(1)).into(),
        Duration::from_secs(1),
    );
    for second in 0usize.. {
        each.tick().await;
        let (delivered, latency) = sink.with(|it| {
            let latency = it.accepted_to_delivered.in_second(second);
            (it.delivered.in_second(second), latency)
        });
        let line = {
            let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
            format!(
                "{:>4} s  due {:>7}/s  accepted {:>7}/s  delivered {delivered:>7}/s  in flight {:>4}  p99 {:>7.1} ms answered, {:>7.1} ms delivered  skipped {}",
                second + 1,
                ledger.due.in_second(second),
                ledger.accepted.in_second(second),
                in_flight.now(),
                ledger.response.in_second(second).p99_ms,
                latency.p99_ms,
                ledger.skipped.sum()
            )
        };
        say(&line);
    }
}
