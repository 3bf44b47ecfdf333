//! Traces: what is told of jobs on their way, and the recorder that keeps it for some of them.

use super::program::Pc;

/// Is told what jobs do. The engine is compiled for each tracer; one that does nothing costs nothing.
pub trait Tracer {
    /// A job of the workload starts.
    #[inline(always)]
    fn starts(&mut self, _job: u32, _flow: u32, _now: u64) {}

    /// A job of the workload ends.
    #[inline(always)]
    fn ends(&mut self, _job: u32, _now: u64) {}

    /// A job starts a child, which is a job too.
    #[inline(always)]
    fn forks(&mut self, _parent: u32, _child: u32, _now: u64) {}

    /// A child ends.
    #[inline(always)]
    fn joins(&mut self, _child: u32, _now: u64) {}

    /// A job begins to wait at an operation that is no visit: for units of a pool, at a gate, for its children.
    #[inline(always)]
    fn parks(&mut self, _job: u32, _pc: Pc, _now: u64) {}

    /// A job goes on, from a wait or from a lane.
    #[inline(always)]
    fn resumes(&mut self, _job: u32, _now: u64) {}

    /// A job came to a server at `arrived` and is served for `time`, until `ends`; both may lie ahead of the clock.
    #[inline(always)]
    fn visits(&mut self, _job: u32, _pc: Pc, _arrived: u64, _time: u64, _ends: u64) {}

    /// One of the packets of a job has left.
    #[inline(always)]
    fn departs(&mut self, _job: u32, _pc: Pc, _now: u64) {}
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Untraced;

impl Tracer for Untraced {}

/// One operation of a recorded job: a visit, a wait, a departure. Times are picoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The operation.
    pub pc: Pc,
    /// When the job came to it.
    pub arrived: u64,
    /// When its turn came; of a wait, when it was over.
    pub begins: u64,
    /// When it had been served; a lane's latency comes after that.
    pub ends: u64,
}

/// A recorded job, or a child of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The part that started it; `None` for a job of the workload.
    pub parent: Option<usize>,
    /// The job's flow.
    pub flow: u32,
    /// When it started.
    pub starts: u64,
    /// When it ended; `None` if it is still on its way.
    pub ends: Option<u64>,
    /// What it did, in order.
    pub steps: Vec<Step>,
    /// What it waits at, and since when.
    waits: Option<(Pc, u64)>,
}

/// Records every step of some jobs.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    /// Jobs that are still to be recorded from their start on.
    wanted: usize,
    /// Recorded jobs of the workload that have not ended.
    open: usize,
    /// The part that each job is, by job.
    part_of: Vec<Option<usize>>,
    parts: Vec<Stretch>,
}

impl Recorder {
    /// Records the next `jobs` jobs of the workload that start, with their children.
    pub fn record(&mut self, jobs: usize) {
        self.wanted = jobs;
    }

    /// Whether every job that was to be recorded has ended.
    pub fn is_complete(&self) -> bool {
        self.wanted == 0 && self.open == 0
    }

    /// What was recorded: jobs and children in the order in which they started, children after their parents.
    pub fn parts(&self) -> &[Stretch] {
        &self.parts
    }

    fn begin(&mut self, job: u32, part: Stretch) {
        let job = job as usize;
        if self.part_of.len() <= job {
            self.part_of.resize(job + 1, None);
        }
        self.part_of[job] = Some(self.parts.len());
        self.parts.push(part);
    }

    fn part(&mut self, job: u32) -> Option<&mut Stretch> {
        let part = (*self.part_of.get(job as usize)?)?;
        self.parts.get_mut(part)
    }

    fn end(&mut self, job: u32, now: u64) -> bool {
        let Some(part) = self.part(job) else { return false };
        part.ends = Some(now);
        self.part_of[job as usize] = None;
        true
    }
}

impl Tracer for Recorder {
    fn starts(&mut self, job: u32, flow: u32, now: u64) {
        if self.wanted > 0 {
            self.wanted -= 1;
            self.open += 1;
            self.begin(job, Stretch { parent: None, flow, starts: now, ends: None, steps: Vec::new(), waits: None });
        }
    }

    fn ends(&mut self, job: u32, now: u64) {
        if self.end(job, now) {
            self.open -= 1;
        }
    }

    fn forks(&mut self, parent: u32, child: u32, now: u64) {
        let index = self.part_of.get(parent as usize).copied().flatten();
        let Some(flow) = self.part(parent).map(|part| part.flow) else { return };
        self.begin(child, Stretch { parent: index, flow, starts: now, ends: None, steps: Vec::new(), waits: None });
    }

    fn joins(&mut self, child: u32, now: u64) {
        self.end(child, now);
    }

    fn parks(&mut self, job: u32, pc: Pc, now: u64) {
        if let Some(part) = self.part(job) {
            part.waits = Some((pc, now));
        }
    }

    fn resumes(&mut self, job: u32, now: u64) {
        let Some(part) = self.part(job) else { return };
        // What is over at once is no wait.
        if let Some((pc, since)) = part.waits.take().filter(|(_, since)| *since < now) {
            part.steps.push(Step { pc, arrived: since, begins: now, ends: now });
        }
    }

    fn visits(&mut self, job: u32, pc: Pc, arrived: u64, time: u64, ends: u64) {
        if let Some(part) = self.part(job) {
            part.steps.push(Step { pc, arrived, begins: ends.saturating_sub(time), ends });
        }
    }

    fn departs(&mut self, job: u32, pc: Pc, now: u64) {
        if let Some(part) = self.part(job) {
            part.steps.push(Step { pc, arrived: now, begins: now, ends: now });
        }
    }
}
