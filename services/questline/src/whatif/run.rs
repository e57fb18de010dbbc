//! The comparison: history goes to workers by partition, what they found becomes one.

use std::num::NonZero;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use embedded::Batch;
use programme::model::Programme;
use types::Timestamp;

use super::costs::Cost;
use super::difference::{Difference, Span};
use super::fold::{Part, Worker};
use super::history::{History, Times};
use super::player::Side;
use super::spread::{Plan, Spreads};
use super::tally::Tally;
use crate::console::Progress;
use crate::exit::Failure;

/// Messages that wait for a worker before reading waits for it.
const QUEUE: usize = 256;

/// What is compared.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// What is in effect.
    pub(crate) today: &'a Programme,
    /// What is to be. Where it counts only from some time on, it knows `today` as the version before it.
    pub(crate) draft: &'a Programme,
    /// From when on the draft counts; before that both are what is in effect.
    pub(crate) since: Option<Timestamp>,
    /// What things cost.
    pub(crate) costs: &'a [Cost],
}

impl Asked<'_> {
    fn is_shared(&self) -> bool {
        self.today.is_shared() || self.draft.is_shared()
    }

    fn sides(&self) -> [Side<'_>; 2] {
        let side = |programme| Side::new(programme, self.costs, self.is_shared());
        [self.today, self.draft].map(side)
    }
}

/// What a worker is given.
enum Work {
    Batch(Batch),
    /// The history ends here.
    End(Timestamp),
}

/// Folds the whole history through both programmes.
pub(crate) fn compare(asked: Asked<'_>, history: &mut History) -> Result<Difference, Failure> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = match asked.is_shared() {
        true => 1,
        false => threads.min(usize::from(history.partitions())).max(1),
    };
    let plan = Plan::new(asked.today, asked.draft, !asked.costs.is_empty());
    let (times, parts) = thread::scope(|scope| {
        let (mut queues, mut running) = (Vec::new(), Vec::new());
        for _ in 0..workers {
            let (queue, batches) = mpsc::sync_channel(QUEUE);
            let plan = &plan;
            running.push(scope.spawn(move || work(asked, plan, &batches)));
            queues.push(queue);
        }
        let times = read(asked, history, queues);
        let parts = running.into_iter().map(|worker| {
            let ended = worker.join();
            ended.unwrap_or_else(|_| Err(Failure::failed("a thread of the fold ended early")))
        });
        let parts: Result<Vec<Option<Part>>, Failure> = parts.collect();
        // A worker that failed is why reading ended early, and not the other way round.
        Ok::<_, Failure>((parts?, times?)).map(|(parts, times)| (times, parts))
    })?;
    let mut tallies = [asked.today, asked.draft].map(Tally::new);
    let mut spreads = Spreads::new(&plan);
    let (mut events, mut players) = (0, 0);
    for part in parts.into_iter().flatten() {
        for (tally, more) in tallies.iter_mut().zip(&part.tallies) {
            tally.add(more);
        }
        spreads.add(part.spreads);
        events += part.events;
        players += part.players;
    }
    if players == 0 {
        return Err(Failure::failed(format!(
            "the history has no event of brand {}",
            asked.draft.brand
        )));
    }
    let span = Span {
        events,
        players,
        from: times.first,
        until: times.last,
        since: asked.since,
        complete: history.is_complete(),
    };
    let programmes = [asked.today, asked.draft];
    let costs = !asked.costs.is_empty();
    Ok(Difference::new(
        span, programmes, &tallies, &plan, &spreads, costs,
    ))
}

/// Gives the whole history to the workers, and its end to each.
fn read(
    asked: Asked<'_>,
    history: &mut History,
    queues: Vec<SyncSender<Work>>,
) -> Result<Times, Failure> {
    let (what, length) = history.length();
    let mut progress = Progress::new(what, length);
    let mut times = None;
    history.read(&mut |batch| {
        progress.add(batch.bytes);
        Times::see(&mut times, &batch);
        let queue = &queues[usize::from(batch.partition.0) % queues.len()];
        // Nobody takes it any more where the worker has failed: it says why.
        queue.send(Work::Batch(batch)).is_ok()
    })?;
    progress.finish();
    let times = times.ok_or_else(|| Failure::failed("the history is empty"))?;
    if let Some(since) = asked.since.filter(|since| *since > times.last) {
        return Err(Failure::failed(format!(
            "--since {since}: the history ends at {}",
            times.last
        )));
    }
    for queue in queues {
        queue.send(Work::End(times.last)).unwrap_or_default();
    }
    Ok(times)
}

/// Folds what comes; nothing where the history's end does not come.
fn work(asked: Asked<'_>, plan: &Plan, queue: &Receiver<Work>) -> Result<Option<Part>, Failure> {
    let mut worker = Worker::new(&asked.draft.brand, asked.since, asked.sides())?;
    for work in queue {
        match work {
            Work::Batch(batch) => {
                let mut records = batch.records.iter();
                records.try_for_each(|record| worker.take(record))?;
            }
            Work::End(at) => return worker.finish(plan, at).map(Some).map_err(Failure::from),
        }
    }
    Ok(None)
}
