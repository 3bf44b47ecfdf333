//! Timers that can be set anew and cancelled: an indexed binary heap behind one slot.

const NONE: u32 = u32::MAX;

/// A fixed set of timers, each set for one time or not running. Cancelling removes it at once, so that the heap never
/// holds more than the running timers.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    /// (time in picoseconds, timer), a binary min-heap; of equal times the lower timer comes first.
    heap: Vec<(u64, u32)>,
    /// Place of each timer in the heap, or `NONE`.
    place: Vec<u32>,
}

impl Timers {
    /// `count` timers, none running.
    pub fn new(count: usize) -> Self {
        Timers { heap: Vec::with_capacity(count), place: vec![NONE; count] }
    }

    /// The next timer to fire and its time.
    pub fn first(&self) -> Option<(u64, usize)> {
        self.heap.first().map(|&(time, timer)| (time, timer as usize))
    }

    /// Sets a timer, whether or not it is running; returns whether the next to fire may be another one.
    pub fn set(&mut self, timer: usize, time: u64) -> bool {
        let was_first = self.cancel(timer);
        self.place[timer] = self.heap.len() as u32;
        self.heap.push((time, timer as u32));
        self.sift_up(self.heap.len() - 1) == 0 || was_first
    }

    /// Stops a timer; does nothing if it is not running. Returns whether it was the next to fire.
    pub fn cancel(&mut self, timer: usize) -> bool {
        let place = std::mem::replace(&mut self.place[timer], NONE);
        if place == NONE {
            return false;
        }
        let place = place as usize;
        self.heap.swap_remove(place);
        if place < self.heap.len() {
            self.place[self.heap[place].1 as usize] = place as u32;
            let place = self.sift_up(place);
            self.sift_down(place);
        }
        place == 0
    }

    fn sift_up(&mut self, mut at: usize) -> usize {
        while at > 0 && self.heap[at] < self.heap[(at - 1) / 2] {
            self.swap(at, (at - 1) / 2);
            at = (at - 1) / 2;
        }
        at
    }

    fn sift_down(&mut self, mut at: usize) {
        loop {
            let left = 2 * at + 1;
            let Some(&earlier) = self.heap.get(left) else { return };
            let child = if self.heap.get(left + 1).is_some_and(|&right| right < earlier) { left + 1 } else { left };
            if self.heap[at] <= self.heap[child] {
                return;
            }
            self.swap(at, child);
            at = child;
        }
    }

    fn swap(&mut self, a: usize, b: usize) {
        self.heap.swap(a, b);
        self.place[self.heap[a].1 as usize] = a as u32;
        self.place[self.heap[b].1 as usize] = b as u32;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The heap agrees with an ordered set under any sequence of set, cancel and fire.
        #[test]
        fn behaves_like_an_ordered_set(steps in prop::collection::vec((0..3u8, 0..8usize, 0..20u64), 0..200)) {
            let mut timers = Timers::new(8);
            let mut model: BTreeSet<(u64, usize)> = BTreeSet::new();
            for (what, timer, time) in steps {
                let first = model.first().copied();
                let may_be_another = match what {
                    0 => {
                        model.retain(|&(_, t)| t != timer);
                        model.insert((time, timer));
                        timers.set(timer, time)
                    }
                    1 => {
                        model.retain(|&(_, t)| t != timer);
                        timers.cancel(timer)
                    }
                    _ => model.pop_first().is_some_and(|(_, timer)| timers.cancel(timer)),
                };
                prop_assert!(may_be_another || timers.first() == first);
                prop_assert_eq!(timers.first(), model.first().copied());
            }
        }
    }
}
