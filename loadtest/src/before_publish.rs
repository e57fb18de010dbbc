//! What is asked of a draft before it is published: a preview of very many stored players beside live events, and stored history
//! through a draft.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use types::Timestamp;

use crate::cpu;
use crate::end_to_end::{BRAND, PROGRAMME};
use crate::figures::{Figure, Part};
use crate::latency::Summary;
use crate::live::{self, AT_MOST, PLAYERS, RATE};
use crate::offline;
use crate::publication;
use crate::send;
use crate::server::{Setup, beside_this};

/// Events of each player of the history.
const ORDERS: u32 = 20;

/// Measures over so many players, and a history of as many events; files go below `folder`.
pub async fn measure(
    players: u32,
    seconds: u64,
    quick: bool,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<Part> {
    let how = format!(
        "A preview of {players} stored players, none of them in memory when the server starts, whose running goals all begin again, \
         beside {RATE} single events a second of {PLAYERS} players, open loop, each answered when it is applied. Then a history of as many \
         events, {ORDERS} of each player, through a draft and through the programme in effect. Then publications in a row of a server without players. One run."
    );
    let mut part = Part::new("before_publish", how, quick);
    let draft = folder.join("draft.yaml");
    std::fs::write(&draft, drafted())?;
    preview(&mut part, players, seconds, &draft, folder, say).await?;
    what_if(&mut part, players, &draft, folder, say).await?;
    say("publications in a row");
    publication::measure(&mut part, folder).await?;
    Ok(part)
}

/// The programme with other goals and levels: every running period begins again.
fn drafted() -> String {
    PROGRAMME
        .replace("target: 3}", "target: 2}, on_change: reset")
        .replace("target: 500}", "target: 400}, on_change: reset")
        .replace("target: 4}", "target: 3}, on_change: reset")
        .replace("at: 5000}", "at: 200}")
}

async fn preview(
    part: &mut Part,
    players: u32,
    seconds: u64,
    draft: &Path,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<()> {
    let at: Timestamp = "2026-01-05T09:00:00Z".parse()?;
    offline::one_order_each(&folder.join("data"), BRAND, players, "first", at).await?;
    let setup = Setup {
        head: "clock = \"event\"\n",
        ready_within: AT_MOST,
        ..Setup::new(folder, PROGRAMME, BRAND)
    };
    say("the log has a record of every player; folding them");
    let server = live::cold(&setup).await?;
    let mut traffic = live::traffic()?;
    let load = |seconds| live::load(&server, "2026-01-05T12:00:00Z", seconds);
    say("quiet: live events");
    send::run(&load(2), &mut traffic).await?;
    let quiet = send::run(&load(seconds), &mut traffic).await?;
    say("the same events beside a preview");
    let mut running = questline(&["preview"], draft)
        .args(["--json", "--from", &server.url, "--key", &server.key()])
        .spawn()?;
    let (started, cpu) = (Instant::now(), cpu::of_process(server.pid())?);
    let (mut beside, mut missed) = (Vec::new(), 0);
    let took = loop {
        // Short runs, so that the last one ends soon after the preview.
        let sent = send::run(&load(5), &mut traffic).await?;
        missed += sent.failed + sent.skipped;
        match ended(&mut running)? {
            None => beside.push(sent.response),
            Some(at) => {
                if beside.is_empty() {
                    beside.push(sent.response);
                }
                break at.duration_since(started);
            }
        }
        ensure!(started.elapsed() < AT_MOST, "the preview does not end");
    };
    let cpu = cpu::of_process(server.pid())?.saturating_sub(cpu);
    let figure = |id: &str, what: &str, unit: &str, value: f64| {
        Figure::once(format!("before_publish.{id}"), what, unit, value)
    };
    let each = |cpu: Duration| cpu.as_secs_f64() * 1e6 / f64::from(players);
    part.add(figure(
        "preview.seconds",
        "a preview, at most five seconds too much",
        "s",
        took.as_secs_f64(),
    ));
    part.add(figure(
        "preview.cpu_us",
        "CPU of the server meanwhile, live events included",
        "us/player",
        each(cpu),
    ));
    let middle = |of: fn(&Summary) -> f64| {
        let mut all: Vec<f64> = beside.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    for (id, what, p50, p99) in [
        (
            "quiet",
            "before it",
            quiet.response.p50_ms,
            quiet.response.p99_ms,
        ),
        (
            "live",
            "beside it (the middle one of runs of 5 s)",
            middle(|it| it.p50_ms),
            middle(|it| it.p99_ms),
        ),
    ] {
        for (name, value) in [("p50", p50), ("p99", p99)] {
            part.add(figure(
                &format!("{id}.{name}_ms"),
                &format!("live events {what}, sent to applied, {name}"),
                "ms",
                value,
            ));
        }
    }
    part.add_ratio(
        "before_publish.p99_over_quiet",
        "p99 beside the preview, over the one before",
        "before_publish.live.p99_ms",
        "before_publish.quiet.p99_ms",
    );
    part.add(figure(
        "missed",
        "live events that failed or could not be sent",
        "",
        missed as f64,
    ));
    server.stop(AT_MOST).await
}

async fn what_if(
    part: &mut Part,
    events: u32,
    draft: &Path,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<()> {
    say("writing a history");
    let (data, players) = (folder.join("history"), events / ORDERS);
    for number in 0..ORDERS {
        let at: Timestamp = format!("2026-01-{:02}T09:00:00Z", 5 + number).parse()?;
        let id = format!("o{number}");
        offline::one_order_each(&data, BRAND, players, &id, at).await?;
    }
    let today = folder.join("bench.yaml");
    say("history through both programmes");
    let mut running = questline(&["simulate", "--programme"], draft)
        .args(["--json", "--from-data"])
        .arg(&data)
        .arg("--against")
        .arg(&today)
        .spawn()?;
    let started = Instant::now();
    let mut cpu = Duration::ZERO;
    while ended(&mut running)?.is_none() {
        // Gone between the two looks, it has said all that is known.
        cpu = cpu::of_process(running.id()).unwrap_or(cpu).max(cpu);
        ensure!(started.elapsed() < AT_MOST, "the history does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let folded = f64::from(players * ORDERS);
    part.add(Figure::once(
        "before_publish.what_if.events_per_core",
        "history through two programmes: events a second of a core",
        "events/s",
        folded / cpu.as_secs_f64(),
    ));
    part.add(Figure::once(
        "before_publish.what_if.seconds",
        "the whole history, on all cores",
        "s",
        started.elapsed().as_secs_f64(),
    ));
    Ok(())
}

fn questline(words: &[&str], draft: &Path) -> Command {
    let binary = beside_this("questline");
    // Where it is not built, starting it says so.
    let mut command = Command::new(binary.unwrap_or_else(|_| "questline".into()));
    command.args(words).arg(draft);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Whether a child has ended, well; seen now.
fn ended(child: &mut Child) -> Result<Option<Instant>> {
    let Some(status) = child.try_wait().context("a child")? else {
        return Ok(None);
    };
    ensure!(status.success(), "questline ended with {status}");
    Ok(Some(Instant::now()))
}
