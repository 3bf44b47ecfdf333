//! A winner tree over the slots' next times.

/// Bits of a key that hold the slot number; the rest hold the time.
const SLOT_BITS: u32 = 10;
/// Slots that one tree can hold.
pub const MAX_SLOTS: usize = 1 << SLOT_BITS;
/// The last representable time: 2^54 ps, 5 hours of simulated time.
pub const HORIZON_PS: u64 = (1 << (64 - SLOT_BITS)) - 1;

const EMPTY: u64 = u64::MAX;

/// The earliest of a fixed set of slots, each with one next time or none.
///
/// Time and slot number are packed into one key, so that a comparison settles ties too: **of equal times the lower slot
/// comes first**. An update walks from the leaf to the root, one comparison a level.
#[derive(Debug, Clone)]
pub struct Tournament {
    /// Root at 1, children of `i` at `2i` and `2i + 1`, leaves from `leaves` on. Of a fixed size, so that masked indices
    /// need no check.
    keys: Box<[u64; 2 * MAX_SLOTS]>,
    leaves: usize,
}

impl Tournament {
    /// A tree of `slots` empty slots; at most [`MAX_SLOTS`].
    pub fn new(slots: usize) -> Self {
        assert!(slots <= MAX_SLOTS, "{slots} slots, at most {MAX_SLOTS}");
        Tournament { keys: Box::new([EMPTY; 2 * MAX_SLOTS]), leaves: slots.max(2).next_power_of_two() }
    }

    /// Sets a slot's next time in picoseconds; times past [`HORIZON_PS`] never come.
    #[inline(always)]
    pub fn set(&mut self, slot: usize, time: u64) {
        self.update(slot, if time <= HORIZON_PS { time << SLOT_BITS | slot as u64 } else { EMPTY });
    }

    /// Marks a slot as having nothing to come.
    #[inline(always)]
    pub fn clear(&mut self, slot: usize) {
        self.update(slot, EMPTY);
    }

    /// The earliest time and its slot.
    #[inline(always)]
    pub fn first(&self) -> Option<(u64, usize)> {
        let key = self.keys[1];
        (key != EMPTY).then_some((key >> SLOT_BITS, (key & (MAX_SLOTS as u64 - 1)) as usize))
    }

    /// Whether a slot that has nothing to come would be first with a time of at most [`HORIZON_PS`].
    #[inline(always)]
    pub fn precedes(&self, time: u64, slot: usize) -> bool {
        (time << SLOT_BITS | slot as u64) < self.keys[1]
    }

    #[inline(always)]
    fn update(&mut self, slot: usize, key: u64) {
        const MASK: usize = 2 * MAX_SLOTS - 1;
        let mut node = (self.leaves + slot) & MASK;
        let mut winner = key;
        self.keys[node] = key;
        while node > 1 {
            winner = winner.min(self.keys[(node ^ 1) & MASK]);
            node >>= 1;
            self.keys[node & MASK] = winner;
        }
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
            tree.set(slot, 70);
        }
        tree.set(0, 71);
        assert_eq!(tree.first(), Some((70, 2)));
        tree.clear(2);
        assert_eq!(tree.first(), Some((70, 3)));
        tree.set(0, 69);
        assert_eq!(tree.first(), Some((69, 0)));
    }

    #[test]
    fn past_the_horizon_nothing_comes() {
        let mut tree = Tournament::new(1);
        tree.set(0, HORIZON_PS + 1);
        assert_eq!(tree.first(), None);
        tree.set(0, HORIZON_PS);
        assert_eq!(tree.first(), Some((HORIZON_PS, 0)));
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
                times[slot] = time;
                match time {
                    Some(time) => tree.set(slot, time),
                    None => tree.clear(slot),
                }
                let smallest = times.iter().enumerate().filter_map(|(slot, time)| Some(((*time)?, slot))).min();
                prop_assert_eq!(tree.first(), smallest);
            }
        }
    }
}
