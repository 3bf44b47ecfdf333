//! Orders: what came first leaves first, whatever each meets between.

use std::collections::VecDeque;

use super::Engine;
use super::program::Pc;
use super::trace::Tracer;

/// Jobs that have entered and are waited for, the first one first.
#[derive(Debug, Clone, Default)]
pub(super) struct Order {
    within: VecDeque<(u32, State)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between entering and leaving.
    UnderWay,
    /// It has gone on; who left before others did is remembered only so that it is not waited for.
    Gone,
    /// It would leave, to go on at this operation, and others are before it.
    Waits(Pc),
}

impl Order {
    fn enter(&mut self, job: u32) {
        self.within.push_back((job, State::UnderWay));
    }

    /// Whether the job may go on; else it waits, if it waits at all, and goes on at `next`.
    fn leave(&mut self, job: u32, waits: bool, next: Pc, ready: &mut VecDeque<(u32, Pc)>) -> bool {
        // Most come in order: the search ends at once.
        let Some(place) = self.within.iter().position(|&within| within == (job, State::UnderWay)) else { return true };
        if place > 0 {
            self.within[place].1 = if waits { State::Waits(next) } else { State::Gone };
            return !waits;
        }
        self.within.pop_front();
        while let Some(&(first, state)) = self.within.front() {
            match state {
                State::UnderWay => break,
                State::Gone => {}
                State::Waits(at) => ready.push_back((first, at)),
            }
            self.within.pop_front();
        }
        true
    }
}

impl<T: Tracer> Engine<T> {
    #[inline(never)]
    pub(super) fn enter(&mut self, order: u16, job: u32) {
        self.orders[usize::from(order)].enter(job);
    }

    /// Whether the job goes on at once.
    #[inline(never)]
    pub(super) fn leave(&mut self, order: u16, waits: bool, next: Pc, job: u32) -> bool {
        let goes_on = self.orders[usize::from(order)].leave(job, waits, next, &mut self.ready);
        if !goes_on {
            self.tracer.parks(job, next - 1, self.now);
        }
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// In whatever order jobs are done, those that wait go on in the order in which they came, and none before all that
        /// came before it are done.
        #[test]
        fn nobody_who_waits_overtakes(
            done in Just((0..12u32).collect::<Vec<_>>()).prop_shuffle(),
            waits in prop::collection::vec(any::<bool>(), 12),
        ) {
            let (mut order, mut ready) = (Order::default(), VecDeque::new());
            (0..12).for_each(|job| order.enter(job));
            let mut left = Vec::new();
            for (so_far, &job) in done.iter().enumerate() {
                if order.leave(job, waits[job as usize], 0, &mut ready) && waits[job as usize] {
                    left.push(job);
                }
                left.extend(ready.drain(..).map(|(job, _)| job));
                let first_missing = (0..12).find(|other| !done[..=so_far].contains(other)).unwrap_or(12);
                let expected: Vec<u32> = (0..first_missing).filter(|&job| waits[job as usize]).collect();
                prop_assert_eq!(&left, &expected);
            }
            prop_assert!(order.within.is_empty());
        }
    }
}
