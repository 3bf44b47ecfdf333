//! Jobs that go on in the order in which they came to a place before, and jobs that go where they are served first.

use std::collections::VecDeque;

use super::program::{Choice, Pc, Program};
use super::trace::Tracer;
use super::{Engine, Ready};

/// Orders that jobs keep, and places where they choose.
#[derive(Debug, Clone, Default)]
pub(super) struct Orders {
    /// Jobs between the two places of each order, the first to go on first.
    queues: Vec<VecDeque<u32>>,
    /// Where each job that has come to the second place goes on; `Pc::MAX` until it has.
    come: Vec<Pc>,
    choices: Vec<Vec<Choice>>,
}

impl Orders {
    pub fn new(program: &Program) -> Self {
        let queues = vec![VecDeque::new(); program.orders.into()];
        Orders { queues, come: Vec::new(), choices: program.choices.clone() }
    }

    /// A job comes to the first place. It is in no other order.
    pub fn enter(&mut self, order: u16, job: u32) {
        self.queues[usize::from(order)].push_back(job);
        let job = job as usize;
        if self.come.len() <= job {
            self.come.resize(job + 1, Pc::MAX);
        }
        self.come[job] = Pc::MAX;
    }

    /// A job comes to the second place. If none is before it, it goes on, and those behind it that wait for it alone do;
    /// returns whether it does.
    fn leave(&mut self, order: u16, job: u32, next: Pc, ready: &mut Ready) -> bool {
        let queue = &mut self.queues[usize::from(order)];
        if queue.front() != Some(&job) {
            self.come[job as usize] = next;
            return false;
        }
        queue.pop_front();
        while let Some(&behind) = queue.front() {
            let at = self.come[behind as usize];
            if at == Pc::MAX {
                break;
            }
            queue.pop_front();
            ready.push_back((behind, at));
        }
        true
    }
}

impl<T: Tracer> Engine<T> {
    /// The job goes on if every job that entered the order before it has; where.
    #[inline(never)]
    pub(super) fn in_order(&mut self, order: u16, next: Pc, job: u32) -> Option<Pc> {
        if self.orders.leave(order, job, next, &mut self.ready) {
            return Some(next);
        }
        self.tracer.parks(job, next - 1, self.now);
        None
    }

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
        self.orders.choices[choice as usize].iter().min_by_key(load).map_or(Pc::MAX, |way| way.at)
    }
}
