//! Runs on all threads: the longest first, each written to the journal as it ends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::campaign::{Campaign, Task};
use crate::id::Id;
use crate::input::Failure;
use crate::journal::{Appender, Finished, Location, run_line};
use crate::outcome::Run;
use crate::points::Point;
use crate::progress::Progress;
use crate::stop::Stop;

/// How often signals are looked at.
const TICK: Duration = Duration::from_millis(50);
/// A loss of power takes at most what ended in so long a time.
const SYNC: Duration = Duration::from_secs(2);

/// What has ended, with its cost.
type Ended = Result<(Id, Vec<u8>, f64), Failure>;

/// Simulates what is missing of these points and appends it to the journal. In which order is of no consequence: a run is a
/// function of its point and its seed.
///
/// # Errors
/// [`Failure`] if a signal tells the process to end, if the journal cannot be written, or if a scenario fails its check;
/// what has ended until then is in the journal in any case.
pub fn execute(
    campaign: &Campaign<'_>,
    points: &[u32],
    finished: &mut Finished,
    journal: &mut Appender,
    jobs: usize,
    stop: &Stop,
) -> Result<(), Failure> {
    let mut order: Vec<u32> = points.to_vec();
    campaign.sort_by_cost(&mut order);
    let progress = Progress::new(campaign, points, finished);
    let queue = Queue { campaign, order, finished: &*finished, next: AtomicUsize::new(0), end: AtomicBool::new(false) };
    let (sender, receiver) = sync_channel(4 * jobs);
    let appended = thread::scope(|scope| {
        for _ in 0..jobs {
            let (queue, sender) = (&queue, sender.clone());
            thread::Builder::new()
                .spawn_scoped(scope, move || queue.work(&sender))
                .inspect_err(|_| queue.end.store(true, Ordering::Relaxed))
                .map_err(|error| Failure::new(format!("cannot start {jobs} threads: {error}")))?;
        }
        drop(sender);
        collect(&receiver, &queue.end, journal, &progress, stop)
    });
    progress.clear();
    finished.extend(appended?);
    journal.sync()?;
    let (done, all) = campaign.count(finished, points);
    stop.check(done, all)
}

/// Appends what ends, until every thread has ended. After an error or a signal threads are told to, and what they still
/// bring is appended if it can be.
fn collect(
    receiver: &Receiver<Ended>,
    end: &AtomicBool,
    journal: &mut Appender,
    progress: &Progress,
    stop: &Stop,
) -> Result<Vec<(Id, Location)>, Failure> {
    let mut appended = Vec::new();
    let mut failure = None;
    let mut synced = Instant::now();
    loop {
        let done = match receiver.recv_timeout(TICK) {
            Ok(ended) => ended.and_then(|(id, line, cost)| {
                appended.push((id, journal.append(&line)?));
                progress.add(cost);
                Ok(())
            }),
            Err(RecvTimeoutError::Timeout) => Ok(()),
            Err(RecvTimeoutError::Disconnected) => break,
        };
        let done = done.and_then(|()| {
            if synced.elapsed() < SYNC {
                return Ok(());
            }
            synced = Instant::now();
            journal.sync()
        });
        if let Err(error) = done {
            failure.get_or_insert(error);
        }
        if failure.is_some() || stop.is_told() {
            end.store(true, Ordering::Relaxed);
        }
    }
    failure.map_or(Ok(appended), Err)
}

/// What is left to do.
struct Queue<'a> {
    campaign: &'a Campaign<'a>,
    /// Points, the longest first.
    order: Vec<u32>,
    finished: &'a Finished,
    /// The next task, counted over points.
    next: AtomicUsize,
    /// No task is begun any more.
    end: AtomicBool,
}

impl Queue<'_> {
    /// Does tasks until there are none.
    fn work(&self, ended: &SyncSender<Ended>) {
        let per_point = self.campaign.tasks_per_point();
        let mut last: Option<(usize, Point)> = None;
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(&point) = self.order.get(next / per_point).filter(|_| !self.is_over()) else { return };
            if let Err(failure) = self.task(point as usize, next % per_point, &mut last, ended) {
                // Nobody listens any more only if the process is about to end.
                let _ = ended.send(Err(failure));
                return;
            }
        }
    }

    fn is_over(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }

    fn task(
        &self,
        point: usize,
        task: usize,
        last: &mut Option<(usize, Point)>,
        ended: &SyncSender<Ended>,
    ) -> Result<(), Failure> {
        let campaign = self.campaign;
        match campaign.task(task) {
            Task::Replication(i) => {
                self.run(point, campaign.replication(point, i), last, ended, |at| campaign.simulate(at, i))?;
            }
            Task::Drawn(i) => {
                self.run(point, campaign.drawn(point, i), last, ended, |at| campaign.simulate_drawn(at, i))?;
            }
            Task::Replications => {
                let mut runs = Vec::new();
                while !self.is_over() && (runs.is_empty() || !campaign.is_enough(point, &runs)?) {
                    let i = runs.len() as u32;
                    let id = campaign.replication(point, i);
                    let run = self.run(point, id, last, ended, |at| campaign.simulate(at, i))?;
                    runs.push(match run {
                        Some(run) => run,
                        None => self.finished.read(id)?.map_or_else(Run::default, |(run, _)| run),
                    });
                }
            }
        }
        Ok(())
    }

    /// Simulates a run and hands it over, unless it has finished before. The point is made anew unless it is the last one.
    fn run(
        &self,
        point: usize,
        id: Id,
        last: &mut Option<(usize, Point)>,
        ended: &SyncSender<Ended>,
        simulate: impl FnOnce(&Point) -> Result<Run, Failure>,
    ) -> Result<Option<Run>, Failure> {
        if self.finished.contains(id) {
            return Ok(None);
        }
        let at = match last.take() {
            Some((of, at)) if of == point => at,
            _ => self.campaign.points.resolve(point)?,
        };
        let run = simulate(&at)?;
        *last = Some((point, at));
        let _ = ended.send(Ok((id, run_line(id, &run), self.campaign.cost(point))));
        Ok(Some(run))
    }
}
