//! The part of the benchmark that folds: by players, by shape, by the size of the programme.

use std::path::Path;

use anyhow::Result;

use crate::figures::{Figure, Part};
use crate::fold::{self, Job, Pace};
use crate::population::Shape;
use crate::tables::number;

const FEWEST: u32 = 1_000;

/// Some players, and very many.
fn sizes(quick: bool) -> (u32, u32) {
    if quick {
        (10_000, 20_000)
    } else {
        (100_000, 1_000_000)
    }
}

/// Measures; `say` is told each run.
pub fn measure(
    events: usize,
    runs: usize,
    quick: bool,
    folder: &Path,
    say: &dyn Fn(&str),
) -> Result<Part> {
    let how = format!(
        "{events} events a run, {runs} alternating runs. Decode, apply, journal, one fdatasync of the log for each {} events, states encoded and written at the embedded server's default pace, always at the end. Every player has had an event before the clock starts.",
        fold::GROUP
    );
    let mut part = Part::new("fold", how, quick);
    let jobs = jobs(events, quick);
    for run in 1..=runs {
        for (id, what, job) in &jobs {
            let fold = fold::run(*job, folder)?;
            say(&format!(
                "run {run} of {runs}, {what}: {:.0} CPU ns/event, {:.0} wall ns/event, {} checkpoints",
                fold.cpu_ns_per_event, fold.wall_ns_per_event, fold.checkpoints
            ));
            let figure = |kind: &str, what: String, unit: &str, value: f64| {
                Figure::once(format!("fold.{id}.{kind}"), what, unit, value)
            };
            part.add(figure(
                "cpu_ns",
                format!("CPU, {what}"),
                "ns/event",
                fold.cpu_ns_per_event,
            ));
            part.add(figure(
                "wall_ns",
                format!("wall, {what}"),
                "ns/event",
                fold.wall_ns_per_event,
            ));
            if job.things == 20 {
                part.add(figure(
                    "state_bytes",
                    format!("snapshot, {what}"),
                    "bytes",
                    fold.state_bytes,
                ));
            }
        }
    }
    let cpu = |players: u32| format!("fold.{players}.uniform.cpu_ns");
    part.add_ratio(
        "fold.most_over_fewest_players",
        "CPU, the most players over the fewest",
        &cpu(sizes(quick).1),
        &cpu(FEWEST),
    );
    part.add_ratio(
        "fold.things.500_over_20",
        "CPU, 500 rules and missions over 20",
        "fold.things.500.cpu_ns",
        "fold.things.20.cpu_ns",
    );
    Ok(part)
}

fn jobs(events: usize, quick: bool) -> Vec<(String, String, Job)> {
    let (some, most) = sizes(quick);
    let job = |players, shape, things| Job {
        players,
        shape,
        pace: Pace::ReplayBudget,
        things,
        events,
    };
    let players = |players: u32| number(f64::from(players));
    let mut jobs = Vec::new();
    for (count, shape) in [
        (FEWEST, Shape::Uniform),
        (some, Shape::Uniform),
        (some, Shape::Zipf),
        (most, Shape::Uniform),
    ] {
        let name = format!("{shape:?}").to_lowercase();
        let what = format!("{} players, {name}", players(count));
        jobs.push((format!("{count}.{name}"), what, job(count, shape, 20)));
    }
    for things in [5, 20, 100, 500] {
        let what = format!("{things} rules and missions, of them at most 20 touched");
        jobs.push((
            format!("things.{things}"),
            what,
            job(FEWEST, Shape::Uniform, things),
        ));
    }
    let what = format!("{} players, states written after each group", players(some));
    let often = Job {
        pace: Pace::EachGroup,
        ..job(some, Shape::Uniform, 20)
    };
    jobs.push(("each_group".to_owned(), what, often));
    jobs
}
