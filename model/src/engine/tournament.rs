//! A winner tree over the slots' next times.

/// Bits of a [`Due`] that hold the slot number; the rest hold the time.
const SLOT_BITS: u32 = 10;
/// Slots that one tree can hold.
pub const MAX_SLOTS: usize = 1 << SLOT_BITS;
/// The last representable time: 2^54 ps, 5 hours of simulated time.
pub const HORIZON_PS: u64 = (1 << (64 - SLOT_BITS)) - 1;

/// A time and the slot that it belongs to, packed into one word, so that one comparison settles ties too: **of equal
/// times the lower slot comes first**.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Due(u64);

impl Due {
    /// Nothing is before it.
    pub const FIRST: Due = Due(0);

    /// After all times; any slot's.
    pub const NEVER: Due = Due(u64::MAX);

    /// A slot's time in picoseconds; times past [`HORIZON_PS`] never come.
    #[inline(always)]
    pub fn new(time: u64, slot: usize) -> Self {
        if time <= HORIZON_PS { Due(time << SLOT_BITS | slot as u64) } else { Due::NEVER }
    }

    /// What comes before this is due by `until`, in picoseconds, or earlier.
    pub fn after(until: u64) -> Self {
        if until < HORIZON_PS { Due::new(until + 1, 0) } else { Due::NEVER }
    }

    /// The time in picoseconds.
    #[inline(always)]
    pub fn time(self) -> u64 {
        self.0 >> SLOT_BITS
    }

    /// The slot.
    #[inline(always)]
    pub fn slot(self) -> usize {
        (self.0 & (MAX_SLOTS as u64 - 1)) as usize
    }
}

/// The earliest of a fixed set of slots, each with one next time or none.
///
/// Four children to a node: half the levels of a tree of two, and only the last of a node's comparisons waits for the
/// level below.
#[derive(Debug, Clone)]
pub struct Tournament {
    /// Root at 1, children of `i` from `4i` on, leaves from `leaves` on. Of a fixed size, so that masked indices need no
    /// check.
    nodes: Box<[Due; NODES]>,
    leaves: usize,
}

const NODES: usize = 2 * MAX_SLOTS;

impl Tournament {
    /// A tree of `slots` empty slots; at most [`MAX_SLOTS`].
    pub fn new(slots: usize) -> Self {
        assert!(slots <= MAX_SLOTS, "{slots} slots, at most {MAX_SLOTS}");
        let depth = (1..).find(|&depth| slots <= 1 << (2 * depth)).unwrap_or(1);
        Tournament { nodes: Box::new([Due::NEVER; NODES]), leaves: 1 << (2 * depth) }
    }

    /// What is due first; [`Due::NEVER`] if nothing is to come.
    #[inline(always)]
    pub fn first(&self) -> Due {
        self.nodes[1]
    }

    /// Sets when a slot, its own if not never, is due next.
    #[inline(always)]
    pub fn set(&mut self, slot: usize, due: Due) {
        let mut node = self.leaves + slot;
        let mut winner = due;
        while node > 1 {
            let sibling = |other: usize| self.nodes[(node ^ other) % NODES];
            let best = sibling(1).min(sibling(2)).min(sibling(3));
            self.nodes[node % NODES] = winner;
            winner = winner.min(best);
            node /= 4;
        }
        self.nodes[1] = winner;
    }

    /// As [`Self::set`] for a slot that is never due so far: nothing else is compared anew.
    #[inline(always)]
    pub fn add(&mut self, slot: usize, due: Due) {
        let leaf = self.leaves + slot;
        debug_assert_eq!(self.nodes[leaf], Due::NEVER);
        self.nodes[leaf % NODES] = due;
        let mut node = leaf / 4;
        while node > 1 {
            self.nodes[node % NODES] = due.min(self.nodes[node % NODES]);
            node /= 4;
        }
        self.nodes[1] = due.min(self.nodes[1]);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn of_equal_times_the_lower_slot_comes_first() {
        let mut tree = Tournament::new(5);
        for slot in [4, 2, 3] {
            tree.add(slot, Due::new(70, slot));
        }
        tree.add(0, Due::new(71, 0));
        assert_eq!(tree.first(), Due::new(70, 2));
        tree.set(2, Due::NEVER);
        assert_eq!(tree.first(), Due::new(70, 3));
        tree.set(0, Due::new(69, 0));
        assert_eq!(tree.first(), Due::new(69, 0));
    }

    #[test]
    fn past_the_horizon_nothing_comes() {
        assert_eq!(Due::new(HORIZON_PS + 1, 0), Due::NEVER);
        let last = Due::new(HORIZON_PS, 3);
        assert!(last < Due::NEVER);
        assert_eq!((last.time(), last.slot()), (HORIZON_PS, 3));
        assert!(last < Due::after(u64::MAX));
        assert!(last < Due::after(HORIZON_PS));
        assert!(last >= Due::after(HORIZON_PS - 1));
    }

    proptest! {
        /// Any sequence of updates leaves the smallest (time, slot) first.
        #[test]
        fn the_smallest_is_first(
            slots in 1..MAX_SLOTS,
            updates in prop::collection::vec((0..MAX_SLOTS, prop::option::of(0..50u64)), 1..100),
        ) {
            let mut tree = Tournament::new(slots);
            let mut times = vec![None; slots];
            for (slot, time) in updates {
                let slot = slot % slots;
                let due = time.map_or(Due::NEVER, |time| Due::new(time, slot));
                match times[slot] {
                    None => tree.add(slot, due),
                    Some(_) => tree.set(slot, due),
                }
                times[slot] = time;
                let smallest = times.iter().enumerate().filter_map(|(slot, time)| Some(((*time)?, slot))).min();
                prop_assert_eq!(tree.first(), smallest.map_or(Due::NEVER, |(time, slot)| Due::new(time, slot)));
            }
        }
    }
}
