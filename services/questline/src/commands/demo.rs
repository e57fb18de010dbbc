//! `questline demo`: a server, and a real shop's year through it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bonus_engine_service::stand_in::StandIn;
use clap::Parser;
use ingest_service::keys::{NewKey, Scope, create};
use programme::model::Programme;
use tokio_util::sync::CancellationToken;
use types::SourceId;

use super::key::KEYS_FILE;
use crate::client::Client;
use crate::console::{called_as, remark, say};
use crate::demo::{bundled, replay, summary};
use crate::exit::Failure;
use crate::serve::{self, ClockName, Config, Running};

/// Where the demo runs.
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  questline demo                        replay, summary, then stays up to be asked
  questline demo --data ./demo --exit   replay, summary, end

A year of a real shop's orders goes through HTTP ingest, the log, the player actors, the checkpointed store and gRPC into the two
gateways. Kill it with -9 in the middle and run it again: it goes on where it was, and the end is the same to the last micro-point.
Log lines are shown with RUST_LOG=info.")]
pub(crate) struct Args {
    /// The data folder; made where there is none
    #[arg(long, value_name = "DIR", default_value = "questline-demo")]
    data: PathBuf,
    /// End after the summary
    #[arg(long)]
    exit: bool,
    /// Where HTTP is served; the other parts listen at the ports after it, or all at free ones where it is 0
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
}

/// Serves, replays, shows, stays.
pub(crate) fn run(args: Args) -> Result<(), Failure> {
    telemetry::logs::start(telemetry::logs::Format::detect(), "error").map_err(Failure::failed)?;
    let programme = bundled::programme()?;
    serve::runtime()?.block_on(async {
        let stop = serve::stop_signal()?;
        let operator = CancellationToken::new();
        let config = prepare(&args, &operator)?;
        let key = key(&args.data, &programme)?;
        let running = Running::start(config).await?;
        let base = running.url("http").unwrap_or_default().to_owned();
        let client = Client::new(&base, &key)?;
        tokio::pin!(stop);
        tokio::select! {
            shown = show(&running, &client, &programme, &args) => shown?,
            () = &mut stop => {
                running.stop().await?;
                return Err(Failure::failed("interrupted; run it again to go on"));
            }
        }
        if args.exit {
            running.stop().await?;
        } else {
            invite(&running, &base, &key)?;
            running.until(stop).await?;
        }
        operator.cancel();
        Ok(())
    })
}

/// The configuration, the programme as a file beside the data, and the operator's stand-in.
fn prepare(args: &Args, operator: &CancellationToken) -> Result<Config, Failure> {
    std::fs::create_dir_all(&args.data)?;
    let programme = args.data.join("programme.yaml");
    std::fs::write(&programme, bundled::PROGRAMME)?;
    let at = |offset: u16| {
        let port = args.http.port();
        SocketAddr::new(args.http.ip(), if port == 0 { 0 } else { port + offset })
    };
    let mut config = Config {
        data: args.data.clone(),
        programme: vec![programme],
        clock: Some(ClockName::Event),
        http: args.http,
        grpc: at(1),
        admin: at(2),
        cluster: at(7),
        ..Config::default()
    };
    (config.notifications.grpc, config.notifications.http) = (at(3), at(4));
    (config.bonus_engine.grpc, config.bonus_engine.http) = (at(5), at(6));
    config.bonus_engine.operator.url = stand_in(&args.data, at(8), operator)?;
    config.bonus_engine.operator.timeout_ms = 1_000;
    Ok(config)
}

/// An operator on a bad day: some calls answered with 500, some not at all. Its deeds outlive a kill.
fn stand_in(data: &Path, at: SocketAddr, stop: &CancellationToken) -> Result<String, Failure> {
    let listener = std::net::TcpListener::bind(at)
        .map_err(|why| Failure::failed(format!("cannot listen at {at}: {why}")))?;
    let url = format!("http://{}/grants", listener.local_addr()?);
    let bad_day = StandIn {
        seed: 1,
        errors_percent: 5,
        hangs_percent: 1,
        file: Some(data.join("operator.jsonl")),
    };
    let running = bad_day.run(listener, stop.clone());
    tokio::spawn(async {
        if let Err(why) = running.await {
            remark(format_args!("the operator's stand-in ended: {why}"));
        }
    });
    Ok(url)
}

/// The demo's own key, made once and kept beside the data so that it can be shown again.
fn key(data: &Path, programme: &Programme) -> Result<String, Failure> {
    let file = data.join("demo-key");
    if let (Ok(key), true) = (
        std::fs::read_to_string(&file),
        data.join(KEYS_FILE).exists(),
    ) {
        return Ok(key.trim().to_owned());
    }
    let key = NewKey {
        brand: programme.brand.clone(),
        source: Some(SourceId::new("shop").map_err(Failure::failed)?),
        scopes: vec![Scope::Ingest, Scope::Read],
    };
    let text = create(&data.join(KEYS_FILE), &key).map_err(Failure::failed)?;
    std::fs::write(&file, &text)?;
    Ok(text)
}

async fn show(
    running: &Running,
    client: &Client,
    programme: &Programme,
    args: &Args,
) -> Result<(), Failure> {
    say(
        "A year of a real shop's trade (UCI Online Retail, CC BY 4.0): HTTP, log, player actors, store, gRPC, gateways.",
    )?;
    say(format_args!(
        "Data in {}; kill it at any moment and run it again.",
        args.data.display()
    ))?;
    let replayed = replay(client, &args.data).await?;
    if replayed.sent.resumed_at > 0 {
        say(format_args!(
            "Went on after {} events.",
            replayed.sent.resumed_at
        ))?;
    }
    say("")?;
    for line in summary(running, client, programme, &replayed).await? {
        say(line)?;
    }
    Ok(())
}

fn invite(running: &Running, base: &str, key: &str) -> Result<(), Failure> {
    say("")?;
    say("It stays up: ask it, and end it with Ctrl-C.")?;
    for (name, url) in running.addresses() {
        say(format_args!("  {name:<14} {url}"))?;
    }
    say(format_args!("  export KEY={key}"))?;
    say(format_args!(
        "  curl -H \"Authorization: Bearer $KEY\" {base}/v1/players/17850"
    ))?;
    say(format_args!(
        "  curl -H \"Authorization: Bearer $KEY\" {base}/v1/players/17850/events/shop/536365"
    ))?;
    let questline = called_as();
    say(format_args!(
        "  {questline} explain --from {base} --key $KEY --player 17850 shop/536365"
    ))?;
    say(format_args!("  {questline} audit --from {base} --key $KEY"))?;
    say("ready")?;
    Ok(())
}
