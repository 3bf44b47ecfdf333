//! Jobs that go where they are served first.

use super::Engine;
use super::program::{Choice, Pc};
use super::trace::Tracer;

impl<T: Tracer> Engine<T> {
    /// Where a job is served first: at the server that has least to do, of equal ones the first. Where servers are held, those
    /// that wait for them count before what is being served.
    #[inline(never)]
    pub(super) fn choose(&self, choice: u32) -> Pc {
        let load = |way: &&Choice| {
            let waiting = way.held.map_or(0, |pool| {
                let pool = &self.pools[usize::from(pool)];
                pool.waiting.len() + usize::from(pool.available == 0)
            });
            (waiting, self.free_at[usize::from(way.server)].max(self.now))
        };
        self.choices[choice as usize].iter().min_by_key(load).map_or(Pc::MAX, |way| way.at)
    }
}
