//! One fault after the other on a cluster under load.

use std::time::Duration;

use anyhow::{Result, bail};
use cluster::{Cluster, EMITTED, Fault, Intensity, Moved, PROGRAMME, Plan, Step, Verdict, chaos};
use tokio_util::sync::CancellationToken;

use super::{Server, say, unless_stopped};

/// How much.
#[derive(Debug, clap::Args)]
pub(crate) struct Chaos {
    /// Events a second
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Seconds before each fault, and after it is over
    #[arg(long, default_value_t = 10)]
    calm: u64,
    /// Seconds for which what is paused stands still
    #[arg(long, default_value_t = 30)]
    pause: u64,
    /// Only these faults
    #[arg(long, value_delimiter = ',')]
    only: Vec<Fault>,
    #[command(flatten)]
    server: Server,
}

impl Chaos {
    pub(crate) async fn run(self, stop: &CancellationToken) -> Result<()> {
        unless_stopped(stop, Box::pin(self.all())).await
    }

    async fn all(self) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let programme = folder.path().join("chaos.yaml");
        std::fs::write(&programme, PROGRAMME)?;
        let plan = Plan {
            binary: self.server.binary()?,
            programme,
            brand: "chaos".to_owned(),
            nats: 3,
            engines: 3,
            partitions: 16,
            event_clock: false,
            notified: Some(vec![EMITTED.to_owned()]),
        };
        let mut cluster = Cluster::start(plan, say).await?;
        let intensity = Intensity {
            rate: self.rate,
            calm: Duration::from_secs(self.calm),
            pause: Duration::from_secs(self.pause),
        };
        let faults = match self.only.is_empty() {
            true => Fault::ALL.to_vec(),
            false => self.only,
        };
        say("");
        say(
            "fault                     lasted s  taken over s  handed over p99 s  accepted  retried  silence s  a player's s  delivered in s    lost  doubled  reordered",
        );
        let mut clean = true;
        for (run, fault) in (1..).zip(faults) {
            let verdict = chaos(&mut cluster, fault, run, intensity).await?;
            say(&format!(
                "{:<24} {:>9.1} {:>13} {:>18} {:>9} {:>8} {:>10.2} {:>13.2} {:>15.2} {:>7} {:>8} {:>10}",
                fault.to_string(),
                verdict.fault_lasted.as_secs_f64(),
                seconds(verdict.taken_over),
                seconds(verdict.planned_p99()),
                verdict.accepted,
                verdict.retried,
                verdict.longest_silence.as_secs_f64(),
                verdict.players_silence.as_secs_f64(),
                verdict.slowest.as_secs_f64(),
                verdict.lost,
                verdict.doubled,
                verdict.reordered
            ));
            verdict
                .moves
                .iter()
                .for_each(|moved| say(&line(&verdict, moved)));
            clean &= verdict.is_clean();
        }
        cluster.stop().await?;
        match clean {
            true => {
                say("lost=0 doubled=0 reordered=0");
                Ok(())
            }
            false => bail!("events were lost, doubled or reordered"),
        }
    }
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(|| "-".to_owned(), |it| format!("{:.2}", it.as_secs_f64()))
}

/// A line of the timeline.
fn line(verdict: &Verdict, moved: &Moved) -> String {
    let at = moved.at.duration_since(verdict.began_at).as_secs_f64();
    let ms = |time: Duration| time.as_millis();
    let what = match moved.step {
        Step::LetGo { stopped, told } => {
            format!(
                "lets it go: checkpoint {} ms, told {} ms",
                ms(stopped),
                ms(told)
            )
        }
        Step::Held(took) => format!("holds it: taken in {} ms", ms(took)),
        Step::FoldsOn { planned, waited } => {
            let kind = if planned { "handed over" } else { "taken over" };
            format!("folds on: {kind}, stood still {} ms", ms(waited))
        }
    };
    format!(
        "{at:>10.2} s  partition {:>3}  {}  {what}",
        moved.partition, moved.engine
    )
}
