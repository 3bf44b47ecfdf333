//! Runs on all threads: the longest first, each written to the journal as it ends. A signal ends those under way too.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::campaign::progress::Progress;
use crate::campaign::stop::Stop;
use crate::campaign::{Campaign, Task};
use crate::failure::Failure;
use crate::notice::say;
use crate::points::Point;
use crate::points::id::Id;
use crate::points::outcome::Run;
use crate::store::journal::{Appender, Finished, Location, run_line};

/// How often signals are looked at.
const TICK: Duration = Duration::from_millis(50);
/// A loss of power takes at most what ended in so long a time.
const SYNC: Duration = Duration::from_secs(2);

/// Runs that have ended, and where they stand in the journal.
type Appended = Vec<(Id, Location)>;

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
    journal: &Appender,
    jobs: usize,
    stop: &Stop,
) -> Result<(), Failure> {
    let mut order: Vec<u32> = points.to_vec();
    campaign.sort_by_cost(&mut order);
    let queue = Queue {
        campaign,
        order,
        finished: &*finished,
        journal,
        progress: Progress::new(campaign, points, finished),
        next: AtomicUsize::new(0),
        end: AtomicBool::new(false),
    };
    let appended = on_threads(&queue, jobs, stop);
    queue.progress.clear();
    finished.extend(appended?);
    journal.sync()?;
    let (done, all) = campaign.count(finished, points);
    stop.check(done, all)
}

/// Does everything in the queue, on so many threads.
fn on_threads(queue: &Queue<'_>, jobs: usize, stop: &Stop) -> Result<Appended, Failure> {
    // Nothing is ever sent: it is closed when the last thread has ended.
    let (working, ended) = sync_channel(0);
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..jobs {
            let working = working.clone();
            let work = move || {
                let _working = working;
                queue.work().inspect_err(|_| queue.end())
            };
            let thread = thread::Builder::new().spawn_scoped(scope, work).map_err(|error| {
                queue.end();
                Failure::new(format!("cannot start {jobs} threads: {error}"))
            })?;
            threads.push(thread);
        }
        drop(working);
        let watched = watch(&ended, queue, stop);
        let mut appended = Vec::new();
        for thread in threads {
            appended.extend(thread.join().unwrap_or_else(|panic| resume_unwind(panic))?);
        }
        watched.map(|()| appended)
    })
}

/// Looks after signals and what is not yet on the disk, until every thread has ended.
fn watch(ended: &Receiver<()>, queue: &Queue<'_>, stop: &Stop) -> Result<(), Failure> {
    let mut synced = Instant::now();
    while ended.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
        if stop.is_told() {
            queue.end();
        }
        if let Some(line) = queue.progress.line(Instant::now()) {
            say(&line);
        }
        if synced.elapsed() >= SYNC {
            queue.journal.sync().inspect_err(|_| queue.end())?;
            synced = Instant::now();
        }
    }
    Ok(())
}

/// What is left to do.
struct Queue<'a> {
    campaign: &'a Campaign<'a>,
    /// Points, the longest first.
    order: Vec<u32>,
    finished: &'a Finished,
    journal: &'a Appender,
    progress: Progress,
    /// The next task, counted over points.
    next: AtomicUsize,
    /// No task is begun any more.
    end: AtomicBool,
}

impl Queue<'_> {
    /// Does tasks until there are none.
    fn work(&self) -> Result<Appended, Failure> {
        let tasks = self.campaign.tasks();
        let mut worker = Worker { queue: self, last: None, appended: Vec::new() };
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            match self.order.get(next / tasks.len()) {
                Some(&point) if !self.is_over() => worker.task(point as usize, tasks[next % tasks.len()])?,
                _ => return Ok(worker.appended),
            }
        }
    }

    fn end(&self) {
        self.end.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.end.load(Ordering::Relaxed)
    }
}

/// A thread's own.
struct Worker<'a> {
    queue: &'a Queue<'a>,
    /// The last point.
    last: Option<(usize, Point)>,
    appended: Appended,
}

impl Worker<'_> {
    fn task(&mut self, point: usize, task: Task) -> Result<(), Failure> {
        let queue = self.queue;
        let campaign = queue.campaign;
        match task {
            Task::Single(replication) => {
                self.run(point, replication)?;
            }
            Task::Replications => {
                let mut runs = Vec::new();
                while !queue.is_over() && (runs.is_empty() || !campaign.is_enough(point, &runs)?) {
                    let next = runs.len() as u32;
                    let run = match self.run(point, next)? {
                        None => queue.finished.read(campaign.id(point, next))?.map(|(run, _)| run),
                        run => run,
                    };
                    // It was stopped.
                    let Some(run) = run else { return Ok(()) };
                    runs.push(run);
                }
            }
        }
        Ok(())
    }

    /// Simulates a run and appends it to the journal, unless it has finished before or is stopped. The point is made anew unless it is the
    /// last one.
    fn run(&mut self, point: usize, replication: u32) -> Result<Option<Run>, Failure> {
        let Queue { campaign, finished, journal, progress, .. } = self.queue;
        let id = campaign.id(point, replication);
        if finished.contains(id) {
            return Ok(None);
        }
        let at = match self.last.take() {
            Some((of, at)) if of == point => at,
            _ => campaign.points.resolve(point)?,
        };
        let Some(run) = campaign.simulate(&at, replication, &|| self.queue.is_over())? else { return Ok(None) };
        self.last = Some((point, at));
        self.appended.push((id, journal.append(&run_line(id, &run))?));
        progress.add(campaign.cost(point));
        Ok(Some(run))
    }
}
