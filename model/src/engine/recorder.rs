//! What can be seen of single jobs while an engine runs: nothing, or where some of them were and when.

use std::collections::BTreeMap;

use super::program::Pc;

/// Is told what jobs do. Times are in picoseconds. Numbers of jobs are used again once they have ended.
pub trait Recorder {
    /// A job starts; forked by its parent if it has one.
    fn start(&mut self, job: u32, parent: Option<u32>, now: u64);
    /// A job that arrived at `arrival` has been served for `time` until `end` by the operation at `pc`.
    fn visit(&mut self, job: u32, pc: Pc, arrival: u64, time: u64, end: u64);
    /// A job ends.
    fn end(&mut self, job: u32, now: u64);
}

/// Sees nothing and costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unrecorded;

impl Recorder for Unrecorded {
    #[inline(always)]
    fn start(&mut self, _: u32, _: Option<u32>, _: u64) {}
    #[inline(always)]
    fn visit(&mut self, _: u32, _: Pc, _: u64, _: u64, _: u64) {}
    #[inline(always)]
    fn end(&mut self, _: u32, _: u64) {}
}

/// One visit of a recorded job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visited {
    /// Number among the recorded jobs.
    pub job: usize,
    /// Number among the job's forked parts, in the order of their start; 0 is the job itself.
    pub part: usize,
    /// The operation.
    pub pc: Pc,
    /// When it came to the server.
    pub arrival: u64,
    /// When service began.
    pub start: u64,
    /// When service ended.
    pub end: u64,
}

/// When a recorded job started and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start.
    pub start: u64,
    /// End; absent while it is under way.
    pub end: Option<u64>,
}

/// Records chosen jobs with everything that they fork.
#[derive(Debug, Clone)]
pub struct Chosen {
    after: u64,
    most: usize,
    started: u64,
    under_way: BTreeMap<u32, (usize, usize)>,
    parts: Vec<usize>,
    /// The jobs.
    pub spans: Vec<Span>,
    /// Their visits, in the order in which they were known.
    pub visits: Vec<Visited>,
}

impl Chosen {
    /// Records `most` jobs, the first `after` left out.
    pub fn new(after: u64, most: usize) -> Self {
        let (under_way, parts) = (BTreeMap::new(), Vec::new());
        Chosen { after, most, started: 0, under_way, parts, spans: Vec::new(), visits: Vec::new() }
    }

    /// Whether all have ended.
    pub fn is_complete(&self) -> bool {
        self.spans.len() == self.most && self.spans.iter().all(|span| span.end.is_some())
    }
}

impl Recorder for Chosen {
    fn start(&mut self, job: u32, parent: Option<u32>, now: u64) {
        match parent {
            Some(parent) => {
                if let Some(&(recorded, _)) = self.under_way.get(&parent) {
                    self.parts[recorded] += 1;
                    self.under_way.insert(job, (recorded, self.parts[recorded]));
                }
            }
            None => {
                self.started += 1;
                if self.started > self.after && self.spans.len() < self.most {
                    self.under_way.insert(job, (self.spans.len(), 0));
                    self.parts.push(0);
                    self.spans.push(Span { start: now, end: None });
                }
            }
        }
    }

    fn visit(&mut self, job: u32, pc: Pc, arrival: u64, time: u64, end: u64) {
        if let Some(&(job, part)) = self.under_way.get(&job) {
            self.visits.push(Visited { job, part, pc, arrival, start: end.saturating_sub(time), end });
        }
    }

    fn end(&mut self, job: u32, now: u64) {
        if let Some((recorded, 0)) = self.under_way.remove(&job) {
            self.spans[recorded].end = Some(now);
        }
    }
}
