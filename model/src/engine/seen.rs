//! What can be seen of an engine.

use super::program::Pc;
use super::trace::Tracer;
use super::{Engine, JobCounts};

impl<T: Tracer> Engine<T> {
    /// The clock, in picoseconds.
    pub fn now_ps(&self) -> u64 {
        self.now
    }

    /// Events handled so far: lane heads, arrivals and timers.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// How often each operation has been executed. With what an operation stands for (octets, cycles), every account
    /// follows from these counts; nothing else is added up per event.
    pub fn visits(&self) -> Vec<u64> {
        self.steps.iter().map(|step| step.visits).collect()
    }

    /// How long a pool has been held by [`Op::Hold`], in picoseconds.
    pub fn held_ps(&self, pool: u16) -> u64 {
        self.pools[usize::from(pool)].held
    }

    /// How often one operation has been executed.
    pub fn visits_of(&self, pc: Pc) -> u64 {
        self.steps[pc as usize].visits
    }

    /// When a server of one unit has done all that has come to it, in picoseconds.
    pub fn free_at_ps(&self, server: u16) -> u64 {
        self.free_at[usize::from(server)]
    }

    /// Jobs started and ended.
    pub fn counts(&self) -> JobCounts {
        self.counts
    }

    /// Packets of the jobs that a source has started.
    pub fn started(&self, source: usize) -> u64 {
        self.sources[source].started
    }

    /// Servers and pools.
    pub fn sizes(&self) -> (u16, u16) {
        (self.units.len() as u16, self.pools.len() as u16)
    }

    /// How much work has come to a server that is not done, in picoseconds of all its units.
    pub fn backlog_ps(&self, server: u16) -> u64 {
        let units = &self.units[usize::from(server)];
        let busy = |free_at: u64| free_at.saturating_sub(self.now);
        match units.len() {
            1 => busy(self.free_at[usize::from(server)]),
            _ => units.iter().map(|&free_at| busy(free_at)).sum(),
        }
    }

    /// Jobs in flight, forked children not counted.
    pub fn in_flight(&self) -> u64 {
        self.counts.started - self.counts.ended
    }
}
