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
    /// Root at 1, children of `i` at `2i` and `2i + 1`, leaves from `leaves` on.
    keys: Vec<u64>,
    leaves: usize,
}

impl Tournament {
    /// A tree of `slots` empty slots; at most [`MAX_SLOTS`].
    pub fn new(slots: usize) -> Self {
        assert!(slots <= MAX_SLOTS, "{slots} slots, at most {MAX_SLOTS}");
        let leaves = slots.max(2).next_power_of_two();
        Tournament { keys: vec![EMPTY; 2 * leaves], leaves }
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

    #[inline(always)]
    fn update(&mut self, slot: usize, key: u64) {
        let keys = &mut self.keys[..];
        let mut node = self.leaves + slot;
        let mut winner = key;
        keys[node] = key;
        while node > 1 {
            winner = winner.min(keys[node ^ 1]);
            node >>= 1;
            keys[node] = winner;
        }
    }
}

#[cfg(test)]
mod tests {
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
}
